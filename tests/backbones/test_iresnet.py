import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import iresnet
from facerec_tf.backbones.drop_path import DropPath
from facerec_tf.core.errors import ArgumentError
from tests.tolerance import LAYER, assert_close

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.float32)


def small(units=(2,), widths=(8,), **options):
    return iresnet(units, widths, embedding_size=4, input_shape=(16, 16, 3), **options)


def outputs_of(model, *names):
    return keras.Model(model.input, [model.get_layer(name).output for name in names])(IMAGES)


def test_a_residual_unit_is_the_sum_of_its_paths():
    model = small()
    names = [layer.name for layer in model.layers]
    assert "stage1_unit1_shortcut_conv" in names
    assert "stage1_unit2_shortcut_conv" not in names
    parts = outputs_of(model, "stage1_unit1_add", "stage1_unit2_bn3", "stage1_unit2_add")
    np.testing.assert_allclose(parts[2], parts[0] + parts[1], rtol=1e-6)


def test_squeeze_and_excitation_weighs_the_channels():
    model = small((1,), (32,), se=True)
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 1, w.shape) - 0.5 * (w.ndim == 4) for w in model.weights])
    last = "stage1_unit1_"
    x, shortcut, total = map(
        np.asarray,
        outputs_of(model, f"{last}bn3", f"{last}shortcut_bn", f"{last}add"),
    )
    squeeze, excite = (
        model.get_layer(f"{last}se_{n}").get_weights() for n in ("squeeze", "excite")
    )
    assert squeeze[0].shape == (1, 1, 32, 2)
    slopes = model.get_layer(f"{last}se_prelu").get_weights()[0].ravel()
    y = x.mean((1, 2)) @ squeeze[0][0, 0] + squeeze[1]
    y = np.where(y > 0, y, slopes * y) @ excite[0][0, 0] + excite[1]
    expected = x / (1 + np.exp(-y))[:, None, None] + shortcut
    assert_close(total, expected, LAYER)


def test_stochastic_depth_grows_linearly_and_adds_no_weights():
    plain, deep = small((2, 3), (4, 8)), small((2, 3), (4, 8), drop_path=0.2)
    drops = [layer for layer in deep.layers if isinstance(layer, DropPath)]
    assert [layer.name for layer in drops] == [
        "stage1_unit2_drop_path",
        *(f"stage2_unit{unit}_drop_path" for unit in (1, 2, 3)),
    ]
    np.testing.assert_allclose([layer.rate for layer in drops], [0.05, 0.1, 0.15, 0.2])
    # Keras sorts layers by depth, which the new ones change.
    weights = {w.path: w for w in plain.weights}
    assert {w.path for w in deep.weights} == set(weights)
    for weight in deep.weights:
        weight.assign(weights[weight.path])
    np.testing.assert_array_equal(deep(IMAGES), plain(IMAGES))


def test_options_survive_a_file(tmp_path):
    model = small(se=True, drop_path=0.1, embedding_head="GDC")
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    kinds, expected = ([(type(layer), layer.name) for layer in m.layers] for m in (again, model))
    assert kinds == expected
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_trains(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = small((2,), (8,), se=True, drop_path=0.5)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("stage1_unit1_conv1").compute_dtype == policy.removeprefix("mixed_")
    with tf.GradientTape() as tape:
        embeddings = model(IMAGES, training=True)
        loss = tf.reduce_sum(embeddings**2)
    assert embeddings.dtype == "float32"
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize(
    "argument",
    [{"se": 1}, {"drop_path": 1.0}, {"embedding_head": "X"}, {"dropout": -1}],
    ids=str,
)
def test_bad_arguments_are_refused(argument):
    with pytest.raises(ArgumentError, match=f"'{next(iter(argument))}'"):
        small(**argument)
