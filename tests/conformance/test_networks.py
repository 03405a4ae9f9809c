"""Contract of all backbones: files, exports, half precision, XLA, replicas, every weight used."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import BACKBONES, stages
from facerec_tf.training import make_strategy
from tests.conformance.networks import NETWORKS, build, every_network, images
from tests.tolerance import NETWORK, assert_close


def loss_and_slopes(network, pixels):
    """Returns a loss in training and its gradients, by the network's trainable variables."""
    targets = np.random.default_rng(3).normal(size=(pixels.shape[0], 8)).astype("float32")
    with tf.GradientTape() as tape:
        embeddings = network(pixels, training=True)
        loss = tf.reduce_mean(tf.reduce_sum(embeddings * targets, axis=1))
    return loss, tape.gradient(loss, [v.value for v in network.trainable_variables])


def assert_close_as_whole(ours, theirs):
    # In training, BatchNorm's division enlarges what rounding leaves, and an activation
    # may fall on the other side of its bend.
    for a, b in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape
        assert np.linalg.norm(a - b) <= 0.03 * max(np.linalg.norm(b), 0.01)


def test_every_family_is_here():
    built = {builder for builder, _, _ in NETWORKS.values()}
    assert {network.builder for network in BACKBONES.values()} < built


@every_network
def test_files_and_saved_models(name, tmp_path):
    network = build(name)
    pixels = images(network)
    expected = network(pixels)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(pixels), expected)
    assert [w.path for w in loaded.weights] == [w.path for w in network.weights]
    network.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(tmp_path / "saved")
    assert_close(saved.serve(pixels), expected, NETWORK)


@every_network
def test_from_pixels_to_the_embedding_by_stages(name):
    network = build(name)
    assert network.input.name == "image"
    assert network.output_shape == (None, 8)
    assert network.layers[-1].name == "embedding"
    assert list(stages(network))[-1] == "head"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@every_network
def test_half_precision(name, policy):
    network = build(name, policy=policy)
    whole = build(name)
    pixels = images(network)
    embeddings, expected = network(pixels), whole(pixels)
    assert embeddings.dtype == "float32"
    cosines = keras.losses.cosine_similarity(embeddings, expected)
    assert np.all(np.abs(cosines) > 0.98)
    _, slopes = loss_and_slopes(network, pixels)
    assert all(np.isfinite(slope).all() for slope in slopes)


@every_network
def test_every_weight_learns(name):
    network = build(name)
    _, slopes = loss_and_slopes(network, images(network, 8))
    for variable, slope in zip(network.trainable_variables, slopes, strict=True):
        assert slope is not None, variable.path
        assert np.isfinite(slope).all(), variable.path
        assert np.any(slope), variable.path


@every_network
def test_xla(name):
    network = build(name, still=True)
    pixels = tf.constant(images(network))

    @tf.function(jit_compile=True)
    def compiled():
        """Embeddings, then a step in training, which moves BatchNorm's statistics."""
        return network(pixels, training=False), loss_and_slopes(network, pixels)

    start = network.get_weights()
    expected = network(pixels, training=False), loss_and_slopes(network, pixels)
    moved = network.get_weights()
    network.set_weights(start)
    assert_close_as_whole(compiled(), expected)
    assert_close_as_whole(network.get_weights(), moved)


@every_network
def test_two_replicas_equal_one_device(name):
    single = build(name, still=True)
    pixels = images(single)
    strategy = make_strategy("mirrored")
    with strategy.scope():
        double = build(name, still=True)
    shares = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(pixels, 2)[context.replica_id_in_sync_group])
    )
    embed = tf.function(lambda x: strategy.run(lambda part: double(part, training=True), [x]))
    outputs = tf.concat(strategy.experimental_local_results(embed(shares)), axis=0)
    assert_close_as_whole(outputs, single(pixels, training=True))
    for ours, theirs in zip(
        double.non_trainable_weights, single.non_trainable_weights, strict=True
    ):
        copies = [c.numpy() for c in strategy.experimental_local_results(ours.value)]
        np.testing.assert_array_equal(*copies)
        assert_close_as_whole(copies[0], theirs.numpy())
