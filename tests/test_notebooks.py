"""The notebooks as committed; pytest also runs them, by nbmake (see setup.cfg)."""

import ast
import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted(
    (Path(__file__).resolve().parent.parent / "experiments" / "notebooks").glob("*.ipynb")
)
LARGEST = 1.5e6  # bytes

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"margins", "toy_embeddings"}


@every_notebook
def test_outputs_are_those_of_one_run_from_top_to_bottom(path):
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))


@every_notebook
def test_outputs_hold_figures_and_no_noise(path):
    remedy = f"pytest --overwrite {path.name} rewrites them"
    pictures = 0
    for cell in code_cells(path):
        for output in cell["outputs"]:
            assert output["output_type"] != "error", remedy
            assert output.get("name") != "stderr", remedy
            pictures += "image/png" in output.get("data", {})
        source = "".join(cell["source"])
        shows = source.rstrip().endswith(")") and "_figure(" in source
        assert any("image/png" in o.get("data", {}) for o in cell["outputs"]) == shows, remedy
    assert pictures >= 4


@every_notebook
def test_they_stay_small(path):
    assert path.stat().st_size < LARGEST


@every_notebook
def test_they_run_in_any_python(path):
    assert json.loads(path.read_text())["metadata"]["kernelspec"]["name"] == "python3"


@every_notebook
def test_they_use_public_names_only(path):
    for cell in code_cells(path):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("facerec_tf"):
                assert node.module == "facerec_tf"
            if isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_")
