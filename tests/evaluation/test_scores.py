"""Cosine similarity of pairs, recomputed pair by pair."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.evaluation import fuse_flip, pair_scores, scores


@pytest.fixture
def random():
    return np.random.default_rng(3)


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / (
        sum(x * x for x in a) ** 0.5 * sum(y * y for y in b) ** 0.5
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_scores_are_cosines_whatever_the_lengths(random, dtype):
    embeddings = (random.normal(size=(20, 16)) * random.uniform(0.1, 30, (20, 1))).astype(dtype)
    first, second = random.integers(0, 20, 50), random.integers(0, 20, 50)
    expected = [
        cosine(embeddings[a].tolist(), embeddings[b].tolist())
        for a, b in zip(first, second, strict=True)
    ]
    np.testing.assert_allclose(pair_scores(embeddings, first, second), expected, atol=1e-12)


def test_chunks_join_without_a_seam(random, monkeypatch):
    embeddings = random.normal(size=(30, 8))
    first, second = random.integers(0, 30, 100), random.integers(0, 30, 100)
    whole = pair_scores(embeddings, first, second)
    monkeypatch.setattr(scores, "CHUNK", 7)
    np.testing.assert_array_equal(pair_scores(embeddings, first, second), whole)


def test_no_score_exceeds_one(random):
    embeddings = random.normal(size=(500, 512)).astype(np.float32)
    rows = np.arange(500)
    own = pair_scores(embeddings, rows, rows)
    assert own.max() <= 1.0
    np.testing.assert_allclose(own, 1.0, atol=1e-12)


def test_zero_embedding_scores_zero():
    embeddings = np.array([[0.0, 0.0], [3.0, 4.0]])
    result = pair_scores(embeddings, np.array([0, 0, 1]), np.array([0, 1, 1]))
    np.testing.assert_array_equal(result, [0.0, 0.0, 1.0])


def test_damaged_embeddings_are_counted(random):
    embeddings = random.normal(size=(6, 4))
    embeddings[2, 1], embeddings[5, 0], embeddings[5, 3] = np.nan, np.inf, np.nan
    with pytest.raises(DataError, match="2 of 6 embeddings are not finite, the first in row 2"):
        pair_scores(embeddings, np.array([0]), np.array([1]))
    with pytest.raises(DataError, match="2 of 6"):
        fuse_flip(np.ones_like(embeddings), embeddings)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([0, 1], [1], "'second'"),
        ([0], [3], "'second' must be rows of 3 embeddings"),
        ([-1], [0], "'first' must be rows of 3 embeddings"),
        ([0.0], [1.0], "'first' must be integers"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(first, second, message):
    with pytest.raises(ArgumentError, match=message):
        pair_scores(np.ones((3, 2)), np.array(first), np.array(second))


def test_fusion_sums_before_normalising(random):
    image = np.array([[3.0, 0.0], [1.0, 2.0]], np.float32)
    mirror = np.array([[0.0, 4.0], [-1.0, -2.0]], np.float32)
    fused = fuse_flip(image, mirror)
    np.testing.assert_allclose(fused, [[0.6, 0.8], [0.0, 0.0]], atol=1e-7)
    assert fused.dtype == np.float32


def test_fusion_refuses_other_shapes():
    with pytest.raises(ArgumentError, match="'mirrored'"):
        fuse_flip(np.ones((2, 3)), np.ones((1, 3)))
