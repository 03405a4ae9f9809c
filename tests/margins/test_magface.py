"""MagFace against its formula, and the loss on the lengths."""

import warnings

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import ArcFace, MagFace
from tests.margins.formulas import (
    arc,
    cosines,
    cross_entropies,
    make,
    own_angles,
    random_batch,
    with_targets,
)

LENGTHS = np.linspace(1.0, 150.0, 64)  # below l_a = 10, above u_a = 110, and between


def batch():
    embeddings, labels, centres = random_batch()
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return LENGTHS[:, None] * units, labels, centres


def test_defaults_are_the_papers():
    head = MagFace(10)
    assert (head.s, head.l_a, head.u_a, head.lambda_g) == (64.0, 10.0, 110.0, 35.0)
    assert (head.l_m, head.u_m) == (0.45, 0.8)


# u_m = 1.5 sends many random angles past π − m.
@pytest.mark.parametrize("u_m", [0.8, 1.5])
def test_formula_and_loss(u_m):
    embeddings, labels, centres = batch()
    lengths = np.clip(LENGTHS, 10.0, 110.0)
    margins = 0.45 + (u_m - 0.45) * (lengths - 10.0) / 100.0
    angles = own_angles(embeddings, labels, centres)
    targets = [arc(m)(theta) for m, theta in zip(margins, angles, strict=True)]
    expected = with_targets(cosines(embeddings, centres), labels, targets, 64.0)
    head = make("magface", centres, u_m=u_m)
    np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7, atol=1e-6)

    g = lengths / 110.0**2 + 1.0 / lengths
    losses = head.loss(tf.constant(embeddings), labels)
    np.testing.assert_allclose(losses, cross_entropies(expected, labels) + 35.0 * g, rtol=1e-6)


def test_slope_along_the_length():
    """With one margin for all lengths, only λ·g(a) pulls along the embedding."""
    embeddings, labels, centres = batch()
    head = make("magface", centres, u_m=0.45)
    x = tf.constant(embeddings)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(head.loss(x, labels))
    slopes = np.sum(tape.gradient(loss, x) * embeddings, axis=1) / LENGTHS
    within = (LENGTHS > 10.0) & (LENGTHS < 110.0)
    expected = np.where(within, 35.0 * (1.0 / 110.0**2 - 1.0 / LENGTHS**2), 0.0)
    np.testing.assert_allclose(slopes, expected, rtol=1e-6, atol=1e-9)
    assert (slopes[within] < 0.0).all()  # towards greater lengths


@pytest.mark.parametrize(
    "options",
    [
        {"l_a": 0.0},
        {"u_a": 10.0},
        {"l_m": -0.1},
        {"u_m": 0.4},
        {"u_m": 3.5},
        {"lambda_g": -1.0},
        {"s": None},
    ],
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        MagFace(10, **options)


@pytest.mark.parametrize(
    ("lengths", "side"),
    [([8.5, 25.0], "longer"), ([0.1, 0.9], "shorter"), ([8.5, 7.0], None), ([0.5, 9.0], None)],
)
def test_bounds_without_any_length_warn(lengths, side):
    embeddings = np.outer(lengths, [0.6, 0.8])
    head = MagFace(3, l_a=1.0, u_a=8.0)
    if side is None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            head.warn_of_lengths(embeddings)
        return
    with pytest.warns(UserWarning, match=rf"all embeddings are {side} than its bounds \[1, 8\]"):
        head.warn_of_lengths(embeddings)


def test_other_heads_have_no_bounds():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ArcFace(3).warn_of_lengths(np.ones([2, 4]))
