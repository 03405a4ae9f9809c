"""FaceNet's Inception networks against table 2 and §3.3 of the paper (1503.03832)."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones.cost import multiply_adds, parameters
from facerec_tf.backbones.inception import NN2, NN4, NNS1, NNS2, InceptionLayout, Module, inception
from facerec_tf.core.errors import ArgumentError
from tests.backbones.paper_tables import agrees, rows
from tests.tolerance import NETWORK, assert_close

#: Stage, size after its pooling, params and FLOPS as printed.
TABLE = {
    "conv1": ((56, 56, 64), "9K", "119M"),
    "inception2": ((28, 28, 192), "115K", "360M"),
    "inception3a": ((28, 28, 256), "164K", "128M"),
    "inception3b": ((28, 28, 320), "228K", "179M"),
    "inception3c": ((14, 14, 640), "398K", "108M"),
    "inception4a": ((14, 14, 640), "545K", "107M"),
    "inception4b": ((14, 14, 640), "595K", "117M"),
    "inception4c": ((14, 14, 640), "654K", "128M"),
    "inception4d": ((14, 14, 640), "722K", "142M"),
    "inception4e": ((7, 7, 1024), "717K", "56M"),
    "inception5a": ((7, 7, 1024), "1.6M", "78M"),
    "inception5b": ((7, 7, 1024), "1.6M", "78M"),
    "embedding": ((128,), "131K", "0.1M"),
}

#: A small network with every kind of path.
SMALL = InceptionLayout(
    (4, 4, 6),
    (
        Module("3a", 3, (2, 4), (2, 3), "l2", 2),
        Module("3b", 0, (2, 4), None, "max", 0, stride=2),
        Module("4a", 2, (2, 4), (2, 3), "max", 2),
    ),
)


def small(layout=SMALL, **options):
    return inception(layout, embedding_size=8, input_shape=(40, 32, 3), **options)


def test_every_row_of_table_2():
    model = inception(NN2)
    built = rows(model)
    assert built.pop("head")[0] == (1024,)
    assert list(built) == list(TABLE)
    for stage, (shape, params, flops) in TABLE.items():
        assert built[stage][0] == shape, stage
        assert agrees(built[stage][1], params), (stage, built[stage])
        assert agrees(built[stage][2], flops), (stage, built[stage])
    assert agrees(parameters(model), "7.5M")
    assert agrees(multiply_adds(model), "1.6B")


@pytest.mark.parametrize(
    ("layout", "size", "params", "flops"),
    [
        # NN4: "6.6M–7.5M" are the parameters of the paper's Inception models, NN2 having 7.5M.
        pytest.param(NN4, (96, 96), "6.6M", "285M", id="nn4"),
        pytest.param(NN2, (160, 160), "7.5M", "0.8B", id="nn3"),
        pytest.param(NNS1, (165, 165), "26M", "220M", id="nns1"),
        pytest.param(NNS2, (140, 116), "4.3M", "20M", id="nns2"),
    ],
)
def test_budgets(layout, size, params, flops):
    model = inception(layout, input_shape=(*size, 3))
    assert model.output_shape == (None, 128)
    for value, printed in ((parameters(model), params), (multiply_adds(model), flops)):
        assert value == pytest.approx(float(printed[:-1]) * {"M": 1e6, "B": 1e9}[printed[-1]], 0.03)


def test_nn4_lacks_only_5x5_convolutions_of_the_higher_layers():
    changed = [a.name for a, b in zip(NN2.modules, NN4.modules, strict=True) if a != b]
    assert changed == ["4e", "5a", "5b"]
    assert all(m.five is None for m in NN4.modules if m.name in changed)


def forward(layout, weights, images):
    """The network again, in PyTorch, from [batch, 3, h, w] in [−1, 1]."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    weights = {name: [torch.tensor(w) for w in ws] for name, ws in weights.items()}

    def conv(x, name, stride=1):
        kernel, bias = weights[f"{name}_conv"]
        padding = kernel.shape[0] // 2
        return functional.conv2d(x, kernel.permute(3, 2, 0, 1), bias, stride, padding).relu()

    def halve(x):
        return functional.max_pool2d(x, 3, stride=2, padding=1)

    def norm(x):
        return functional.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)

    def module(x, row):
        name = f"inception{row.name}"
        paths = [conv(x, f"{name}_1x1")] if row.one else []
        for side in ("3x3", "5x5"):
            if f"{name}_{side}_conv" in weights:
                path = f"{name}_{side}"
                paths.append(conv(conv(x, f"{path}_reduce"), path, row.stride))
        if row.pool == "l2":
            pooled = functional.lp_pool2d(functional.pad(x, (1, 1, 1, 1)), 2, 3, stride=1)
        else:
            pooled = functional.max_pool2d(x, 3, row.stride, padding=1)
        return torch.cat([*paths, conv(pooled, f"{name}_pool") if row.projection else pooled], 1)

    x = norm(halve(conv(torch.tensor(images), "conv1", 2)))
    x = halve(norm(conv(conv(x, "inception2_3x3_reduce"), "inception2_3x3")))
    for row in layout.modules:
        x = module(x, row)
    if layout.hidden:
        kernel, bias = weights["fc_maxout"]
        # The pieces of a unit lie side by side.
        pieces = x.permute(0, 2, 3, 1).flatten(1) @ kernel + bias
        x = pieces.unflatten(1, (layout.hidden, 2)).amax(2)
    else:
        x = x.mean((2, 3))
    kernel, bias = weights["embedding"]
    return (x @ kernel + bias).numpy()


@pytest.mark.parametrize("hidden", [0, 5])
def test_it_computes_what_pytorch_does(hidden):
    layout = dataclasses.replace(SMALL, hidden=hidden)
    model, rng = small(layout), np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    images = rng.uniform(0, 255, (2, 40, 32, 3)).astype("float32")
    scaled = np.transpose((images - 127.5) / 127.5, (0, 3, 1, 2))
    assert_close(model(images), forward(layout, weights, scaled), NETWORK)


def test_batch_norm_replaces_biases_and_local_normalisation():
    model = small(batch_norm=True)
    names = {layer.name for layer in model.layers}
    assert {"conv1_norm", "inception2_norm"} <= {layer.name for layer in small().layers}
    assert not {"conv1_norm", "inception2_norm"} & names
    for layer in model.layers:
        if layer.name.endswith("_conv"):
            assert not layer.use_bias
            assert layer.name.replace("_conv", "_bn") in names


@pytest.mark.parametrize("hidden", [0, 5])
def test_gradients_reach_every_weight_even_from_a_black_image(hidden):
    model = small(dataclasses.replace(SMALL, hidden=hidden))
    noise = np.random.default_rng(0).uniform(0, 255, (2, 40, 32, 3))
    for images in (np.zeros_like(noise), noise):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(images.astype("float32"), training=True) ** 2)
        for gradient in tape.gradient(loss, [v.value for v in model.trainable_variables]):
            assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy):
    images = np.random.default_rng(0).uniform(0, 255, (2, 40, 32, 3)).astype("float32")
    reference = small()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = small()
    finally:
        keras.config.set_dtype_policy(before)
    model.set_weights(reference.get_weights())
    embeddings = model(images)
    assert embeddings.dtype == "float32"
    assert_close(embeddings, reference(images), 0.1)


def test_a_file_keeps_the_network(tmp_path):
    model = small(dataclasses.replace(SMALL, hidden=5))
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    images = np.random.default_rng(0).uniform(0, 255, (2, 40, 32, 3)).astype("float32")
    np.testing.assert_array_equal(again(images), model(images))


def test_images_too_small_are_refused():
    with pytest.raises(ArgumentError, match="'input_shape' must be at least 32×32 pixels"):
        inception(NN2, input_shape=(96, 31, 3))
