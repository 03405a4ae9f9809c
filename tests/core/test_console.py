"""Standard streams that are closed, full of odd characters, or read by nobody; error messages."""

import subprocess
import sys

import pytest

from facerec_tf.core.console import LONGEST_MESSAGE, one_line

PREPARE = "from facerec_tf.core.console import prepare_streams; prepare_streams(); import os, sys; "


def shell(code, redirection):
    """Runs Python code, as `python -c CODE REDIRECTION`."""
    command = f"set -o pipefail; '{sys.executable}' -c '{PREPARE}{code}' {redirection}"
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_characters_that_the_encoding_lacks_are_escaped(monkeypatch, stream):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = shell(f'print("caf\\u00e9 \\udcff", file=sys.{stream})', "")
    assert done.returncode == 0
    assert getattr(done, stream) == "caf\\xe9 \\udcff\n"


def test_a_reader_that_ends_does_not_end_the_command(tmp_path):
    code = (
        'print("a" * 9, flush=True); '
        '[print("b" * 9999) for _ in range(99)]; '
        f'open("{tmp_path}/done", "w").close()'
    )
    done = shell(code, "| head -1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a" * 9 + "\n", "")
    assert (tmp_path / "done").exists()


def test_a_full_disk_is_an_error_once():
    done = shell('print("a", flush=True)', ">/dev/full")
    assert done.returncode == 1
    assert done.stderr.endswith("No space left on device: 'standard output'\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_files_do_not_take_the_place_of_closed_streams(tmp_path, closed):
    code = (
        f'file = open("{tmp_path}/a", "w"); '
        'os.write(1, b"out"); os.write(2, b"err"); print("out"); print("err", file=sys.stderr); '
        "file.write(str(file.fileno()))"
    )
    done = shell(code, closed)
    assert done.returncode == 0, done.stderr
    assert int((tmp_path / "a").read_text()) > 2


def test_control_characters_are_escaped():
    assert one_line("'a\nb\x1b[31m\u202egpj.exe\x85\u2028'") == (
        r"'a\nb\x1b[31m\u202egpj.exe\x85\u2028'"
    )
    assert one_line("Renée – 陳 ‘é’\u200d") == "Renée – 陳 ‘é’\u200d"


def test_a_long_message_is_cut_in_the_middle():
    message = one_line("begin" + "\x00" * 600_000 + "end")
    assert len(message) <= LONGEST_MESSAGE
    assert message.startswith("begin\\x00")
    assert message.endswith("end")
    assert " [...] " in message
