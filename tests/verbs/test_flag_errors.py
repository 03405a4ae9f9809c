"""What a stranger reads who gives a verb nothing, or something wrong: one line, in one wording."""

import re

import pytest

from facerec_tf.verbs.table import VERBS
from tests.forked import run_forked

#: Verb → flags that it misses when it is given nothing. Those of a choice are checked afterwards.
MISSING = {
    "evaluate": "--workdir=RUN or --model=FILE",
    "export": "--output",
    "align": "--images, --output",
    "make-records": "--output",
    "make-records-beam": "--images, --output",
    "make-synthetic": "--output",
    "import-lfw": "--output",
    "import-mxnet": "--rec, --output",
    "import-bin": "--bin, --output",
    "import-ytf": "--frames, --splits, --output",
    "import-arcface-tf2": "--records, --output",
    "import-weights": "--from, --backbone, --output",
    "inspect-records": "--data, --output",
    "merge-records": "--inputs, --output",
    "split-records": "--data, --output",
    "check-overlap": "--data, --test, --output",
    "find-label-errors": "--output",
    "clean-labels": "--output",
}

#: Verbs that need nothing.
COMPLETE = ("train", "backbones", "losses")


def the_line(verb, *flags, cwd):
    """The only line that the verb prints, to standard error; its exit code is 1."""
    done = run_forked("facerec_tf", verb, *flags, cwd=cwd)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert list(cwd.iterdir()) == []
    return line.removeprefix("error: ")


def test_every_verb_is_tested():
    assert {*MISSING, *COMPLETE} == set(VERBS)


@pytest.mark.parametrize("verb", MISSING)
def test_nothing_given(verb, tmp_path):
    line = the_line(verb, cwd=tmp_path)
    names = re.escape(MISSING[verb])
    assert re.match(rf"Missing flags?: {names}[,.] ", line), line


@pytest.mark.parametrize("verb", VERBS)
def test_a_misspelled_flag(verb, tmp_path):
    line = the_line(verb, "--wordkir=x", cwd=tmp_path)
    assert line.startswith("Unknown flag --wordkir. ")
    assert line.endswith(f"'facerec {verb} --help' lists the flags.")
    if verb in ("train", "evaluate"):
        assert "Did you mean --workdir?" in line


@pytest.mark.parametrize("verb", VERBS)
def test_a_stray_argument(verb, tmp_path):
    line = the_line(verb, "--flagfile=", "photos", cwd=tmp_path)
    assert line.startswith("Unexpected argument 'photos': flags have the form --NAME=VALUE. ")


@pytest.mark.parametrize(
    ("verb", "flags", "message"),
    [
        ("train", ["--lr=fast"], "Argument 'lr' must be a number. Received: --lr=fast. "),
        ("train", ["--epochs=1.5"], "Argument 'epochs' must be an integer. Received: --epochs=1.5"),
        ("train", ["--resume=x"], "Argument 'resume' must be true or false. Received: --resume=x"),
        ("train", ["--lr"], "Missing value for flag --lr. 'facerec train --help' lists"),
        ("train", ["--flagfile=nowhere"], "Unable to open flagfile: "),
        ("train", ["--batch-size=3"], "Unknown flag --batch-size. Did you mean --batch_size?"),
        ("train", ["--lr=1", "--resume"], "Missing flag: --workdir=RUN, the run that --resume"),
        ("export", ["--output="], "Missing flag: --output."),
        ("export", ["--output=x"], "Missing flag: --workdir=RUN or --model=FILE, the recognizer."),
        ("evaluate", ["--model=."], "Missing flag: --data=DIR, the folder of the pairs"),
        ("evaluate", ["--model=x", "--workdir=y"], "Arguments 'workdir' and 'model' exclude each"),
        ("make-records", ["--output=x"], "Missing flag: --images=DIR or --table=FILE"),
        ("import-lfw", ["--output=x"], "Missing flag: --archive=FILE or --tfds."),
        ("clean-labels", ["--output=x"], "Missing flag: --workdir=RUN or --model=FILE"),
        ("find-label-errors", ["--output=x"], "Missing flag: --workdir=RUN or --model=FILE"),
        (
            "clean-labels",
            ["--output=x", "--action=burn"],
            "Argument 'action' must be one of drop, relabel.",
        ),
        (
            "backbones",
            ["--batch_size=0"],
            "Argument 'batch_size' must be a positive integer.",
        ),
    ],
)
def test_a_wrong_value(verb, flags, message, tmp_path):
    assert the_line(verb, *flags, cwd=tmp_path).startswith(message)


#: Verb → flags with paths that do not exist, and the path that the message names.
NOWHERE = {
    "train": (["--data=nowhere"], "nowhere"),
    "evaluate": (["--workdir=nowhere"], "nowhere"),
    "export": (["--workdir=nowhere", "--output=out"], "nowhere"),
    "align": (["--images=x", "--output=out", "--detector_model=nowhere.onnx"], "nowhere.onnx"),
    "make-records": (["--images=nowhere", "--output=out"], "nowhere"),
    "import-lfw": (["--archive=x.tar", "--output=out", "--landmarks=nowhere.csv"], "nowhere.csv"),
    "import-mxnet": (["--rec=nowhere.rec", "--output=out"], "nowhere.rec"),
    "import-bin": (["--bin=nowhere.bin", "--output=out"], "nowhere.bin"),
    "import-ytf": (["--frames=nowhere", "--splits=nowhere.txt", "--output=out"], "nowhere"),
    "import-arcface-tf2": (["--records=nowhere.tfrecord", "--output=out"], "nowhere.tfrecord"),
    "import-weights": (
        ["--from=nowhere.onnx", "--backbone=mbf", "--output=out.keras"],
        "nowhere.onnx",
    ),
    "inspect-records": (["--data=nowhere", "--output=out"], "nowhere"),
    "merge-records": (["--inputs=nowhere,there", "--output=out"], "nowhere"),
    "split-records": (["--data=nowhere", "--output=out"], "nowhere"),
    "check-overlap": (["--data=nowhere", "--test=there", "--output=out"], "nowhere"),
    "find-label-errors": (["--workdir=nowhere", "--output=out"], "nowhere"),
    "clean-labels": (["--workdir=nowhere", "--output=out"], "nowhere"),
}


@pytest.mark.parametrize("verb", NOWHERE)
def test_a_path_that_does_not_exist(verb, tmp_path):
    flags, path = NOWHERE[verb]
    assert path in the_line(verb, *flags, cwd=tmp_path)
