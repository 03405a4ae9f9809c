"""Turns Labeled Faces in the Wild into records: View 1 for training, pairs for Views 1 and 2.

    python tools/import_lfw.py --archive=lfw-deepfunneled.tar --landmarks=landmarks.csv --output=DIR

The official split files (peopleDevTrain.txt, pairsDevTest.txt, pairs.txt) lie beside the archive.
Faces are aligned to the ArcFace template at 112x112. Writes `DIR/` (training records of the
people in peopleDevTrain), `DIR/pairs/lfw_view1` and `DIR/pairs/lfw_view2`.
"""

from __future__ import annotations

import csv
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import numpy as np
from absl import flags

from facerec_tf.alignment import TEMPLATE_NAME, crop
from facerec_tf.command import run
from facerec_tf.core.errors import ArgumentError, DataError, require_between
from facerec_tf.data import Pair, Record, new_directory, write_pair_set, write_records
from facerec_tf.data.codec import decode_rgb, encode_jpeg

_ARCHIVE = flags.DEFINE_string("archive", None, "lfw-deepfunneled.tar, or another tar of LFW.")
_LANDMARKS = flags.DEFINE_string("landmarks", None, "CSV: image, then x and y of five points.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_QUALITY = flags.DEFINE_integer("jpeg_quality", 95, "Of the crops, 1 to 100.")

NUM_FOLDS = 10


def import_lfw(
    archive: Path, landmarks_file: Path, output: Path, jpeg_quality: int
) -> dict[str, str]:
    """Writes the records and pair sets to `output`; returns what was written, for a summary.

    Raises:
        UserError: If an input is missing or damaged, or `output` cannot be written.
    """
    require_between("jpeg_quality", jpeg_quality, 1, 100)
    people = read_people(archive.parent / "peopleDevTrain.txt")
    view1 = read_pairs(archive.parent / "pairsDevTest.txt")
    view2 = read_pairs(archive.parent / "pairs.txt")
    require_disjoint(people, view1)
    landmarks = read_landmarks(landmarks_file)

    with new_directory(output) as folder:
        crops = dict(read_crops(archive, landmarks, jpeg_quality))
        training = training_images(people, crops)
        common = {"alignment": TEMPLATE_NAME}
        write_records(folder, make_records(training, crops), name="train", **common)
        for name, pairs in (("lfw_view1", view1), ("lfw_view2", view2)):
            images = sorted({image for pair in pairs for image in (pair.first, pair.second)})
            records = make_records(require_images(images, crops), crops)
            write_pair_set(folder / "pairs" / name, records, pairs, name=name, **common)
    return {
        "training": f"{len(training)} images of {len(people)} people",
        "lfw_view1": f"{len(view1)} pairs",
        "lfw_view2": f"{len(view2)} pairs",
    }


def read_people(path: Path) -> dict[str, int]:
    """Returns the people of a split file and their numbers of images."""
    rows = _read_split(path)[1:]
    try:
        return {name: int(images) for name, images in rows}
    except ValueError:
        raise DataError(f"Split file '{path}' must hold lines of a name and a number.") from None


def read_pairs(path: Path) -> list[Pair]:
    """Returns the pairs of a split file, in its order.

    The first line tells the pairs of the same, and then of different people in one fold, preceded
    by the number of folds if there are several. A file without folds is cut into ten contiguous
    parts, of the same and of different people alike.
    """
    (*folds, size), *rows = _read_split(path)
    try:
        num_folds = int(folds[0]) if folds else 1
        expected = 2 * num_folds * int(size)
        pairs = [_parse_pair(row) for row in rows]
    except ValueError:
        raise DataError(f"Split file '{path}' holds a line that names no pair.") from None
    if len(pairs) != expected:
        raise DataError(f"Split file '{path}' holds {len(pairs)} pairs and promises {expected}.")
    if num_folds == 1:
        places = [place % (expected // 2) for place in range(expected)]
        return [
            pair._replace(fold=place * NUM_FOLDS // (expected // 2))
            for pair, place in zip(pairs, places, strict=True)
        ]
    return [pair._replace(fold=place * num_folds // expected) for place, pair in enumerate(pairs)]


def require_disjoint(people: Mapping[str, int], pairs: Sequence[Pair]) -> None:
    """Raises `DataError` if someone who is trained on appears in the evaluation pairs."""
    judged = {person_of(image) for pair in pairs for image in (pair.first, pair.second)}
    if common := sorted(judged & people.keys()):
        raise DataError(
            f"{len(common)} people are in peopleDevTrain.txt and pairsDevTest.txt alike, "
            f"'{common[0]}' for one: these are not the official split files."
        )


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """Returns the five points, float64 `[5, 2]`, of each image named in the CSV at `path`."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        if len(header) < 11 or header[0] != "image":
            raise DataError(f"Landmarks '{path}' must have the columns image and ten coordinates.")
        return {row[0]: np.array(row[1:11], np.float64).reshape(5, 2) for row in rows if row}
    except OSError as error:
        raise DataError(f"Cannot read landmarks '{path}': {error.strerror}.") from None
    except ValueError as error:
        raise DataError(f"Landmarks '{path}' are damaged: {error}.") from None


def read_crops(
    archive: Path, landmarks: Mapping[str, np.ndarray], jpeg_quality: int
) -> Iterator[tuple[str, bytes]]:
    """Yields the name `PERSON/PERSON_0001.jpg` and the aligned JPEG of every image in `archive`."""

    def align(image: tuple[str, bytes]) -> tuple[str, bytes]:
        name, encoded = image
        if name not in landmarks:
            raise DataError(f"The landmarks hold no row for image '{name}'.")
        pixels = decode_rgb(encoded)
        if pixels is None:
            raise DataError(f"Image '{name}' in '{archive}' cannot be decoded.")
        try:
            aligned = crop(pixels, landmarks[name])
        except ArgumentError as error:
            raise DataError(f"The landmarks of image '{name}' fit no face. {error}") from None
        return name, encode_jpeg(aligned, jpeg_quality)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        yield from pool.map(align, _read_images(archive))


def training_images(people: Mapping[str, int], crops: Mapping[str, bytes]) -> list[str]:
    """Returns the names of all images of `people`, sorted."""
    images = [
        f"{person}/{person}_{number:04d}.jpg"
        for person, count in sorted(people.items())
        for number in range(1, count + 1)
    ]
    return require_images(images, crops)


def require_images(images: list[str], crops: Mapping[str, bytes]) -> list[str]:
    """Returns `images`, or raises `DataError` if one of them is not among `crops`."""
    for image in images:
        if image not in crops:
            raise DataError(f"The split files name '{image}', which the archive does not hold.")
    return images


def make_records(images: Sequence[str], crops: Mapping[str, bytes]) -> Iterator[Record]:
    """Yields the records of `images`, people numbered in sorted order."""
    people = sorted({person_of(image) for image in images})
    labels = {person: label for label, person in enumerate(people)}
    for image in images:
        person = person_of(image)
        yield Record(crops[image], labels[person], person, image)


def person_of(image: str) -> str:
    """Returns the person whom `PERSON/PERSON_0001.jpg` shows."""
    return image.split("/")[0]


def _read_split(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"Cannot read split file '{path}' ({reason}): the official split files must lie beside "
            "the archive."
        ) from None
    rows = [line.split("\t") for line in lines if line.strip()]
    if not rows:
        raise DataError(f"Split file '{path}' is empty.")
    return rows


def _parse_pair(row: list[str]) -> Pair:
    if len(row) == 3:
        person, first, second = row
        return Pair(0, _image(person, first), _image(person, second), same=True)
    person, first, other, second = row
    return Pair(0, _image(person, first), _image(other, second), same=False)


def _image(person: str, number: str) -> str:
    return f"{person}/{person}_{int(number):04d}.jpg"


def _read_images(archive: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                if member.isfile() and member.name.endswith(".jpg"):
                    name = "/".join(PurePosixPath(member.name).parts[-2:])
                    yield name, tar.extractfile(member).read()
    except OSError as error:
        raise DataError(f"Cannot read archive '{archive}': {error.strerror or error}.") from None
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"Archive '{archive}' is damaged or cut short: {error}.") from None


def main() -> None:
    """Runs the import as the flags say."""
    summary = import_lfw(
        Path(_ARCHIVE.value), Path(_LANDMARKS.value), Path(_OUTPUT.value), _QUALITY.value
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["archive", "landmarks", "output"])
    run(main)
