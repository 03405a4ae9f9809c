"""The lines and the bar of a run in progress."""

import io
import sys

import pytest

from facerec_tf.core import chief
from facerec_tf.training import Measurement, Progress
from facerec_tf.training.progress import duration

LENGTH = Measurement("length", ("length", "width"), progress=("length",))
ACCURACY = Measurement(
    "accuracy", ("accuracy",), progress=("accuracy",), text=lambda v: f"{v['accuracy']:.0%} right"
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def show(verbose):
    """Shows two intervals of a run of 20 steps in epochs of 8, resumed after step 4."""
    progress = Progress([LENGTH, ACCURACY])
    progress.set_params(
        {"verbose": verbose, "epochs": 3, "steps": 8, "first_step": 4, "total_steps": 20}
    )
    logs = {"epoch": 1, "loss": 3.25, "learning_rate": 0.0123, "images_per_second": 1234.5}
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(5, {**logs, "step": 6, "skipped_steps": 0})
    progress.on_test_begin({"measurement": "accuracy"})
    measured = {"length": 2.0, "width": 1.0, "accuracy": 0.75}
    progress.on_train_batch_end(7, {**logs, **measured, "step": 8, "skipped_steps": 2})
    progress.on_epoch_end(0)
    progress.on_train_end()


def test_without_a_terminal_each_interval_is_a_line(capsys):
    show(verbose=2)
    said = capsys.readouterr()
    compiling, first, measuring, second = said.out.splitlines()
    assert compiling.startswith("Compiling the first step")
    line = "step 6/20  epoch 1/3  loss 3.2500  learning rate 0.0123  1,234 images/s  ETA 0 s"
    assert first == line
    assert measuring == "Measuring accuracy …"
    assert second.startswith("step 8/20  epoch 1/3  loss 3.2500")
    assert "  skipped steps 2  length: 2.0000  75% right  ETA " in second
    assert said.err == ""


def test_a_terminal_shows_a_bar_with_epoch_and_learning_rate(monkeypatch, capsys):
    terminal, lines = Terminal(), []
    monkeypatch.setattr(sys, "stderr", terminal)
    with chief.copied_to(lines.append):
        show(verbose=1)
    shown = terminal.getvalue().replace("\r", "\n")
    for words in ("Epoch 1/3", "8/8", "loss 3.2500, learning rate 0.0123", "measuring accuracy"):
        assert words in shown
    assert capsys.readouterr().out.splitlines() == ["Compiling the first step …"]
    assert [line.split()[0] for line in lines] == ["Compiling", "step", "Measuring", "step"]


def test_a_bar_needs_a_terminal(capsys):
    show(verbose=1)
    assert "step 6/20" in capsys.readouterr().out


def test_silence(capsys):
    show(verbose=0)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (200_000, "2 d 7 h")],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
