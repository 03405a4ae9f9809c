"""Memory grows with batch × classes, or with the centres, and with nothing greater."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.margins import MARGINS

#: Tensors of the size of the logits that a step may hold, forward and backward, fused ones aside.
MOST = 16
BATCH, CLASSES, SIZE = 24, 1009, 32


@pytest.mark.parametrize("name", MARGINS)
def test_no_tensor_outgrows_the_logits(name):
    head = MARGINS[name](CLASSES)
    head.build((None, SIZE))

    @tf.function(autograph=False)
    def step(embeddings, labels):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            loss = tf.reduce_mean(head.loss(embeddings, labels, training=True))
        return loss, tape.gradient(loss, [embeddings, *(w.value for w in head.trainable_weights)])

    spec = tf.TensorSpec([BATCH, SIZE]), tf.TensorSpec([BATCH], tf.int32)
    graph = step.get_concrete_function(*spec).graph
    sizes = [
        int(np.prod(output.shape))
        for operation in graph.get_operations()
        for output in operation.outputs
        if output.shape.is_fully_defined()
    ]
    columns = head.centres.shape[1]
    logits = BATCH * columns
    assert max(sizes) <= max(logits, SIZE * columns)
    assert sum(size == logits for size in sizes) <= MOST * columns // CLASSES
