"""Angle statistics recomputed image by image and class by class, with loops."""

import math

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.evaluation import AngleStatistics, angle_statistics

CLASSES, DIM = 7, 5


class Head:
    """A margin head in NumPy: `k` centres a class, and the threshold π − 0.5."""

    compute_dtype = "float64"

    def __init__(self, k=1, seed=0, thresholds=lambda norms: math.pi - 0.5):
        random = np.random.default_rng(seed)
        # By class, number and dimension; of any length, as heads keep them.
        self.centres = random.normal(size=(CLASSES, k, DIM)) * random.uniform(1, 9, (CLASSES, k, 1))
        self.threshold_angle = thresholds

    def own_centres(self, embeddings, labels):
        return np.array(
            [
                max((c / np.linalg.norm(c) for c in self.centres[label]), key=lambda c: c @ x)
                for x, label in zip(embeddings, labels, strict=True)
            ]
        )

    def project(self, points):
        directions = self.centres / np.linalg.norm(self.centres, axis=2, keepdims=True)
        return np.einsum("nd,ckd->nck", points, directions).max(axis=2)


def angle(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return math.acos(dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b)))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def class_means(embeddings, labels):
    means = {}
    for label in sorted(set(labels.tolist())):
        own = embeddings[labels == label]
        means[label] = sum(x / math.sqrt(sum(x * x)) for x in own)
    return means


@pytest.fixture
def random():
    return np.random.default_rng(2)


@pytest.fixture
def images(random):
    """Embeddings of any length, of six of the seven classes; class 5 has one image only."""
    labels = np.array([4, 0, 1, 1, 4, 6, 0, 2, 2, 2, 5, 6, 4])
    embeddings = random.normal(size=(len(labels), DIM)) * random.uniform(0.1, 30, (len(labels), 1))
    return embeddings, labels


@pytest.mark.parametrize("k", [1, 3])
def test_formulas(images, k):
    embeddings, labels = images
    head = Head(k)
    result = angle_statistics(embeddings, labels, head)
    means = class_means(embeddings, labels)

    def nearest(x, label):
        return min(head.centres[label], key=lambda centre: angle(x, centre))

    centres = {label: nearest(means[label], label) for label in means}
    targets = [
        angle(x, nearest(x, label)) for x, label in zip(embeddings, labels.tolist(), strict=True)
    ]
    np.testing.assert_allclose(result.target_angles, targets)
    assert result.target_angle == pytest.approx(mean(targets))
    past = [theta for theta in targets if theta > math.pi - 0.5]
    assert result.past_threshold == pytest.approx(len(past) / len(labels))
    assert result.w_ec == pytest.approx(mean(angle(means[c], centres[c]) for c in means))
    assert result.w_inter == pytest.approx(
        mean(
            min(angle(centres[c], w) for o in range(CLASSES) if o != c for w in head.centres[o])
            for c in means
        )
    )
    assert result.intra == pytest.approx(
        mean(angle(x, means[c]) for x, c in zip(embeddings, labels.tolist(), strict=True) if c != 5)
    )
    assert result.inter == pytest.approx(
        mean(min(angle(means[c], means[o]) for o in means if o != c) for c in means)
    )


def test_the_nearest_centre_may_be_of_a_class_without_images(images):
    embeddings, labels = images
    head = Head()
    before = angle_statistics(embeddings, labels, head)
    head.centres[3] = head.centres[2] + 0.01
    after = angle_statistics(embeddings, labels, head)
    assert after.w_inter < before.w_inter
    assert (after.w_ec, after.inter) == (before.w_ec, before.inter)


def test_a_share_past_the_threshold_which_may_depend_on_the_length():
    head = Head(thresholds=lambda norms: np.where(norms > 2, 1.0, 2.0))
    centre = head.centres[0, 0] / np.linalg.norm(head.centres[0, 0])
    other = np.linalg.svd(centre[None])[2][1]
    at = lambda theta, norm: norm * (math.cos(theta) * centre + math.sin(theta) * other)  # noqa: E731
    embeddings = np.array([at(0.9, 3), at(1.1, 3), at(1.9, 1), at(2.1, 1), at(2.5, 1)])
    result = angle_statistics(embeddings, np.zeros(5, int), head)
    np.testing.assert_allclose(result.target_angles, [0.9, 1.1, 1.9, 2.1, 2.5])
    assert result.past_threshold == 0.6


def test_a_head_without_a_threshold_has_no_share_past_it(images):
    result = angle_statistics(*images, Head(thresholds=lambda norms: None))
    assert result.past_threshold is None
    assert result.target_angle is not None


def test_without_a_head_only_embeddings_are_measured(images):
    alone, beside = angle_statistics(*images), angle_statistics(*images, Head())
    assert alone == AngleStatistics(None, None, None, None, beside.intra, beside.inter)
    assert alone.target_angles is None


def test_what_cannot_be_measured_is_none(random):
    one = angle_statistics(random.normal(size=(3, DIM)), np.full(3, 2))
    assert one.inter is None
    assert one.intra is not None
    single = angle_statistics(random.normal(size=(3, DIM)), np.arange(3))
    assert single.intra is None
    assert single.inter is not None


def test_order_and_lengths_do_not_matter(images, random):
    embeddings, labels = images
    result = angle_statistics(embeddings, labels, Head())
    mixed = random.permutation(len(labels))
    scaled = (embeddings * random.uniform(0.5, 2, (len(labels), 1)))[mixed]
    again = angle_statistics(scaled, labels[mixed], Head())
    np.testing.assert_allclose(
        list(again.in_degrees().values()), list(result.in_degrees().values())
    )


def test_at_both_ends_angles_stay_finite(random):
    head = Head()
    directions = head.centres[:, 0].astype(np.float32)
    labels = np.arange(CLASSES)
    own = angle_statistics(np.concatenate([directions] * 2), np.tile(labels, 2), head)
    np.testing.assert_allclose([own.target_angle, own.w_ec, own.intra], 0, atol=1e-6)
    away = angle_statistics(-directions, labels, head)
    np.testing.assert_allclose([away.target_angle, away.w_ec], np.pi, atol=1e-6)
    assert away.past_threshold == 1.0
    nothing = angle_statistics(np.zeros((4, DIM)), np.array([0, 0, 1, 1]), head)
    measured = [nothing.target_angle, nothing.w_ec, nothing.intra, nothing.inter]
    np.testing.assert_allclose(measured, np.pi / 2)


@pytest.mark.parametrize("damage", [np.nan, np.inf])
@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_makes_figures_nan(images, damage):
    embeddings, labels = images
    embeddings[3, 1] = damage
    result = angle_statistics(embeddings, labels, Head())
    for name in ("target_angle", "past_threshold", "w_ec", "intra", "inter"):
        assert math.isnan(getattr(result, name)), name
    assert np.isnan(result.target_angles).sum() == 1


def test_degrees_under_the_names_of_columns():
    statistics = AngleStatistics(math.pi / 2, 0.25, math.pi, math.pi / 3, math.pi / 4, None)
    degrees = statistics.in_degrees()
    assert degrees == {
        "target_angle_degrees": pytest.approx(90.0),
        "past_threshold": 0.25,
        "w_ec_degrees": pytest.approx(180.0),
        "w_inter_degrees": pytest.approx(60.0),
        "intra_degrees": pytest.approx(45.0),
    }
    assert {type(value) for value in degrees.values()} == {float}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": np.ones(4)}, "'embeddings' must be of shape"),
        ({"embeddings": np.ones((0, 2)), "labels": np.zeros(0, int)}, "of at least one image"),
        ({"labels": np.arange(3)}, r"'labels' must be of shape \(4,\)"),
        ({"labels": np.ones(4)}, "'labels' must be integers"),
    ],
)
def test_input_that_does_not_fit_is_refused(change, message):
    given = {"embeddings": np.ones((4, 2)), "labels": np.arange(4)}
    with pytest.raises(ArgumentError, match=message):
        angle_statistics(**{**given, **change})
