"""How well distances to the own identity and to others are separated."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from facerec_tf.curation.separation import random_others, separation, untrained_warning


def test_it_is_the_area_under_the_roc_curve_of_the_nearer_halves():
    generator = np.random.default_rng(0)
    own, other = generator.normal(0.0, 1.0, 301), generator.normal(0.7, 1.0, 200)
    own[:50], other[:50] = np.round(own[:50]), np.round(other[:50])  # Some are equal.
    is_other = np.repeat([0, 1], [151, 100])
    nearer = [np.sort(own)[:151], np.sort(other)[:100]]
    expected = roc_auc_score(is_other, np.concatenate(nearer))
    assert separation(own, other) == pytest.approx(expected, rel=1e-12)
    assert separation(own, own) == pytest.approx(0.5, rel=1e-12)
    assert separation(own, own + 100) == 1.0


def test_without_images_it_is_unknown():
    assert np.isnan(separation(np.zeros(0), np.ones(2)))
    assert np.isnan(separation(np.ones(2), np.zeros(0)))
    assert untrained_warning(float("nan"), 10) is None


def test_others_are_all_others():
    labels = np.repeat(np.arange(5), 200)
    others = random_others(labels, 5, np.random.default_rng(0))
    assert not (others == labels).any()
    counts = np.bincount(5 * labels + others, minlength=25).reshape(5, 5)
    assert (counts[~np.eye(5, dtype=bool)] > 20).all()


def test_the_warning():
    assert untrained_warning(0.95, 10) is None
    assert untrained_warning(0.52, 9) is None
    assert "separation 0.52, expected at least 0.95" in untrained_warning(0.52, 10)


def test_wrong_labels_do_not_count():
    """Half of the images are of other identities."""
    generator = np.random.default_rng(0)
    other = generator.normal(90.0, 4.0, 2000)
    own = np.concatenate([generator.normal(40.0, 5.0, 500), generator.normal(90.0, 4.0, 500)])
    assert untrained_warning(separation(own, other), 10) is None
    assert untrained_warning(separation(other[:1000], other[1000:]), 10) is not None
