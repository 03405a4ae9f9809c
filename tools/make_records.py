"""Turns a folder per person of aligned crops into records.

    python tools/make_records.py --images=DIR --output=DIR [--holdout_identities=100 --pairs=2000]

`IMAGES/Jane Doe/1.jpg` is an image of Jane Doe. JPEGs go into the records as they are; other
formats become JPEG. Images that cannot be read are left out and listed in `OUTPUT/rejected.csv`;
more than 1 % of them stop the tool. With `--holdout_identities`, that many people are kept out of
training, and pairs of their images are written to `OUTPUT/pairs/holdout`.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from absl import flags

from facerec_tf.command import run
from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data import Record, new_directory, sample_pairs, write_pair_set, write_records
from facerec_tf.data.codec import (
    decode_rgb,
    encode_jpeg,
    is_jpeg,
    is_truncated,
    without_padding,
)

_IMAGES = flags.DEFINE_string("images", None, "Folder with a folder of crops for each person.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_NAME = flags.DEFINE_string("name", "train", "First part of the shards' names.")
_SHARDS = flags.DEFINE_integer("shards", 16, "Files to spread the records over.")
_MIN_IMAGES = flags.DEFINE_integer("min_images", 1, "Leave out people with fewer images.")
_SIZE = flags.DEFINE_integer("size", 112, "Side of every crop in pixels.")
_ALIGNMENT = flags.DEFINE_enum(
    "alignment", "unknown", ["unknown", "arcface-112"], "Landmark template the crops follow."
)
_HOLDOUT = flags.DEFINE_integer("holdout_identities", 0, "People kept from training, to judge by.")
_PAIRS = flags.DEFINE_integer("pairs", 2000, "Pairs of the people held out, a multiple of 20.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the shuffle, the people held out and their pairs.")

SUFFIXES = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
MAX_REJECTED = 0.01
PROTOCOL = "holdout"

#: Files that are read ahead of the writer.
_CHUNK = 1024


class UnreadableError(Exception):
    """An image that is left out; the message says why."""


class Rejected(NamedTuple):
    """A file that was left out, and why."""

    file: str
    reason: str


def make_records(images: Path, output: Path) -> dict[str, str]:
    """Writes the records of the people in `images` to `output`, as the flags say.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If images are missing, of the wrong size or too often damaged, or `output`
            cannot be written.
    """
    require_count("size", _SIZE.value)
    require_count("seed", _SEED.value, least=0)
    people = find_people(images, _MIN_IMAGES.value)
    training, held_out = split(people, _HOLDOUT.value, _SEED.value)
    if held_out:
        sample_pairs(held_out, _PAIRS.value, seed=_SEED.value)  # Says now if that cannot be done.
    total = sum(map(len, people.values()))
    rejected: list[Rejected] = []
    common = {"image_size": (_SIZE.value, _SIZE.value), "alignment": _ALIGNMENT.value}

    with new_directory(output) as folder:
        manifest = write_records(
            folder,
            read_records(images, training, rejected, total),
            name=_NAME.value,
            num_shards=_SHARDS.value,
            seed=_SEED.value,
            **common,
        )
        if held_out:
            judged = list(read_records(images, held_out, rejected, total))
            write_holdout(folder / "pairs" / PROTOCOL, judged, common)
        if rejected:
            write_rejected(folder / "rejected.csv", rejected)
    summary = {"training": f"{manifest.num_images} images of {manifest.num_classes} people"}
    if held_out:
        summary[PROTOCOL] = f"{_PAIRS.value} pairs of {len(held_out)} others"
    if rejected:
        summary["rejected"] = f"{len(rejected)} files, listed in '{output / 'rejected.csv'}'"
    return summary


def find_people(root: Path, min_images: int) -> dict[str, list[str]]:
    """Returns person → files, relative to `root`, of those with at least `min_images`; sorted.

    Raises:
        DataError: If there are none.
    """
    require_count("min_images", min_images)
    if not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    people = {
        folder.name: sorted(f"{folder.name}/{file.name}" for file in _visible(folder, SUFFIXES))
        for folder in _visible(root)
        if folder.is_dir()
    }
    people = {name: files for name, files in people.items() if len(files) >= min_images}
    if not people:
        raise DataError(
            f"Folder '{root}' holds no folder with {min_images} or more images: it must hold one "
            "folder for each person."
        )
    return people


def split(
    people: Mapping[str, list[str]], holdout: int, seed: int
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Returns the people to train on and the `holdout` people, chosen by `seed`, to judge by."""
    most = len(people) - 2
    require(
        holdout == 0 or 2 <= holdout <= most,
        "holdout_identities",
        f"0 or between 2 and {most}, as there are {len(people)} people",
        holdout,
    )
    chosen = set(np.random.default_rng(seed).permutation(list(people))[:holdout].tolist())
    training = {name: files for name, files in people.items() if name not in chosen}
    held_out = {name: files for name, files in people.items() if name in chosen}
    return training, held_out


def read_records(
    root: Path, people: Mapping[str, list[str]], rejected: list[Rejected], total: int
) -> Iterator[Record]:
    """Yields the record of every readable image of `people`; notes the others in `rejected`.

    Raises:
        DataError: If an image has another size than the flag says, or in the end more than 1 % of
            `total` files were rejected.
    """
    work = [(person, file) for person, files in people.items() for file in files]
    labels: dict[str, int] = {}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for start in range(0, len(work), _CHUNK):
            chunk = work[start : start + _CHUNK]
            answers = pool.map(lambda item: _read_or_reason(root / item[1], _SIZE.value), chunk)
            for (person, file), (encoded, reason) in zip(chunk, answers, strict=True):
                if reason:
                    rejected.append(Rejected(file, reason))
                else:
                    yield Record(encoded, labels.setdefault(person, len(labels)), person, file)
    require_few(rejected, total)


def read_image(path: Path, size: int) -> bytes:
    """Returns the image at `path` as a JPEG that every decoder shows alike.

    A sound JPEG comes back as it is, unless an orientation tag asks for it to be turned.

    Raises:
        UnreadableError: If it is damaged.
        DataError: If it has another size.
    """
    try:
        encoded = path.read_bytes()
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    encoded = without_padding(encoded)
    if is_truncated(encoded):
        raise UnreadableError("it is truncated")
    image = decode_rgb(encoded)
    if image is None:
        raise UnreadableError("it cannot be decoded")
    if image.shape[:2] != (size, size):
        height, width = image.shape[:2]
        raise DataError(
            f"Image '{path}' is {height}x{width} pixels, expected {size}x{size}: align and crop "
            "the faces first, or give --size."
        )
    return encoded if is_jpeg(encoded) and not _is_turned(encoded, image) else encode_jpeg(image)


def require_few(rejected: Sequence[Rejected], total: int) -> None:
    """Raises `DataError` if more than 1 % of `total` files were rejected."""
    if len(rejected) > MAX_REJECTED * total:
        named = "; ".join(f"'{item.file}': {item.reason}" for item in rejected[:3])
        raise DataError(f"{len(rejected)} of {total} images, more than 1 %, are damaged. {named}")


def write_holdout(directory: Path, records: Sequence[Record], common: Mapping[str, object]) -> None:
    """Writes pairs of the people held out, and the images that occur in them."""
    images: dict[str, list[str]] = {}
    for record in records:
        images.setdefault(record.text, []).append(record.filename)
    pairs = sample_pairs(images, _PAIRS.value, seed=_SEED.value)
    compared = {filename for pair in pairs for filename in (pair.first, pair.second)}
    labels: dict[str, int] = {}
    used = [
        record._replace(label=labels.setdefault(record.text, len(labels)))
        for record in records
        if record.filename in compared
    ]
    write_pair_set(directory, used, pairs, name=PROTOCOL, **common)


def write_rejected(path: Path, rejected: Sequence[Rejected]) -> None:
    """Writes what was left out as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Rejected._fields)
        writer.writerows(rejected)


def _read_or_reason(path: Path, size: int) -> tuple[bytes, str]:
    try:
        return read_image(path, size), ""
    except UnreadableError as error:
        return b"", str(error)


def _is_turned(encoded: bytes, image: np.ndarray) -> bool:
    if b"Exif" not in encoded[:65536]:
        return False
    stored = cv2.imdecode(
        np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    )
    return not np.array_equal(stored[..., ::-1], image)


def _visible(folder: Path, suffixes: set[str] | None = None) -> list[Path]:
    """Returns what lies in `folder`, sorted, without hidden files and other suffixes."""
    paths = [path for path in folder.iterdir() if not path.name.startswith(".")]
    for path in paths:
        if not _is_unicode(path.name):
            raise DataError(f"The name {path.name!r} in '{folder}' is not Unicode: rename it.")
    return sorted(
        path
        for path in paths
        if suffixes is None or (path.is_file() and path.suffix.lower() in suffixes)
    )


def _is_unicode(name: str) -> bool:
    # Bytes of a file name that are not UTF-8 come as lone surrogates.
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def main() -> None:
    """Writes records as the flags say."""
    summary = make_records(Path(_IMAGES.value), Path(_OUTPUT.value))
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["images", "output"])
    run(main)
