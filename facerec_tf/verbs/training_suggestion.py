"""The training command that commands which write records print: one that runs on this machine."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import tensorflow as tf

from facerec_tf.config import TrainingConfig
from facerec_tf.data import Manifest
from facerec_tf.data.manifest import FILE_NAME

#: Network and batch for machines without a GPU, which train the default ones for months.
CPU_BACKBONE, CPU_BATCH_SIZE = "iresnet_nano", 64


def suggested_training_command(data: str | os.PathLike) -> str | None:
    """Returns a command that trains on the records in `data`, or None if they cannot be trained on.

    Without a GPU, it names a small network and batch; for fewer images than a batch, a smaller
    batch; and if there are pair sets in `data/pairs`, the first of them.

    Args:
        data: Folder of records. Of a remote folder, which cannot be read here, only the name is
            used.
    """
    flags = {"data": os.fspath(data)}
    if not (Path(data) / FILE_NAME).is_file():
        return _command(flags)
    manifest = Manifest.load(data)
    if manifest.num_classes < 2:
        return None
    default = batch_size = TrainingConfig().batch_size
    if not tf.config.list_physical_devices("GPU"):
        flags["backbone"], batch_size = CPU_BACKBONE, CPU_BATCH_SIZE
    if batch_size > manifest.num_images:
        batch_size = 1 << (manifest.num_images.bit_length() - 1)
    if batch_size != default:
        flags["batch_size"] = str(batch_size)
    if protocols := sorted(path.parent.name for path in Path(data).glob("pairs/*/pairs.csv")):
        flags["eval_pairs"] = protocols[0]
    return _command(flags)


def _command(flags: dict[str, str]) -> str:
    parts = ("python -m facerec_tf.train", *(f"--{n}={shlex.quote(v)}" for n, v in flags.items()))
    return " ".join(parts)
