"""Photographs made records by an Apache Beam pipeline, on one machine or on many.

The records are those that `make_records` writes, though spread over the shards by a hash of their
names: what becomes of a photograph is decided by the same functions. Needs the extra `beam`.
"""

from __future__ import annotations

import contextlib
import hashlib
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
from facerec_tf.data import Manifest, Record, new_directory
from facerec_tf.data.class_list import ClassList
from facerec_tf.data.manifest import FILE_NAME, Shard
from facerec_tf.data.photo import UnreadableError
from facerec_tf.data.records import serialize, shard_name
from facerec_tf.photographs.crops import Cropper
from facerec_tf.photographs.folder_scan import HIDDEN, is_photo
from facerec_tf.photographs.make_records import REJECTED, group_by_person, require_few
from facerec_tf.photographs.outcome import outcome_of
from facerec_tf.photographs.photo import Photo, Rejected, write_rejected

_CROPS, _LOST = "crops", "lost"

#: Workers of their own process tell every step otherwise.
_QUIET = "--default_sdk_harness_log_level=WARNING"

#: How Beam reports what a worker raised.
_USER_ERROR = re.compile(r"(?:User|Data|Argument)Error: (.*?)(?: \[while running|$)", re.MULTILINE)


def beam_make_records(
    output: str,
    photos: Iterable[Photo],
    make_crop_photo: Callable[[], Cropper],
    *,
    image_size: tuple[int, int],
    alignment: str,
    rejected: Sequence[Rejected] = (),
    name: str = "train",
    num_shards: int = 16,
    min_images: int = 1,
    seed: int = 0,
    beam_flags: Sequence[str] = (),
) -> None:
    """Runs the pipeline and waits for its end.

    Args:
        output: Folder to make, on a disk that all workers see, or an address that Beam writes to.
        photos: What to make records of; the workers read them.
        make_crop_photo: Makes, on a worker, what crops a photograph; it must be picklable.
        image_size: Height and width of the crops.
        alignment: Name of the template they follow.
        rejected: What was left out so far, to be listed with what is left out now.
        name: First part of the shards' names.
        num_shards: Files to spread the records over; a worker holds one in memory.
        min_images: People of fewer photographs are left out.
        seed: Of the shuffle.
        beam_flags: Beam's own, such as `--runner=FlinkRunner`.

    Raises:
        UserError: As `make_records` does, or if the pipeline fails.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    make_crop_photo()  # What is wrong with the options is said before workers start.
    people = group_by_person(photos, min_images)
    listed = [photo for own in people.values() for photo in own]
    finish = _Finish(len(listed), tuple(rejected), name, image_size, alignment)
    with _target(output) as folder, _listing(folder, listed) as listing:
        try:
            with beam.Pipeline(options=PipelineOptions([_QUIET, *beam_flags])) as pipeline:
                cropped = (
                    pipeline
                    | "List" >> beam.io.ReadFromText(listing)
                    | "Spread" >> beam.Reshuffle()
                    | "Crop" >> beam.ParDo(_Crop(make_crop_photo)).with_outputs(_LOST, main=_CROPS)
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
                    | "Write" >> beam.ParDo(_WriteShard(folder, name, num_shards, seed), classes)
                )
                end = pipeline | "End" >> beam.Create([folder])
                end | "Finish" >> beam.ParDo(finish, classes, shards, AsList(cropped[_LOST]))
        except Exception as error:  # Runners raise what they like.
            raise _user_error(error) from error


class _Crop(beam.DoFn):
    """From a line of the listing to (person, (name, JPEG)), or (file, reason, is damaged)."""

    def __init__(self, make_crop_photo: Callable[[], Cropper]) -> None:
        self._make_crop_photo = make_crop_photo

    def setup(self) -> None:
        self._crop_photo = self._make_crop_photo()

    def process(self, line: str) -> Iterator[Any]:
        photo = Photo(*json.loads(line))
        outcome = outcome_of(photo, lambda photo: self._crop_photo(_fetched(photo)))
        if outcome.reason:
            yield TaggedOutput(_LOST, (photo.name, outcome.reason, outcome.is_damaged))
        for crop in outcome.crops:
            yield crop.person, (crop.name, crop.encoded)


class _WriteShard(beam.DoFn):
    """From a shard's number and records to the fields of its `Shard`, which is written."""

    def __init__(self, folder: str, name: str, num_shards: int, seed: int) -> None:
        self._folder = folder
        self._name = name
        self._num_shards = num_shards
        self._seed = seed

    def process(self, shard: tuple, classes: list) -> Iterator[Any]:
        index, crops = shard
        labels = {person: label for label, (person, _) in enumerate(classes)}
        ordered = sorted(crops, key=lambda crop: _hash(f"{self._seed} {crop[1]}"))
        file = shard_name(self._name, index, self._num_shards)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / file
            with tf.io.TFRecordWriter(os.fspath(path)) as writer:
                for person, name, encoded in ordered:
                    writer.write(serialize(Record(encoded, labels[person], person, name)))
            _put(path, f"{self._folder}/{file}")
            yield file, len(ordered), path.stat().st_size, sha256(path)


class _Finish(beam.DoFn):
    """Writes `rejected.csv` and, last of all, the manifest."""

    def __init__(
        self,
        total: int,
        rejected: tuple[Rejected, ...],
        name: str,
        image_size: tuple[int, int],
        alignment: str,
    ) -> None:
        self._total = total
        self._rejected = rejected
        self._common = (name, image_size, alignment)

    def process(self, folder: str, classes: list, shards: list, lost: list) -> None:
        damaged = [Rejected(file, reason) for file, reason, is_damaged in lost if is_damaged]
        require_few(damaged, self._total)
        if not classes:
            raise DataError("There are no images to write.")
        files = tuple(Shard(*fields) for fields in sorted(shards))
        left_out = [*self._rejected, *(Rejected(file, reason) for file, reason, _ in lost)]
        with tempfile.TemporaryDirectory() as scratch:
            if left_out:
                write_rejected(Path(scratch) / REJECTED, left_out)
                _put(Path(scratch) / REJECTED, f"{folder}/{REJECTED}")
            Manifest(*self._common, ClassList(classes), files).save(scratch)
            _put(Path(scratch) / FILE_NAME, f"{folder}/{FILE_NAME}")


def find_remote_photos(root: str) -> tuple[list[Photo], list[Rejected]]:
    """Finds `ROOT/PERSON/FILE` at an address that Beam reads, as `find_photos` does in a folder.

    Raises:
        DataError: If there is none, or the address cannot be read.
    """
    root = root.rstrip("/")
    try:
        found = FileSystems.match([f"{root}/*/*"])[0].metadata_list
    except (BeamIOError, ValueError) as error:
        raise DataError(f"Cannot list '{root}': {error}") from None
    photos, rejected = [], []
    for file in found:
        person, name = file.path.split("/")[-2:]
        inner = f"{person}/{name}"
        if not is_photo(name):
            continue
        if person.startswith(".") or name.startswith("."):
            rejected.append(Rejected(inner, HIDDEN))
        else:
            photos.append(Photo(inner, person, file.path))
    if not photos:
        raise DataError(f"'{root}' holds no photographs in a folder for each person.")
    return photos, rejected


def _fetched(photo: Photo) -> Photo:
    """Returns `photo` with its bytes, if they lie at an address."""
    if "://" not in (photo.path or ""):
        return photo
    try:
        with FileSystems.open(photo.path) as file:
            return photo._replace(encoded=file.read())
    except (BeamIOError, OSError) as error:
        raise UnreadableError(str(error)) from None


def _with_shard(crop: tuple[str, tuple[str, bytes]], num_shards: int) -> Any:
    person, (name, encoded) = crop
    return int(_hash(name), 16) % num_shards, (person, name, encoded)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@contextlib.contextmanager
def _target(output: str) -> Iterator[str]:
    """Yields where to write: a folder that becomes `output` in the end, or the address itself."""
    if "://" not in output:
        with new_directory(output) as folder:
            yield os.fspath(folder)
        return
    if FileSystems.match([f"{output}/*"])[0].metadata_list:
        raise UserError(f"'{output}' is not empty: remove it or choose another.")
    yield output


@contextlib.contextmanager
def _listing(folder: str, photos: Iterable[Photo]) -> Iterator[str]:
    """Yields a file with a line for every photograph: too many to be part of a pipeline."""
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
    """Returns in one line what a worker, or the runner, stumbled over."""
    if told := _USER_ERROR.search(str(error)):
        return UserError(told.group(1))
    (first, *_) = str(error).strip().splitlines() or [type(error).__name__]
    told = first.partition(" [while running")[0]
    return UserError(told if isinstance(error, UserError) else f"The pipeline failed: {told}")
