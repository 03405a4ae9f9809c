"""Labeled Faces in the Wild as TensorFlow Datasets has it: training records only.

Its builder `lfw` keeps of every photograph the JPEG and the person's name, but not its number, by
which the official pairs name photographs: they can be imported from the archive alone (`lfw.py`).
"""

from __future__ import annotations

import collections
import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import tensorflow as tf

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.extras import load_extra
from facerec_tf.importers.lfw import read_pairs, read_people
from facerec_tf.photographs.crops import Cropper
from facerec_tf.photographs.make_records import make_records
from facerec_tf.photographs.photo import Photo


def import_tfds_lfw(
    output: Path,
    crop_photo: Cropper,
    *,
    image_size: tuple[int, int],
    alignment: str,
    people: Path | None = None,
    data_dir: Path | None = None,
    download: bool = False,
) -> dict[str, str]:
    """Writes training records to a new folder. Memory holds all photographs: some 130 MB.

    Args:
        output: Folder to make.
        crop_photo: From a photograph to its crops.
        image_size: Height and width of the crops.
        alignment: Name of the template they follow.
        people: peopleDevTrain.txt, whose people are trained on, so that Views 1 and 2 judge by
            others; by default all are.
        data_dir: Where TensorFlow Datasets keeps its data; by default where it does by itself.
        download: Whether to fetch them if they are not there.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If the package or the data are missing, `people` is no list of people or does not
            match them, or `output` cannot be written.
    """
    wanted = _read_people(people) if people else None
    photos = read_tfds_lfw(wanted, data_dir=data_dir, download=download)
    summary = make_records(
        output, photos, crop_photo, image_size=image_size, alignment=alignment, num_shards=1
    )
    return summary | {"pairs": "none, as TensorFlow Datasets drops the numbers that name them"}


def read_tfds_lfw(
    people: Mapping[str, int] | None = None,
    *,
    data_dir: Path | None = None,
    download: bool = False,
) -> Iterator[Photo]:
    """Yields the photographs, called `PERSON/tfds_00042.jpg` by their place in the data.

    Args:
        people: Whom to take → how many photographs there must be; by default everybody.
        data_dir: As in `import_tfds_lfw`.
        download: As in `import_tfds_lfw`.

    Raises:
        UserError: If the package or the data are missing.
        DataError: If the data are damaged, or hold more or fewer photographs of someone.
    """
    tfds = load_extra("tensorflow_datasets", "tfds")
    try:
        builder = tfds.builder("lfw", data_dir=data_dir and os.fspath(data_dir))
    except Exception as error:  # Of many kinds, by what is damaged.
        raise DataError(f"TensorFlow Datasets cannot open its LFW: {error}") from error
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
                f"'{builder.data_path}' holds {counts[person]} photographs of '{person}', and the "
                f"list of people says {count}."
            )


def _download(builder: object, download: bool) -> None:
    if not download:
        raise UserError(
            f"TensorFlow Datasets has no LFW in '{builder.data_path}': name the folder that has, "
            "or have it downloaded."
        )
    # tensorflow-datasets 4.9.10 needs it and does not say so (its issue 11212).
    load_extra("importlib_resources", "tfds")
    try:
        builder.download_and_prepare()
    except Exception as error:  # Of many kinds, by the network, the server, the disk.
        raise UserError(f"TensorFlow Datasets cannot prepare LFW: {error}") from error


@contextlib.contextmanager
def _named_damage(path: object) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        reason = error.message.rpartition("}} ")[2].partition(" [Op:")[0]  # Without the op's name.
        raise DataError(f"LFW in '{path}' is damaged: {reason}") from None


def _read_people(path: Path) -> dict[str, int]:
    """Returns the people of a split file → their numbers of photographs."""
    try:
        read_pairs(path)
    except DataError:
        return read_people(path)
    raise DataError(
        f"'{path}' lists pairs, which name photographs by their numbers, and TensorFlow Datasets "
        "drops these: have pairs imported from the archive."
    )
