"""Runs a command in a process that has TensorFlow loaded already: a second, not eight."""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import ROOT

_FORKS = multiprocessing.get_context("forkserver")
# Forking is safe only before TensorFlow sets its devices up: these modules run no operation.
_FORKS.set_forkserver_preload(["facerec_tf.command", "keras", "cv2"])


def run_forked(target, *flags, cwd=None, timeout=120):
    """Runs `python -m TARGET FLAGS…`, or `python TARGET FLAGS…` if it ends in .py.

    All else is as if typed: flags, streams, working directory, exit code.

    Returns:
        `subprocess.CompletedProcess` with text streams.
    """
    arguments = [str(target), *map(str, flags)]
    with tempfile.TemporaryDirectory() as streams:
        process = _FORKS.Process(target=_run, args=(arguments, cwd or os.getcwd(), streams))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            raise subprocess.TimeoutExpired(arguments, timeout)
        stdout, stderr = (Path(streams, name).read_text() for name in ("1", "2"))
    return subprocess.CompletedProcess(arguments, process.exitcode, stdout, stderr)


def _run(arguments, cwd, streams):
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
