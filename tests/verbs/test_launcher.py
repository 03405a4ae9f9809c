"""The command `facerec`: listing, help and errors, without TensorFlow."""

import subprocess
import sys

import pytest

from facerec_tf.verbs.help_texts import FOLDER, render_all
from facerec_tf.verbs.launcher import main
from facerec_tf.verbs.table import GROUPS, VERBS
from facerec_tf.version import __version__
from tests.conftest import ROOT
from tests.forked import run_forked

#: Shows the listing and the help of every verb, and prints what was imported meanwhile.
ALL_HELP = """
import sys
from facerec_tf.verbs.launcher import main
from facerec_tf.verbs.table import VERBS
main([])
for verb in VERBS:
    main([verb, "--help"])
main(["train", "--helpfull"])
main(["losses", "arcface"])
sys.exit(", ".join({"tensorflow", "keras", "numpy", "absl"} & set(sys.modules)))
"""


def test_help_imports_no_framework():
    done = subprocess.run(
        [sys.executable, "-c", ALL_HELP], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stderr) == (1, "\n")  # sys.exit("") prints an empty line
    for verb in VERBS:
        assert f"usage: facerec {verb} [" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--help"], ["help"]])
def test_all_verbs_are_listed_in_groups(arguments, capsys):
    main(arguments)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:-1] for line in lines if line.endswith(":")] == [*GROUPS]
    assert [line.split()[0] for line in lines if line.startswith("  ")] == [*VERBS]


@pytest.mark.parametrize("given", ["merge-records", "merge_records"])
def test_help_of_a_verb(given, capsys):
    main(["help", given])
    assert capsys.readouterr().out.startswith("usage: facerec merge-records [flags]")


def test_an_interrupted_import(monkeypatch, capsys):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupt)
    with pytest.raises(SystemExit) as error:
        main(["losses"])
    assert error.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_version(capsys):
    main(["--version"])
    assert capsys.readouterr().out == f"facerec_tf {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["merge-record"], "Unknown verb 'merge-record'. Did you mean 'merge-records'?"),
        (["import_lwf"], "Unknown verb 'import_lwf'. Did you mean 'import-lfw'?"),
        (["qqqqqq"], "Unknown verb 'qqqqqq'. 'facerec' lists the verbs."),
        (["help", "expotr"], "Unknown verb 'expotr'. Did you mean 'export'?"),
        (["--loss=arcface"], "The first argument must be a verb. Received: --loss=arcface."),
    ],
)
def test_an_unknown_verb(arguments, message, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_help_texts_are_those_of_the_flags_and_docstrings():
    written = {
        str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*.txt")
    }
    rendered = render_all()
    for name, text in rendered.items():
        assert written[name] == text, "run: make help-texts"
    assert written.keys() == rendered.keys()


def test_a_verb_runs():
    done = run_forked("facerec_tf", "losses")
    assert done.returncode == 0, done.stderr
    assert "  arcface " in done.stdout
    assert "ArcFace 1801.07698" in done.stdout


def test_what_follows_two_dashes_is_refused():
    done = run_forked("facerec_tf", "losses", "--", "more")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: Unexpected argument 'more'")
