import keras
import numpy as np
import pytest

from facerec_tf.backbones import iresnet
from facerec_tf.backbones.heads import HEADS
from facerec_tf.core.errors import ArgumentError
from tests.tolerance import LAYER, assert_close

LAYERS = {
    "E": "bn dropout flatten fc float32",
    "F": "dropout flatten fc float32",
    "GAP": "bn pool dropout fc float32",
    "GDC": "depthwise bn dropout flatten fc float32",
    "GDC-E": "depthwise bn dropout flatten fc float32",
}

every_head = pytest.mark.parametrize("name", HEADS)


def build(name, dropout=0.0):
    features = keras.Input((3, 2, 4))
    model = keras.Model(features, HEADS[name](features, 5, dropout))
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.weights])
    return model, rng.normal(size=(6, 3, 2, 4)).astype(np.float32)


def normalise(x, layer):
    weights = {w.name: w.numpy() for w in layer.weights}
    x = (x - weights["moving_mean"]) / np.sqrt(weights["moving_variance"] + 2e-5)
    return x * weights.get("gamma", 1.0) + weights["beta"]


def connect(x, layer):
    kernel, *bias = layer.get_weights()
    return x.reshape(len(x), -1) @ kernel + sum(bias)


STEPS = {
    "embedding": normalise,
    "head_bn": normalise,
    "head_fc": connect,
    "head_pool": lambda x, layer: x.mean((1, 2)),
    "head_depthwise": lambda x, layer: np.einsum("bhwc,hwc->bc", x, layer.get_weights()[0][..., 0]),
}


@every_head
def test_it_is_what_its_layers_say(name):
    model, features = build(name)
    names = [layer.name for layer in model.layers[1:]]
    assert names == [*(f"head_{part}" for part in LAYERS[name].split()), "embedding"]
    expected = features
    for layer in model.layers[1:]:
        expected = STEPS.get(layer.name, lambda x, layer: x)(expected, layer)
    assert_close(model(features), expected, LAYER)


@every_head
def test_bias_and_gamma_are_the_papers(name):
    model, _ = build(name)
    as_arcface = name in ("E", "GDC-E")
    assert model.get_layer("head_fc").use_bias == as_arcface
    assert model.get_layer("embedding").scale != as_arcface


@every_head
def test_features_are_dropped_in_training_only(name):
    model, features = build(name, dropout=0.5)
    model.get_layer("embedding").trainable = False
    runs = [model(features, training=training).numpy() for training in (False, False, True, True)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[2], runs[3])


@every_head
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_embeddings_are_float32_under_every_policy(name, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model, features = build(name)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("head_fc").compute_dtype == policy.removeprefix("mixed_")
    assert {layer.compute_dtype for layer in model.layers[-2:]} == {"float32"}
    outputs = model(features)
    assert outputs.dtype == "float32"
    assert_close(outputs, build(name)[0](features), 0.05)


def test_an_unknown_head_is_refused_with_the_known_ones():
    with pytest.raises(ArgumentError, match="'embedding_head' must be one of E, F, GAP, GDC"):
        iresnet((1,), (4,), embedding_head="gdc")
