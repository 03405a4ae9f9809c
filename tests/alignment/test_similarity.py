"""The similarity transform against a direct least-squares solution."""

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import TEMPLATE_112, crop, similarity_transform
from facerec_tf.core.errors import ArgumentError

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
    expected = solve_four_parameters(points, TEMPLATE_112)
    np.testing.assert_allclose(similarity_transform(points), expected, atol=1e-9)


def test_recovers_a_known_transform_exactly():
    known = np.array([[0.8, -0.3, 12.0], [0.3, 0.8, -7.0]])
    points = RNG.uniform(0, 200, (5, 2))
    target = points @ known[:, :2].T + known[:, 2]
    np.testing.assert_allclose(similarity_transform(points, target), known, atol=1e-9)


def test_never_reflects():
    mirrored = PHOTO_POINTS * [-1, 1]
    matrix = similarity_transform(mirrored)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_crop_brings_landmarks_to_the_template():
    image = np.zeros((250, 250, 3), np.uint8)
    for channel, (x, y) in zip((0, 1, 2), PHOTO_POINTS[:3], strict=True):
        cv2.circle(image, (round(x), round(y)), 4, [255 * (channel == c) for c in range(3)], -1)
    face = crop(image, PHOTO_POINTS)
    assert face.shape == (112, 112, 3)
    assert face.dtype == np.uint8
    residual = PHOTO_POINTS @ similarity_transform(PHOTO_POINTS)[:, :2].T
    residual += similarity_transform(PHOTO_POINTS)[:, 2]
    for channel in range(3):
        weights = face[..., channel].astype(float)
        rows, columns = np.mgrid[:112, :112]
        center = [(columns * weights).sum(), (rows * weights).sum()] / weights.sum()
        np.testing.assert_allclose(center, residual[channel], atol=0.8)


def test_crop_scales_the_template():
    image = RNG.integers(0, 256, (250, 250, 3), dtype=np.uint8)
    assert crop(image, PHOTO_POINTS, size=224).shape == (224, 224, 3)
    smooth = cv2.GaussianBlur(image, (0, 0), 8)
    large = cv2.resize(crop(smooth, PHOTO_POINTS, 224), (112, 112), interpolation=cv2.INTER_AREA)
    difference = large.astype(int) - crop(smooth, PHOTO_POINTS)
    assert np.abs(difference[8:-8, 8:-8]).mean() < 2


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
        similarity_transform(points)


def test_crop_refuses_a_grey_image():
    with pytest.raises(ArgumentError, match="'image' must be uint8"):
        crop(np.zeros((250, 250), np.uint8), PHOTO_POINTS)
