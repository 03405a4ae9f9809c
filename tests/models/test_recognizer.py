import keras
import numpy as np
import tensorflow as tf

from facerec_tf import margins
from facerec_tf.backbones import iresnet
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
