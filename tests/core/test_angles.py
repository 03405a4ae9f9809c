import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core import angles


def test_angle_and_sine_agree_with_numpy():
    theta = np.linspace(0.01, np.pi - 0.01, 101)
    cosine = tf.constant(np.cos(theta), tf.float64)
    np.testing.assert_allclose(angles.angle(cosine), theta, atol=1e-5)
    np.testing.assert_allclose(angles.sine(cosine), np.sin(theta), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_angles_are_angles(dtype):
    cosine = tf.constant(np.linspace(-0.999, 0.999, 4001), dtype)
    with tf.GradientTape() as tape:
        tape.watch(cosine)
        theta = angles.many_angles(cosine)
    np.testing.assert_allclose(theta, np.arccos(cosine.numpy()), atol=1e-6)
    slope = -1.0 / np.sqrt(1.0 - cosine.numpy() ** 2)
    np.testing.assert_allclose(tape.gradient(theta, cosine), slope, rtol=1e-4)


def test_added_angle_is_arcfaces_target():
    theta = np.linspace(0.01, np.pi - 0.01, 101)
    for m in (0.0, 0.5, 1.5):
        expected = np.where(theta < np.pi - m, np.cos(theta + m), np.cos(theta) - m * np.sin(m))
        cosine = tf.constant(np.cos(theta), tf.float64)
        np.testing.assert_allclose(angles.added_angle(cosine, m), expected, atol=1e-6)
        each = tf.fill(cosine.shape, tf.constant(m, tf.float64))
        np.testing.assert_allclose(angles.added_angle(cosine, each), expected, atol=1e-6)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("function", [angles.sine, angles.angle, angles.many_angles])
def test_value_and_gradient_are_finite_at_the_ends(function, jit):
    @tf.function(jit_compile=jit)
    def value_and_gradient(cosine):
        with tf.GradientTape() as tape:
            tape.watch(cosine)
            value = function(cosine)
        return value, tape.gradient(value, cosine)

    value, gradient = value_and_gradient(tf.constant([-1.0, 1.0, 0.0, 0.9999999]))
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    expected = [0, 0, 1] if function is angles.sine else [np.pi, 0, np.pi / 2]
    np.testing.assert_allclose(value[:3], expected, atol=4e-4)


@pytest.mark.parametrize("value", [2e19, np.inf, np.nan])
def test_a_length_that_overflows_is_not_hidden(value):
    vectors = tf.constant([[3.0, 4.0], [value, 0.0]])
    for jit in (False, True):
        unit = tf.function(angles.l2_normalize, jit_compile=jit)(vectors)
        np.testing.assert_allclose(unit[0], [0.6, 0.8], rtol=1e-6)
        assert np.isnan(unit[1]).all()


def test_normalize_gives_unit_length_and_survives_zero():
    vectors = tf.constant([[3.0, 4.0], [0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        unit = angles.l2_normalize(vectors)
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    gradient = tape.gradient(unit, vectors)
    assert np.abs(gradient[0]).max() > 0.01
    np.testing.assert_array_equal(gradient[1], [0.0, 0.0])
    np.testing.assert_array_equal(angles.clip_cosine(tf.constant([1.0000001, -1.1])), [1.0, -1.0])
