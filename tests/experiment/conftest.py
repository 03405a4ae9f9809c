"""A small data set of drawn faces, and the command line as a user types it."""

import os
import subprocess
import sys

import pytest

from facerec_tf.data import write_synthetic
from tests.conftest import ROOT

#: A run of seconds: the smallest backbone, few images.
SMALL = (
    "--backbone=iresnet_mini",
    "--embedding_size=16",
    "--batch_size=8",
    "--log_every=1",
    "--checkpoint_every=2",
    "--eval_every=100",
)


@pytest.fixture(scope="session")
def faces(tmp_path_factory):
    """Folder of 6 drawn people to train on, and pairs of 8 others."""
    directory = tmp_path_factory.mktemp("faces") / "data"
    write_synthetic(directory, identities=6, images=6, holdout=20, pairs=40, workers=1)
    return directory


@pytest.fixture(scope="session")
def command():
    """Returns a function that runs `python -m facerec_tf.VERB FLAGS…`."""

    def run(verb, *flags, **options):
        return subprocess.run(
            [sys.executable, "-m", f"facerec_tf.{verb}", *map(str, flags)],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            **options,
        )

    return run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory, command, faces):
    """Folder of a short finished run."""
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    result = command(
        "train", f"--data={faces}", f"--workdir={workdir}", *SMALL, "--max_steps=4", "--ema=0.9"
    )
    assert result.returncode == 0, result.stderr
    (workdir / "stdout.txt").write_text(result.stdout)
    return workdir
