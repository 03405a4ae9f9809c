"""Commands that are interrupted or killed while they write: what is left, and the next run."""

import signal
import time

import pytest

from tests.forked import ForkedCommand, run_forked


@pytest.fixture
def writing(tmp_path):
    """A command that has begun to write `tmp_path / "out"`."""
    flags = (f"--output={tmp_path / 'out'}", "--identities=9000", "--images=10")
    command = ForkedCommand("facerec_tf", "make-synthetic", *flags)
    deadline = time.monotonic() + 100
    while not list(tmp_path.glob("..out-*/.scattered-*")):
        assert command.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield command
    command.send_signal(signal.SIGKILL)


@pytest.mark.usefixtures("heed_interrupts")
def test_an_interrupted_command_leaves_nothing(writing, tmp_path):
    writing.send_signal(signal.SIGINT)
    done = writing.wait()
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (130, ["interrupted"])
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_next_command_removes_what_a_killed_one_left(writing, tmp_path):
    writing.send_signal(signal.SIGKILL)
    assert writing.wait().returncode == -signal.SIGKILL
    left = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert len(left) == 2
    flags = (
        f"--output={tmp_path / 'out'}",
        "--identities=2",
        "--images=2",
        "--holdout_identities=0",
    )
    done = run_forked("facerec_tf", "make-synthetic", *flags)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path in left:
        assert f"Removed '{path}', which an interrupted command had left." in done.stderr
