import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones.attention import Attention
from facerec_tf.backbones.cost import parameters
from facerec_tf.backbones.position_embed import PositionEmbed
from facerec_tf.backbones.token_drop import TokenDrop
from facerec_tf.backbones.token_restore import TokenRestore
from facerec_tf.backbones.vit import vit
from facerec_tf.core.errors import ArgumentError
from facerec_tf.training import make_strategy
from tests.tolerance import LAYER, NETWORK, assert_close

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 40, 29, 3)).astype(np.float32)
TOKENS = RNG.normal(size=(2, 20, 6)).astype(np.float32)


def small(**options):
    return vit(16, 2, 4, embedding_size=8, input_shape=(40, 29, 3), **options)


def names(model):
    return [layer.name for layer in model.layers]


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def randomised(layer, tokens=TOKENS):
    layer(tokens)
    layer.set_weights([RNG.normal(size=w.shape) for w in layer.weights])
    return layer


@pytest.mark.parametrize("heads", [1, 3])
def test_attention_is_that_of_the_paper_head_by_head(heads):
    layer = randomised(Attention(heads))
    qkv, proj, bias = layer.get_weights()
    size = 6 // heads
    gathered = np.zeros_like(TOKENS)
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        query, key, value = (TOKENS @ part[:, own] for part in np.split(qkv, 3, axis=1))
        similarity = query @ key.transpose(0, 2, 1) / np.sqrt(size)
        gathered[..., own] = softmax(similarity) @ value
    assert_close(layer(TOKENS), gathered @ proj + bias, LAYER)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_attention_compares_in_float32(policy):
    """Similarities beyond float16, which differ by less than bfloat16 tells."""
    layer = Attention(1, dtype=policy)
    tokens = np.eye(6, dtype=np.float32)[None]
    layer(tokens)
    key = np.full((6, 6), 64.0)
    key[0, 0] += 0.5
    layer.set_weights([np.hstack([np.full((6, 6), 512.0), key, np.eye(6)]), np.eye(6), np.zeros(6)])
    outputs = layer(tokens)
    assert outputs.dtype == policy.removeprefix("mixed_")
    # Every token looks at the first.
    np.testing.assert_allclose(tf.cast(outputs[0], tf.float32), np.tile(tokens[0, :1], (6, 1)))


def test_attention_refuses_heads_that_do_not_share_evenly():
    with pytest.raises(ArgumentError, match="'num_heads' must be a divisor of 6"):
        Attention(4)(TOKENS)


def test_each_place_has_its_own_position():
    layer = randomised(PositionEmbed())
    assert layer.positions.shape == (20, 6)
    assert_close(layer(TOKENS), TOKENS + layer.get_weights()[0], LAYER)


def test_left_out_tokens_come_back_as_the_learned_one():
    drop, restore = TokenDrop(0.3, seed=1), TokenRestore()
    kept, places = drop(TOKENS, training=True)
    assert kept.shape == (2, 14, 6)
    np.testing.assert_array_equal(np.sort(places), np.tile(np.arange(20), (2, 1)))
    restore(kept, places)
    token = RNG.normal(size=6).astype(np.float32)
    restore.set_weights([token])
    outputs = restore(kept, places).numpy()
    is_token = (outputs == token).all(-1)
    np.testing.assert_array_equal(is_token.sum(1), [6, 6])
    np.testing.assert_array_equal(outputs[~is_token], TOKENS[~is_token])
    assert not np.array_equal(is_token[0], is_token[1])


def test_inference_leaves_no_token_out():
    for drop, training in ((TokenDrop(0.3), False), (TokenDrop(0.0), True)):
        kept, places = drop(TOKENS, training=training)
        np.testing.assert_array_equal(TokenRestore()(kept, places), TOKENS)


def test_replicas_leave_out_different_tokens():
    strategy = make_strategy("mirrored")
    with strategy.scope():
        drop = TokenDrop(0.5, seed=7)
    run = tf.function(lambda: strategy.run(lambda: drop(tf.constant(TOKENS), training=True)[1]))
    first, again = (strategy.experimental_local_results(run()) for _ in range(2))
    assert len({places.numpy().tobytes() for places in (*first, *again)}) == 4


def test_parameters_of_the_published_layout():
    width, tokens, embedding_size = 256, 144, 512
    block = 3 * width**2 + (width + 1) * width + 4 * width
    block += (width + 1) * 4 * width + (4 * width + 1) * width
    patches = (243 + 1) * width + tokens * width
    head = tokens * width**2 + 2 * width + (width + 2) * embedding_size
    model = vit(width, 12)
    # One norm behind the blocks, and the mask token.
    assert parameters(model) == patches + 12 * block + 2 * width + head + width
    assert model.get_layer("position_embed").input.shape[1:] == (144, 256)
    assert {model.get_layer(f"block1_norm{i}").epsilon for i in (1, 2)} == {1e-5}


def test_a_block_is_attention_then_mlp_each_beside_a_shortcut():
    model = small(mask_ratio=0.0)
    # Large enough for some activations to pass 6.
    model.set_weights([RNG.normal(size=w.shape) for w in model.weights])

    def normalise(x, layer):
        gamma, beta = model.get_layer(f"block1_{layer}").get_weights()
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gamma + beta

    ends = ("position_embed", "block1_attn", "block1_mlp_add")
    probe = keras.Model(model.input, [model.get_layer(name).output for name in ends])
    x, attended, outputs = (np.asarray(end) for end in probe(IMAGES))
    attention = model.get_layer("block1_attn")
    assert_close(attended, attention(normalise(x, "norm1")), NETWORK)
    x = x + attended
    (up, up_bias), (down, down_bias) = (
        model.get_layer(f"block1_mlp{i}").get_weights() for i in (1, 2)
    )
    hidden = np.clip(normalise(x, "norm2") @ up + up_bias, 0, 6)
    assert (hidden == 6).any()
    assert_close(outputs, x + hidden @ down + down_bias, LAYER)


def test_stochastic_depth_grows_linearly_over_the_blocks():
    model = vit(8, 3, 2, embedding_size=4, input_shape=(18, 18, 3), drop_path=0.2)
    rates = {n: model.get_layer(n).rate for n in names(model) if n.endswith("drop_path")}
    assert rates == {
        f"block{block}_{branch}_drop_path": rate
        for block, rate in ((2, 0.1), (3, 0.2))
        for branch in ("attn", "mlp")
    }


def test_without_masks_there_are_no_mask_layers():
    masked, whole = small(), small(mask_ratio=0.0)
    assert set(names(masked)) - set(names(whole)) == {"position_drop", "head_restore"}
    weights = {w.path: w for w in masked.weights}
    for weight in whole.weights:
        weight.assign(weights[weight.path])
    assert_close(whole(IMAGES), masked(IMAGES), NETWORK)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_every_weight_learns(jit_compile):
    model = small()

    @tf.function(jit_compile=jit_compile)
    def gradients(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(images, training=True) ** 3)
        return tape.gradient(loss, [w.value for w in model.trainable_weights])

    for weight, gradient in zip(model.trainable_weights, gradients(IMAGES), strict=True):
        assert np.isfinite(gradient).all(), weight.path
        assert np.any(gradient != 0), weight.path


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_gives_float32_embeddings(policy):
    exact = small()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = small()
    finally:
        keras.config.set_dtype_policy(before)
    model.set_weights(exact.get_weights())
    assert model.get_layer("block1_mlp1").compute_dtype == policy.removeprefix("mixed_")
    outputs = model(IMAGES)
    assert outputs.dtype == "float32"
    assert_close(outputs, exact(IMAGES), 0.1)
    assert np.isfinite(model(IMAGES, training=True)).all()


def test_a_file_keeps_it(tmp_path):
    model = small(drop_path=0.3, mask_ratio=0.2)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    kinds, expected = ([(type(layer), layer.name) for layer in m.layers] for m in (again, model))
    assert kinds == expected
    assert again.get_layer("position_drop").ratio == 0.2
    assert again.get_layer("block2_attn_drop_path").rate == 0.3
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))


@pytest.mark.parametrize(
    "argument",
    [{"mask_ratio": 1.0}, {"drop_path": -0.1}, {"input_shape": (112, 8, 3)}, {"num_heads": 3}],
    ids=str,
)
def test_bad_arguments_are_refused(argument):
    with pytest.raises(ArgumentError, match=f"'{next(iter(argument))}'"):
        vit(**{"width": 16, "depth": 1, **argument})
