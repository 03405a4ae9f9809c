"""One main loss and its auxiliaries."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import losses, margins
from facerec_tf.config import ModelConfig
from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Auxiliary
from facerec_tf.models import MAIN_LOSSES, Objective, make_objective

GENERATOR = np.random.default_rng(2)
EMBEDDINGS = tf.constant(GENERATOR.normal(size=(8, 5)), tf.float32)
LABELS = tf.constant([0, 0, 1, 1, 2, 2, 3, 3])


def make(loss, auxiliary=(), **options):
    config = ModelConfig(loss=loss, auxiliary=auxiliary, **options)
    objective = make_objective(config, num_classes=4)
    objective.build((None,), (None, 5))
    return objective


def test_one_table_names_them_all():
    assert set(MAIN_LOSSES) == set(margins.MARGINS) | set(losses.LOSSES)
    assert not set(margins.MARGINS) & set(losses.LOSSES)
    assert all(kind.source for kind in MAIN_LOSSES.values())


def test_the_loss_is_the_weighted_sum():
    specs = ("center:0.003", "intra:1", "inter:0.5", "feature_incay:2", "triplet:0.25:m=0.5")
    objective = make("arcface", specs)
    head = objective.head
    own = head.own_centres(EMBEDDINGS, LABELS)
    logits = head(EMBEDDINGS, LABELS)
    correct = tf.argmax(logits, axis=1) == tf.cast(LABELS, tf.int64)
    expected = tf.reduce_mean(margins.cross_entropy(LABELS, logits))
    center, intra, inter, incay, triplet = objective.auxiliaries
    assert triplet.m == 0.5
    expected += 0.003 * center(LABELS, EMBEDDINGS, training=False)
    expected += 1.0 * intra(LABELS, EMBEDDINGS, own)
    expected += 0.5 * inter(LABELS, EMBEDDINGS, own)
    expected += 2.0 * incay(LABELS, EMBEDDINGS, correct)
    expected += 0.25 * triplet(LABELS, EMBEDDINGS)
    np.testing.assert_allclose(objective(LABELS, EMBEDDINGS), expected, rtol=1e-6)


def test_without_a_weight_it_is_the_papers():
    objective = make("softmax", ("center", "ring", "intra"))
    assert objective.weights_of_auxiliaries == (0.003, 0.01, 1.0)


def test_a_loss_on_embeddings_needs_no_head():
    objective = make("triplet", ("ring:0.1",))
    assert objective.head is None
    triplet, (ring,) = objective.main, objective.auxiliaries
    expected = triplet(LABELS, EMBEDDINGS) + 0.1 * ring(LABELS, EMBEDDINGS, training=False)
    np.testing.assert_allclose(objective(LABELS, EMBEDDINGS), expected, rtol=1e-6)


def test_only_training_moves_what_learns_without_gradients():
    objective = make("adaface", ("center:1",))
    before = [w.numpy() for w in objective.non_trainable_weights]
    objective(LABELS, EMBEDDINGS)
    for weight, value in zip(objective.non_trainable_weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    objective(LABELS, EMBEDDINGS, training=True)
    for weight, value in zip(objective.non_trainable_weights, before, strict=True):
        assert not np.array_equal(weight, value)


@pytest.mark.parametrize(
    ("loss", "auxiliary", "compares"),
    [
        ("arcface", (), False),
        ("arcface", ("center",), False),
        ("arcface", ("triplet",), True),
        ("triplet", (), True),
        ("ring", (), False),
    ],
)
def test_who_compares_images(loss, auxiliary, compares):
    assert make(loss, auxiliary).compares_images is compares


@pytest.mark.parametrize(
    ("loss", "auxiliary", "options", "message"),
    [
        ("intra", (), {}, "Loss Intra needs a margin head.*Received: Intra as the main loss"),
        ("triplet", ("inter:1",), {}, "Loss Inter needs a margin head"),
        ("triplet", ("triplet:1",), {}, "'auxiliaries' must be losses that each occur once"),
        ("softmax", ("ring", "ring:2"), {}, "'auxiliary' must name each loss once.*'ring' 2 times"),
        ("softmax", ("rings:1",), {}, "Did you mean 'ring'"),
        ("softmax", ("arcface:1",), {}, "'auxiliary' must be one of center"),
        ("softmax", ("ring:-1",), {}, "auxiliary ring's weight' must be positive"),
        ("softmax", ("ring:much",), {}, "must be a number. Received: 'much'"),
        ("softmax", ("center:1:speed=2",), {}, "must be one of alpha"),
        ("softmax", ("triplet:1:mining=hardest",), {}, "'mining' must be one of"),
        ("triplet", (), {"label_smoothing": 0.1}, "'label_smoothing' must be 0"),
        ("sphereface2", (), {"label_smoothing": 0.1}, "with SphereFace2"),
        ("arcfacee", (), {}, "Did you mean 'arcface'"),
    ],
)
def test_what_does_not_fit_is_refused(loss, auxiliary, options, message):
    with pytest.raises(ArgumentError, match=message):
        make(loss, auxiliary, **options)


def test_label_smoothing_has_its_domain():
    with pytest.raises(ArgumentError, match="'label_smoothing' must be in"):
        Objective(margins.ArcFace(3), label_smoothing=1.0)


@pytest.mark.parametrize(
    ("loss", "auxiliary"),
    [("triplet", ("ring",)), ("arcface", ("circle",)), ("arcface", ("inter",))],
)
def test_sample_weights_need_means_over_samples(loss, auxiliary):
    with pytest.raises(ArgumentError, match=r"'sample_weight' must be None with (Trip|Circ|Inter)"):
        make(loss, auxiliary)(LABELS, EMBEDDINGS, tf.ones([8]))


def test_sample_weights_multiply_every_loss_of_a_sample():
    objective = make("magface", ("center:0.1", "ring:0.5", "intra:2", "feature_incay:3"))
    weights = np.array([3.0, 0.5, 0, 0, 0, 0, 0, 0], "float32")
    each = [float(objective(LABELS[i : i + 1], EMBEDDINGS[i : i + 1])) for i in range(2)]
    for shape in ([8], [8, 1]):
        weighted = objective(LABELS, EMBEDDINGS, tf.reshape(weights, shape))
        np.testing.assert_allclose(weighted, (3.0 * each[0] + 0.5 * each[1]) / 8, rtol=1e-5)


@pytest.mark.parametrize("shape", [[4], [8, 2], [2, 4]])
def test_every_sample_has_a_weight(shape):
    with pytest.raises(ArgumentError, match=r"'sample_weight' must be of shape \[8\]"):
        make("arcface")(LABELS, EMBEDDINGS, tf.ones(shape))


@pytest.mark.parametrize(
    ("main", "auxiliary"),
    [
        (margins.get("arcface", num_classes=4, dtype="float64"), losses.get("intra")),
        (losses.get("triplet", dtype="float64"), losses.get("ring")),
    ],
)
def test_it_takes_the_dtype_of_its_loss(main, auxiliary):
    objective = Objective(main, [Auxiliary(auxiliary, 0.5)])
    assert objective(LABELS, EMBEDDINGS).dtype == tf.float64
    assert Objective.from_config(objective.get_config()).compute_dtype == "float64"


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_a_weight_must_be_positive(weight):
    with pytest.raises(ArgumentError, match="'weight' must be positive"):
        Objective(losses.get("triplet"), [Auxiliary(losses.get("ring"), weight)])
