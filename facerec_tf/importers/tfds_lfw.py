"""Labeled Faces in the Wild from TensorFlow Datasets: training records only.

The builder `lfw` stores the JPEG and the person's name, but not the number of the photograph, by
which the official lists of pairs refer to it. Pairs need the archive; see `lfw.py`.
"""

from __future__ import annotations

import collections
import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.extras import load_extra
from facerec_tf.data import CropFormat
from facerec_tf.importers.lfw import read_pairs, read_people
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.make_records import make_records
from facerec_tf.photographs.photo import Photo


def import_tfds_lfw(
    output: Path,
    cropper: Cropper,
    *,
    crop_format: CropFormat,
    people: Path | None = None,
    data_dir: Path | None = None,
    download: bool = False,
) -> dict[str, str]:
    """Writes training records to a new folder; all photographs, 130 MB, are held in memory.

    Args:
        output: Folder to create.
        cropper: From a photograph to its crops.
        crop_format: Size and alignment of the crops.
        people: peopleDevTrain.txt, to use only its people, none of whom is in the pairs of View 1;
            by default, everybody.
        data_dir: Data folder of TensorFlow Datasets; by default the package's own.
        download: Whether to download the data if they are missing.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If the package or the data are missing, `people` is not a list of people or does
            not match the data, or `output` cannot be written.
    """
    wanted = _read_people(people) if people else None
    photos = read_tfds_lfw(wanted, data_dir=data_dir, download=download)
    summary = make_records(output, photos, cropper, crop_format=crop_format, num_shards=1)
    return summary | {"pairs": "none, as TensorFlow Datasets lacks the numbers of the photographs"}


def read_tfds_lfw(
    people: Mapping[str, int] | None = None,
    *,
    data_dir: Path | None = None,
    download: bool = False,
) -> Iterator[Photo]:
    """Yields the photographs, named `PERSON/tfds_00042.jpg` by their index in the data.

    Args:
        people: People to use → expected number of photographs; by default everybody.
        data_dir: As in `import_tfds_lfw`.
        download: As in `import_tfds_lfw`.

    Raises:
        UserError: If the package or the data are missing.
        DataError: If the data are damaged, or a person has another number of photographs.
    """
    tfds = load_extra("tensorflow_datasets", "tfds")
    try:
        builder = tfds.builder("lfw", data_dir=data_dir and os.fspath(data_dir))
    except Exception as error:  # The package raises many types.
        raise DataError(f"TensorFlow Datasets cannot open LFW: {error}") from error
    if not builder.is_prepared():
        _download(builder, download)
    examples = builder.as_dataset(
        split="train", decoders={"image": tfds.decode.SkipDecoding()}, shuffle_files=False
    )
    counts: collections.Counter[str] = collections.Counter()
    with _named_damage(builder.data_path):
        for place, example in enumerate(examples.as_numpy_iterator()):
            person = example["label"].decode()
            if people is None or person in people:
                counts[person] += 1
                name = f"{person}/tfds_{place:05d}.jpg"
                yield Photo(name, person, encoded=example["image"])
    for person, count in sorted((people or {}).items()):
        if counts[person] != count:
            raise DataError(
                f"LFW in '{builder.data_path}' has {counts[person]} photographs of '{person}', "
                f"expected {count} by the list of people."
            )


def _download(builder: Any, download: bool) -> None:
    if not download:
        raise UserError(
            f"TensorFlow Datasets has no LFW in '{builder.data_path}': give another folder with "
            "--tfds_data, or download it with --download."
        )
    # A dependency that tensorflow-datasets 4.9.10 does not declare (tensorflow/datasets#11212).
    load_extra("importlib_resources", "tfds")
    try:
        builder.download_and_prepare()
    except Exception as error:  # The network, the server and the disk raise many types.
        raise UserError(f"TensorFlow Datasets cannot prepare LFW: {error}") from error


@contextlib.contextmanager
def _named_damage(path: Any) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        reason = error.message.rpartition("}} ")[2].partition(" [Op:")[0]  # Without the op's name.
        raise DataError(f"LFW in '{path}' is damaged: {reason}") from None


def _read_people(path: Path) -> dict[str, int]:
    """Reads a list of people; a list of pairs is refused."""
    try:
        read_pairs(path)
    except DataError:
        return read_people(path)
    raise DataError(
        f"'{path}' is a list of pairs, which refer to photographs by numbers that TensorFlow "
        "Datasets lacks: import pairs with --archive=lfw-deepfunneled.tar."
    )
