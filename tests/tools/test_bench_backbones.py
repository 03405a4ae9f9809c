import re

import pytest


@pytest.mark.slow
def test_prints_a_table_of_ratios(run_tool):
    pytest.importorskip("torch")
    options = {"backbones": "iresnet_nano", "forms": "litert", "batch_size": 2, "rounds": 1}
    done = run_tool("bench/backbones", xla=False, **options)
    assert done.returncode == 0, done.stderr
    for name in ("PyTorch", "plain", "evaluate", "litert"):
        assert re.search(rf"{name} +\d+\.\d\d x PyTorch +images/s: \d", done.stdout), name
    rows = re.findall(r"^\| `iresnet_nano` \| (\w.*?) \| [\d.]+ \| ", done.stdout, re.MULTILINE)
    assert rows == ["train", "embed", "best export"]


def test_an_unknown_network_is_named(run_tool, one_line_error):
    pytest.importorskip("torch")
    one_line_error(run_tool("bench/backbones", backbones="vit_t"), "backbones='vit_t'", "mbf")
