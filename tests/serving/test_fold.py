"""Folding: the same outputs, and exactly the norms gone that can go."""

import keras
import numpy as np
import pytest
from keras import layers

from facerec_tf.backbones import BatchNorm
from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.serving import fold_batch_norm, in_float32
from tests.serving.networks import images, norms, shake, small_iresnet, small_mobilefacenet
from tests.tolerance import NETWORK, assert_close


def application():
    network = keras.applications.MobileNet(
        (32, 32, 3), alpha=0.25, include_top=False, weights=None, pooling="avg"
    )
    return shake(network)


@pytest.mark.parametrize(
    ("build", "left"),
    [
        (small_iresnet, ["stage1_unit1_bn1", "stage1_unit2_bn1"]),
        (small_mobilefacenet, []),
        (application, []),
    ],
)
def test_outputs_are_the_same_with_fewer_norms(build, left, tmp_path):
    model = build()
    pixels = images(3, size=model.input_shape[1]).astype(np.float32)
    expected = model(pixels, training=False).numpy()
    before = [w.numpy() for w in model.weights]
    folded = fold_batch_norm(model)

    assert norms(folded) == left
    scale = np.abs(expected).max()
    np.testing.assert_allclose(folded(pixels, training=False), expected, atol=1e-5 * scale)
    np.testing.assert_array_equal(model(pixels, training=False), expected)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)

    folded.save(tmp_path / "folded.keras")
    loaded = keras.saving.load_model(tmp_path / "folded.keras")
    np.testing.assert_array_equal(loaded(pixels), folded(pixels))


def chain(*parts, shape=(6, 6, 4)):
    x = image = keras.Input(shape)
    for part in parts:
        x = part(x)
    return keras.Model(image, x)


def conv(**options):
    return layers.Conv2D(4, 3, **options)


FOLDED = {
    "biased": lambda: chain(conv(use_bias=True), BatchNorm()),
    "strided_and_padded": lambda: chain(conv(strides=2, padding="same"), BatchNorm(scale=False)),
    "without_beta": lambda: chain(conv(), layers.BatchNormalization(center=False)),
    "twice": lambda: chain(conv(), BatchNorm(), layers.Dropout(0.5), BatchNorm()),
    "depth_multiplied": lambda: chain(layers.DepthwiseConv2D(3, depth_multiplier=3), BatchNorm()),
    "grouped": lambda: chain(GroupedConv2D(6, 3, groups=2, use_bias=False), BatchNorm()),
    "linear_activation": lambda: chain(conv(), layers.Activation("linear"), BatchNorm()),
    "flat_pixel": lambda: chain(layers.Conv2D(5, 6), layers.Flatten(), BatchNorm()),
    "before_dense": lambda: chain(BatchNorm(), layers.Flatten(), layers.Dense(3)),
    "on_both_sides": lambda: chain(BatchNorm(), layers.Flatten(), layers.Dense(3), BatchNorm()),
    "dense_of_pixels": lambda: chain(BatchNorm(), layers.Dense(3, use_bias=False), BatchNorm()),
}


@pytest.mark.parametrize("name", FOLDED)
def test_folds(name):
    model = shake(FOLDED[name]())
    inputs = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:])).astype(np.float32)
    folded = fold_batch_norm(model)
    assert norms(folded) == []
    expected = model(inputs, training=False)
    assert_close(folded(inputs, training=False), expected, NETWORK)


def two_consumers():
    image = keras.Input((6, 6, 4))
    x = conv()(image)
    return keras.Model(image, layers.Add()([x, BatchNorm()(x)]))


def an_output_between():
    image = keras.Input((6, 6, 4))
    x = conv()(image)
    return keras.Model(image, [x, BatchNorm()(x)])


def shared_norm():
    image, norm = keras.Input((6, 6, 4)), BatchNorm()
    return keras.Model(image, layers.Add()([norm(conv()(image)), norm(conv()(image))]))


def shared_convolution():
    image, shared = keras.Input((6, 6, 4)), conv(padding="same")
    return keras.Model(image, shared(BatchNorm()(shared(image))))


def always_training():
    image = keras.Input((6, 6, 4))
    return keras.Model(image, BatchNorm()(conv()(image), training=True))


LEFT = {
    "two_consumers": two_consumers,
    "an_output_between": an_output_between,
    "shared_norm": shared_norm,
    "shared_convolution": shared_convolution,
    "always_training": always_training,
    "activated": lambda: chain(conv(activation="relu"), BatchNorm()),
    "before_a_convolution": lambda: chain(BatchNorm(), conv(padding="same")),
    "flat_map": lambda: chain(conv(), layers.Flatten(), BatchNorm()),
    "rows": lambda: chain(conv(), layers.BatchNormalization(axis=1)),
}


@pytest.mark.parametrize("name", LEFT)
def test_leaves_what_cannot_be_folded(name):
    model = shake(LEFT[name]())
    inputs = np.random.default_rng(1).normal(size=(3, *model.input_shape[1:])).astype(np.float32)
    folded = fold_batch_norm(model)
    assert len(norms(folded)) == len(norms(model)) == 1
    found, expected = (keras.tree.flatten(m(inputs, training=False)) for m in (folded, model))
    for one, two in zip(found, expected, strict=True):
        assert_close(one, two, NETWORK)


def test_models_within_models_stay_as_they_are():
    inner = shake(chain(conv(), BatchNorm()))
    model = chain(inner, conv(), BatchNorm())
    folded = fold_batch_norm(shake(model))
    inputs = np.random.default_rng(1).normal(size=(3, 6, 6, 4)).astype(np.float32)
    assert_close(folded(inputs), model(inputs, training=False), NETWORK)
    assert norms(folded) == []
    assert len(norms(folded.layers[1])) == 1


def test_half_precision_is_computed_in_float32():
    policy = keras.DTypePolicy("mixed_bfloat16")
    model = shake(chain(conv(dtype=policy), BatchNorm(dtype=policy)))
    inputs = np.random.default_rng(1).normal(size=(3, 6, 6, 4)).astype(np.float32)
    folded = fold_batch_norm(model)
    assert folded(inputs).dtype == "float32"
    assert_close(folded(inputs), in_float32(model)(inputs), NETWORK)
