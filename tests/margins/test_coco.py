"""COCO: cosines to centroids, and how the centroids follow."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import COCO
from tests.margins.formulas import check, cosines, make, random_batch


@pytest.mark.parametrize("s", [32.0, 10.0])
def test_logits_are_scaled_cosines(s):
    check(make("coco", random_batch()[2], s=s), np.cos, scale=s)


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.0, 1.0])
def test_centroids_move_towards_the_means_of_their_units(rate):
    centroids = random_batch()[2]
    head = make("coco", centroids, rate=rate)
    for seed in range(3):
        embeddings, labels, _ = random_batch(seed)
        labels = labels % 7 * (labels % 7 != 3)  # several images each; no image of 3 and 7 to 11
        logits = head(embeddings, labels, training=True)
        np.testing.assert_allclose(logits, 32.0 * cosines(embeddings, centroids), rtol=1e-9)
        units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
        for c in set(labels):
            mean = units[labels == c].mean(axis=0)
            centroids[:, c] = rate * mean + (1 - rate) * centroids[:, c]
        np.testing.assert_allclose(head.centres, centroids, rtol=1e-9)
    np.testing.assert_array_equal(head.centres[:, 7:], random_batch()[2][:, 7:])


def test_no_gradient_moves_the_centroids():
    assert make("coco", random_batch()[2]).trainable_weights == []


@pytest.mark.parametrize("options", [{"rate": -0.1}, {"rate": 1.5}, {"s": 0.0}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        COCO(10, **options)
