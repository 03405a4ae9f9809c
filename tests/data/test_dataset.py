"""A folder of records as a finite dataset, as `fit` takes it."""

import logging

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import MARGINS, Recognizer, load_records
from facerec_tf.config import AugmentationConfig
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import Manifest, StreamOptions, training_dataset
from facerec_tf.data.images import decode_any
from facerec_tf.data.reading import read_records
from facerec_tf.training import make_strategy
from tests.conftest import ROOT
from tests.data.conftest import EVERYTHING, uneven


@pytest.fixture(scope="module", autouse=True)
def no_warning_of_autograph():
    """Fails if TensorFlow warns, as it does once, of code that AutoGraph cannot convert."""
    found = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: found.append(record.getMessage())
    tf.get_logger().addHandler(handler)
    yield
    tf.get_logger().removeHandler(handler)
    assert not [text for text in found if "AutoGraph" in text]


def epoch(dataset):
    """Returns the images and labels of one iteration, and the sizes of its batches."""
    batches = [(images.numpy(), labels.numpy()) for images, labels in dataset]
    images, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return images, labels, [len(part) for _, part in batches]


def stored(directory):
    """Returns the pixels of all records by their bytes, with the label."""
    records = read_records(directory, Manifest.load(directory))
    return {decode_any(r.encoded).numpy().tobytes(): r.label for _, r in records}


def test_an_epoch_has_every_image_once(records_dir):
    dataset = load_records(records_dir, 16, flip=False, drop_remainder=False)
    assert len(dataset) == 3
    assert dataset.class_names == tuple(f"Zoë {i}" for i in range(4))
    images, labels, sizes = epoch(dataset)
    assert sizes == [16, 16, 8]
    assert (images.dtype, labels.dtype, images.shape[1:]) == ("uint8", "int32", (112, 112, 3))
    found = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    assert found == stored(records_dir)


def test_full_batches(records_dir):
    dataset = load_records(records_dir, 16, flip=False)
    assert len(dataset) == 2
    assert dataset.element_spec[0].shape == (16, 112, 112, 3)
    images, _, sizes = epoch(dataset)
    assert sizes == [16, 16]
    assert len({image.tobytes() for image in images}) == 32
    assert len(load_records(records_dir, 64)) == 1  # Filled with images of the next epoch.


def test_epochs_differ_and_repeat_with_the_seed(records_dir):
    dataset = load_records(records_dir, 20, zoom=0.1)
    first, second = epoch(dataset), epoch(dataset)
    assert not np.array_equal(first[1], second[1])
    tf.random.set_seed(3)  # Has no influence.
    again = load_records(records_dir, 20, zoom=0.1)
    for expected in (first, second):
        for ours, theirs in zip(epoch(again), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    other = epoch(load_records(records_dir, 20, zoom=0.1, seed=1))
    assert not np.array_equal(first[1], other[1])


def test_images_are_augmented_as_in_training(records_dir):
    options = {name: getattr(EVERYTHING, name) for name in ("zoom", "erase", "brightness")}
    dataset = load_records(records_dir, 8, **options, seed=3)
    config = AugmentationConfig(**options)
    options = StreamOptions(records_dir, seed=3)
    stream = iter(training_dataset(options, batch_size=8, augmentation=config))
    for _ in range(2):  # The epochs of the dataset are those of the endless stream.
        for images, labels in dataset:
            batch = next(stream)
            np.testing.assert_array_equal(images, batch["image"])
            np.testing.assert_array_equal(labels, batch["label"])


def test_few_images_and_balanced_batches(write):
    directory = write(uneven)
    dataset = load_records(directory, 8, min_images=4, images_per_identity=4)
    assert dataset.class_names == ("Zoë 0", "Zoë 3")
    for _ in range(3):
        _, labels, sizes = epoch(dataset)
        assert sizes == [8, 8]
        assert labels.reshape(-1, 4).std(axis=1).tolist() == [0.0] * 4
        assert set(labels.tolist()) == {0, 1}


@pytest.mark.parametrize("strategy", ["one_device", "mirrored"])
def test_fit_with_validation_for_two_epochs(strategy):
    directory = ROOT / "tests/golden/records"
    train = load_records(directory, 8, rotate_degrees=5.0)
    everything = load_records(directory, 8, flip=False, drop_remainder=False)
    with make_strategy(strategy).scope():
        keras.utils.set_random_seed(0)
        layers = keras.layers
        backbone = keras.Sequential(
            [
                layers.Input(train.element_spec[0].shape[1:]),
                layers.Rescaling(1 / 255),
                layers.Conv2D(4, 3, strides=2),
                layers.Flatten(),
                layers.Dense(16),
            ]
        )
        recognizer = Recognizer(backbone, MARGINS["softmax"](len(train.class_names)))
        recognizer.compile(optimizer=keras.optimizers.SGD(0.02))
    history = recognizer.fit(train, epochs=2, validation_data=everything, verbose=0).history
    assert recognizer.optimizer.iterations == 2 * len(train)
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(history["val_loss"]).all()
    assert len(history["val_loss"]) == 2


def test_bad_arguments(records_dir, tmp_path):
    with pytest.raises(ArgumentError, match=r"augmentation='zom'\. Did you mean 'zoom'"):
        load_records(records_dir, zom=0.1)
    with pytest.raises(ArgumentError, match="'zoom' must be between"):
        load_records(records_dir, zoom=2.0)
    with pytest.raises(ArgumentError, match="'batch_size' must be an integer"):
        load_records(records_dir, batch_size=0)
    with pytest.raises(ArgumentError, match="'seed' must be"):
        load_records(records_dir, seed=-1)
    with pytest.raises(ArgumentError, match="a multiple of images_per_identity=3"):
        load_records(records_dir, 8, images_per_identity=3)
    with pytest.raises(ArgumentError, match="'drop_remainder' must be True for balanced batches"):
        load_records(records_dir, 8, images_per_identity=4, drop_remainder=False)
    with pytest.raises(DataError, match=r"manifest\.json' ?.*does not exist"):
        load_records(tmp_path)
