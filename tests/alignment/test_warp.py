"""The alignment layer against the alignment of files."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.alignment import ARCFACE_112, TEMPLATES, crop, facenet_template
from facerec_tf.alignment.warp import FaceWarp


@pytest.fixture(scope="module")
def photos(lfw_photos):
    images, points = zip(*lfw_photos, strict=True)
    return np.stack(images), np.stack(points).astype(np.float32)


def crops_of(images, landmarks, template=ARCFACE_112):
    return np.stack([crop(i, p, template) for i, p in zip(images, landmarks, strict=True)])


def assert_alike(found, expected):
    """A grey level is half the way rounded otherwise; no more, and seldom."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype == np.uint8
    difference = np.abs(found.astype(int) - expected)
    assert difference.max() <= 1
    assert difference.mean() < 0.01


@pytest.mark.parametrize("name", TEMPLATES)
def test_real_photographs_are_cropped_alike(name, photos):
    template = TEMPLATES[name]
    assert_alike(FaceWarp(template)(*photos), crops_of(*photos, template))


def test_any_turn_size_and_place_is_cropped_alike(photos):
    images, landmarks = photos
    rng = np.random.default_rng(0)
    for _ in range(4):
        angles, scales = rng.uniform(-np.pi, np.pi, 16), rng.uniform(0.2, 4, 16)
        shifts, noise = rng.uniform(0, 250, (16, 1, 2)), rng.normal(scale=3, size=(16, 5, 2))
        cosines, sines = np.cos(angles) * scales, np.sin(angles) * scales
        turns = np.array([[cosines, -sines], [sines, cosines]]).transpose(2, 0, 1)
        centred = landmarks - landmarks.mean(axis=1, keepdims=True)
        moved = (centred @ turns + shifts + noise).astype(np.float32)
        expected = crops_of(images, moved)
        assert 0.2 < (expected == 0).mean() < 0.8
        assert_alike(FaceWarp(ARCFACE_112)(images, moved), expected)


def test_one_photograph_wide_or_high_is_cropped_alike(photos):
    layer = FaceWarp(ARCFACE_112)
    for rows, columns in ((slice(None), slice(60, 200)), (slice(80, 190), slice(None))):
        image = photos[0][:1, rows, columns]
        points = photos[1][:1] - [columns.start or 0, rows.start or 0]
        assert_alike(layer(image, points), crops_of(image, points))


def test_xla_crops_alike(photos):
    compiled = tf.function(FaceWarp(ARCFACE_112).call, jit_compile=True)
    assert_alike(compiled(*map(tf.constant, photos)), crops_of(*photos))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_type_of_the_images_stays(dtype, photos):
    images, landmarks = photos
    layer = FaceWarp(ARCFACE_112, dtype="mixed_float16")
    found = layer(tf.cast(images, dtype), landmarks)
    assert found.dtype == dtype
    rounding = 0.51 if dtype == "float32" else 1.01
    assert np.abs(tf.cast(found, tf.float32) - crops_of(images, landmarks)).max() <= rounding


def test_it_saves_in_a_model_of_mixed_precision(photos, tmp_path):
    template = facenet_template((60, 50), margin=4)
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        images = keras.Input((None, None, 3), dtype="uint8")
        landmarks = keras.Input((5, 2))
        outputs = FaceWarp(template)(images, landmarks)
        assert (outputs.shape, outputs.dtype) == ((None, 60, 50, 3), "uint8")
        model = keras.Model([images, landmarks], outputs)
    finally:
        keras.config.set_dtype_policy(previous)
    expected = crops_of(*photos, template)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[-1].template.name == template.name
    assert_alike(loaded(list(photos)), expected)
    loaded.export(tmp_path / "saved_model", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved_model"))
    assert_alike(served.serve([tf.constant(photos[0]), tf.constant(photos[1])]), expected)


def test_impossible_landmarks_give_a_blank_crop(photos):
    image = photos[0][:1]
    layer = FaceWarp(ARCFACE_112)
    for value in (np.nan, np.inf, 1e30):
        assert not np.any(layer(image, np.full((1, 5, 2), value, np.float32)))
    assert (layer(image, np.full((1, 5, 2), 100, np.float32)) == image[:, 100, 100]).numpy().all()
    assert layer(image[:0], np.zeros((0, 5, 2), np.float32)).shape == (0, 112, 112, 3)
