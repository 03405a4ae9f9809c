"""Images and labels are checked where they enter a recognizer, from any kind of source."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Triplet
from facerec_tf.margins import ArcFace
from facerec_tf.models import Recognizer

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.integers(0, 256, (6, 4, 4, 3), np.uint8)
OTHERS = GENERATOR.integers(0, 256, (6, 5, 4, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])
# TensorFlow's assertions put a backslash before a quote, and brackets around each part.
WRONG_SIZE = r"images\\?' must be of shape \[batch, 4, 4, 3\]. Received: images of .*6.*5.*4.*3"
WRONG_LABELS = r"labels\\?' must be whole numbers in \[0, 3\). Received: labels from.*1.*to.*3"


def make(**options):
    """Returns a small recognizer of 4 × 4 pixels, compiled with `options`."""
    images = keras.Input((4, 4, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
    recognizer = Recognizer(keras.Model(images, keras.layers.Dense(4)(x)), ArcFace(3, s=4.0))
    recognizer.compile("sgd", **options)
    return recognizer


def generator(*batches):
    """Yields the batches, as a generator."""
    yield from batches


class Batches(keras.utils.PyDataset):
    """Returns one batch twice."""

    def __init__(self, *batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return self.batch


def unknown_size(images):
    return tf.data.Dataset.from_generator(lambda: iter([images]), output_types=tf.uint8)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["tensorflow", "xla"])
def test_another_size_after_the_first_call(jit_compile):
    """Keras relaxes the traced shape, and would then embed images of any size."""
    recognizer = make(jit_compile=jit_compile)
    recognizer.predict(IMAGES, verbose=0)
    errors = (ArgumentError, tf.errors.InvalidArgumentError)
    for call in (
        lambda: recognizer(OTHERS),
        lambda: recognizer.predict(OTHERS, verbose=0),
        lambda: recognizer.predict_on_batch(OTHERS),
        lambda: recognizer.predict(generator((OTHERS,)), verbose=0),
        lambda: recognizer.predict(tf.data.Dataset.from_tensors(OTHERS), verbose=0),
        lambda: recognizer.predict(unknown_size(OTHERS), verbose=0),
        lambda: recognizer.predict(Batches(OTHERS), verbose=0),
        lambda: recognizer.evaluate(OTHERS, LABELS, verbose=0),
        lambda: recognizer.fit(OTHERS, LABELS, verbose=0),
        lambda: recognizer.fit(IMAGES, LABELS, validation_data=(OTHERS, LABELS), verbose=0),
        lambda: recognizer.train_on_batch(OTHERS, LABELS),
        lambda: recognizer.test_on_batch(OTHERS, LABELS),
    ):
        with pytest.raises(errors, match=WRONG_SIZE):
            call()
    assert recognizer.predict(unknown_size(IMAGES), verbose=0).shape == (6, 4)


def test_a_graph_of_unknown_size_names_the_images():
    """Where neither arrays nor data sets are seen, such as in a training loop of one's own."""
    signature = [tf.TensorSpec([None, None, None, 3], tf.uint8)]
    embed = tf.function(make(), input_signature=signature)
    assert embed(IMAGES).shape == (6, 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match=WRONG_SIZE):
        embed(OTHERS)
    compiled = tf.function(make(), input_signature=signature, jit_compile=True)
    with pytest.raises((ArgumentError, tf.errors.InvalidArgumentError), match=r"images|4,4,3"):
        compiled(OTHERS)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["tensorflow", "xla"])
def test_labels_that_start_at_one(jit_compile):
    recognizer, wrong = make(jit_compile=jit_compile), LABELS + 1
    before = recognizer.get_weights()
    errors = (ArgumentError, tf.errors.InvalidArgumentError)
    data = tf.data.Dataset.from_tensors((IMAGES, wrong))
    for call in (
        lambda: recognizer.fit(IMAGES, wrong, verbose=0),
        lambda: recognizer.fit(data, verbose=0),
        lambda: recognizer.fit(generator((IMAGES, wrong)), verbose=0),
        lambda: recognizer.fit(IMAGES, LABELS, validation_data=(IMAGES, wrong), verbose=0),
        lambda: recognizer.evaluate(IMAGES, wrong, verbose=0),
        lambda: recognizer.train_on_batch(IMAGES, wrong),
        lambda: recognizer.test_on_batch(IMAGES, wrong),
    ):
        with pytest.raises(errors, match=WRONG_LABELS):
            call()
    for weight, value in zip(recognizer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    if jit_compile:
        history = recognizer.fit(Batches(IMAGES, wrong), verbose=0).history
        assert np.isnan(history["loss"]).all()
    else:
        with pytest.raises(errors, match=WRONG_LABELS):
            recognizer.fit(Batches(IMAGES, wrong), verbose=0)


def test_labels_of_every_kind_train():
    recognizer = make()
    for labels in (LABELS, LABELS[:, np.newaxis], LABELS.astype("float32")):
        for source in ((IMAGES, labels), (tf.data.Dataset.from_tensors((IMAGES, labels)),)):
            assert np.isfinite(recognizer.fit(*source, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("low", [0, -1])
def test_scaled_pixels_warn(low):
    scaled = (IMAGES / 255.0 if low == 0 else IMAGES / 127.5 - 1.0).astype("float32")
    recognizer = make()
    message = rf"'images' must hold pixel values from 0 to 255. .* in \[{low}, 1\]"
    data = tf.data.Dataset.from_tensors((scaled, LABELS))
    for call in (
        lambda: recognizer(scaled),
        lambda: recognizer.predict(scaled, verbose=0),
        lambda: recognizer.predict(generator((scaled,)), verbose=0),
        lambda: recognizer.fit(scaled, LABELS, verbose=0),
        lambda: recognizer.fit(data, verbose=0),
    ):
        with pytest.warns(UserWarning, match=message):
            call()


@pytest.mark.parametrize("pixels", [IMAGES, IMAGES.astype("float32"), 0.0 * IMAGES])
def test_pixels_from_0_to_255_do_not_warn(pixels):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make().predict(pixels, verbose=0)


def test_any_identity_is_a_label_of_a_loss_that_compares():
    images = keras.Input((4, 4, 3))
    backbone = keras.Model(images, keras.layers.Dense(4)(keras.layers.Flatten()(images)))
    recognizer = Recognizer(backbone, Triplet())
    recognizer.compile("sgd")
    loss = recognizer.fit(IMAGES, LABELS + 1_000_000, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
