"""The default batch size: 512, or what few images can fill."""

import json

import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.data import write_synthetic
from facerec_tf.experiment import with_batch_size
from tests.forked import run_forked


def chosen(identities, images, **options):
    """The batch size for synthetic records of this size."""
    data = {"data.synthetic_identities": identities, "data.synthetic_images": images}
    changes = {path.replace("__", "."): value for path, value in options.items()}
    return with_batch_size(ExperimentConfig().override({**data, **changes})).training.batch_size


@pytest.mark.parametrize(
    ("identities", "images", "expected"),
    [(2, 2, 2), (10, 17, 32), (16, 32, 128), (64, 31, 256), (64, 32, 512), (1000, 1000, 512)],
)
def test_four_steps_per_epoch(identities, images, expected):
    assert chosen(identities, images) == expected


@pytest.mark.parametrize(
    ("identities", "images", "per_identity", "expected"),
    [(10, 40, None, 32), (2, 2, None, 8), (100, 100, 3, 192), (1000, 1000, None, 512)],
)
def test_batches_of_several_images_per_identity(identities, images, per_identity, expected):
    options = {"model__loss": "triplet", "data__images_per_identity": per_identity}
    found = chosen(identities, images, **options)
    assert found == expected
    assert found % (per_identity or 4) == 0


def test_a_smaller_batch_size_is_kept():
    assert chosen(100, 100, training__batch_size=96) == 96


@pytest.mark.slow
def test_few_images_train_by_default(tmp_path):
    write_synthetic(tmp_path / "faces", identities=6, images=6, holdout=0, workers=1)
    flags = ("--backbone=iresnet_nano", "--embedding_size=16", "--max_steps=1")
    done = run_forked(
        "facerec_tf", "train", "--data=faces", "--workdir=run", *flags, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr
    said = "Using --batch_size=8: there are too few images for the default, 512."
    assert said in done.stdout
    assert json.loads((tmp_path / "run" / "config.json").read_text())["training"]["batch_size"] == 8
    resumed = run_forked("facerec_tf", "train", "--workdir=run", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert said not in resumed.stdout
