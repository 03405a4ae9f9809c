import os

import numpy as np
import pytest

from facerec_tf.runs.keras_file import load_keras
from tests.pretrained.mxnet_files import fresnet, params_bytes

Y1 = "data/models/mobilefacenet_y1/model-0000.params"


@pytest.fixture(scope="module")
def params(tmp_path_factory):
    return fresnet((1, 2, 2, 1), (16, 32, 64, 128), 256).write(tmp_path_factory.mktemp("mxnet"))


@pytest.fixture
def import_(run_verb, tmp_path):
    def run(source, backbone="iresnet_nano", output="r.keras", **flags):
        flags = {"from": source, "backbone": backbone, "output": tmp_path / output, **flags}
        return run_verb("import-weights", **flags)

    return run


def test_the_real_y1(shared_dir, import_, tmp_path):
    done = import_(shared_dir / Y1, "y1")
    assert done.returncode == 0, done.stderr
    assert "284 arrays, each used once; 0 left aside" in done.stdout
    assert "pixels: rgb, x * 0.0078125 -0.996094, inside the network" in done.stdout
    assert f"evaluate --model={tmp_path / 'r.keras'}" in done.stdout
    assert f"train --pretrained={tmp_path / 'r.keras'}" in done.stdout
    recognizer = load_keras(tmp_path / "r.keras")
    assert recognizer.digest()[:12] in done.stdout
    assert recognizer.origin["file"] == "model-0000.params"
    assert recognizer(np.full((1, 112, 112, 3), 9.0)).shape == (1, 128)


def test_options_go_to_the_backbone(import_, tmp_path):
    path = fresnet((1, 2, 2, 1), (16, 32, 64, 128), 256, se=True).write(tmp_path)
    done = import_(path, option="se=true")
    assert done.returncode == 0, done.stderr


def test_an_output_that_is_there_is_kept(params, import_, tmp_path, one_line_error):
    (tmp_path / "r.keras").write_text("mine")
    one_line_error(import_(params), "already exists")
    assert (tmp_path / "r.keras").read_text() == "mine"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"backbone": "iresnet_nono"}, "Did you mean 'iresnet_nano'?"),
        ({"output": "r.h5"}, "a file that ends in .keras"),
        ({"option": "se"}, "Argument 'option' must be NAME=VALUE"),
        ({"option": "ce=true"}, "does not take an argument 'ce'"),
        ({"mean": 127.5}, "Argument 'std' must be given with 'mean'"),
    ],
)
def test_bad_flags(params, import_, one_line_error, flags, words):
    one_line_error(import_(params, **flags), words)


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def garbage(params, folder):
    return b"no weights"


def truncated(params, folder):
    return params.read_bytes()[:-1000]


def malicious(params, folder):
    torch = pytest.importorskip("torch")
    torch.save({"fc.weight": Malicious(folder / "ran")}, folder / "w")
    return (folder / "w").read_bytes()


def not_finite(params, folder):
    symbol = fresnet((1, 2, 2, 1), (16, 32, 64, 128), 256)
    symbol.arrays["bn0_beta"][3] = np.nan
    return params_bytes(symbol.arrays)


def another_network(params, folder):
    return params_bytes(fresnet((1, 1, 1, 1), (16, 32, 64, 128), 256).arrays)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (garbage, "unsupported format"),
        (truncated, "is damaged at byte"),
        (malicious, "is refused: it contains 'posix.system'"),
        (not_finite, "1 arrays contain NaN or infinity, for example 'bn0_beta'"),
        (another_network, "does not fit backbone iresnet_nano: 30 missing (stage2_unit2_bn1_gamma"),
    ],
)
def test_bad_files_are_named_and_leave_nothing(
    params, import_, tmp_path, one_line_error, make, words
):
    (tmp_path / "w").write_bytes(make(params, tmp_path))
    one_line_error(import_(tmp_path / "w"), words)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w"]
