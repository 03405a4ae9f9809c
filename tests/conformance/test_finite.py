"""A million inputs, random and adversarial: no NaN, unless the input contains one.

Each variant is tested on its share of the million, so that tests may run in any process.
"""

import zlib

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import (
    EMBEDDING_SIZE,
    LOSS_VARIANTS,
    MARGIN_VARIANTS,
    NUM_CLASSES,
    every_variant,
    make_objective,
)
from tests.conformance.test_gradients import value_and_slopes

INPUTS = 1_000_000
VARIANTS = len(MARGIN_VARIANTS + LOSS_VARIANTS)
BATCH = 256


def adversarial(generator, centres):
    """Returns a batch of what breaks formulas: ±centres, duplicates, zeros, tiny and huge ones."""
    labels = generator.integers(0, NUM_CLASSES, BATCH)
    crowd = generator.integers(0, 4)
    if crowd == 0:
        labels[:] = labels[0]
    if crowd == 1:  # one image an identity
        labels = generator.permutation(NUM_CLASSES)
    rows = len(labels)
    embeddings = generator.normal(size=(rows, EMBEDDING_SIZE))
    near = centres[generator.integers(0, NUM_CLASSES, rows)]
    jitter = 10.0 ** generator.uniform(-8, -1, (rows, 1)) * embeddings
    lengths = 10.0 ** generator.uniform(-12, 12, (rows, 1))
    choices = [embeddings, centres[labels], -centres[labels], near, near + jitter]
    choices += [0.0 * embeddings, lengths * embeddings, np.roll(embeddings, 1, axis=0)]
    embeddings = np.choose(generator.integers(0, 8, (rows, 1)), choices)
    return embeddings.astype("float32"), labels.astype("int32")


@every_variant
def test_no_input_gives_nan(name, options, request):
    objective = make_objective(name, options)
    centres = next((w for w in objective.weights if w.name == "centres"), None)
    generator = np.random.default_rng(zlib.crc32(request.node.name.encode()))
    signature = [tf.TensorSpec([None, EMBEDDING_SIZE]), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=signature)
    def step(embeddings, labels):
        return value_and_slopes(objective, embeddings, labels, training=True)

    table = generator.normal(size=(NUM_CLASSES, EMBEDDING_SIZE))
    seen = 0
    while seen < INPUTS / VARIANTS:
        if centres is not None:  # some heads move them
            rows = centres.numpy() if centres.shape[0] != EMBEDDING_SIZE else centres.numpy().T
            table = rows[:NUM_CLASSES]
        embeddings, labels = adversarial(generator, table)
        loss, slopes = step(embeddings, labels)
        assert np.isfinite(loss)
        assert all(np.isfinite(slope).all() for slope in slopes)
        seen += len(embeddings)
    for weight in objective.weights:
        assert np.isfinite(weight.numpy()).all(), weight.name


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@every_variant
def test_what_is_not_finite_is_not_hidden(name, options, poison, batch):
    embeddings, labels = batch[0].copy(), tf.constant(batch[1])
    embeddings[3, 5] = poison
    loss, _ = value_and_slopes(make_objective(name, options), tf.constant(embeddings), labels)
    assert not np.isfinite(loss)
