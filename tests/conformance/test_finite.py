"""A million inputs, random and adversarial: no NaN, and NaN where NaN goes in."""

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
BATCH = 256
ROUNDS = -(-INPUTS // (BATCH * len(MARGIN_VARIANTS + LOSS_VARIANTS)))


def adversarial(generator, centres):
    """Returns a batch of what breaks formulas: ±centres, duplicates, zeros, tiny and huge ones."""
    labels = generator.integers(0, NUM_CLASSES, BATCH)
    kind = generator.integers(0, 8, BATCH)
    embeddings = generator.normal(size=(BATCH, EMBEDDING_SIZE))
    near = centres[generator.integers(0, NUM_CLASSES, BATCH)]
    jitter = 10.0 ** generator.uniform(-8, -1, (BATCH, 1)) * embeddings
    lengths = 10.0 ** generator.uniform(-12, 12, (BATCH, 1))
    choices = [embeddings, centres[labels], -centres[labels], near, near + jitter]
    choices += [0.0 * embeddings, lengths * embeddings, np.roll(embeddings, 1, axis=0)]
    embeddings = np.choose(kind[:, None], choices)
    crowd = generator.integers(0, 4)
    if crowd == 0:
        labels[:] = labels[0]
    if crowd == 1:  # one image an identity, as far as there are identities
        labels[:NUM_CLASSES] = np.arange(NUM_CLASSES)
        embeddings, labels = embeddings[:NUM_CLASSES], labels[:NUM_CLASSES]
        embeddings = np.resize(embeddings, (BATCH, EMBEDDING_SIZE))
        labels = np.resize(labels, BATCH)
    return embeddings.astype("float32"), labels.astype("int32")


@every_variant
def test_no_input_gives_nan(name, options):
    objective = make_objective(name, options)
    centres = next((w for w in objective.weights if w.name == "centres"), None)
    generator = np.random.default_rng(len(name))

    @tf.function
    def step(embeddings, labels):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            loss = objective(labels, embeddings, training=True)
        sources = [embeddings, *objective.trainable_weights]
        return loss, tape.gradient(loss, sources, unconnected_gradients="zero")

    table = generator.normal(size=(NUM_CLASSES, EMBEDDING_SIZE))
    if centres is not None:
        rows = centres.numpy() if centres.shape[0] != EMBEDDING_SIZE else centres.numpy().T
        table = rows[:NUM_CLASSES]
    for _ in range(ROUNDS):
        loss, slopes = step(*adversarial(generator, table))
        assert np.isfinite(loss)
        assert all(np.isfinite(slope).all() for slope in slopes)
    for weight in objective.weights:
        assert np.isfinite(weight.numpy()).all(), weight.name


def test_the_inputs_are_a_million():
    assert ROUNDS * BATCH * len(MARGIN_VARIANTS + LOSS_VARIANTS) >= INPUTS


@pytest.mark.parametrize("poison", [np.nan, np.inf])
@every_variant
def test_what_is_not_finite_is_not_hidden(name, options, poison, batch):
    embeddings, labels = batch[0].copy(), tf.constant(batch[1])
    embeddings[3, 5] = poison
    loss, _ = value_and_slopes(make_objective(name, options), tf.constant(embeddings), labels)
    assert not np.isfinite(loss)
