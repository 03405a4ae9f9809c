"""Photographs → records by an Apache Beam pipeline, on one machine or on many.

Writes the records of `make_records`, using the same functions, but assigns them to shards by a hash
of their names. Needs the extra `beam`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.pvalue import AsList, AsSingleton, TaggedOutput

from facerec_tf.core.errors import DataError, UserError, require_count
from facerec_tf.core.files import sha256
from facerec_tf.data import CropFormat, Manifest, Record, new_directory
from facerec_tf.data.class_list import ClassList
from facerec_tf.data.image_hashes import ImageHashes, content_hash
from facerec_tf.data.manifest import FILE_NAME, Shard
from facerec_tf.data.names import compose_name
from facerec_tf.data.photo import HEAD_BYTES, UnreadableError
from facerec_tf.data.records import serialize, shard_name
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.crop_result import crop_photo
from facerec_tf.photographs.folder_scan import (
    HIDDEN,
    NOT_AN_IMAGE,
    begins_like_photo,
    is_photo,
    with_unique_names,
)
from facerec_tf.photographs.people import NO_CROPS, group_by_person, report_merged
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.photo_limits import DEFAULT_LIMITS, PhotoLimits
from facerec_tf.photographs.rejected import (
    OTHER,
    PERSON,
    REJECTED_FILE,
    Rejected,
    require_few_rejected,
    write_rejected,
)

_CROPS, _LOST = "crops", "lost"

#: Without it, worker processes log every step.
_QUIET = "--default_sdk_harness_log_level=WARNING"

#: Beam's report of an error of ours that a worker raised.
_USER_ERROR = re.compile(r"(?:User|Data|Argument)Error: (.*?)(?: \[while running|$)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class _Target:
    """The records to write; it is sent to the workers.

    Attributes:
        folder: Folder or address.
        name: First part of the shards' names.
        crop_format: Size and alignment of the crops.
        num_shards: Number of shards.
        seed: Seed of the shuffle.
    """

    folder: str
    name: str
    crop_format: CropFormat
    num_shards: int
    seed: int


def beam_make_records(
    output: str,
    photos: Iterable[Photo],
    make_cropper: Callable[[], Cropper],
    *,
    crop_format: CropFormat,
    rejected: Sequence[Rejected] = (),
    name: str = "train",
    num_shards: int = 16,
    min_images: int = 1,
    seed: int = 0,
    limits: PhotoLimits = DEFAULT_LIMITS,
    beam_flags: Sequence[str] = (),
) -> None:
    """Runs the pipeline and waits until it has finished.

    Args:
        output: Folder to create, on a disk that all workers see, or an address that Beam writes to.
        photos: The photographs; the workers read them.
        make_cropper: Makes the cropper of a worker; it must be picklable.
        crop_format: Size and alignment of the crops.
        rejected: Files left out by the caller, to be listed in `rejected.csv` with others.
        name: First part of the shards' names.
        num_shards: Number of shards; a worker holds one in memory.
        min_images: People with fewer photographs are left out.
        seed: Seed of the shuffle.
        limits: The largest photographs that are fetched from an address; those of the cropper.
        beam_flags: Beam's own flags, such as `--runner=FlinkRunner`.

    Raises:
        UserError: As `make_records` does, or if the pipeline fails.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    make_cropper()  # Raises errors of the options before workers start.
    people, too_few = group_by_person(photos, min_images)
    listed = [photo for own in people.values() for photo in own]
    with _folder(output) as folder, _listing(folder, listed) as listing:
        target = _Target(folder, name, crop_format, num_shards, seed)
        manifest_writer = _ManifestWriter(target, len(listed), (*rejected, *too_few), tuple(people))
        try:
            with beam.Pipeline(options=PipelineOptions([_QUIET, *beam_flags])) as pipeline:
                cropped = (
                    pipeline
                    | "List" >> beam.io.ReadFromText(listing)
                    | "Spread" >> beam.Reshuffle()
                    | "Crop"
                    >> beam.ParDo(_Cropping(make_cropper, limits)).with_outputs(_LOST, main=_CROPS)
                )
                classes = AsSingleton(
                    cropped[_CROPS]
                    | "People" >> beam.Keys()
                    | "Count" >> beam.combiners.Count.PerElement()
                    | "Gather" >> beam.combiners.ToList()
                    | "Sort" >> beam.Map(sorted)
                )
                shards = AsList(
                    cropped[_CROPS]
                    | "Scatter" >> beam.Map(_with_shard, num_shards)
                    | "Group" >> beam.GroupByKey()
                    | "Write" >> beam.ParDo(_ShardWriter(target), classes)
                )
                end = pipeline | "End" >> beam.Create([folder])
                end | "Finish" >> beam.ParDo(
                    manifest_writer, classes, shards, AsList(cropped[_LOST])
                )
        except Exception as error:  # Each runner raises errors of its own.
            raise _user_error(error) from error


class _Cropping(beam.DoFn):
    """From a line of the listing to (person, (name, JPEG)), or (file, reason, is damaged)."""

    def __init__(self, make_cropper: Callable[[], Cropper], limits: PhotoLimits) -> None:
        self._make_cropper = make_cropper
        self._limits = limits

    def setup(self) -> None:
        self._cropper = self._make_cropper()

    def process(self, line: str) -> Iterator[Any]:
        photo = Photo(*json.loads(line))
        result = crop_photo(
            photo, lambda photo: self._cropper(_fetched(photo, self._limits.max_bytes))
        )
        if result.reason:
            yield TaggedOutput(_LOST, (photo.name, result.reason, result.is_damaged))
        for crop in result.crops:
            yield crop.person, (crop.name, crop.encoded)


class _ShardWriter(beam.DoFn):
    """Writes a shard, given its number and crops.

    Yields the fields of its `Shard`, and label and hash of each of its images.
    """

    def __init__(self, target: _Target) -> None:
        self._target = target

    def process(self, shard: tuple, classes: list) -> Iterator[Any]:
        index, crops = shard
        target = self._target
        labels = {person: label for label, (person, _) in enumerate(classes)}
        ordered = sorted(crops, key=lambda crop: _hash(f"{target.seed} {crop[1]}"))
        file = shard_name(target.name, index, target.num_shards)
        hashes = [(labels[person], content_hash(encoded)) for person, _, encoded in ordered]
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / file
            with tf.io.TFRecordWriter(os.fspath(path)) as writer:
                for person, name, encoded in ordered:
                    writer.write(serialize(Record(encoded, labels[person], person, name)))
            _put(path, f"{target.folder}/{file}")
            yield (file, len(ordered), path.stat().st_size, sha256(path)), hashes


class _ManifestWriter(beam.DoFn):
    """Writes `rejected.csv` and, as the last file, the manifest."""

    def __init__(
        self, target: _Target, total: int, rejected: tuple[Rejected, ...], people: tuple[str, ...]
    ) -> None:
        self._target = target
        self._total = total
        self._rejected = rejected
        self._people = people

    def process(self, folder: str, classes: list, shards: list, lost: list) -> None:
        damaged = [Rejected(file, reason) for file, reason, is_damaged in lost if is_damaged]
        require_few_rejected(damaged, self._total)
        if not classes:
            raise DataError("There are no images to write.")
        files = tuple(Shard(*fields) for fields in sorted(fields for fields, _ in shards))
        hashes = ImageHashes()
        for label, hashed in itertools.chain.from_iterable(of_shard for _, of_shard in shards):
            hashes.add(label, hashed)
        seen = {person for person, _ in classes}
        left_out = [
            *self._rejected,
            *(Rejected(file, reason) for file, reason, _ in lost),
            *(Rejected(person, NO_CROPS, PERSON) for person in self._people if person not in seen),
        ]
        with tempfile.TemporaryDirectory() as scratch:
            if left_out:
                write_rejected(Path(scratch) / REJECTED_FILE, left_out)
                _put(Path(scratch) / REJECTED_FILE, f"{folder}/{REJECTED_FILE}")
            target = self._target
            hash_file = hashes.save(scratch)
            _put(Path(scratch) / hash_file.file, f"{folder}/{hash_file.file}")
            manifest = Manifest(
                target.name,
                target.crop_format,
                ClassList(classes),
                files,
                image_hashes=hash_file,
            )
            manifest.save(scratch)
            _put(Path(scratch) / FILE_NAME, f"{folder}/{FILE_NAME}")


def find_remote_photos(root: str) -> tuple[list[Photo], list[Rejected]]:
    """Finds `ROOT/PERSON/FILE` at an address that Beam reads.

    Returns:
        The photographs; and the hidden ones and the files that are not images, which are left out.

    Raises:
        DataError: If there are no photographs, or the address cannot be read.
    """
    root = root.rstrip("/")
    try:
        found = FileSystems.match([f"{root}/*/*"])[0].metadata_list
    except (BeamIOError, ValueError) as error:
        raise DataError(f"Cannot list '{root}': {error}") from None
    photos: list[Photo] = []
    rejected: list[Rejected] = []
    people = set()
    for file in found:
        person, name = file.path.split("/")[-2:]
        inner = f"{person}/{name}"
        if person.startswith(".") or name.startswith("."):
            if is_photo(name):
                rejected.append(Rejected(inner, HIDDEN))
        elif is_photo(name) or begins_like_photo(_remote_head(file.path)):
            people.add(person)
            photos.append(Photo(inner, compose_name(person), file.path))
        else:
            rejected.append(Rejected(inner, NOT_AN_IMAGE, OTHER))
    if not photos:
        raise DataError(f"'{root}' contains no photographs named PERSON/FILE.")
    report_merged(people)
    return with_unique_names(photos), rejected


def _remote_head(address: str) -> bytes:
    """Returns the first bytes of a file, none if it cannot be read."""
    try:
        with FileSystems.open(address) as file:
            return file.read(HEAD_BYTES)
    except (BeamIOError, OSError):
        return b""


def _fetched(photo: Photo, max_bytes: int) -> Photo:
    """Returns `photo` with its bytes, if its path is an address; a larger file is cut off."""
    if "://" not in photo.path:
        return photo
    try:
        with FileSystems.open(photo.path) as file:
            return photo._replace(encoded=file.read(max_bytes + 1))
    except (BeamIOError, OSError) as error:
        raise UnreadableError(str(error)) from None


def _with_shard(crop: tuple[str, tuple[str, bytes]], num_shards: int) -> Any:
    person, (name, encoded) = crop
    return int(_hash(name), 16) % num_shards, (person, name, encoded)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@contextlib.contextmanager
def _folder(output: str) -> Iterator[str]:
    """Yields a temporary folder that becomes `output` at the end, or `output` if an address."""
    if "://" not in output:
        with new_directory(output) as folder:
            yield os.fspath(folder)
        return
    if FileSystems.match([f"{output}/*"])[0].metadata_list:
        raise UserError(f"'{output}' is not empty: remove it or choose another.")
    yield output


@contextlib.contextmanager
def _listing(folder: str, photos: Iterable[Photo]) -> Iterator[str]:
    """Yields a file with one line per photograph; a pipeline cannot contain millions of them."""
    path = f"{folder}/.photos.jsonl"
    with FileSystems.create(path) as file:
        for photo in photos:
            file.write(json.dumps(photo[:3]).encode() + b"\n")
    yield path
    FileSystems.delete([path])


def _put(source: Path, target: str) -> None:
    with open(source, "rb") as local, FileSystems.create(target) as remote:
        while block := local.read(1 << 20):
            remote.write(block)


def _user_error(error: Exception) -> UserError:
    """Returns an error with the message of a worker or the runner, in one line."""
    if match := _USER_ERROR.search(str(error)):
        return UserError(match.group(1))
    (first, *_) = str(error).strip().splitlines() or [type(error).__name__]
    reason = first.partition(" [while running")[0]
    return UserError(reason if isinstance(error, UserError) else f"The pipeline failed: {reason}")
