"""Each operation against an independent recomputation in NumPy or OpenCV."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.config import AugmentationConfig
from facerec_tf.data.augmentation import _COLUMNS, NUM_DRAWS, augment
from tests.data.conftest import EVERYTHING

BATCH = 6
OFF = {"flip": False}


@pytest.fixture(scope="module")
def images(image):
    return np.stack([image(seed) for seed in range(BATCH)])


def run(images, config, **draws):
    """Augments with the draws named, 0.5 everywhere else: the middle of every range."""
    table = np.full((len(images), NUM_DRAWS), 0.5, np.float32)
    for name, values in draws.items():
        table[:, _COLUMNS.index(name)] = values
    return augment(
        tf.constant(images), tf.constant(table), AugmentationConfig(**OFF | config)
    ).numpy()


def traced_ops(config):
    function = tf.function(lambda images, draws: augment(images, draws, config))
    graph = function.get_concrete_function(
        tf.TensorSpec((4, 112, 112, 3), tf.uint8), tf.TensorSpec((4, NUM_DRAWS), tf.float32)
    ).graph
    return {operation.type for operation in graph.get_operations()}


def test_off_is_identity_without_nodes(images):
    np.testing.assert_array_equal(run(images, {}), images)
    allowed = {"Placeholder", "Unpack", "Identity", "NoOp", "Const"}
    assert traced_ops(AugmentationConfig(flip=False)) <= allowed


def test_one_resampling_for_all_geometry():
    config = AugmentationConfig(shift=0.1, zoom=0.1, rotate_degrees=10)
    assert "ImageProjectiveTransformV3" in traced_ops(config)
    assert "DepthwiseConv2dNative" not in traced_ops(config)


def test_flip(images):
    flipped = run(images, {"flip": True}, flip=[0.1, 0.9] * 3)
    np.testing.assert_array_equal(flipped[::2], images[::2, :, ::-1])
    np.testing.assert_array_equal(flipped[1::2], images[1::2])


@pytest.mark.parametrize("name", ["blur", "downscale"])
def test_no_image_chosen(images, name):
    np.testing.assert_array_equal(run(images, {name: 0.3}), images)


def test_whole_pixel_shift(images):
    config = {"shift": 0.125}  # 14 of 112 pixels.
    shifted = run(images, config, shift_x=1.0, shift_y=0.0)
    np.testing.assert_array_equal(shifted[:, :98, 14:], images[:, 14:, :98])
    # Reflected at the border: the column beside the edge repeats the edge.
    np.testing.assert_array_equal(shifted[:, :98, 13], images[:, 14:, 0])
    np.testing.assert_array_equal(shifted[:, :98, 0], images[:, 14:, 13])


@pytest.mark.parametrize(
    ("draws", "angle", "scale", "shift"),
    [
        ({"rotate": 1.0}, 10.0, 1.0, 0.0),
        ({"rotate": 0.0}, -10.0, 1.0, 0.0),
        ({"zoom": 1.0}, 0.0, 1.2, 0.0),
        ({"zoom": 0.25}, 0.0, 0.9, 0.0),
        ({"rotate": 0.8, "zoom": 0.9, "shift_x": 0.75}, 6.0, 1.16, 2.8),
    ],
)
def test_geometry_equals_opencv(images, draws, angle, scale, shift):
    config = {"rotate_degrees": 10.0, "zoom": 0.2, "shift": 0.05}
    result = run(images, config, **draws)
    # OpenCV turns counter-clockwise for positive angles, we turn clockwise on the screen.
    matrix = cv2.getRotationMatrix2D((55.5, 55.5), -angle, scale)
    matrix[0, 2] += shift
    for ours, image in zip(result, images, strict=True):
        expected = cv2.warpAffine(image, matrix, (112, 112), borderMode=cv2.BORDER_REFLECT)
        inside = np.s_[16:-16, 16:-16]
        assert np.abs(ours[inside].astype(int) - expected[inside]).max() <= 4
        assert np.abs(ours.astype(int) - expected).mean() < 1


def test_brightness(images):
    middle = np.clip(images, 60, 190)
    brighter = run(middle, {"brightness": 0.2}, brightness=[1.0, 0.0] * 3).astype(int)
    np.testing.assert_allclose(brighter[::2] - middle[::2].astype(int), 51, atol=1)
    np.testing.assert_allclose(brighter[1::2] - middle[1::2].astype(int), -51, atol=1)


def test_brightness_is_clipped(images):
    assert run(images, {"brightness": 1.0}, brightness=1.0).min() == 255
    assert run(images, {"brightness": 1.0}, brightness=0.0).max() == 0


def grey(images):
    return images.astype(float) @ [0.299, 0.587, 0.114]


def test_contrast(images):
    result = run(images, {"contrast": 0.5}, contrast=0.0)
    mean = grey(images).mean(axis=(1, 2))[:, None, None, None]
    np.testing.assert_allclose(result, mean + 0.5 * (images - mean), atol=0.51)


def test_saturation(images):
    result = run(images, {"saturation": 0.4}, saturation=[0.0, 1.0] * 3)
    factor = np.array([0.6, 1.4] * 3)[:, None, None, None]
    expected = grey(images)[..., None] + factor * (images - grey(images)[..., None])
    np.testing.assert_allclose(result, np.clip(expected, 0, 255), atol=0.51)


def test_grayscale_equals_opencv_on_those_chosen(images):
    result = run(images, {"grayscale": 0.3}, grayscale=[0.2, 0.4] * 3)
    for ours, image in zip(result[::2], images[::2], strict=True):
        expected = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(int)
        for channel in range(3):
            assert np.abs(ours[..., channel] - expected).max() <= 1
    np.testing.assert_allclose(result[1::2].astype(int), images[1::2], atol=1)


def test_blur_equals_opencv_on_those_chosen(images):
    noisy = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    result = run(noisy, {"blur": 0.3}, blur=[0.2, 0.4] * 3)
    for ours, image in zip(result[::2], noisy[::2], strict=True):
        expected = cv2.GaussianBlur(image, (5, 5), 0)  # OpenCV's kernel is the binomial one here.
        assert np.abs(ours.astype(int) - expected).max() <= 1
    np.testing.assert_array_equal(result[1::2], noisy[1::2])


def test_downscale_equals_opencv_on_those_chosen(images):
    noisy = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    result = run(noisy, {"downscale": 0.3}, downscale=[0.2, 0.4] * 3)
    for ours, image in zip(result[::2], noisy[::2], strict=True):
        half = cv2.resize(image.astype(np.float32), (56, 56), interpolation=cv2.INTER_AREA)
        expected = cv2.resize(half, (112, 112), interpolation=cv2.INTER_LINEAR)
        assert np.abs(ours - expected).max() <= 1
    np.testing.assert_array_equal(result[1::2], noisy[1::2])


@pytest.mark.parametrize(("area", "share"), [(0.0, 0.02), (1.0, 0.2)])
@pytest.mark.parametrize("aspect", [0.0, 0.5, 1.0])
def test_erase_turns_a_rectangle_grey(area, share, aspect):
    images = np.zeros((4, 112, 112, 3), np.uint8)
    corners = {"erase_x": [0.0, 0.999, 0.5, 0.5], "erase_y": [0.0, 0.999, 0.5, 0.5]}
    draws = {"erase": [0.1, 0.1, 0.1, 0.9], "erase_area": area, "erase_aspect": aspect}
    erased = run(images, {"erase": 0.5}, **draws, **corners)[..., 0]
    assert not erased[3].any()
    for mask in erased[:3] == 128:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert mask.mean() == pytest.approx(share, rel=0.08)
        ratio = len(rows) / len(columns)
        assert ratio == pytest.approx(2.0 ** (2 * aspect - 1), rel=0.15)
    assert (erased[0][0, 0], erased[1][-1, -1]) == (128, 128)


def test_an_image_does_not_depend_on_its_batch(images):
    draws = np.random.default_rng(1).random((BATCH, NUM_DRAWS), np.float32)
    together = augment(tf.constant(images), tf.constant(draws), EVERYTHING).numpy()
    for place in range(BATCH):
        alone = augment(images[place : place + 1], draws[place : place + 1], EVERYTHING).numpy()
        np.testing.assert_array_equal(alone[0], together[place])
