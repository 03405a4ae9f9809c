"""Memory grows with batch × classes, the centres, or the batch² of a loss, and not faster."""

import pytest
import tensorflow as tf

from facerec_tf.losses import LOSSES
from facerec_tf.margins import MARGINS
from tests.conformance.cases import every_variant, make_objective

#: Batch, classes and embedding size: batch² is small in the first, classes² in the second.
MANY_CLASSES, LARGE_BATCH = (24, 1009, 32), (64, 61, 8)

#: Most tensors of the logits' size, or of batch² of a loss, in a forward and backward pass.
MOST = {**dict.fromkeys(MARGINS, 16), "subcenter_arcface": 28, **dict.fromkeys(LOSSES, 80)}


def graph_of_step(objective, batch, size):
    @tf.function(autograph=False)
    def step(embeddings, labels):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            loss = objective(labels, embeddings, training=True)
        weights = [weight.value for weight in objective.trainable_weights]
        return loss, tape.gradient(loss, [embeddings, *weights])

    spec = tf.TensorSpec([batch, size]), tf.TensorSpec([batch], tf.int32)
    return step.get_concrete_function(*spec).graph.as_graph_def(add_shapes=True)


def sizes(nodes):
    shapes = [s for node in nodes for s in node.attr["_output_shapes"].list.shape]
    return [tf.TensorShape(shape).num_elements() for shape in shapes]


@pytest.mark.parametrize("shape", [MANY_CLASSES, LARGE_BATCH], ids=["many_classes", "large_batch"])
@every_variant
def test_no_tensor_outgrows_logits_centres_and_pairs(name, options, shape):
    batch, classes, size = shape
    objective = make_objective(name, options, num_classes=classes, size=size)
    graph = graph_of_step(objective, batch, size)
    columns = objective.head.num_centres if objective.head else classes
    pairs = batch * (batch + 1) if name in LOSSES else 0  # + 1: running sums start with 0

    stored, fused = sizes(graph.node), sizes(n for f in graph.library.function for n in f.node_def)
    assert None not in stored + fused  # none is of unknown size
    assert max(stored + fused) <= max(batch * columns, size * columns, pairs)
    assert stored.count(batch**2 if name in LOSSES else batch * columns) <= MOST[name]
