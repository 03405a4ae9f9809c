"""Behaviour common to all losses: errors, gradients, and edge cases of batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import losses
from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import LOSSES, EmbeddingLoss
from tests.losses.formulas import (
    DISTANCES,
    EMBEDDING_SIZE,
    MINING,
    make,
    random_batch,
    requested,
    value_and_gradient,
)

VARIANTS = [
    *((name, {}) for name in LOSSES),
    *(("triplet", {"mining": m, "distance": d}) for m in MINING for d in DISTANCES),
]
every_loss = pytest.mark.parametrize(("name", "options"), VARIANTS)

EDGES = {
    "one identity": ([2, 2, 2, 2], np.random.default_rng(0).normal(size=(4, EMBEDDING_SIZE))),
    "one image each": ([0, 1, 2, 3], np.random.default_rng(1).normal(size=(4, EMBEDDING_SIZE))),
    "one image": ([3], np.random.default_rng(2).normal(size=(1, EMBEDDING_SIZE))),
    "duplicates": ([0, 0, 1, 1], np.full((4, EMBEDDING_SIZE), 0.3)),
    "opposites": ([0, 0, 1, 1], np.outer([1.0, -1.0, 1.0, -2.0], np.full(EMBEDDING_SIZE, 0.3))),
    "zeros": ([0, 0, 1, 1], np.zeros((4, EMBEDDING_SIZE))),
    "huge": ([0, 0, 1, 1], 1e6 * np.eye(4)[[0, 1, 1, 2]]),
}


@pytest.mark.parametrize(("labels", "embeddings"), EDGES.values(), ids=EDGES)
@every_loss
def test_edges_are_finite(name, options, labels, embeddings):
    loss = make(name, dtype="float32", **options)
    inputs = requested(loss, np.array(labels))
    value, slopes = value_and_gradient(loss, np.array(labels), embeddings, *inputs, training=True)
    assert np.isfinite(value)
    assert np.isfinite(slopes).all()
    assert all(np.isfinite(weight.numpy()).all() for weight in loss.weights)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@every_loss
def test_embeddings_that_are_not_finite_give_nan(name, options, bad):
    labels, embeddings = random_batch()
    embeddings[3, 1] = bad
    loss = make(name, **options)
    assert np.isnan(loss(labels, embeddings, *requested(loss, labels), training=False))


@every_loss
def test_gradient_is_that_of_the_value(name, options):
    if name == "circle":
        pytest.skip("its weights have no gradient; test_circle.py")
    labels, embeddings = random_batch()
    loss = make(name, **options)
    inputs = requested(loss, labels)
    _, slopes = value_and_gradient(loss, labels, embeddings, *inputs)
    step = 1e-6 * np.random.default_rng(1).normal(size=embeddings.shape)
    ahead, behind = (
        loss(labels, embeddings + sign * step, *inputs, training=False) for sign in (1, -1)
    )
    assert np.sum(slopes * step) == pytest.approx(float(ahead - behind) / 2, rel=1e-4, abs=1e-13)


@every_loss
def test_order_of_the_batch_does_not_matter(name, options):
    labels, embeddings = random_batch()
    loss = make(name, **options)
    inputs = requested(loss, labels)
    order = np.random.default_rng(4).permutation(len(labels))
    shuffled = loss(labels[order], embeddings[order], *(x[order] for x in inputs), training=False)
    expected = loss(labels, embeddings, *inputs, training=False)
    np.testing.assert_allclose(shuffled, expected, rtol=1e-9)


@pytest.mark.parametrize("shape", [(), (4,), (3, 4, 2)])
@pytest.mark.parametrize("name", LOSSES)
def test_embeddings_must_be_a_matrix(name, shape):
    loss, labels = make(name), np.array([0, 1, 1])
    with pytest.raises(ArgumentError, match=r"'embeddings' must be of shape \[batch, embedding"):
        loss(labels, tf.zeros(shape), *requested(loss, labels), training=False)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], r"'labels' must be of shape \[3\], one per embedding"),
        (np.eye(3), r"'labels' must be sparse integer labels of shape \[batch\] or \[batch, 1\]"),
    ],
)
@pytest.mark.parametrize("name", LOSSES)
def test_every_embedding_has_a_label(name, labels, message):
    loss = make(name)
    with pytest.raises(ArgumentError, match=message):
        loss(tf.constant(labels), tf.zeros([3, 4]), *requested(loss, np.arange(3)), training=False)


@pytest.mark.parametrize("name", ["triplet", "contrastive", "circle"])
def test_a_loss_without_variables_serves_compile(name):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    model.compile(keras.optimizers.SGD(0.1), loss=losses.get(name))
    labels, inputs = np.repeat(np.arange(4), 4), np.random.default_rng(0).normal(size=(16, 6))
    first = losses.get(name)(labels, model(inputs))
    history = model.fit(inputs, labels, batch_size=16, epochs=30, verbose=0).history["loss"]
    assert history[0] == pytest.approx(float(first), rel=1e-4)
    assert history[-1] < history[0]


@pytest.mark.parametrize("name", ["center", "ring"])
def test_a_loss_that_learns_refuses_compile(name):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    model.compile("sgd", loss=losses.get(name, num_classes=4))
    with pytest.raises(ArgumentError, match=r"learns variables. compile\(loss=…\) neither"):
        model.fit(np.ones([2, 6]), np.array([0, 1]), verbose=0)


def test_a_list_of_inputs_names_the_call():
    with pytest.raises(ArgumentError, match=r"call center\(labels, embeddings\). .* a list of 2"):
        losses.get("center", num_classes=4, name="center")([np.array([0]), np.ones([1, 4])])


def test_half_precision_is_refused():
    with pytest.raises(ArgumentError, match="'dtype' must be 'float32' or 'float64'"):
        make("triplet", dtype="mixed_float16")


def test_base_has_no_formula_of_its_own():
    with pytest.raises(NotImplementedError, match="EmbeddingLoss must override value"):
        EmbeddingLoss()(np.array([0]), np.ones([1, 4]))
