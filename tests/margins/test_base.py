"""Behaviour common to all heads: errors, shapes, the two kinds of gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import MARGINS, ArcFace, MarginLayer, SphereFace, get
from tests.margins.formulas import NUM_CLASSES, make, own_angles, random_batch, slope_on_target


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 1}, "'num_classes' must be an integer of at least 2. Received: num_cl"),
        ({"num_classes": 2.5}, "'num_classes' must be an integer"),
        ({"s": 0.0}, "'s' must be positive. Received: s=0.0"),
        ({"s": -1.0}, "'s' must be positive. Received: s=-1.0"),
        ({"gradient": "exct"}, "Did you mean 'exact'"),
    ],
)
def test_constructor_names_the_argument(options, message):
    with pytest.raises(ArgumentError, match=message):
        ArcFace(**{"num_classes": 10, **options})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 3, 10], r"whole numbers in \[0, 10\). Received: labels from 0 to 10"),
        ([-1, 3, 4], "Received: labels from -1 to 4"),
        ([0.5, 1.0, 2.0], "'labels' must be whole numbers .*Received: labels from 0.5 to 2"),
        ([True, False, True], "'labels' must be sparse integer labels. Received: labels='bool'"),
        (np.eye(3), r"sparse integer labels .*tf.argmax.*Received: labels of shape \(3, 3\)"),
    ],
)
@pytest.mark.parametrize("margin", [ArcFace, SphereFace])
def test_labels_are_checked_before_any_work(margin, labels, message):
    head = margin(10)
    head.build((None, 4))
    with pytest.raises(ArgumentError, match=message):
        head(tf.zeros([3, 4]), tf.constant(labels), training=True)
    if margin is SphereFace:
        assert int(head.step) == 0


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4)])
@pytest.mark.parametrize("name", MARGINS)
def test_embeddings_must_be_a_matrix(name, shape):
    with pytest.raises(ArgumentError, match=r"'embeddings' must be of shape \[batch, embedding"):
        get(name, num_classes=10)(tf.zeros(shape))


@pytest.mark.parametrize("name", MARGINS)
def test_every_embedding_has_a_label(name):
    with pytest.raises(ArgumentError, match=r"'labels' must be of shape \[3\], one per embedding"):
        get(name, num_classes=10)(tf.zeros([3, 4]), tf.constant([0, 1]))


@pytest.mark.parametrize("name", MARGINS)
def test_only_training_with_labels_moves_state(name):
    embeddings, labels, _ = random_batch()
    head = get(name, num_classes=NUM_CLASSES)
    head.build(embeddings.shape)

    def state():
        return [variable.numpy().tolist() for variable in head.non_trainable_variables]

    before = state()
    for options in ({}, {"training": False}):
        head(embeddings, labels, **options)
    head(embeddings, training=True)
    assert state() == before
    head(embeddings, labels, training=True)
    assert (state() != before) == bool(before)


def test_every_integer_dtype_is_a_label():
    embeddings, labels, centres = random_batch()
    head = make("arcface", centres)
    expected = head(embeddings, labels.astype("int64"))
    for dtype in ("int32", "uint8", "int16"):
        np.testing.assert_array_equal(head(embeddings, labels.astype(dtype)), expected)


def test_a_label_may_be_of_a_dtype_that_cannot_hold_all_classes():
    head = ArcFace(1000)
    assert head(tf.ones([2, 4]), tf.constant([3, 240], tf.uint8)).shape == (2, 1000)
    with pytest.raises(ArgumentError, match="Received: labels from -3 to 1"):
        head(tf.ones([2, 4]), tf.constant([-3, 1], tf.int8))


def test_numpy_numbers_are_numbers():
    head = ArcFace(np.array([3, 9]).max() + 1, m=np.float32(0.25))
    assert (head.num_classes, head.m) == (10, 0.25)
    assert ArcFace.from_config(head.get_config()).m == 0.25


@pytest.mark.parametrize("name", ["adaface", "uniface", "coco", "magface", "airface"])
def test_some_heads_need_a_scale(name):
    with pytest.raises(ArgumentError, match=r"'s' must be positive\. Received: s=None"):
        get(name, num_classes=10, s=None)


def test_symbolic_shape():
    logits = ArcFace(10)(keras.Input((4,)), keras.Input((), dtype="int32"))
    assert logits.shape == (None, 10)
    assert logits.dtype == "float32"


def test_a_list_of_inputs_is_a_call():
    embeddings, labels, centres = random_batch()
    head = make("arcface", centres)
    np.testing.assert_array_equal(head([embeddings, labels]), head(embeddings, labels))
    inputs = [keras.Input((embeddings.shape[1],)), keras.Input((1,))]
    model = keras.Model(inputs, head(inputs))
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    for built in (model, again):
        logits = built([embeddings, labels[:, np.newaxis]])
        np.testing.assert_allclose(logits, head(embeddings, labels), rtol=1e-4)
    model.summary(expand_nested=True, print_fn=lambda _: None)


def test_symbolic_one_hot_labels_are_refused():
    with pytest.raises(ArgumentError, match=r"sparse integer labels .* \(None, 10\)"):
        ArcFace(10)(keras.Input((4,)), keras.Input((10,)))


def test_own_centres_check_labels():
    embeddings, labels, centres = random_batch()
    head = make("arcface", centres)
    expected = head.own_centres(embeddings, labels)
    np.testing.assert_array_equal(head.own_centres(embeddings, labels[:, np.newaxis]), expected)
    with pytest.raises(ArgumentError, match="'labels' must be whole numbers in"):
        head.own_centres(embeddings, labels + NUM_CLASSES)


def test_base_has_no_margin_of_its_own():
    with pytest.raises(NotImplementedError, match="MarginLayer must override target_cosine"):
        MarginLayer(10)(tf.ones([1, 4]), tf.constant([0]))


def test_centres_are_initialised_small():
    head = ArcFace(2000)
    head.build((None, 64))
    assert head.centres.shape == (64, 2000)
    assert float(np.std(head.centres)) == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("name", ["arcface", "combined", "sphereface"])
def test_detached_gradient_is_the_plain_scale(name):
    embeddings, labels, centres = random_batch()
    head = make(name, centres, s=30.0, gradient="detached")
    np.testing.assert_allclose(slope_on_target(head, embeddings, labels), 30.0, rtol=1e-5)
    exact = make(name, centres, s=30.0)
    np.testing.assert_array_equal(head(embeddings, labels), exact(embeddings, labels))


def test_exact_gradient_has_the_papers_factor():
    embeddings, labels, centres = random_batch()
    theta = own_angles(embeddings, labels, centres)
    slopes = slope_on_target(make("arcface", centres, s=30.0), embeddings, labels)
    factor = np.where(theta < np.pi - 0.5, np.sin(theta + 0.5) / np.sin(theta), 1.0)
    np.testing.assert_allclose(slopes, 30.0 * factor, rtol=1e-5)


def test_centres_feel_no_radial_pull():
    embeddings, labels, centres = random_batch()
    head = make("arcface", centres)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head(embeddings, labels) ** 2)
    pull = tape.gradient(loss, head.centres.value)
    np.testing.assert_allclose(np.sum(pull * centres, axis=0), np.zeros(NUM_CLASSES), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("arcface", {"m": 0.4}, np.pi - 0.4),
        ("arcface", {"easy_margin": True}, np.pi / 2),
        ("subcenter_arcface", {"m": 0.4}, np.pi - 0.4),
        ("curricularface", {"m": 0.4}, np.pi - 0.4),
        ("elasticface", {"m": 0.4}, np.pi - 0.4),
        ("mv_softmax", {"form": "arc"}, np.pi - 0.5),
        ("combined", {"m1": 2.0, "m2": 0.4}, (np.pi - 0.4) / 2.0),
        ("magface", {}, [np.pi - 0.45, np.pi - 0.625, np.pi - 0.8]),
        ("cosface", {}, None),
        ("mv_softmax", {"form": "cos"}, None),
    ],
)
def test_threshold_angle_is_where_the_target_bends(name, options, expected):
    angles = MARGINS[name](10, **options).threshold_angle(tf.constant([1.0, 60.0, 500.0]))
    if expected is None:
        assert angles is None
    else:
        np.testing.assert_allclose(angles, np.broadcast_to(expected, 3), rtol=1e-6)
