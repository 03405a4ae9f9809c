"""Gradients are those of the formula, and finite where the formula's own are not."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import margins
from tests.conformance.cases import EMBEDDING_SIZE, NUM_CLASSES, every_margin, make


def loss_of(head, embeddings, labels):
    return tf.reduce_mean(margins.cross_entropy(labels, head(embeddings, labels)))


def analytic(head, embeddings, labels):
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        loss = loss_of(head, embeddings, labels)
    return loss, tape.gradient(loss, [embeddings, *head.trainable_weights])


@every_margin
def test_finite_differences(name, options, batch):
    if options.get("gradient") == "detached":
        pytest.skip("a detached gradient is not the derivative; tests/margins/test_base.py")
    embeddings, labels = tf.constant(batch[0], tf.float64), tf.constant(batch[1])
    head = make(name, {**options}, dtype="float64")
    if head.s is not None:
        head.s = 8.0  # softmax saturates at the usual scale, and hides all but one gradient
    _, slopes = analytic(head, embeddings, labels)
    generator = np.random.default_rng(3)

    def check(slope, loss_at, step):
        ahead, behind = loss_at(step), loss_at(-step)
        np.testing.assert_allclose(slope, (ahead - behind) / (2e-6), rtol=1e-4, atol=1e-7)

    for _ in range(3):
        step = 1e-6 * generator.normal(size=embeddings.shape)
        slope = tf.reduce_sum(slopes[0] * step / 1e-6)
        check(slope, lambda change: loss_of(head, embeddings + change, labels), step)
    for weight, gradient in zip(head.trainable_weights, slopes[1:], strict=True):
        start = weight.numpy()
        scale = max(float(np.abs(start).max()), 0.01)
        step = 1e-6 * scale * generator.normal(size=start.shape)

        def loss_at(change, weight=weight, start=start):
            weight.assign(start + change)
            return loss_of(head, embeddings, labels)

        check(tf.reduce_sum(gradient * step / 1e-6), loss_at, step)
        weight.assign(start)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["tensorflow", "xla"])
@every_margin
def test_finite_at_the_ends(name, options, jit_compile):
    """Targets and non-targets at cos θ = 1 and -1, and an embedding of zeros."""
    head = make(name, options)
    centres = np.random.default_rng(5).normal(size=(EMBEDDING_SIZE, NUM_CLASSES))
    centres[:, 1] = -centres[:, 0]
    centres[:, 3] = 3.0 * centres[:, 2]
    head.centres.assign(centres)
    embeddings = np.stack([centres[:, c] for c in (0, 0, 2, 2, 4)] + [np.zeros(EMBEDDING_SIZE)])
    embeddings = tf.constant(np.concatenate([embeddings, 1e3 * embeddings]), tf.float32)
    labels = tf.constant([0, 1, 2, 5, 4, 6] * 2)

    compiled = tf.function(lambda x, y: analytic(head, x, y), jit_compile=jit_compile)
    loss, slopes = compiled(embeddings, labels)
    assert np.isfinite(loss)
    assert np.isfinite(head(embeddings, labels)).all()
    for slope in slopes:
        assert np.isfinite(slope).all()


@every_margin
def test_zero_centre_is_finite(name, options, batch):
    head = make(name, options)
    head.centres.assign(head.centres * np.where(np.arange(NUM_CLASSES) == 3, 0.0, 1.0))
    loss, slopes = analytic(head, *map(tf.constant, batch))
    assert np.isfinite(loss)
    assert all(np.isfinite(slope).all() for slope in slopes)
