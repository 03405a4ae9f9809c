import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import blocks, grouped_conv
from facerec_tf.backbones.grouped_conv import GroupedConv2D
from tests.backbones.convolution import convolve
from tests.tolerance import LAYER, assert_close

FORMS = pytest.mark.parametrize("forced", [False, True], ids=["chosen", "depthwise"])
POLICIES = {"float32": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


@pytest.fixture
def form(forced, monkeypatch):
    """The form that the layer chooses on this machine, or the one without the kernel."""
    if forced:
        monkeypatch.setattr(grouped_conv, "kernel_has_gradients", lambda dtype: False)


def layer_and_image(stride, channels=6, filters=9, groups=3):
    rng = np.random.default_rng(stride)
    inputs = keras.Input((6, 5, channels))
    outputs = blocks.grouped_conv(inputs, filters, 3, groups, "c", stride=stride, padding=1)
    model = keras.Model(inputs, outputs)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    return model, rng.normal(size=(2, 6, 5, channels)).astype(np.float32)


def group_by_group(images, kernel, groups, stride):
    channels, filters = np.split(images, groups, axis=-1), np.split(kernel, groups, axis=-1)
    return np.array(
        [
            np.concatenate(
                [
                    convolve(share[index], own, stride, (1, 1))
                    for share, own in zip(channels, filters, strict=True)
                ],
                axis=-1,
            )
            for index in range(len(images))
        ]
    )


@FORMS
@pytest.mark.parametrize("stride", [1, 2])
def test_each_group_is_convolved_by_itself(form, stride):
    model, images = layer_and_image(stride)
    kernel = model.weights[0].numpy()
    assert kernel.shape == (3, 3, 2, 9)
    expected = group_by_group(images, kernel, 3, stride)
    assert_close(model(images), expected, LAYER)


@FORMS
def test_gradients_are_those_of_the_groups(form):
    """The layer is linear in either argument, so a gradient's product with any is a value."""
    model, images = layer_and_image(1)
    rng = np.random.default_rng(1)
    x, kernel = tf.constant(images), model.weights[0]
    upstream = rng.normal(size=(2, 6, 5, 9)).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(model(x, training=True) * upstream)
    along_x, along_kernel = tape.gradient(loss, [x, kernel.value])
    for gradient, arguments in (
        (along_x, lambda other: (other, kernel.numpy())),
        (along_kernel, lambda other: (images, other)),
    ):
        other = rng.normal(size=gradient.shape).astype(np.float32)
        expected = np.sum(group_by_group(*arguments(other), 3, 1) * upstream)
        assert_close(np.sum(gradient * other), expected, LAYER)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@FORMS
def test_half_precision_stays(form, policy):
    layer = GroupedConv2D(4, 3, groups=2, dtype=policy)
    assert layer(np.ones((1, 5, 5, 4))).dtype == policy.removeprefix("mixed_")


def test_a_file_keeps_it(tmp_path):
    model, images = layer_and_image(2)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert type(again.get_layer("c")) is GroupedConv2D
    np.testing.assert_array_equal(again(images), model(images))


@pytest.mark.parametrize("policy", POLICIES.values())
@FORMS
def test_trains_in_every_precision(form, policy):
    layer = GroupedConv2D(9, 3, groups=3, padding="same", dtype=policy)
    layer.build((None, 6, 5, 6))
    rng = np.random.default_rng(3)
    # Small integers: every product and every sum is exact in every precision.
    images, upstream = rng.integers(-1, 2, (1, 6, 5, 6)), rng.integers(-1, 2, (1, 6, 5, 9))
    kernel = rng.integers(-1, 2, (3, 3, 2, 9))
    layer.set_weights([kernel, np.zeros(9)])
    with tf.GradientTape() as tape:
        outputs = layer(images.astype("float32"))
        loss = tf.reduce_sum(tf.cast(outputs, "float32") * upstream)
    np.testing.assert_array_equal(tf.cast(outputs, "float32"), group_by_group(images, kernel, 3, 1))
    (slopes,) = tape.gradient(loss, [layer.kernel.value])
    other = rng.integers(-1, 2, kernel.shape)
    expected = np.sum(group_by_group(images, other, 3, 1) * upstream)
    assert np.sum(slopes * other) == expected


@pytest.fixture
def kernel_without_gradient(missing, monkeypatch):
    """A kernel of zeros, whose gradient is zero too, or an error for one data type."""

    def gradient(out_backprop, **options):
        if out_backprop.dtype == missing:
            raise tf.errors.InvalidArgumentError(None, None, "not supported on CPU")

    def conv2d(image, kernel, **options):
        @tf.custom_gradient
        def zeros(image, kernel):
            def slopes(upstream):
                gradient(upstream)
                return tf.zeros_like(image), tf.zeros_like(kernel)

            return tf.zeros((1, 3, 3, 4), image.dtype), slopes

        return zeros(image, kernel)

    monkeypatch.setattr(tf.raw_ops, "Conv2DBackpropInput", gradient)
    monkeypatch.setattr(tf.nn, "conv2d", conv2d)
    grouped_conv.kernel_has_gradients.cache_clear()
    yield
    grouped_conv.kernel_has_gradients.cache_clear()


@pytest.mark.parametrize("missing", POLICIES)
def test_each_data_type_is_probed(kernel_without_gradient, missing):
    for dtype, policy in POLICIES.items():
        layer = GroupedConv2D(4, 3, groups=2, kernel_initializer="ones", dtype=policy)
        with tf.GradientTape() as tape:
            outputs = layer(np.ones((1, 5, 5, 4)))
        slopes = tape.gradient(outputs, layer.kernel.value)
        for values in (outputs, slopes):
            assert np.any(tf.cast(values, "float32")) == (dtype == missing), dtype
