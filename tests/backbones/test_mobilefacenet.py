import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import mobilefacenet
from facerec_tf.backbones.cost import parameters
from facerec_tf.core.errors import ArgumentError

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)


def small(units=(1, 1, 0, 0), **options):
    return mobilefacenet(units=units, embedding_size=8, input_shape=(32, 32, 3), **options)


def names(model):
    return [layer.name for layer in model.layers]


def bottleneck(channels, expanded, out):
    """Weights of 1×1, 3×3 depthwise and 1×1, each with BN, the first two with PReLU."""
    return channels * expanded + 9 * expanded + expanded * out + 6 * expanded + 2 * out


def count(units, scale, embedding_size):
    """Trainable parameters as InsightFace's PyTorch code lays the network out."""
    stem = 64 * scale
    total = 27 * stem + 3 * stem
    total += (
        9 * stem * stem // 64 + 3 * stem
        if units[0] == 1
        else units[0] * bottleneck(stem, 128, stem)
    )
    channels = stem
    for number, width, (first, other) in zip(
        units[1:], (64, 128, 128), ((128, 128), (256, 256), (512, 256)), strict=True
    ):
        total += bottleneck(channels, first, width * scale)
        total += number * bottleneck(width * scale, other, width * scale)
        channels = width * scale
    return total + 512 * channels + 3 * 512 + 49 * 512 + 2 * 512 + (512 + 2) * embedding_size


@pytest.mark.parametrize(
    ("units", "scale", "embedding_size", "published"),
    [
        ((1, 4, 6, 2), 1, 128, None),
        ((1, 4, 6, 2), 2, 512, 2_059_520),
        ((2, 8, 12, 4), 4, 512, None),
    ],
)
def test_parameters_are_those_of_the_published_layouts(units, scale, embedding_size, published):
    model = mobilefacenet(units=units, scale=scale, embedding_size=embedding_size)
    assert parameters(model) == count(units, scale, embedding_size)
    assert published in (None, parameters(model))
    assert model.get_layer("last_conv").input.shape[1:] == (7, 7, 128 * scale)
    residuals = sum(name.endswith("_add") for name in names(model))
    assert residuals == sum(units) - (units[0] == 1)


def test_the_paper_counts_the_deployed_network():
    """BatchNorm folded, one bias a channel left of it."""
    model = mobilefacenet()
    gammas = sum(w.shape[0] for w in model.trainable_weights if w.name == "gamma")
    assert parameters(model) - gammas == 993_344


def test_the_stem_has_64_groups():
    assert "stem_depthwise" in names(small())
    grouped = small(scale=2).get_layer("stem_grouped")
    assert grouped.groups == 64
    assert grouped.kernel.shape == (3, 3, 2, 128)


def test_units_in_the_stem_replace_its_groups():
    model = small((2, 0, 0, 0), scale=2)
    assert {"stem_unit1_add", "stem_unit2_add"} < set(names(model))
    assert "stem_grouped" not in names(model)
    assert model.get_layer("stem_unit2_expand").filters == 128


def test_a_unit_is_a_bottleneck_beside_a_shortcut():
    model = small()
    assert "stage1_unit1_add" not in names(model)
    ends = ("stage1_unit1_project_bn", "stage1_unit2_project_bn", "stage1_unit2_add")
    probe = keras.Model(model.input, [model.get_layer(name).output for name in ends])
    shortcut, residual, total = probe(IMAGES)
    np.testing.assert_allclose(total, shortcut + residual, rtol=1e-6)


def test_a_file_keeps_it(tmp_path):
    model = small(scale=2, embedding_head="GDC-E")
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    kinds, expected = ([(type(layer), layer.name) for layer in m.layers] for m in (again, model))
    assert kinds == expected
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))


def test_half_precision_trains():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = small((1, 0, 0, 0), scale=2)
    finally:
        keras.config.set_dtype_policy(before)
    with tf.GradientTape() as tape:
        embeddings = model(IMAGES, training=True)
        loss = tf.reduce_sum(embeddings**2)
    assert embeddings.dtype == "float32"
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize(
    "argument",
    [{"units": (1, 4, 6)}, {"units": (1, -1, 6, 2)}, {"scale": 0}, {"embedding_head": "X"}],
    ids=str,
)
def test_bad_arguments_are_refused(argument):
    with pytest.raises(ArgumentError, match=f"'{next(iter(argument))}'"):
        mobilefacenet(**argument)
