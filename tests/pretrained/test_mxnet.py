import json
import struct

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.pretrained import read_weights
from tests.pretrained.mxnet_files import params_bytes

ARRAYS = {
    "conv_weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
    "bn_gamma": np.array([1.5, 2.5], np.float64),
    "bn_moving_mean": np.array([0.25, -4], np.float16),
}


def write(tmp_path, content, name="model-0000.params"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("with_storage", [True, False])
def test_both_layouts_are_read(tmp_path, with_storage):
    source = read_weights(write(tmp_path, params_bytes(ARRAYS, with_storage)))
    assert source.format == "mxnet"
    assert [*source.arrays] == [*ARRAYS]
    for name, array in ARRAYS.items():
        assert source.arrays[name].dtype == np.float32
        np.testing.assert_array_equal(source.arrays[name], array.astype(np.float32))


def test_without_a_symbol_nothing_else_is_known(tmp_path):
    source = read_weights(write(tmp_path, params_bytes(ARRAYS)))
    assert (source.scaling, source.fixed_gammas, source.epsilons) == (None, None, {})


def test_a_file_cut_anywhere_is_damaged(tmp_path):
    content = params_bytes(ARRAYS)
    for length in range(8, len(content), 3):
        with pytest.raises(DataError, match="is damaged at byte"):
            read_weights(write(tmp_path, content[:length]))


def test_bytes_behind_the_end_are_damage(tmp_path):
    with pytest.raises(DataError, match="4 bytes follow the last name"):
        read_weights(write(tmp_path, params_bytes(ARRAYS) + b"more"))


def header(count, *words):
    return struct.pack("<QQQ", 0x112, 0, count) + struct.pack(f"<{len(words)}I", *words)


DENSE = (0xF993FAC9, 0)
LIES = {
    "2,305,843,009,213,693,952 arrays do not fit": header(2**61, *DENSE),
    "an array starts with 0xf993facb": header(1, 0xF993FACB, 0, 0, 0),
    "an array is sparse": header(1, 0xF993FAC9, 1, 1, 1, 0),
    "an array has 400 dimensions": header(1, *DENSE, 400, 0),
    "an array has 0 dimensions": header(1, *DENSE, 0, 0),
    r"an array has shape \[-1\]": header(1, *DENSE, 1, 2**32 - 1, 2**32 - 1),
    "needs 1,099,511,627,776 bytes": header(1, *DENSE, 2, 0, 64, 1, 0, 1, 0, 0),
    "9 is not a known data type": header(1, *DENSE, 1, 1, 0, 1, 0, 9),
}


@pytest.mark.parametrize("words", LIES)
def test_a_header_that_lies_is_refused_before_memory_is_taken(tmp_path, words):
    with pytest.raises(DataError, match=words):
        read_weights(write(tmp_path, LIES[words]))


def test_names_must_be_whole(tmp_path):
    with pytest.raises(DataError, match="neither 'arg:…' nor 'aux:…'"):
        read_weights(write(tmp_path, params_bytes({"a": ARRAYS["bn_gamma"]}, prefix="net:")))
    twice = params_bytes({"aa": ARRAYS["bn_gamma"], "ab": ARRAYS["bn_gamma"]})
    with pytest.raises(DataError, match="two arrays have the same name"):
        read_weights(write(tmp_path, twice.replace(b"arg:ab", b"arg:aa")))


def symbol(*nodes):
    return {"nodes": [{"op": "null", "name": "data", "inputs": []}, *nodes]}


def node(op, name, x, **attributes):
    return {"op": op, "name": name, "inputs": [[x, 0, 0]], "attrs": attributes}


def read_with_symbol(tmp_path, description):
    (tmp_path / "model-symbol.json").write_text(json.dumps(description))
    return read_weights(write(tmp_path, params_bytes(ARRAYS)))


def test_the_symbol_tells_scaling_epsilon_and_fixed_gammas(tmp_path):
    source = read_with_symbol(
        tmp_path,
        symbol(
            node("identity", "id", 0),
            node("_minus_scalar", "m", 1, scalar="100"),
            node("_div_scalar", "d", 2, scalar="4"),
            node("_plus_scalar", "p", 3, scalar="2"),
            node("Convolution", "conv", 4),
            node("_mul_scalar", "later", 5, scalar="7"),
            node("BatchNorm", "silent", 5),
            node("BatchNorm", "given", 5, eps="2e-05", fix_gamma="False"),
        ),
    )
    assert source.scaling == (0.25, -23.0)
    assert source.epsilons == {"silent": 1e-3, "given": 2e-5}
    assert source.fixed_gammas == {"silent"}


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"nodes": [{"op": "BatchNorm"}]},
        symbol(node("_mul_scalar", "m", 0)),
        symbol(node("_div_scalar", "m", 0, scalar="0")),
        symbol({"op": "BatchNorm", "name": [], "inputs": [[0, 0, 0]]}),
        {"nodes": {"data": 1}},
        {"nodes": [[[[]]]]},
        symbol(node("BatchNorm", "m", 0, eps="x" * 10**6)),
    ],
)
def test_a_damaged_symbol_is_named(tmp_path, description):
    with pytest.raises(
        DataError, match=r"MXNet symbol '.*model-symbol.json' (is damaged|must hold)"
    ) as error:
        read_with_symbol(tmp_path, description)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 10**5, "is not valid JSON: nested too deeply"),
        ('{"nodes": ' + "[" * 10**5, "is not valid JSON: nested too deeply"),
        ("[]", "must hold a JSON object"),
        ("{", "is not valid JSON"),
        ("", "is not valid JSON"),
        ('{"nodes": ' + "9" * 5000 + "}", "is not valid JSON"),
    ],
)
def test_a_symbol_that_is_not_json_is_named(tmp_path, text, words):
    (tmp_path / "model-symbol.json").write_text(text)
    with pytest.raises(DataError, match=rf"MXNet symbol '.*model-symbol.json' {words}"):
        read_weights(write(tmp_path, params_bytes(ARRAYS)))
