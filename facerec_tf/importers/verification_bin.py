"""InsightFace's verification sets, such as lfw.bin, cfp_fp.bin and agedb_30.bin.

A file is a pickle of 2N encoded images and N booleans, whether images 2i and 2i + 1 show the same
person, as InsightFace's `recognition/arcface_torch/eval/verification.py` loads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_bytes
from facerec_tf.data import CropFormat, Pair, Record, write_pair_set
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.data.photo import UnreadableError, decode_photo
from facerec_tf.importers.safe_pickle import PickleError, load_plain

#: Bytes of a file; the largest published ones have 300 MB.
_LARGEST = 1 << 31

#: Folds: contiguous, in the order of the file, as those of InsightFace.
NUM_FOLDS = 10


def import_bin(path: Path, output: Path, *, alignment: str = "arcface-112") -> dict[str, str]:
    """Writes the pairs of a `.bin` file to a new folder, the images byte for byte.

    An image that occurs in several pairs is written, and later embedded, once. As the file does not
    name people, each image becomes an identity named by its number.

    Args:
        path: The file.
        output: Folder to create; `evaluate --protocol=NAME` looks for `DATA/pairs/NAME`.
        alignment: Name of the landmark template that the crops follow, for the manifest.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If the file is missing, damaged, would run code, or has other content; an image
            cannot be decoded or has another size; or `output` is in use.
    """
    images, same = read_bin(path)
    if len(same) < NUM_FOLDS:
        raise DataError(f"'{path}' has {len(same)} pairs, fewer than {NUM_FOLDS} folds need.")
    records, names, size = unique_images(path, images)
    parts = enumerate(np.array_split(np.arange(len(same)), NUM_FOLDS))
    pairs = [
        Pair(fold, names[2 * number], names[2 * number + 1], same[number])
        for fold, part in parts
        for number in part.tolist()
    ]
    write_pair_set(
        output,
        records,
        pairs,
        name=output.name,
        crop_format=CropFormat(size, alignment),
        names=NameSource(NameKind.NUMBERS),
    )
    return {
        "pairs": f"{len(pairs):,}, of which {sum(same):,} show the same person",
        "images": f"{len(records):,} unique of {len(images):,}, {size[0]}x{size[1]} pixels",
    }


def read_bin(path: Path) -> tuple[list[bytes], list[bool]]:
    """Reads the encoded images of a `.bin` file, and whether each two show the same person.

    Raises:
        DataError: If the file is missing, damaged, would run code, or has other content.
    """
    try:
        images, same = load_plain(read_bytes(path, "verification set", _LARGEST))
    except PickleError as error:
        raise DataError(f"Verification set '{path}' is refused: {error}.") from None
    except (TypeError, ValueError):
        raise _invalid(path) from None
    is_valid = (
        isinstance(images, (list, tuple))
        and isinstance(same, (list, tuple))
        and all(isinstance(image, bytes) for image in images)
        and all(isinstance(is_same, (bool, int)) and is_same in (0, 1) for is_same in same)
        and len(images) == 2 * len(same)
    )
    if not is_valid:
        raise _invalid(path)
    return images, [bool(is_same) for is_same in same]


def unique_images(
    path: Path, images: Sequence[bytes]
) -> tuple[list[Record], list[str], tuple[int, int]]:
    """Returns the records of the unique images, the name of each image, and their common size."""
    records: dict[bytes, Record] = {}
    names: list[str] = []
    size: tuple[int, int] = _size_of(path, 0, without_padding(images[0]))
    for number, image in enumerate(images):
        encoded = without_padding(image)
        digest = hashlib.sha256(encoded).digest()
        if digest not in records:
            found = _size_of(path, number, encoded)
            if found != size:
                raise DataError(
                    f"Image {number} of '{path}' is {found[0]}x{found[1]} pixels, expected "
                    f"{size[0]}x{size[1]} like those before it."
                )
            name = f"{number:06d}"
            records[digest] = Record(encoded, len(records), name, name)
        names.append(records[digest].filename)
    return list(records.values()), names, size


def _size_of(path: Path, number: int, encoded: bytes) -> tuple[int, int]:
    try:
        if not is_whole(encoded):
            raise UnreadableError("it is truncated, or neither JPEG nor PNG")
        height, width, _ = decode_photo(encoded).shape
        return height, width
    except UnreadableError as error:
        raise DataError(f"Image {number} of '{path}': {error}.") from None


def _invalid(path: Path) -> DataError:
    return DataError(
        f"'{path}' is not a verification set: expected a list of 2N encoded images and a list of N "
        "booleans."
    )
