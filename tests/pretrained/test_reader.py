import os

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.pretrained import read_weights
from tests.pretrained.mxnet_files import params_bytes


def test_the_content_counts_and_not_the_ending(tmp_path):
    path = tmp_path / "weights.onnx"
    path.write_bytes(params_bytes({"a": np.ones(2, np.float32)}))
    assert read_weights(path).format == "mxnet"


@pytest.mark.parametrize(
    "content", [b"", b"\x89HDF\r\n\x1a\n", b"not weights at all", b"\x12\x01" * 20]
)
def test_other_formats_are_refused_and_the_known_ones_named(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"unsupported format.*: MXNet .*PyTorch .*ONNX"):
        read_weights(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"Weight file '.*none.pt' does not exist"):
        read_weights(tmp_path / "none.pt")


def test_the_error_for_a_keras_model_names_the_flags(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "m.keras")
    with pytest.raises(DataError, match="already a Keras model: pass it as --pretrained"):
        read_weights(tmp_path / "m.keras")


def test_what_is_not_a_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    for path, found in ((tmp_path / "pipe.pt", "a named pipe"), (tmp_path, "a folder")):
        with pytest.raises(DataError, match=rf"Cannot read weight file '.*': it is {found}"):
            read_weights(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_must_be_finite(tmp_path, value):
    path = tmp_path / "m-0000.params"
    path.write_bytes(params_bytes({"a": np.ones(2, "f4"), "b": np.array([1, value], "f4")}))
    with pytest.raises(DataError, match="1 arrays contain NaN or infinity, for example 'b'"):
        read_weights(path)
