"""Runs a command in a process that has TensorFlow loaded already: a second, not eight."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# Not from tests.conftest, which gives the process two devices: a user has one.
ROOT = Path(__file__).resolve().parent.parent

_FORKS = multiprocessing.get_context("forkserver")
# Forking is safe only before TensorFlow sets its devices up: these modules run no operation.
_FORKS.set_forkserver_preload(["facerec_tf.command", "keras", "cv2"])


def run_forked(target, *flags, cwd=None, timeout=120):
    """Runs `python -m TARGET FLAGS…`, or `python TARGET FLAGS…` if it ends in .py.

    Flags, streams, working directory and exit code are those of a command as typed.

    Returns:
        `subprocess.CompletedProcess` with text streams.
    """
    return ForkedCommand(target, *flags, cwd=cwd).wait(timeout)


class ForkedCommand:
    """A command as `run_forked` runs it, which runs while the test watches or signals it."""

    def __init__(self, target, *flags, cwd=None):
        self._arguments = [str(target), *map(str, flags)]
        self._streams = tempfile.TemporaryDirectory()
        self._process = _FORKS.Process(
            target=_run, args=(self._arguments, cwd or os.getcwd(), self._streams.name)
        )
        self._process.start()

    @property
    def pid(self):
        """The command's process id."""
        return self._process.pid

    def poll(self):
        """Returns the exit code, negative after a signal, or None while the command runs."""
        return self._process.exitcode

    def send_signal(self, number):
        """Sends a signal to the command, unless it has ended."""
        if self.poll() is None:
            os.kill(self._process.pid, number)

    def wait(self, timeout=120):
        """Waits for the end of the command; returns `subprocess.CompletedProcess`."""
        with self._streams as streams:
            self._process.join(timeout)
            if self._process.is_alive():
                self._process.kill()
                raise subprocess.TimeoutExpired(self._arguments, timeout)
            stdout, stderr = (Path(streams, name).read_text() for name in ("1", "2"))
        return subprocess.CompletedProcess(self._arguments, self._process.exitcode, stdout, stderr)


def _run(arguments, cwd, streams):
    # Tests in the background, or under `nohup`, inherit these as ignored. A terminal's do not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number in (1, 2):
        os.dup2(os.open(Path(streams, str(number)), os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = str(ROOT)
    target, sys.argv = arguments[0], arguments
    if target.endswith(".py"):
        sys.path.insert(0, str(Path(target).parent))
        runpy.run_path(target, run_name="__main__")
    else:
        runpy.run_module(target, run_name="__main__", alter_sys=True)
