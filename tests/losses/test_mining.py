"""Mining against loops over all triplets, on distances with and without ties."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.losses import mining
from tests.losses.formulas import MINING, mean, random_batch

BATCHES = {
    "unequal": (5, 1, 3, 2, 1, 4),
    "pairs": (2, 2, 2, 2, 2, 2, 2, 2),
    "one against one": (15, 1),
    "one identity": (16,),
    "all different": (1,) * 16,
}


def mine(name, distances, labels, margin):
    """Returns value and gradient on the distances."""
    distances = tf.constant(distances)
    same = labels[:, None] == labels
    positives, negatives = same & ~np.eye(len(labels), dtype=bool), ~same
    with tf.GradientTape() as tape:
        tape.watch(distances)
        value = mining.MINING[name](distances, positives, negatives, margin)
    return value.numpy(), tf.convert_to_tensor(tape.gradient(value, distances)).numpy()


def random_distances(seed, levels=None):
    """Returns symmetric distances of 16 images; whole numbers below `levels`, if given."""
    generator = np.random.default_rng(seed)
    shape = (16, 16)
    upper = generator.integers(0, levels, shape) if levels else 2 * generator.uniform(size=shape)
    upper = np.triu(upper, 1).astype("float64")
    return upper + upper.T


@pytest.mark.parametrize("margin", [0.0, 0.2, 3.0])
@pytest.mark.parametrize("sizes", BATCHES.values(), ids=BATCHES)
@pytest.mark.parametrize("name", MINING)
def test_without_ties(name, sizes, margin):
    labels, _ = random_batch(sizes)
    distances = random_distances(1)
    triplets = list(MINING[name](distances, labels, margin))
    value, slopes = mine(name, distances, labels, margin)
    assert value == pytest.approx(mean(loss for _, loss in triplets), abs=1e-12)
    expected = np.zeros_like(distances)
    for (a, p, n), loss in triplets:
        expected[a, p] += (loss > 0) / len(triplets)
        expected[a, n] -= (loss > 0) / len(triplets)
    np.testing.assert_allclose(slopes, expected, atol=1e-12)


# Of 3 levels most negatives are as far as the positive; of 1 all are, as if all faces were equal.
@pytest.mark.parametrize("levels", [1, 3, 10])
@pytest.mark.parametrize("margin", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("name", MINING)
def test_with_ties(name, margin, levels):
    for seed in range(5):
        labels, _ = random_batch(seed=seed)
        distances = random_distances(seed, levels)
        value, slopes = mine(name, distances, labels, margin)
        expected = mean(loss for _, loss in MINING[name](distances, labels, margin))
        assert value == pytest.approx(expected, abs=1e-12)
        assert np.isfinite(slopes).all()
        assert slopes.sum() == pytest.approx(0.0, abs=1e-12)


def test_pairs_with_and_without_a_negative_beyond_occur():
    labels, _ = random_batch(BATCHES["unequal"])
    distances = random_distances(1)
    triplets = [triplet for triplet, _ in MINING["semi_hard"](distances, labels, 0.2)]
    beyond = [distances[a, n] > distances[a, p] for a, p, n in triplets]
    assert any(beyond)
    assert not all(beyond)
