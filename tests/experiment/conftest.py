"""A small data set of drawn faces, and the command line as a user types it."""

import pytest

from facerec_tf.data import write_synthetic
from tests.forked import run_forked
from tests.shared_folder import shared_folder

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
    """Folder of 6 drawn people to train on, and pairs of 8 others; tests must not change it."""

    def write(directory):
        write_synthetic(directory, identities=6, images=6, holdout=20, pairs=40, workers=1)

    return shared_folder(tmp_path_factory, "faces", write)


@pytest.fixture(scope="session")
def command():
    """Returns a function that runs `python -m facerec_tf.VERB FLAGS…`."""

    def run(verb, *flags, **options):
        return run_forked(f"facerec_tf.{verb}", *flags, timeout=300, **options)

    return run


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory, command, faces):
    """Folder of a short finished run; tests must not change it."""

    def train(workdir):
        result = command(
            "train", f"--data={faces}", f"--workdir={workdir}", *SMALL, "--max_steps=4", "--ema=0.9"
        )
        assert result.returncode == 0, result.stderr
        (workdir / "stdout.txt").write_text(result.stdout)

    return shared_folder(tmp_path_factory, "finished", train)
