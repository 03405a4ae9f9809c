"""Errors of commands: one line without a traceback, and the exit code."""

import re

import pytest

from tests.conftest import ROOT
from tests.forked import run_forked

COMMAND = ROOT / "tests" / "command_under_test.py"


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        ("full_disk", r"\[Errno 28\] No space left on device: 'out/data'"),
        ("odd_name", r"Cannot read 'a b\\x1b\[31m.jpg': x+…"),
        ("not_utf8", r"'\\udcff' is not valid UTF-8, which TensorFlow needs for names."),
        ("no_memory", r"Out of memory: .+"),
    ],
)
def test_an_error_is_one_line(failure, message, tmp_path):
    done = run_forked(COMMAND, "--", failure, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(f"error: {message}\n", done.stderr), done.stderr
    assert len(done.stderr) <= 2010


@pytest.mark.usefixtures("heed_interrupts")
def test_an_interrupt_does_not_wait_for_threads(tmp_path):
    """A thread may be reading from a file system that does not answer."""
    done = run_forked(COMMAND, "--", "interrupt_beside_a_blocked_thread", cwd=tmp_path, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize("argument", ["stray", "--nonsense=1"])
def test_a_wrong_argument_does_not_print_the_help(argument):
    done = run_forked("facerec_tf", "make-synthetic", "--output=out", argument)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: .*(stray|nonsense).*\n", done.stderr)


def test_an_output_that_is_not_utf8_is_refused_before_it_is_made(tmp_path):
    done = run_forked("facerec_tf", "make-synthetic", "--output=a\udcff", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "error: Cannot write 'a\\udcff': the name is not valid UTF-8.\n"
    assert list(tmp_path.iterdir()) == []
