"""InsightFace's verification sets, as lfw.bin, cfp_fp.bin and agedb_30.bin (REFERENCE §7)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.data import Pair, Record, write_pair_set
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.data.photo import UnreadableError, decode_photo
from facerec_tf.importers.safe_pickle import PickleError, load_plain

#: Parts of the cross-validation: contiguous, in the order of the file, as InsightFace's KFold.
NUM_FOLDS = 10


def import_bin(path: Path, output: Path, *, alignment: str = "arcface-112") -> dict[str, str]:
    """Writes the pairs of a `.bin` file to a new folder, the images byte for byte.

    An image that occurs in several pairs is written once, and so embedded once. The file does not
    tell whom an image shows: each stands as an identity of its own, called by its number.

    Args:
        path: The file: a pickle of 2N encoded images and N booleans, whether images 2i and 2i + 1
            show the same person.
        output: Folder to make; `DATA/pairs/NAME` is where `evaluate --protocol=NAME` finds it.
        alignment: Name of the crops' template, for the manifest.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If the file is missing, damaged, asks for code to be run, or holds anything else,
            an image cannot be decoded or is of another size, or `output` is in use.
    """
    images, same = read_bin(path)
    if len(same) < NUM_FOLDS:
        raise DataError(f"'{path}' holds {len(same)} pairs: {NUM_FOLDS} folds need as many.")
    records, names, size = unique_images(path, images)
    parts = enumerate(np.array_split(np.arange(len(same)), NUM_FOLDS))
    pairs = [
        Pair(fold, names[2 * number], names[2 * number + 1], same[number])
        for fold, part in parts
        for number in part.tolist()
    ]
    write_pair_set(output, records, pairs, name=output.name, image_size=size, alignment=alignment)
    return {
        "pairs": f"{len(pairs):,}, of which {sum(same):,} show the same person",
        "images": f"{len(records):,} different ones of {len(images):,}, {size[0]}x{size[1]} pixels",
    }


def read_bin(path: Path) -> tuple[list[bytes], list[bool]]:
    """Returns the encoded images of a `.bin` file, and whether each two show the same person.

    Raises:
        DataError: If the file is missing, damaged, asks for code to be run, or holds anything else.
    """
    try:
        images, same = load_plain(path.read_bytes())
    except OSError as error:
        raise DataError(f"Cannot read '{path}': {error.strerror}.") from None
    except PickleError as error:
        raise DataError(f"Verification set '{path}' is refused: {error}.") from None
    except (TypeError, ValueError):
        raise _unfit(path) from None
    is_fit = (
        isinstance(images, (list, tuple))
        and isinstance(same, (list, tuple))
        and all(isinstance(image, bytes) for image in images)
        and all(isinstance(is_same, (bool, int)) and is_same in (0, 1) for is_same in same)
        and len(images) == 2 * len(same)
    )
    if not is_fit:
        raise _unfit(path)
    return images, [bool(is_same) for is_same in same]


def unique_images(
    path: Path, images: Sequence[bytes]
) -> tuple[list[Record], list[str], tuple[int, int]]:
    """Returns a record of each different image, the name of each image, and their one size."""
    records: dict[bytes, Record] = {}
    names, size = [], None
    for number, image in enumerate(images):
        encoded = without_padding(image)
        digest = hashlib.sha256(encoded).digest()
        if digest not in records:
            found = _size_of(path, number, encoded)
            size = size or found
            if found != size:
                raise DataError(
                    f"Image {number} of '{path}' is {found[0]}x{found[1]} pixels, those before it "
                    f"are {size[0]}x{size[1]}."
                )
            name = f"{number:06d}"
            records[digest] = Record(encoded, len(records), name, name)
        names.append(records[digest].filename)
    return list(records.values()), names, size


def _size_of(path: Path, number: int, encoded: bytes) -> tuple[int, int]:
    try:
        if not is_whole(encoded):
            raise UnreadableError("it is truncated, or neither JPEG nor PNG")
        return decode_photo(encoded).shape[:2]
    except UnreadableError as error:
        raise DataError(f"Image {number} of '{path}': {error}.") from None


def _unfit(path: Path) -> DataError:
    return DataError(
        f"'{path}' is no verification set: it must hold a list of 2N encoded images and one of N "
        "booleans."
    )
