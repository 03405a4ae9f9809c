import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import losses, margins
from facerec_tf.backbones import BatchNorm, iresnet
from facerec_tf.core.errors import ArgumentError
from facerec_tf.models import Objective, Recognizer
from facerec_tf.training import make_strategy
from tests.tolerance import NETWORK, assert_close

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2], np.int32)


def make(loss="cosface", label_smoothing=0.0, **options):
    backbone = iresnet((1,), (8,), embedding_size=4, dropout=0.0, input_shape=(16, 16, 3))
    head = margins.get(loss, num_classes=3, **options)
    return Recognizer(backbone, Objective(head, label_smoothing=label_smoothing))


def test_the_loss_is_smoothed_cross_entropy_of_the_heads_logits():
    recognizer = make(label_smoothing=0.1, s=8.0)
    embeddings = recognizer(IMAGES, training=False)
    loss = recognizer.compute_loss(y=LABELS, y_pred=embeddings)
    logits = recognizer.head(embeddings, tf.constant(LABELS)).numpy().astype(np.float64)
    log_softmax = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    target = 0.9 * np.eye(3)[LABELS] + 0.1 / 3
    np.testing.assert_allclose(loss, -np.mean(np.sum(target * log_softmax, 1)), rtol=1e-5)


def test_compile_and_fit_work_as_for_any_keras_model():
    keras.utils.set_random_seed(0)
    recognizer = make("normface", s=8.0)
    recognizer.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    history = recognizer.fit(IMAGES, LABELS, batch_size=6, epochs=25, verbose=0)
    assert history.history["loss"][-1] < 0.3 * history.history["loss"][0]
    assert recognizer.predict(IMAGES, verbose=0).shape == (6, 4)


def test_fit_on_two_replicas_equals_fit_on_one():
    # With 3 images a replica TensorFlow 2.21's oneDNN kernels corrupt the heap, with 4 they do not.
    images, labels = np.concatenate([IMAGES, IMAGES[:2]]), np.concatenate([LABELS, LABELS[:2]])
    losses, weights = [], []
    strategies = (tf.distribute.get_strategy(), make_strategy("mirrored"))
    for strategy in strategies:
        with strategy.scope():
            keras.utils.set_random_seed(0)
            recognizer = make("cosface", s=8.0)
            recognizer.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9))
        history = recognizer.fit(images, labels, batch_size=8, epochs=3, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
        weights.append(recognizer.get_weights())
    assert_close(*losses, NETWORK)
    # Some weights have no gradient but rounding errors: those are relative to the others.
    largest = max(np.abs(weight).max() for weight in weights[0])
    for one, two in zip(*weights, strict=True):
        assert_close(two, one, NETWORK, scale=largest)


def test_sample_weights_count():
    recognizer = make()
    embeddings = recognizer(IMAGES, training=False)
    alone = recognizer.compute_loss(y=LABELS[:2], y_pred=embeddings[:2])
    weights = tf.constant([3.0, 3.0, 0, 0, 0, 0])
    weighted = recognizer.compute_loss(y=LABELS, y_pred=embeddings, sample_weight=weights)
    np.testing.assert_allclose(weighted, alone, rtol=1e-5)


def test_keras_file_round_trip(tmp_path):
    recognizer = make("arcface", label_smoothing=0.2)
    recognizer.save(tmp_path / "r.keras")
    again = keras.saving.load_model(tmp_path / "r.keras")
    assert isinstance(again, Recognizer)
    assert again.objective.label_smoothing == 0.2
    assert again.digest() == recognizer.digest()
    np.testing.assert_array_equal(again(IMAGES), recognizer(IMAGES))
    embeddings = recognizer(IMAGES)
    labels = tf.constant(LABELS)
    np.testing.assert_array_equal(
        again.head(embeddings, labels), recognizer.head(embeddings, labels)
    )


def test_target_angles():
    recognizer = make()
    x = recognizer(IMAGES).numpy().astype(np.float64)
    w = recognizer.head.centres.numpy().astype(np.float64)[:, LABELS].T
    cosine = np.sum(x * w, 1) / np.linalg.norm(x, axis=1) / np.linalg.norm(w, axis=1)
    np.testing.assert_allclose(recognizer.target_angles(x, LABELS), np.arccos(cosine), atol=1e-4)


def test_the_digest_tells_weights_apart():
    assert make().digest() != make().digest()


def make_small(objective=None, size=4, **options):
    """Returns a small recognizer with BatchNorm."""
    images = keras.Input((16, 16, 3))
    x = keras.layers.AveragePooling2D(4)(keras.layers.Rescaling(1 / 255)(images))
    x = BatchNorm()(keras.layers.Dense(8)(keras.layers.Flatten()(x)))
    # BatchNorm makes a single image zero, and the direction of a zero embedding is undefined.
    bias = keras.initializers.RandomNormal(stddev=1.0)
    x = keras.layers.Dense(size, bias_initializer=bias)(x)
    return Recognizer(keras.Model(images, x), objective, **options)


@pytest.mark.parametrize("name", ["softmax", "adaface"])
def test_a_last_batch_of_one_image_on_two_replicas(name):
    """One replica then has no image; in a last batch of seven, their shares differ in size."""
    images = np.random.default_rng(1).integers(0, 256, (15, 16, 16, 3), np.uint8)
    labels = np.arange(15) % 3
    options = {"shuffle": False, "batch_size": 8, "verbose": 0}
    results, changes = [], []
    for strategy in (tf.distribute.get_strategy(), make_strategy("mirrored")):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            recognizer = make_small(margins.get(name, num_classes=3))
            recognizer.compile(keras.optimizers.SGD(1e-4), metrics=["accuracy"])
        before = recognizer.get_weights()
        some = recognizer.fit(images[:9], labels[:9], **options).history["loss"]
        more = recognizer.fit(images, labels, **options).history["loss"]
        measured = recognizer.evaluate(images[:9], labels[:9], batch_size=8, verbose=0)
        results.append([*some, *more, *measured])
        after = recognizer.get_weights()
        changes.append([new - old for new, old in zip(after, before, strict=True)])
    assert_close(results[1], results[0], NETWORK)
    # The gradients' rounding errors grow over four steps; a wrong share changes them by a tenth.
    largest = max(np.abs(change).max() for change in changes[0])
    for one, two in zip(*changes, strict=True):
        assert_close(two, one, 100 * NETWORK, scale=largest)


def test_accuracy_is_that_of_the_heads_scores():
    recognizer = make_small(margins.CosFace(3, s=8.0))
    recognizer.compile("sgd", metrics=["accuracy"], weighted_metrics=["accuracy"])
    logits = recognizer.head(recognizer(IMAGES, training=False)).numpy()
    right = (logits.argmax(axis=1) == LABELS).astype("float64")
    weights = np.array([4.0, 1, 1, 1, 1, 0], "float32")
    options = {"sample_weight": weights, "verbose": 0, "return_dict": True}
    values = recognizer.evaluate(IMAGES, LABELS[:, None], **options)
    assert values["accuracy"] == pytest.approx(right.mean())
    assert values["weighted_accuracy"] == pytest.approx(right @ weights / 8.0)


def test_crossentropy_is_that_of_probabilities():
    recognizer = make_small(margins.CosFace(3, s=8.0, m=0.0))
    recognizer.compile("sgd", metrics=["sparse_categorical_crossentropy"])
    loss, metric = recognizer.evaluate(IMAGES, LABELS, verbose=0)
    assert metric == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("options", [{"loss": "mse"}, {"loss_weights": [2.0]}])
def test_the_objective_is_the_only_loss(options):
    name = next(iter(options))
    with pytest.raises(ArgumentError, match=f"'{name}' must be None: the objective is the loss"):
        make_small(margins.ArcFace(3)).compile("sgd", **options)


def test_metrics_by_name_need_a_head():
    recognizer = make_small(losses.Triplet())
    with pytest.raises(ArgumentError, match=r"'metrics' must be functions .*\['accuracy'\]"):
        recognizer.compile("sgd", metrics=["accuracy"])
    recognizer.compile("sgd", metrics=[lambda labels, embeddings: tf.norm(embeddings, axis=1)])
    assert recognizer.evaluate(IMAGES, LABELS, verbose=0)[1] > 0.0


def test_class_weight_weighs_the_samples():
    recognizer = make_small(margins.CosFace(3, s=8.0))
    recognizer.compile(keras.optimizers.SGD(0.0))
    loss = recognizer.compute_loss(y=LABELS, y_pred=recognizer(IMAGES, training=True))
    twice = recognizer.fit(IMAGES, LABELS, class_weight=dict.fromkeys(range(3), 2.0), verbose=0)
    np.testing.assert_allclose(twice.history["loss"], 2.0 * loss, rtol=1e-4)


def test_a_compiled_recognizer_is_compiled_when_loaded(tmp_path):
    recognizer = make_small(margins.CosFace(3, s=8.0))
    recognizer.compile(keras.optimizers.SGD(0.125), metrics=["accuracy"])
    recognizer.fit(IMAGES, LABELS, verbose=0)
    recognizer.save(tmp_path / "r.keras")
    again = keras.saving.load_model(tmp_path / "r.keras")
    assert float(again.optimizer.learning_rate) == 0.125
    values = (x.evaluate(IMAGES, LABELS, verbose=0) for x in (again, recognizer))
    np.testing.assert_allclose(*values, rtol=1e-6)


def test_summary_lists_the_parts():
    lines = []
    recognizer = make_small(Objective(margins.ArcFace(3), [losses.Auxiliary(losses.Ring(), 0.1)]))
    recognizer.summary(expand_nested=True, print_fn=lambda text: lines.append(text))
    assert "(Objective)" in "".join(lines)
    assert "(None, 4)" in "".join(lines)


@pytest.mark.parametrize("fitted", [False, True])
def test_export_gives_the_same_embeddings(fitted, tmp_path):
    recognizer = make_small(margins.CosFace(3, s=8.0))
    if fitted:
        recognizer.compile("sgd")
        recognizer.fit(IMAGES, LABELS, verbose=0)
    recognizer.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    embeddings = exported.serve(IMAGES.astype("float32"))
    assert_close(embeddings, recognizer(IMAGES, training=False), NETWORK)


def test_names_and_configurations_stand_for_the_parts():
    named = Recognizer("iresnet_nano", "arcface", num_classes=5)
    assert (named.head.num_classes, named.backbone.name) == (5, "iresnet_nano")
    parts = [keras.saving.serialize_keras_object(x) for x in (named.backbone, named.head)]
    again = Recognizer(*parts)
    assert again.head.get_config() == named.head.get_config()
    assert again.backbone.count_params() == named.backbone.count_params()


@pytest.mark.parametrize(
    ("objective", "options", "message"),
    [
        ("arcface", {}, r"'num_classes' must be .* Recognizer\(backbone, 'arcface', num_classes="),
        ("arcfac", {"num_classes": 5}, "'objective' must be one of .* mean 'arcface'"),
        (margins.ArcFace(3), {"num_classes": 5}, "'num_classes' must be None unless"),
        (None, {"num_classes": 5}, "'num_classes' must be None unless"),
        (7, {}, "'objective' must be a name, or an Objective, a head or a loss"),
    ],
)
def test_an_objective_is_a_name_or_an_object(objective, options, message):
    with pytest.raises(ArgumentError, match=message):
        make_small(objective, **options)


def test_a_backbone_has_one_output():
    images = keras.Input((4, 4, 3))
    x = keras.layers.Flatten()(images)
    several = keras.Model(images, [keras.layers.Dense(3)(x), keras.layers.Dense(4)(x)])
    maps = keras.Model(images, keras.layers.Conv2D(3, 1)(images))
    with pytest.raises(ArgumentError, match=r"one output, .* output_shape=\[\(None, 3\), \(None"):
        Recognizer(several)
    for backbone in (maps, keras.Sequential([keras.layers.Dense(3)])):
        with pytest.raises(ArgumentError, match="'backbone' must be a built model whose output"):
            Recognizer(backbone, margins.ArcFace(3))
    with pytest.raises(ArgumentError, match="'backbone' must be a name, a serialised model or"):
        Recognizer(7)


def test_fit_warns_of_bounds_that_contain_no_length():
    recognizer = make_small(margins.get("magface", num_classes=3, l_a=1e3, u_a=1e4))
    recognizer.compile("sgd")
    with pytest.warns(UserWarning, match="MagFace .* all embeddings are shorter than its bounds"):
        recognizer.fit(IMAGES, LABELS, verbose=0)
