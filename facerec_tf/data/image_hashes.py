"""Hashes of the encoded images of records, by which two data sets are searched for equal images.

The hashes of a folder are in `image_hashes.npy`, a NumPy array of little-endian uint64 `[images]`:
those of label 0 first, then those of label 1, and so on; those of a label ascend. The manifest has
the number of images of each label, and the SHA-256 of the file. 5.8 million images take 46 MB.
"""

from __future__ import annotations

import array
import hashlib
import io
import os
from pathlib import Path

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_bytes
from facerec_tf.data.manifest import HashFile, Manifest
from facerec_tf.data.reading import read_records

FILE_NAME = "image_hashes.npy"


def content_hash(content: bytes) -> int:
    """First 64 bits of the SHA-256 of an encoded image, or of other bytes.

    Two different images among 17 million have the same hash in one of 100,000 data sets.
    """
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "little")


class ImageHashes:
    """Collects the hashes of images in any order: 12 bytes per image, and 16 more to sort them."""

    def __init__(self) -> None:
        self._labels = array.array("i")
        self._hashes = array.array("Q")

    def add(self, label: int, hashed: int) -> None:
        """Adds the result of `content_hash` for an image with this label."""
        self._labels.append(label)
        self._hashes.append(hashed)

    def sorted(self) -> np.ndarray:
        """Hashes by label, uint64 `[images]`; those of a label ascend."""
        return by_label(
            np.frombuffer(self._labels, np.int32), np.frombuffer(self._hashes, np.uint64)
        )

    def save(self, directory: str | os.PathLike) -> HashFile:
        """Writes `image_hashes.npy`; returns its entry in the manifest."""
        content = io.BytesIO()
        np.save(content, self.sorted().astype("<u8"))
        (Path(directory) / FILE_NAME).write_bytes(content.getbuffer())
        return HashFile(FILE_NAME, hashlib.sha256(content.getbuffer()).hexdigest())


def by_label(labels: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Sorts hashes, uint64 `[images]`, by label, and those of one label by value."""
    return hashes[np.lexsort((hashes, labels))]


def load_image_hashes(directory: str | os.PathLike, manifest: Manifest) -> np.ndarray | None:
    """Reads the hashes of the images in `directory`.

    Args:
        directory: The folder of records.
        manifest: Its manifest.

    Returns:
        uint64 `[images]` by label, see above; None if the manifest has no such file, as those of
        earlier versions.

    Raises:
        DataError: If the file is missing or damaged, or is not that of the manifest.
    """
    if manifest.image_hashes is None:
        return None
    path = Path(directory) / manifest.image_hashes.file
    content = read_bytes(path, "image hashes", 8 * manifest.num_images + 4096)
    if hashlib.sha256(content).hexdigest() != manifest.image_hashes.sha256:
        raise DataError(
            f"Image hashes '{path}' do not match the manifest: the SHA-256 is another. Copy the "
            "file again, or write the records again."
        )
    try:
        hashes = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"Image hashes '{path}' are not a NumPy array: {error}") from None
    if hashes.dtype != np.dtype("<u8") or hashes.shape != (manifest.num_images,):
        raise DataError(
            f"Image hashes '{path}' must be uint64 [{manifest.num_images}]. "
            f"Found: {hashes.dtype} {list(hashes.shape)}"
        )
    return hashes


def compute_image_hashes(directory: str | os.PathLike, manifest: Manifest) -> np.ndarray:
    """Computes the hashes of the images in `directory` from the records, uint64 `[images]`.

    Raises:
        DataError: If a record cannot be read.
    """
    hashes = ImageHashes()
    records = progress_bar(
        read_records(directory, manifest),
        desc=f"hashing {Path(directory).name}",
        total=manifest.num_images,
        unit=" images",
    )
    for _, record in records:
        hashes.add(record.label, content_hash(record.encoded))
    return hashes.sorted()
