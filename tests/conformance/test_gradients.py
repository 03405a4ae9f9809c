"""Gradients equal finite differences, and are finite at cos θ = ±1."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import (
    EMBEDDING_SIZE,
    NUM_CLASSES,
    every_variant,
    make,
    make_objective,
)

#: No gradient flows through the embedding's length here.
LENGTH_DETACHED = {"adaface"}

#: No gradient flows through the weights of the similarities; see tests/losses/test_circle.py.
WEIGHTS_DETACHED = {"circle"}


def value_and_slopes(objective, embeddings, labels, training=None):
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        loss = objective(labels, embeddings, training=training)
    sources = [embeddings, *objective.trainable_weights]
    return loss, tape.gradient(loss, sources, unconnected_gradients="zero")


@every_variant
def test_finite_differences(name, options, batch):
    if getattr(make(name, options), "gradient", None) == "detached" or name in WEIGHTS_DETACHED:
        pytest.skip("a detached gradient is not the derivative; tests/margins, tests/losses")
    embeddings, labels = tf.constant(batch[0], tf.float64), tf.constant(batch[1])
    # At the usual scale softmax saturates, which hides all but one gradient.
    objective = make_objective(name, options, "float64", scale=8.0)
    _, slopes = value_and_slopes(objective, embeddings, labels)
    generator = np.random.default_rng(3)

    def check(slope, loss_at, step):
        ahead, behind = loss_at(step), loss_at(-step)
        np.testing.assert_allclose(slope, (ahead - behind) / (2e-6), rtol=1e-4, atol=1e-7)

    for _ in range(3):
        step = 1e-6 * generator.normal(size=embeddings.shape)
        if name in LENGTH_DETACHED:
            unit = embeddings / tf.norm(embeddings, axis=1, keepdims=True)
            step -= unit * tf.reduce_sum(unit * step, axis=1, keepdims=True)
        slope = tf.reduce_sum(slopes[0] * step / 1e-6)
        check(slope, lambda change: objective(labels, embeddings + change), step)
    for weight, gradient in zip(objective.trainable_weights, slopes[1:], strict=True):
        start = weight.numpy()
        scale = max(float(np.abs(start).max()), 0.01)
        step = 1e-6 * scale * generator.normal(size=start.shape)

        def loss_at(change, weight=weight, start=start):
            weight.assign(start + change)
            return objective(labels, embeddings)

        check(tf.reduce_sum(gradient * step / 1e-6), loss_at, step)
        weight.assign(start)


def at_the_ends(objective):
    """Returns embeddings at cos θ = 1 and −1 to own and other centres, also scaled, and zeros."""
    centres = np.random.default_rng(5).normal(size=(EMBEDDING_SIZE, NUM_CLASSES))
    centres[:, 1] = -centres[:, 0]
    centres[:, 3] = 3.0 * centres[:, 2]
    for weight in objective.weights:
        if weight.name == "centres":
            tall = centres if weight.shape[0] == EMBEDDING_SIZE else centres.T
            weight.assign(np.tile(tall, (1, weight.shape[1] // tall.shape[1])))
    embeddings = np.stack([centres[:, c] for c in (0, 0, 2, 2, 4)] + [np.zeros(EMBEDDING_SIZE)])
    embeddings = np.concatenate([embeddings, 1e3 * embeddings])
    return tf.constant(embeddings, tf.float32), tf.constant([0, 1, 2, 5, 4, 6] * 2)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["tensorflow", "xla"])
@every_variant
def test_finite_at_the_ends(name, options, jit_compile):
    objective = make_objective(name, options)
    embeddings, labels = at_the_ends(objective)
    compiled = tf.function(lambda x, y: value_and_slopes(objective, x, y), jit_compile=jit_compile)
    loss, slopes = compiled(embeddings, labels)
    assert np.isfinite(loss)
    for slope in slopes:
        assert np.isfinite(slope).all()


@every_variant
def test_zero_centres_are_finite(name, options, batch):
    objective = make_objective(name, options)
    for weight in objective.weights:
        if weight.name == "centres":
            weight.assign(weight * np.where(np.arange(weight.shape[1]) == 3, 0.0, 1.0))
    loss, slopes = value_and_slopes(objective, *map(tf.constant, batch))
    assert np.isfinite(loss)
    assert all(np.isfinite(slope).all() for slope in slopes)
