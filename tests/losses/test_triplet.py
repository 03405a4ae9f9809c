"""Triplet loss against loops over all triplets of a batch."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Triplet
from tests.losses.formulas import (
    DISTANCES,
    MINING,
    cosines,
    make,
    mean,
    random_batch,
    value_and_gradient,
)


def test_defaults_are_facenets():
    loss = Triplet()
    assert (loss.m, loss.mining, loss.distance) == (0.2, "semi_hard", "squared_euclidean")
    assert Triplet(distance="angular").m == 0.35  # ArcFace's, in radians


@pytest.mark.parametrize("m", [0.2, 0.0, 1.5])
@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("mining", MINING)
def test_formula(mining, distance, m):
    labels, embeddings = random_batch()
    distances = DISTANCES[distance](cosines(embeddings))
    expected = mean(value for _, value in MINING[mining](distances, labels, m))
    loss = make("triplet", m=m, mining=mining, distance=distance)
    assert expected > 0.0
    assert float(loss(labels, embeddings)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("mining", MINING)
@pytest.mark.parametrize("sizes", [(8,), (1,) * 8, (1,)], ids=["one", "all different", "single"])
def test_without_a_triplet_loss_and_gradient_are_zero(mining, sizes):
    value, slopes = value_and_gradient(make("triplet", mining=mining), *random_batch(sizes))
    assert value == 0.0
    assert (slopes == 0.0).all()


@pytest.mark.parametrize("mining", MINING)
def test_separated_identities_are_left_alone(mining):
    labels = np.repeat(np.arange(4), 3)
    value, slopes = value_and_gradient(make("triplet", mining=mining), labels, np.eye(4)[labels])
    assert value == 0.0
    assert (slopes == 0.0).all()


@pytest.mark.parametrize("m", [-0.1, "0.2", float("nan")])
def test_margin_outside_its_domain_is_refused(m):
    with pytest.raises(ArgumentError, match="'m' must be non-negative"):
        Triplet(m=m)


@pytest.mark.parametrize(
    ("options", "nearest"),
    [({"mining": "semihard"}, "semi_hard"), ({"distance": "euclidian"}, "euclidean")],
)
def test_unknown_name_tells_the_nearest(options, nearest):
    argument = next(iter(options))
    with pytest.raises(ArgumentError, match=f"'{argument}' must be one of.* mean '{nearest}'"):
        Triplet(**options)
