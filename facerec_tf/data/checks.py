"""Checks of records before training, and explanations of errors of the input pipeline."""

from __future__ import annotations

import itertools
import math
import os
import re

import tensorflow as tf

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.data.damaged import require_few_damaged
from facerec_tf.data.images import check_image, image_fault
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import Record, read_shard, shard_paths
from facerec_tf.data.stream import BAD_LABEL, record_stream
from facerec_tf.data.stream_options import StreamOptions

_VALUE = r" \[(.*?)\]"

#: Pattern of a pipeline error, and the message for it; `{0}` is the pattern's first group.
_KNOWN_ERRORS = (
    (
        re.escape(f"[{BAD_LABEL}]") + 3 * _VALUE,
        "Image '{0}' has label {1}, but the manifest names {2} identities.",
    ),
    (r"(Image '.*' is \d+x\d+ pixels, expected \d+x\d+)", "{0}."),
    # The pipeline skips damaged images; this batch had no others.
    (r"Dataset was empty", "All images of a batch are damaged."),
    (r"(Shard '.*' was (?:cut short|lost) during the run.*)", "{0}"),
    # The file system's errors, such as that of a folder that was removed or unmounted.
    (
        r"(?:^|\}\} )([^;\n{}]+\.tfrecord); (.+?)(?: \[Op:|$)",
        "Shard '{0}' was lost during the run: {1}.",
    ),
    (r"(?:corrupted|truncated) record at", "A shard is corrupt or cut short."),
    (
        r"ParseExample|parse example|[Pp]arse serialized",
        "A record is damaged: it is not a tf.train.Example, or a feature is missing.",
    ),
)


def preflight(
    directory: str | os.PathLike, *, digests: bool = True, sample: int = 1000
) -> list[str]:
    """Checks the records in `directory` before training: all shards, and a sample of the images.

    Args:
        directory: Folder of records with its manifest.
        digests: Compare every shard's SHA-256, which reads every byte.
        sample: Number of images to decode, spread over the shards.

    Returns:
        One message for each damaged image of the sample. Training skips damaged images.

    Raises:
        DataError: If the manifest or a shard is missing or damaged, they do not match, a record
            cannot be parsed, an image has the wrong size, a label is not in the manifest, or more
            than 1 % of the sample is damaged.
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
    require_few_damaged(damaged, checked, f"checked in '{directory}'")
    return damaged


def name_bad_records(options: StreamOptions, *, first: int, last: int) -> list[str]:
    """One message for each damaged image at positions `first` to `last` of the stream.

    Reads the stream again.

    Args:
        options: The records and their order, as given to `training_dataset`.
        first: First position to check.
        last: Last position to check.

    Raises:
        DataError: If an image has the wrong size, or the shards cannot be read.
    """
    image_size = Manifest.load(options.directory).image_size
    stream = record_stream(options, start=first)
    bad = []
    for _, record in stream.take(last - first + 1).as_numpy_iterator():
        name = f"'{record['filename'].decode()}'"
        if reason := check_image(record["encoded"], image_size, name):
            bad.append(f"Image {name}: {reason}.")
    return bad


def describe_error(error: tf.errors.OpError) -> str | None:
    """One-line description of an error caused by the records, or None for any other error.

    Uses the error alone; `explain` reads the records again and names the damaged one.
    """
    for pattern, words in _KNOWN_ERRORS:
        if found := re.search(pattern, error.message):
            return words.format(*(group.strip('"') for group in found.groups()))
    return None


def explain(
    error: tf.errors.OpError, options: StreamOptions, *, first: int, last: int
) -> DataError | None:
    """An error that names the record on which the pipeline failed.

    Reads the records again, which may take as long as an epoch without decoding.

    Args:
        error: The error raised while iterating over `training_dataset`.
        options: The records and their order, as given to `training_dataset`.
        first: First position of the batch that failed.
        last: Its last position.

    Returns:
        The error to raise instead, or None if the records did not cause `error`.
    """
    description = describe_error(error)
    if description is None:
        return None
    if description.startswith("Image ") or not os.path.isdir(options.directory):
        return DataError(description)
    try:
        _read_everything(options.directory)
        bad = name_bad_records(options, first=first, last=last)
    except DataError as cause:
        return cause
    return DataError(" ".join([description, *bad[-1:]]))


def check_label(record: Record, manifest: Manifest, path: str) -> None:
    """Raises `DataError` unless label and name of the record match the manifest."""
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
    """Parses every record; a damaged one raises `DataError`."""
    manifest = Manifest.load(directory)
    for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
        for record in read_shard(path):
            check_label(record, manifest, path)
