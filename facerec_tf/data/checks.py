"""Says what is wrong with records: before training, and when the pipeline stumbles."""

from __future__ import annotations

import itertools
import math
import os
import re
from typing import Any

import tensorflow as tf

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.data.damaged import MAX_DAMAGED
from facerec_tf.data.images import check_image, image_fault
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import Record, read_shard, shard_paths
from facerec_tf.data.stream import BAD_LABEL, record_stream

_VALUE = r" \[(.*?)\]"

#: What errors of the pipeline look like, and what to say, with the values found in them.
_KNOWN_ERRORS = (
    (
        re.escape(f"[{BAD_LABEL}]") + 3 * _VALUE,
        "Image '{0}' has label {1}, but the manifest names {2} identities.",
    ),
    (r"(Image '.*' is \d+x\d+ pixels, expected \d+x\d+)", "{0}."),
    # What is left of a batch when every image that does not decode is left out.
    (r"Dataset was empty", "All images of a batch are damaged."),
    (r"(Shard '.*' was (?:cut short|lost) during the run.*)", "{0}"),
    (r"(?:corrupted|truncated) record at", "A shard is corrupt or cut short."),
    (
        r"ParseExample|parse example|[Pp]arse serialized",
        "A record is damaged: it is no tf.train.Example, or lacks a feature.",
    ),
)


def preflight(
    directory: str | os.PathLike, *, digests: bool = True, sample: int = 1000
) -> list[str]:
    """Checks the records in `directory` before training: all shards, and a sample of the images.

    Args:
        directory: Folder of records with its manifest.
        digests: Compare every shard's SHA-256, which reads every byte.
        sample: Images to decode, spread over the shards.

    Returns:
        What is wrong with each damaged image of the sample, naming it; training skips such.

    Raises:
        DataError: If the manifest or a shard is missing or damaged, they do not match, a record
            cannot be parsed, an image has the wrong size, a label lies outside the manifest, or
            more than 1 % of the sample is damaged.
    """
    require_count("sample", sample)
    manifest = Manifest.load(directory)
    manifest.verify(directory, digests)
    quota = math.ceil(sample / max(len(manifest.shards), 1))
    damaged, checked = [], 0
    for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
        for record in itertools.islice(read_shard(path), quota):
            check_label(record, manifest, path)
            checked += 1
            if reason := image_fault(record, manifest, path):
                damaged.append(reason)
    if len(damaged) > MAX_DAMAGED * checked:
        raise DataError(
            f"{len(damaged)} of {checked} images looked at in '{directory}' are damaged, more than "
            f"1 %. {damaged[0]}"
        )
    return damaged


def name_bad_records(
    directory: str | os.PathLike,
    *,
    first: int,
    last: int,
    **order: Any,
) -> list[str]:
    """Returns which images at positions `first` to `last` of the stream are damaged, and why.

    Reads the stream again.

    Args:
        directory: The folder of records.
        first: First position to look at.
        last: Last position to look at.
        **order: The arguments of `record_stream`, as `training_dataset` had them.

    Raises:
        DataError: If an image has the wrong size, or the shards cannot be read.
    """
    image_size = Manifest.load(directory).image_size
    stream = record_stream(directory, start=first, **order)
    bad = []
    for _, record in stream.take(last - first + 1).as_numpy_iterator():
        name = f"'{record['filename'].decode()}'"
        if reason := check_image(record["encoded"], image_size, name):
            bad.append(f"Image {name}: {reason}.")
    return bad


def describe_error(error: tf.errors.OpError) -> str | None:
    """Returns in one line what is wrong with the records, or None for an error of another kind.

    Knows no more than the error does; `explain` reads the records again and names the damaged one.
    """
    for pattern, words in _KNOWN_ERRORS:
        if found := re.search(pattern, error.message):
            return words.format(*(group.strip('"') for group in found.groups()))
    return None


def explain(
    error: tf.errors.OpError,
    directory: str | os.PathLike,
    *,
    first: int,
    last: int,
    **order: Any,
) -> DataError | None:
    """Returns an error that names the record the pipeline stumbled over.

    Reads the records again, so it may take as long as an epoch without decoding.

    Args:
        error: What iterating over `training_dataset` raised.
        directory: The folder of records.
        first: First position of the batch that failed.
        last: Its last position.
        **order: The arguments of `record_stream`, as `training_dataset` had them.

    Returns:
        The error to raise instead, or None if `error` has nothing to do with the records.
    """
    description = describe_error(error)
    if description is None or description.startswith("Image "):
        return DataError(description) if description else None
    try:
        _read_everything(directory)
        bad = name_bad_records(directory, first=first, last=last, **order)
    except DataError as cause:
        return cause
    return DataError(" ".join([description, *bad[-1:]]))


def check_label(record: Record, manifest: Manifest, path: str) -> None:
    """Raises `DataError` unless the manifest names the record's identity as the record does."""
    if not 0 <= record.label < manifest.num_classes:
        raise DataError(
            f"Image '{record.filename}' in '{path}' has label {record.label}, outside the "
            f"manifest's 0 to {manifest.num_classes - 1}."
        )
    if record.text != manifest.classes[record.label].name:
        raise DataError(
            f"Image '{record.filename}' in '{path}' shows '{record.text}', but the manifest calls "
            f"label {record.label} '{manifest.classes[record.label].name}': they do not match."
        )


def _read_everything(directory: str | os.PathLike) -> None:
    """Parses every record, so that a damaged one raises its `DataError`."""
    manifest = Manifest.load(directory)
    for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
        for record in read_shard(path):
            check_label(record, manifest, path)
