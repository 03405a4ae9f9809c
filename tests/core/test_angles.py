import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core import angles


def test_angle_and_sine_agree_with_numpy():
    theta = np.linspace(0.01, np.pi - 0.01, 101)
    cosine = tf.constant(np.cos(theta), tf.float64)
    np.testing.assert_allclose(angles.angle(cosine), theta, atol=1e-5)
    np.testing.assert_allclose(angles.sine(cosine), np.sin(theta), atol=1e-5)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("function", [angles.sine, angles.angle])
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
    expected = {"sine": [0, 0, 1], "angle": [np.pi, 0, np.pi / 2]}[function.__name__]
    np.testing.assert_allclose(value[:3], expected, atol=4e-4)


def test_normalize_gives_unit_length_and_survives_zero():
    vectors = tf.constant([[3.0, 4.0], [0.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        unit = angles.l2_normalize(vectors)
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    assert np.isfinite(tape.gradient(unit, vectors)).all()
    np.testing.assert_array_equal(angles.clip_cosine(tf.constant([1.0000001, -1.1])), [1.0, -1.0])
