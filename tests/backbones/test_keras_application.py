import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.backbones.keras_application import APPLICATIONS, keras_application
from facerec_tf.core.errors import ArgumentError
from facerec_tf.training import make_strategy

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)


def small(model, **options):
    return keras_application(model, **{"embedding_size": 8, "input_shape": (32, 32, 3), **options})


def test_every_network_of_keras_is_there():
    assert {"ResNet50", "MobileNetV3Large", "EfficientNetV2B0", "ConvNeXtTiny"} < set(APPLICATIONS)
    assert all(callable(getattr(keras.applications, name)) for name in APPLICATIONS)
    assert len(APPLICATIONS) > 30


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small", "EfficientNetB0"])
def test_pixels_reach_the_first_convolution_between_minus_one_and_one(name):
    model = small(name)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    probe = keras.Model(model.input, first.input)
    black, white = (probe(np.full((1, 32, 32, 3), pixel))[0, 9, 9] for pixel in (0.0, 255.0))
    np.testing.assert_allclose(black, -np.ones(3), atol=1e-6)
    np.testing.assert_allclose(white, np.ones(3), atol=1e-6)


def test_the_graph_is_flat_and_survives_a_file(tmp_path):
    model = small("MobileNetV3Small", embedding_head="GDC")
    assert model.name == "MobileNetV3Small"
    assert model.input.name == "image"
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)
    assert model.output_shape == (None, 8)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))


def test_layers_that_wait_for_data_or_need_xla_are_replaced():
    efficient = small("EfficientNetB0")
    assert not any(w.dtype.startswith("int") for w in efficient.weights)
    convnext = small("ConvNeXtTiny")
    grouped = [layer for layer in convnext.layers if getattr(layer, "groups", 1) > 1]
    assert len(grouped) == 18
    assert {type(layer) for layer in grouped} == {GroupedConv2D}


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_gives_float32_embeddings(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = small("MobileNet")
    finally:
        keras.config.set_dtype_policy(before)
    with tf.GradientTape() as tape:
        embeddings = model(IMAGES, training=True)
        loss = tf.reduce_sum(embeddings**2)
    assert embeddings.dtype == "float32"
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_statistics_stay_equal_on_all_replicas():
    strategy = make_strategy("mirrored")
    with strategy.scope():
        model = small("MobileNet")
    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(IMAGES, 2)[context.replica_id_in_sync_group])
    )
    tf.function(lambda: strategy.run(lambda x: model(x, training=True), args=(halves,)))()
    moved = 0
    for weight in model.non_trainable_weights:
        copies = [c.numpy() for c in strategy.experimental_local_results(weight.value)]
        np.testing.assert_array_equal(copies[0], copies[1])
        moved += weight.name == "moving_mean" and np.any(copies[0] != 0)
    assert moved == 29


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ArgumentError, match="Did you mean 'ResNet50'"):
        keras_application("Resnet50")
    with pytest.raises(ArgumentError, match=r"that InceptionV3 accepts.*at least 75x75"):
        small("InceptionV3")
    with pytest.raises(ArgumentError, match="'embedding_head'"):
        small("MobileNet", embedding_head="X")
