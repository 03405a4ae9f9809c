"""Contrastive loss against loops over all pairs of a batch."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Contrastive
from tests.losses.formulas import cosines, make, mean, random_batch, value_and_gradient


@pytest.mark.parametrize("m", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("sizes", [(5, 1, 3, 2, 1, 4), (8,), (1,) * 8])
def test_formula(sizes, m):
    labels, embeddings = random_batch(sizes)
    distances = np.sqrt(2 - 2 * cosines(embeddings))
    pairs = [(i, j) for i in range(len(labels)) for j in range(i)]
    together = mean(distances[i, j] ** 2 for i, j in pairs if labels[i] == labels[j])
    apart = mean(max(0, m - distances[i, j]) ** 2 for i, j in pairs if labels[i] != labels[j])
    actual = make("contrastive", m=m)(labels, embeddings)
    assert float(actual) == pytest.approx(together + apart, rel=1e-9, abs=1e-12)


def test_default_is_one():
    assert Contrastive().m == 1.0


def test_without_a_pair_loss_and_gradient_are_zero():
    value, slopes = value_and_gradient(make("contrastive"), *random_batch((1,)))
    assert value == 0.0
    assert (slopes == 0.0).all()


def test_separated_identities_are_left_alone():
    labels = np.repeat(np.arange(4), 3)
    value, slopes = value_and_gradient(make("contrastive"), labels, np.eye(4)[labels])
    assert value == 0.0
    assert (slopes == 0.0).all()


@pytest.mark.parametrize("m", [0.0, -1.0, None])
def test_margin_outside_its_domain_is_refused(m):
    with pytest.raises(ArgumentError, match="'m' must be positive"):
        Contrastive(m=m)
