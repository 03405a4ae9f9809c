"""Checks records, and summarizes each of them in a few numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.curation.faults import Fault
from facerec_tf.curation.frames import Frame
from facerec_tf.curation.picture_hash import picture_hashes
from facerec_tf.data import Manifest, Record
from facerec_tf.data.codec import is_whole
from facerec_tf.data.image_hashes import content_hash
from facerec_tf.data.images import check_image, decode_any
from facerec_tf.data.records import deserialize


class RecordSummary(NamedTuple):
    """Summary of one record.

    Attributes:
        offset: Its position in its shard, in bytes.
        label: Its identity, -1 if unknown.
        name: 64 bits of a hash of its file name; 0 if it cannot be read.
        fingerprint: `content_hash` of the image; 0 if it is damaged.
        picture: From `picture_hashes`, uint8 `[32]`; None if the image is damaged.
        faults: Its faults.
    """

    offset: int
    label: int = -1
    name: int = 0
    fingerprint: int = 0
    picture: np.ndarray | None = None
    faults: Sequence[Fault] = ()


class RecordScanner:
    """Checks and summarizes records; may be called from several threads.

    Args:
        manifest: Their manifest.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        shape = (*manifest.image_size, 3)

        # One call for many images: separate calls would wait for Python's global lock.
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def decode_all(encoded: tf.Tensor) -> tf.Tensor:
            return tf.map_fn(
                lambda one: tf.ensure_shape(decode_any(one), shape),
                encoded,
                fn_output_signature=tf.TensorSpec(shape, tf.uint8),
                parallel_iterations=16,
            )

        self._decode_all = decode_all

    def __call__(self, shard: str, frames: Sequence[Frame]) -> list[RecordSummary]:
        """Summarizes records of the file `shard`."""
        records = [_read(frame) for frame in frames]
        read = [record for record in records if isinstance(record, Record)]
        images = self._decode([record.encoded for record in read])
        sound = [image for image in images if image is not None]
        hashes, remaining = iter(picture_hashes(sound)), iter(images)
        summaries = []
        for frame, record in zip(frames, records, strict=True):
            if isinstance(record, str):
                fault = Fault("record", shard, frame.index, None, record)
                summaries.append(RecordSummary(frame.offset, faults=[fault]))
                continue
            image = next(remaining)
            place = (shard, frame.index, record.filename)
            faults = [Fault("label", *place, r) for r in _label_faults(record, self._manifest)]
            if reason := _image_fault(record.encoded, image, self._manifest.image_size):
                faults.append(Fault("image", *place, reason))
            summaries.append(
                RecordSummary(
                    frame.offset,
                    record.label if 0 <= record.label < self._manifest.num_classes else -1,
                    content_hash(record.filename.encode()),
                    0 if image is None else content_hash(record.encoded),
                    None if image is None else next(hashes),
                    faults,
                )
            )
        return summaries

    def _decode(self, encoded: list[bytes]) -> Sequence[np.ndarray | None]:
        """Decodes images as training does; None for damaged ones."""
        if all(map(is_whole, encoded)):
            try:
                return self._decode_all(tf.constant(encoded, tf.string)).numpy()
            except tf.errors.InvalidArgumentError:
                pass  # One of them is damaged or has another size.
        return [_decode_one(one) for one in encoded]


def _read(frame: Frame) -> Record | str:
    """The record, or the reason why it cannot be read."""
    if frame.data is None:
        return frame.fault
    try:
        return deserialize(frame.data)
    except DataError as error:
        return str(error)


def _label_faults(record: Record, manifest: Manifest) -> Iterator[str]:
    label, classes = record.label, manifest.num_classes
    if not 0 <= label < classes:
        yield f"label {label} is outside the manifest's 0 to {classes - 1}"
    elif record.text != (name := manifest.classes[label].name):
        yield f"it shows '{record.text}', but the manifest calls label {label} '{name}'"


def _decode_one(encoded: bytes) -> np.ndarray | None:
    if not is_whole(encoded):
        return None
    try:
        return decode_any(encoded).numpy()
    except tf.errors.InvalidArgumentError:
        return None


def _image_fault(
    encoded: bytes, image: np.ndarray | None, image_size: tuple[int, int]
) -> str | None:
    if image is None:
        return check_image(encoded, image_size, "")
    if image.shape[:2] != tuple(image_size):
        found, wanted = ("x".join(map(str, size)) for size in (image.shape[:2], image_size))
        return f"it is {found} pixels, expected {wanted}"
    return None
