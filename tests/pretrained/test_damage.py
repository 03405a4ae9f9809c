"""Damaged weight files: one error that names the file, or the arrays; seeds are fixed."""

import io
import json

import numpy as np
import pytest

from facerec_tf.core.errors import LONGEST_MESSAGE, DataError
from facerec_tf.pretrained import read_weights
from tests.pretrained.mxnet_files import Symbol

VARIANTS = 60


def mxnet_files():
    net = Symbol()
    x = net.conv("conv0", net.add("_minus_scalar", "m", 0, scalar=127.5), 3, 4, 3)
    net.norm("bn0", x, 4, eps=2e-5, fix_gamma=False)
    return net


def torch_file(legacy):
    torch = pytest.importorskip("torch")
    file = io.BytesIO()
    state = {"conv.weight": torch.ones(4, 3, 3, 3), "bn.weight": torch.arange(4.0)}
    torch.save({"state_dict": state}, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


def onnx_file():
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    kernel = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "kernel")
    node = helper.make_node("Conv", ["image", "kernel"], ["out"])
    image, out = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("image", (1, 3, 8, 8)), ("out", (1, 4, 6, 6)))
    )
    graph = helper.make_graph([node], "net", [image], [out], [kernel])
    return helper.make_model(graph).SerializeToString()


def damage(content, seed):
    """Flips up to 8 bits, or cuts the end off, or repeats a part."""
    generator = np.random.default_rng(seed)
    changed = bytearray(content)
    if seed % 3 == 0:
        return bytes(changed[: generator.integers(len(changed))])
    if seed % 3 == 1:
        start, end = sorted(generator.integers(len(changed), size=2))
        return bytes(changed[:end] + changed[start:])
    for place in generator.integers(8 * len(changed), size=generator.integers(1, 9)):
        changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def expect_arrays_or_one_line(path):
    try:
        source = read_weights(path)
    except DataError as error:
        message = str(error)
        assert str(path.parent) in message
        assert "\n" not in message
        assert len(message) <= LONGEST_MESSAGE
    else:
        assert all(np.isfinite(array).all() for array in source.arrays.values())


@pytest.mark.parametrize("kind", ["mxnet", "torch", "torch-legacy", "onnx"])
def test_a_damaged_file(kind, tmp_path):
    if kind == "mxnet":
        path = mxnet_files().write(tmp_path)
        content = path.read_bytes()
    else:
        path = tmp_path / "weights"
        content = onnx_file() if kind == "onnx" else torch_file("legacy" in kind)
    path.write_bytes(content)
    assert read_weights(path).arrays
    for seed in range(VARIANTS):
        path.write_bytes(damage(content, seed))
        expect_arrays_or_one_line(path)


def test_a_damaged_symbol(tmp_path):
    path = mxnet_files().write(tmp_path)
    symbol = tmp_path / "model-symbol.json"
    content = symbol.read_bytes()
    for seed in range(VARIANTS):
        symbol.write_bytes(damage(content, seed))
        expect_arrays_or_one_line(path)


@pytest.mark.parametrize("value", [None, 3, 1e999, "", "x" * 10**6, [], {}, [[]], {"a": {}}])
def test_a_symbol_with_a_value_of_another_type(value, tmp_path):
    path = mxnet_files().write(tmp_path)
    symbol = tmp_path / "model-symbol.json"
    description = json.loads(symbol.read_text())
    for key in ("op", "name", "inputs", "attrs"):
        for place in range(len(description["nodes"])):
            nodes = [dict(node) for node in description["nodes"]]
            nodes[place][key] = value
            symbol.write_text(json.dumps({"nodes": nodes}))
            expect_arrays_or_one_line(path)
