"""Which process prints, and that nothing else in the package does."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError

PACKAGE = Path(chief.__file__).resolve().parent.parent
WORKERS = {"worker": ["a:1", "b:1"]}
WITH_CHIEF = {"chief": ["c:1"], **WORKERS}


def configure(monkeypatch, cluster, kind, index):
    task = {"type": kind, "index": index}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "expected"),
    [
        (WORKERS, "worker", 0, True),
        (WORKERS, "worker", 1, False),
        (WITH_CHIEF, "chief", 0, True),
        (WITH_CHIEF, "worker", 0, False),
        (WITH_CHIEF, "evaluator", 0, False),
    ],
)
def test_one_task_of_a_cluster_prints(monkeypatch, capsys, cluster, kind, index, expected):
    configure(monkeypatch, cluster, kind, index)
    assert chief.is_chief() == expected
    chief.emit("hello")
    assert capsys.readouterr().out == ("hello\n" if expected else "")
    with chief.progress_bar(total=1) as bar:
        bar.update()
    assert bar.disable or expected


def test_a_process_outside_a_cluster_is_chief(monkeypatch, capsys):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert chief.is_chief()
    chief.emit("to stdout")
    chief.emit("to stderr", file=sys.stderr)
    chief.emit("silent", verbose=0)
    assert capsys.readouterr() == ("to stdout\n", "to stderr\n")


def test_the_strategy_in_use_decides_before_the_environment(monkeypatch):
    import tensorflow as tf

    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(WORKERS), task_type="worker", task_id=1
    )
    strategy = tf.distribute.get_strategy()
    configure(monkeypatch, WORKERS, "worker", 0)
    assert chief.is_chief()
    monkeypatch.setattr(strategy.extended, "_cluster_resolver", resolver, raising=False)
    assert not chief.is_chief()


@pytest.mark.parametrize(
    "text", ["{", "[1]", "[" * 100_000, '{"task": 3}', '{"task": {"index": "x"}}']
)
def test_an_invalid_environment_is_named(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ArgumentError, match="TF_CONFIG must be JSON with 'cluster' and 'task'"):
        chief.is_chief()


def test_printing_does_not_import_tensorflow():
    code = (
        "import sys; from facerec_tf.core import chief; chief.emit('x'); "
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def uses(path, found):
    return any(found(node) for node in ast.walk(ast.parse(path.read_text())))


def prints(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", None) == "print"


def imports_tqdm(node):
    names = [alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)]
    return "tqdm" in [*names, getattr(node, "module", None)]


@pytest.mark.parametrize("found", [prints, imports_tqdm])
def test_only_the_chief_prints_and_draws_progress_bars(found):
    """`command.py` prints the error that ends a process, on whichever process it is."""
    allowed = {PACKAGE / "command.py", PACKAGE / "core" / "chief.py"}
    others = {path for path in PACKAGE.rglob("*.py") if uses(path, found)} - allowed
    assert not others
