"""Help texts: groups, one loss at a time, and any terminal."""

import os
import re
import subprocess
import sys
from dataclasses import fields

import pytest

from facerec_tf import BACKBONES, flags
from facerec_tf.config import FIELDS
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.flags import SMALL_NETWORK, SYNTHETIC_DEFAULTS, typed
from facerec_tf.models import MAIN_LOSSES
from facerec_tf.verbs import train
from facerec_tf.verbs.help_layout import fit, flag_entry, unwrap
from facerec_tf.verbs.help_texts import FOLDER
from facerec_tf.verbs.launcher import help_text, main
from facerec_tf.verbs.table import VERBS
from tests.conftest import ROOT


def flags_of(text):
    return re.findall(r"^  --(?:\[no\])?(\w+): ", text, re.MULTILINE)


def facerec(*arguments, shell="", **environment):
    """Runs the command in a process of its own; `shell` follows it on the command line."""
    command = " ".join(["exec" if not shell else "", sys.executable, "-m facerec_tf", *arguments])
    return subprocess.run(
        ["bash", "-c", f"{command} {shell}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


def test_the_flags_of_train_are_in_groups():
    text = help_text("train")
    headings = re.findall(r"^(\w[\w -]*):$", text, re.MULTILINE)
    assert headings[:4] == ["Run", "Data", "Loss", "Network"]
    assert set(headings) >= {"Optimizer", "Learning rate schedule", "Augmentation", "Evaluation"}
    assert flags_of(text) == [flag for flags in train.flag_groups().values() for flag in flags]
    assert len(set(flags_of(text))) == len(flags_of(text)) > 50
    assert len(text.splitlines()) < 130


def test_the_parameters_of_a_loss_are_shown_only_for_that_loss():
    plain = set(flags_of(help_text("train")))
    for loss, kind in MAIN_LOSSES.items():
        more = set(flags_of(help_text("train", [f"--loss={loss}"]))) - plain
        assert more == set(hyperparameters(kind)), loss
    network = help_text("train", ["--lr=1", "--backbone", "mbf_large", "--resume"])
    assert set(flags_of(network)) - plain == {"units", "scale", "embedding_head"}


def test_sections_name_options_that_exist():
    known = {f"{group.name}.{field.name}" for group in FIELDS for field in fields(group.default)}
    assert {path for paths in flags._SECTIONS.values() for path in paths} <= known
    assert set(flags._HEADINGS) == {group.name for group in FIELDS}


def test_helpfull_describes_everything():
    text = help_text("train", ["--helpfull"])
    for name in (*MAIN_LOSSES, *BACKBONES):
        assert f"\n{name}: " in text


def test_the_help_of_train_gives_the_defaults_without_data():
    text = unwrap(train.__doc__)
    given = {path.split(".")[1]: value for path, value in SYNTHETIC_DEFAULTS.items()}
    sentence = text[text.index("its defaults") :].split(".\n")[0]
    shown = dict(re.findall(r"--(\w+)=([\d.]+)", sentence))
    assert {name: float(value) for name, value in shown.items()} == given
    for value in SMALL_NETWORK.values():
        assert str(value) in text


@pytest.mark.parametrize("loss", MAIN_LOSSES)
def test_a_loss_is_described(loss, capsys):
    main(["losses", loss])
    text = capsys.readouterr().out
    kind = MAIN_LOSSES[loss]
    assert text.startswith(f"{loss}: {kind.source}\n")
    assert "As `MarginLayer`" not in text
    for name, default in hyperparameters(kind).items():
        (entry,) = re.findall(rf"^  --(?:\[no\])?{name}: (?:.|\n {{6}})*", text, re.MULTILINE)
        shown = str(default).lower() if isinstance(default, bool) else typed(default)
        assert default is None or f"(default: {shown})" in " ".join(entry.split())


@pytest.mark.parametrize("name", [*BACKBONES, "keras:EfficientNetV2B0"])
def test_a_backbone_is_described(name, capsys):
    main(["backbones", name])
    text = capsys.readouterr().out
    network = BACKBONES.get(name)
    assert {"embedding_size", "dropout", "image_size"} <= set(flags_of(text))
    if network:
        assert text.startswith(f"{name}: {network.source}\n")
        assert set(network.options) <= set(flags_of(text))
        assert f"default: {network.embedding_size})" in text
        assert "default: {},{})".format(*network.image_size) in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["losses", "arcfase"], "Unknown loss 'arcfase'. Did you mean 'arcface'?"),
        (["backbones", "iresnet51"], "Unknown backbone 'iresnet51'. Did you mean 'iresnet50'?"),
        (["train", "--loss=centre", "--help"], "Unknown loss 'centre'. Did you mean 'center'?"),
    ],
)
def test_an_unknown_name_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


@pytest.mark.parametrize("request_", ["--help", "-h", "-help", "--helpshort", "--helpfull", "-?"])
@pytest.mark.parametrize("before", [[], ["--lr=0.1"], ["--workdir", "x"]])
def test_every_way_to_ask_for_help(request_, before, capsys):
    main(["train", *before, request_])
    assert capsys.readouterr().out.startswith("usage: facerec train [flags]\n")


def test_h_with_a_value_is_a_parameter_of_adaface():
    assert "h" in flags_of(help_text("train", ["--loss=adaface"]))
    done = facerec("train", "--loss=arcface", "--h=0.3")
    assert done.returncode == 1
    assert "--h is not used by --loss=arcface" in done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_commands_in_help_are_whole(verb):
    """A command that is continued ends in a backslash, which docstrings easily lose."""
    lines = (FOLDER / f"{verb}.txt").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("    ")]
    continued = False
    for line in commands:
        assert continued or line.startswith("    facerec "), line
        continued = line.endswith("\\")
    assert commands
    assert not continued


@pytest.mark.parametrize("columns", [40, 80, 100, 300])
@pytest.mark.parametrize("verb", ["train", "make-records", "inspect-records"])
def test_help_fits_the_terminal(verb, columns):
    text = help_text(verb)
    fitted = fit(text, columns)
    flowing = [line for line in fitted.splitlines() if not line.startswith("     ")]
    assert max(len(line) for line in flowing if not line.startswith("    ")) <= min(columns, 100)
    assert fitted.split() == text.split()


def test_a_flag_entry_keeps_its_notes_together():
    entry = flag_entry("lr", "Peak learning rate, " + "long " * 4, default="0.1", note="required")
    assert fit(entry, 60).splitlines()[1:] == ["      (required; default: 0.1)"]


def test_help_is_quick_and_imports_no_framework():
    done = facerec("train", "--help", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    commands = [line for line in done.stdout.splitlines() if line.startswith("    facerec")]
    others = set(done.stdout.splitlines()) - set(commands)
    assert max(map(len, others)) <= 80
    assert "Optimizer:" in done.stdout


def test_help_survives_ascii():
    done = facerec("train", "--help", "--loss=cosface", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"s\xb7(cos \u03b8 \u2212 m)" in done.stdout


def test_errors_survive_ascii():
    done = facerec("losses", "Zoë", PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stderr.startswith("error: Unknown loss 'Zo\\xeb'.")


@pytest.mark.parametrize("shell", ["| true", "| head -1", ">&-"])
def test_help_survives_a_closed_output(shell):
    done = facerec("train", "--helpfull", shell=f"{shell}; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")
