"""AdaFace against its formula, and its running statistics."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import AdaFace
from tests.margins.formulas import (
    cosines,
    gradient,
    make,
    own_angles,
    psi,
    random_batch,
    with_targets,
)


def long_batch(seed=0, longest=150.0):
    """Returns a batch with lengths of up to `longest`; above 100 they are clipped."""
    embeddings, labels, centres = random_batch(seed)
    lengths = np.linspace(1.0, longest, len(labels))[:, None]
    return lengths * embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), labels, centres


def qualities(embeddings, mean, std, h=0.333):
    norms = np.clip(np.linalg.norm(embeddings, axis=1), 0.001, 100.0)
    return np.clip(h * (norms - mean) / (std + 1e-3), -1.0, 1.0)


def expected_logits(embeddings, labels, centres, quality, m=0.4):
    angles = np.maximum(own_angles(embeddings, labels, centres) - m * quality, 0.0)
    targets = [psi(theta, 1) for theta in angles] - (m + m * quality)
    return with_targets(cosines(embeddings, centres), labels, targets, 64.0)


def test_defaults_are_the_papers():
    head = AdaFace(10)
    head.build((None, 4))
    assert (head.s, head.m, head.h, head.rate) == (64.0, 0.4, 0.333, 0.01)
    assert (float(head.mean), float(head.std)) == (20.0, 100.0)


# m = 1 pushes angles of low quality past π, and small ones of high quality below 0.
@pytest.mark.parametrize("m", [0.4, 1.0, 0.0])
def test_formula(m):
    embeddings, labels, centres = long_batch()
    embeddings[32:] = 20.0 * embeddings[32:] + 2e4 * centres.T[labels[32:]]
    head = make("adaface", centres, m=m)
    head.mean.assign(60.0)
    head.std.assign(10.0)
    quality = qualities(embeddings, 60.0, 10.0)
    angles = own_angles(embeddings, labels, centres) - m * quality
    assert (quality == 1.0).any()
    assert (quality == -1.0).any()
    assert (np.abs(quality) < 1.0).any()
    assert m < 1.0 or (angles.min() < 0.0 and angles.max() > np.pi)
    expected = expected_logits(embeddings, labels, centres, quality, m)
    np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(head(embeddings), 64 * cosines(embeddings, centres))


@pytest.mark.parametrize("rate", [0.01, 0.5, 1.0])
def test_statistics_follow_the_batches(rate):
    head, mean, std = make("adaface", random_batch()[2], rate=rate), 20.0, 100.0
    for seed, longest in enumerate((150.0, 50.0, 300.0)):
        embeddings, labels, centres = long_batch(seed, longest)
        head.centres.assign(centres)
        norms = np.clip(np.linalg.norm(embeddings, axis=1), 0.001, 100.0)
        mean = rate * norms.mean() + (1 - rate) * mean
        std = rate * norms.std(ddof=1) + (1 - rate) * std
        actual = head(embeddings, labels, training=True)
        np.testing.assert_allclose([head.mean, head.std], [mean, std], rtol=1e-9)
        quality = qualities(embeddings, mean, std)
        expected = expected_logits(embeddings, labels, centres, quality)
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-6)


def test_a_batch_of_one_has_no_deviation():
    head = make("adaface", random_batch()[2], rate=1.0)
    logits = head(np.full((1, 6), 2.0), np.array([3]), training=True)
    np.testing.assert_allclose([head.mean, head.std], [2.0 * np.sqrt(6.0), 0.0])
    assert np.isfinite(logits).all()


def test_quality_and_statistics_have_no_gradient():
    embeddings, labels, centres = long_batch()
    head = make("adaface", centres, rate=0.5)
    moving = gradient(head, embeddings, labels, training=True)
    np.testing.assert_allclose(moving, gradient(head, embeddings, labels), rtol=1e-9)
    np.testing.assert_allclose(np.sum(moving * embeddings, axis=1), 0.0, atol=1e-7)


@pytest.mark.parametrize(
    "options", [{"m": -0.1}, {"m": 1.5}, {"h": -1.0}, {"rate": 1.5}, {"rate": -0.1}, {"s": 0.0}]
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        AdaFace(10, **options)
