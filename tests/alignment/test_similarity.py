"""The similarity transform against a direct least-squares solution."""

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import ARCFACE_112, TEMPLATES, crop, similarity_transform
from facerec_tf.core.errors import ArgumentError

TEMPLATE = ARCFACE_112.points
RNG = np.random.default_rng(0)
PHOTO_POINTS = np.array(
    [[104.9, 108.5], [149.0, 109.6], [126.3, 137.5], [107.0, 157.3], [148.4, 157.8]]
)


def solve_four_parameters(source, target):
    """Minimises ‖A·p − q‖² over A = [[a, −b, c], [b, a, d]] as a linear system in a, b, c, d."""
    x, y = source.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    system = np.vstack([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    a, b, c, d = np.linalg.lstsq(system, np.concatenate(target.T), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


@pytest.mark.parametrize("seed", range(8))
def test_equals_linear_least_squares(seed):
    noise = np.random.default_rng(seed).normal(scale=6.0, size=(5, 2))
    angle = np.random.default_rng(seed).uniform(-3, 3)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (PHOTO_POINTS + noise) @ rotation.T * 1.7
    expected = solve_four_parameters(points, TEMPLATE)
    np.testing.assert_allclose(similarity_transform(points, TEMPLATE), expected, atol=1e-9)


def test_recovers_a_known_transform_exactly():
    known = np.array([[0.8, -0.3, 12.0], [0.3, 0.8, -7.0]])
    points = RNG.uniform(0, 200, (5, 2))
    target = points @ known[:, :2].T + known[:, 2]
    np.testing.assert_allclose(similarity_transform(points, target), known, atol=1e-9)


def test_never_reflects():
    mirrored = PHOTO_POINTS * [-1, 1]
    matrix = similarity_transform(mirrored, TEMPLATE)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_crop_brings_landmarks_to_the_template():
    image = np.zeros((250, 250, 3), np.uint8)
    for channel, (x, y) in zip((0, 1, 2), PHOTO_POINTS[:3], strict=True):
        cv2.circle(image, (round(x), round(y)), 4, [255 * (channel == c) for c in range(3)], -1)
    face = crop(image, PHOTO_POINTS)
    assert face.shape == (112, 112, 3)
    assert face.dtype == np.uint8
    residual = PHOTO_POINTS @ similarity_transform(PHOTO_POINTS, TEMPLATE)[:, :2].T
    residual += similarity_transform(PHOTO_POINTS, TEMPLATE)[:, 2]
    for channel in range(3):
        weights = face[..., channel].astype(float)
        rows, columns = np.mgrid[:112, :112]
        center = [(columns * weights).sum(), (rows * weights).sum()] / weights.sum()
        np.testing.assert_allclose(center, residual[channel], atol=0.8)


@pytest.mark.parametrize("name", TEMPLATES)
def test_crop_brings_them_to_any_template(name):
    template = TEMPLATES[name]
    image = np.zeros((250, 250, 3), np.uint8)
    cv2.circle(image, (126, 137), 4, (255, 255, 255), -1)
    face = crop(image, PHOTO_POINTS, template)[..., 0].astype(float)
    assert face.shape == template.size
    rows, columns = np.mgrid[: face.shape[0], : face.shape[1]]
    center = [(columns * face).sum() / face.sum(), (rows * face).sum() / face.sum()]
    expected = similarity_transform(PHOTO_POINTS, template.points) @ [126, 137, 1]
    np.testing.assert_allclose(center, expected, atol=0.6)


def test_equals_scikit_image():
    transform = pytest.importorskip("skimage.transform")
    for seed in range(20):
        points = PHOTO_POINTS + np.random.default_rng(seed).normal(scale=12, size=(5, 2))
        expected = transform.SimilarityTransform.from_estimate(points, TEMPLATE)
        found = similarity_transform(points, TEMPLATE)
        np.testing.assert_allclose(found, expected.params[:2], atol=1e-8)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (np.zeros((5, 3)), r"'landmarks' must be of shape \(points, 2\)"),
        (np.zeros((5, 2)), "at least two different points"),
        (np.full((5, 2), np.nan), "'landmarks' must be finite"),
        (np.arange(8.0).reshape(4, 2), r"'landmarks' must be of shape \(5, 2\)"),
    ],
)
def test_refuses_bad_landmarks(points, words):
    with pytest.raises(ArgumentError, match=words):
        similarity_transform(points, TEMPLATE)


def test_crop_refuses_a_grey_image():
    with pytest.raises(ArgumentError, match="'image' must be uint8"):
        crop(np.zeros((250, 250), np.uint8), PHOTO_POINTS)
