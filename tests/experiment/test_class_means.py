"""Centres of a new head: the means of the identities that are trained on."""

import keras
import numpy as np
import pytest

from facerec_tf.config import DataConfig
from facerec_tf.core.errors import DataError
from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.experiment.class_means import point_to_class_means
from facerec_tf.margins import ArcFace
from facerec_tf.models import Recognizer
from tests.verbs.conftest import smooth_image

#: Identity → number of images. "Few" is not trained on.
IMAGES = {"Ann": 5, "Few": 1, "Bob": 4}


@pytest.fixture
def records():
    return [
        Record(encode_jpeg(smooth_image(10 * label + n, 112)), label, name, f"{name}/{n}.jpg")
        for label, (name, count) in enumerate(IMAGES.items())
        for n in range(count)
    ]


def make_recognizer(*more_layers):
    layers = [
        keras.Input((112, 112, 3)),
        keras.layers.Rescaling(1 / 127.5, offset=-1),
        keras.layers.AveragePooling2D(28),
        keras.layers.Flatten(),
        *more_layers,
    ]
    return Recognizer(keras.Sequential(layers), ArcFace(num_classes=2))


def directions(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_centres_are_the_means_of_the_identities_trained_on(records, tmp_path):
    recognizer = make_recognizer()
    write_records(tmp_path / "data", records, num_shards=2)
    point_to_class_means(recognizer, tmp_path / "data", DataConfig(min_images=2), verbose=0)
    centres = directions(recognizer.head.centres.numpy().T)
    for centre, name in zip(centres, ("Ann", "Bob"), strict=True):
        images = np.stack([decode_photo(r.encoded) for r in records if r.text == name])
        points = directions(recognizer(images, training=False).numpy().astype(np.float64))
        np.testing.assert_allclose(centre, directions(points.sum(axis=0)), atol=1e-5)


def test_a_diverged_network_is_an_error(records, tmp_path):
    write_records(tmp_path / "data", records, num_shards=1)
    diverged = make_recognizer(keras.layers.Rescaling(np.nan))
    with pytest.raises(DataError, match="Embeddings are not finite"):
        point_to_class_means(diverged, tmp_path / "data", DataConfig(min_images=2), verbose=0)
