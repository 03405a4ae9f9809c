"""Locks between processes, with processes that are killed."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from facerec_tf.core import lock
from facerec_tf.core.errors import UserError
from facerec_tf.core.lock import locked

HOLD = """
import sys, time
from facerec_tf.core.lock import locked
with locked(sys.argv[1], "Run folder 'a'"):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock `tmp_path / ".lock"`."""
    path = tmp_path / ".lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"locked\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_process_is_refused_and_the_first_is_named(tmp_path, holder):
    message = (
        f"Run folder 'a' is in use by process {holder.pid} on host "
        f"{re.escape(socket.gethostname())} since .*[0-9]{{2}}:[0-9]{{2}}.*Wait for it"
    )
    with pytest.raises(UserError, match=message), locked(tmp_path / ".lock", "Run folder 'a'"):
        pass
    assert holder.poll() is None


def test_a_killed_process_leaves_no_lock(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".lock").exists()
    with locked(tmp_path / ".lock", "Run folder 'a'"):
        assert (tmp_path / ".lock").exists()
    assert not (tmp_path / ".lock").exists()


def test_a_lock_of_this_process_is_exclusive_too(tmp_path):
    with locked(tmp_path / ".lock", "Run folder 'a'"):
        with pytest.raises(UserError, match=f"process {os.getpid()} "):  # noqa: SIM117
            with locked(tmp_path / ".lock", "Run folder 'a'"):
                pass
        assert (tmp_path / ".lock").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match=r"Run folder 'a' cannot be locked: .*No such file"):  # noqa: SIM117
        with locked(tmp_path / "missing" / ".lock", "Run folder 'a'"):
            pass


def test_a_file_system_without_locks_gives_a_warning(tmp_path, monkeypatch, capsys):
    def no_locks(*arguments):
        raise OSError(lock.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", no_locks)
    with locked(tmp_path / ".lock", "Run folder 'a'"):
        assert "Run folder 'a' is on a file system without locks" in capsys.readouterr().err
