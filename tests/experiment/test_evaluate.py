"""`evaluate` as a user types it: which pairs it takes, what it says and where it writes."""

import json
import re
import shutil

import pytest

from facerec_tf.config import EvaluationConfig
from facerec_tf.core.errors import DataError
from facerec_tf.experiment.run_pairs import find_run_pairs
from tests.forked import run_forked


def evaluate(*flags, cwd):
    return run_forked("facerec_tf", "evaluate", *flags, cwd=cwd)


@pytest.fixture
def moved_run(finished_run, faces, tmp_path):
    """A finished run whose records have two pair sets, and the pair set that it used."""
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(faces, data)
    shutil.copytree(data / "pairs" / "synthetic", data / "pairs" / "other")
    shutil.copytree(finished_run, run)
    config = json.loads((run / "config.json").read_text())
    config["data"]["directory"] = str(data)
    config["evaluation"] |= {"eval_pairs": "other", "flip_fusion": False}
    (run / "config.json").write_text(json.dumps(config))
    return run


def test_a_run_is_evaluated_on_its_own_pairs_and_agrees_with_training(finished_run, tmp_path):
    done = evaluate(f"--workdir={finished_run}", f"--output={tmp_path / 'out'}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert report["protocol"] == "synthetic"
    (printed,) = re.findall(r"accuracy +(\S+) ± \S+ %\n", done.stdout)
    (last,) = (finished_run / "metrics.csv").read_text().splitlines()[-1:]
    names = (finished_run / "metrics.csv").read_text().splitlines()[0].split(",")
    trained = float(dict(zip(names, last.split(","), strict=True))["verification_accuracy"])
    assert f"{100 * trained:.2f}" == printed
    assert report["accuracy"] == pytest.approx(trained)


def test_the_pairs_and_flips_of_the_run_are_the_default(moved_run, tmp_path):
    done = evaluate("--workdir=run", "--output=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^pairs +.*/data/pairs/other$", done.stdout, re.M)
    assert "without the mirrored crops added" in done.stdout
    report = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert report["protocol"] == "other"
    assert report["operating_point"]["flip_fusion"] is False
    shown = f"accepted at {report['threshold']:.4f} or more"
    assert (
        f"cosine similarity of two embeddings, without the mirrored crops added; a pair is {shown}"
        in done.stdout
    )
    assert "export it  python -m facerec_tf.export --workdir=run --output=DIR" in done.stdout


def test_a_run_without_pairs_names_the_sets_there(moved_run, tmp_path):
    config = json.loads((moved_run / "config.json").read_text())
    config["evaluation"]["eval_pairs"] = None
    (moved_run / "config.json").write_text(json.dumps(config))
    done = evaluate("--workdir=run", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: Missing flag: --protocol=NAME, one of other, synthetic")
    shutil.rmtree(tmp_path / "data" / "pairs")
    done = evaluate("--workdir=run", cwd=tmp_path)
    assert done.stderr.startswith("error: Missing flag: --data=DIR, the folder of the pairs")


def test_a_model_is_evaluated_beside_it(finished_run, faces, tmp_path):
    models, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    models.mkdir()
    elsewhere.mkdir()
    shutil.copy(finished_run / "recognizer.keras", models / "x.keras")
    done = evaluate("--model=../models/x.keras", f"--data={faces}", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    written = models / "x.evaluation"
    assert {file.name for file in written.iterdir()} == {"evaluation.json", "verification.png"}
    assert list(elsewhere.iterdir()) == []
    assert "with the mirrored crops added" in done.stdout
    assert "export it  python -m facerec_tf.export --model=../models/x.keras" in done.stdout


def test_the_pairs_of_a_run(faces, tmp_path):
    own = faces / "pairs" / "synthetic"
    assert find_run_pairs(EvaluationConfig(), faces) == own
    assert find_run_pairs(EvaluationConfig(), tmp_path) is None
    assert find_run_pairs(EvaluationConfig(eval_pairs="synthetic"), faces) == own
    assert find_run_pairs(EvaluationConfig(eval_pairs=str(own)), tmp_path) == own
    with pytest.raises(DataError, match="no pairs for protocol 'lfw'"):
        find_run_pairs(EvaluationConfig(eval_pairs="lfw"), faces)
