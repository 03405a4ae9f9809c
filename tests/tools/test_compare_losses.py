"""The comparison of losses: rows are trained once, resumed, judged, and told in a table."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from facerec_tf.data import write_synthetic
from tests.conftest import ROOT

RECIPE = """
--backbone=iresnet_nano
--embedding_size=16
--batch_size=8
--max_steps=2
--checkpoint_every=1
"""


@pytest.fixture
def judged(tmp_path):
    """Folder in which rows of two losses are finished, one with two seeds, one with one."""
    for name, accuracy in (("arcface-0", 0.8), ("arcface-1", 0.9), ("softmax-center-0", 0.7)):
        report = tmp_path / "runs" / name / "report"
        report.mkdir(parents=True)
        found = {"protocol": "lfw_view1", "accuracy": accuracy, "auc": 0.75}
        (report / "evaluation.json").write_text(json.dumps(found))
    return tmp_path / "runs"


def test_the_table_has_means_and_deviations_best_first(run_tool, judged, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- table -->\nold\n<!-- end -->\nafter\n")
    done = run_tool("compare_losses", train=False, workdir=judged, table=page)
    assert done.returncode == 0, done.stderr
    arcface = "| arcface | `--loss=arcface --s=32 --m=0.25` | 85.0 ± 7.1 | 0.750 | 2 |"
    center = "| softmax + center | `--loss=softmax --auxiliary=center:0.003` | 70.0 | 0.750 | 1 |"
    rows = done.stdout.splitlines()[2:]
    assert rows == [arcface, center]
    written = page.read_text().splitlines()
    assert written[:2] == ["before", "<!-- table -->"]
    assert written[4:] == [arcface, center, "<!-- end -->", "after"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"rows": "arcfase"}, "Did you mean 'arcface'"),
        ({}, "Give --data=DIR"),
        ({"table": "README.md"}, "<!-- table -->"),
    ],
)
def test_refuses(run_tool, one_line_error, tmp_path, flags, words):
    one_line_error(run_tool("compare_losses", workdir=tmp_path / "runs", **flags), words)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_trains_what_is_missing(run_tool, tmp_path):
    write_synthetic(tmp_path / "data", identities=6, images=4, holdout=8, pairs=20, workers=1)
    (tmp_path / "recipe.flags").write_text(RECIPE)
    flags = {
        "recipe": tmp_path / "recipe.flags",
        "data": tmp_path / "data",
        "workdir": tmp_path / "runs",
        "protocol": "synthetic",
        "rows": "arcface",
        "seeds": 3,
    }
    done = run_tool("compare_losses", **flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("| arcface | `--loss=arcface")
    run = tmp_path / "runs" / "arcface-3"
    assert json.loads((run / "config.json").read_text())["training"]["seed"] == 3

    (run / "recognizer.keras").unlink()  # As if it was stopped before its end.
    shutil.rmtree(run / "checkpoints")  # And before its first checkpoint.
    done = run_tool("compare_losses", **flags)
    assert "--resume" in done.stdout
    assert (run / "recognizer.keras").exists()
    assert "facerec_tf" not in run_tool("compare_losses", **flags).stdout


def test_another_protocol_does_not_count(run_tool, judged):
    done = run_tool("compare_losses", train=False, workdir=judged, protocol="lfw_view2")
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.slow
def test_a_stopped_run_saves_first(tmp_path):
    """SIGTERM goes on to the run, which saves and ends; the tool waits for it."""
    write_synthetic(tmp_path / "data", identities=6, images=4, holdout=8, pairs=20, workers=1)
    (tmp_path / "recipe.flags").write_text(RECIPE.replace("max_steps=2", "max_steps=100000"))
    command = [
        *(sys.executable, ROOT / "tools" / "compare_losses.py"),
        *("--rows=arcface", "--protocol=synthetic", f"--recipe={tmp_path / 'recipe.flags'}"),
        *(f"--data={tmp_path / 'data'}", f"--workdir={tmp_path / 'runs'}"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    checkpoints = tmp_path / "runs" / "arcface-0" / "checkpoints"
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while not list(checkpoints.glob("step-*")):
            assert process.poll() is None
            time.sleep(0.2)
        process.terminate()
        assert process.wait(60) == 1
        assert "ended with code 143" in process.stderr.read()
