"""Embeddings of templates, recomputed image by image."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.evaluation import pair_scores
from facerec_tf.evaluation.templates import template_embeddings


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mean_of_unit_vectors(dtype):
    rng = np.random.default_rng(0)
    embeddings = (rng.normal(size=(50, 8)) * rng.uniform(0.1, 30, (50, 1))).astype(dtype)
    templates = rng.integers(0, 6, 50)
    found = template_embeddings(embeddings, templates)
    assert found.shape == (6, 8)
    assert found.dtype == dtype
    for template in range(6):
        own = [row for row, t in zip(embeddings.tolist(), templates, strict=True) if t == template]
        units = [[x / sum(y * y for y in row) ** 0.5 for x in row] for row in own]
        mean = [sum(column) / len(units) for column in zip(*units, strict=True)]
        np.testing.assert_allclose(found[template], mean, atol=1e-6)


def test_single_images_keep_their_bits():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(40, 16)).astype(np.float32)
    np.testing.assert_array_equal(template_embeddings(embeddings, np.arange(40)), embeddings)
    order = rng.permutation(40)
    np.testing.assert_array_equal(template_embeddings(embeddings, order)[order], embeddings)


def test_zeros_count_as_zeros():
    embeddings = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    found = template_embeddings(embeddings, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(found, [[0.3, 0.4], [0, 0]])


def test_what_is_not_finite_is_not_averaged_away():
    embeddings = np.ones((4, 2))
    embeddings[1, 0] = np.nan
    found = template_embeddings(embeddings, np.array([0, 0, 1, 1]))
    with pytest.raises(DataError, match="1 of 2 embeddings are not finite, the first in row 0"):
        pair_scores(found, np.array([0]), np.array([1]))


@pytest.mark.parametrize(
    ("templates", "words"),
    [
        ([0, 1], r"'templates' must be of shape \(3,\)"),
        ([0, 2, 2], "numbered from 0 without a gap"),
        ([1, 1, 2], "numbered from 0 without a gap"),
        ([-1, 0, 1], "numbered from 0 without a gap"),
    ],
)
def test_templates_that_do_not_fit(templates, words):
    with pytest.raises(ArgumentError, match=words):
        template_embeddings(np.ones((3, 2)), np.array(templates))


def test_embeddings_that_are_no_rows():
    with pytest.raises(ArgumentError, match=r"'embeddings' must be of shape \[images, dim\]"):
        template_embeddings(np.ones(3), np.arange(3))


@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_reaches_the_scores():
    """They refuse it, with a message of their own."""
    embeddings = np.float32([[1, 2], [np.inf, 1], [3, 4], [5, 6]])
    means = template_embeddings(embeddings, np.array([0, 0, 1, 1]))
    assert np.isnan(means[0]).any()
    assert np.isfinite(means[1]).all()
