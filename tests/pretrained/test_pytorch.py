import collections
import os

import numpy as np
import pytest

from facerec_tf.core import extras
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.pretrained import read_weights

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


class Malicious:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def save(torch, tmp_path):
    def write(content, **options):
        torch.save(content, tmp_path / "w.pt", **options)
        return tmp_path / "w.pt"

    return write


def test_a_state_dict_is_read_with_or_without_wrapping(torch, save):
    plain = {"fc.weight": torch.from_numpy(WEIGHT), "bn.num_batches_tracked": torch.tensor(3)}
    wrapped = {f"module.{name}": value for name, value in plain.items()}
    checkpoint = {"epoch": 3, "state_dict_backbone": collections.OrderedDict(wrapped)}
    for content in (plain, wrapped, {"state_dict": wrapped, "optimizer": {}}, checkpoint):
        source = read_weights(save(content))
        assert source.format == "pytorch"
        assert [*source.arrays] == ["fc.weight"]
        np.testing.assert_array_equal(source.arrays["fc.weight"], WEIGHT)


def test_the_old_file_layout_is_read(torch, save):
    path = save({"a": torch.from_numpy(WEIGHT)}, _use_new_zipfile_serialization=False)
    np.testing.assert_array_equal(read_weights(path).arrays["a"], WEIGHT)


def test_half_precision_becomes_float32(torch, save):
    source = read_weights(save({"a": torch.from_numpy(WEIGHT).half()}))
    assert source.arrays["a"].dtype == np.float32
    np.testing.assert_array_equal(source.arrays["a"], WEIGHT)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused_and_does_not(torch, save, tmp_path, zipped):
    content = {"a": torch.from_numpy(WEIGHT), "b": Malicious(tmp_path / "ran")}
    path = save(content, _use_new_zipfile_serialization=zipped)
    with pytest.raises(DataError, match=r"refused: it contains 'posix.system', and .* run code"):
        read_weights(path)
    assert not (tmp_path / "ran").exists()
    torch.load(path, weights_only=False)
    assert (tmp_path / "ran").exists(), "the file was harmless: the test shows nothing"


def test_a_whole_network_is_refused(torch, save):
    with pytest.raises(DataError, match=r"Linear'.* only the network's state_dict\(\)"):
        read_weights(save(torch.nn.Linear(2, 2)))


def test_what_is_no_state_dict_is_named(torch, save):
    with pytest.raises(DataError, match="contains a list, expected a state_dict"):
        read_weights(save([1, 2]))
    with pytest.raises(DataError, match="'epoch' is of type int, expected a dense"):
        read_weights(save({"a": torch.from_numpy(WEIGHT), "epoch": 3}))
    for kind in (torch.eye(2).to_sparse(), torch.ones(2, device="meta")):
        with pytest.raises(DataError, match="'a' is of type Tensor, expected a dense"):
            read_weights(save({"a": kind}))
    with pytest.raises(DataError, match="two arrays are named 'a'"):
        read_weights(save({"a": torch.ones(2), "module.a": torch.ones(2)}))


def test_an_array_larger_than_its_data_is_refused(torch, save):
    path = save({"a": torch.ones(1).expand(10**12)})
    with pytest.raises(DataError, match="array 'a' is larger than its data"):
        read_weights(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_named(torch, save, zipped):
    path = save({"a": torch.ones(1000)}, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    for share in (0.01, 0.3, 0.9):
        path.write_bytes(content[: int(share * len(content)) + 8])
        with pytest.raises(
            DataError,
            match=r"(PyTorch|Weight) file '.*w.pt' (cannot be read|is refused|is damaged)",
        ):
            read_weights(path)


def test_without_the_package_the_extra_is_named(torch, save, monkeypatch):
    path = save({"a": torch.ones(2)})

    def fail(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(extras.importlib, "import_module", fail)
    with pytest.raises(UserError, match=r"pip install 'facerec_tf\[torch\]'"):
        read_weights(path)
