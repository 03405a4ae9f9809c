"""Drops or re-labels images that lie far from the dominant centre of their identity.

    python tools/clean_labels.py --workdir=RUN --output=DIR [--degrees=75 --action=drop]

RUN was trained with `--loss=subcenter_arcface` (ECCV 2020): each identity has several centres, of
which the dominant one is nearest to most of its images. Images past `--degrees` from it are left
out; with `--action=relabel` they go to the nearest other identity whose dominant centre is within
`--degrees` of them, if there is one. An identity none of whose own images is that near to its
dominant centre takes in no others, and one that is left without images goes from the manifest.

Identities that the run left out (`--min_images`) have no centres: their images are written as they
are. Damaged images are left out; more than 1 % of them stop the tool. Pair sets in `DATA/pairs` are
copied. `OUTPUT/label_noise.csv` has a line for every image, in the order of DATA: its name, its
identity, the angle to the dominant centre in degrees, what was done (kept, dropped, relabelled,
damaged, or unjudged: written as it is), and the new identity of a relabelled one.
"""

from __future__ import annotations

import array
import csv
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from absl import flags

from facerec_tf.command import run
from facerec_tf.core.errors import ArgumentError, DataError, UserError, require
from facerec_tf.core.files import require_writable
from facerec_tf.data import (
    MAX_DAMAGED,
    Manifest,
    Record,
    new_directory,
    preflight,
    write_records,
)
from facerec_tf.data.checks import check_label
from facerec_tf.data.images import decode_any, image_fault
from facerec_tf.data.records import read_shard, shard_paths
from facerec_tf.evaluation.label_noise import (
    centres_by_class,
    dominance,
    nearest_other,
    own_cosines,
)
from facerec_tf.experiment import Encoder, RunFolder
from facerec_tf.experiment.encoder import BATCH
from facerec_tf.experiment.load import load_trained
from facerec_tf.models import Recognizer, embed

REPORT = "label_noise.csv"
HEADER = ("filename", "identity", "degrees", "action", "new_identity")

#: What can become of an image; `Verdict.actions` are places in here.
ACTIONS = ("kept", "dropped", "relabelled", "damaged", "unjudged")

_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the recognizer.")
_MODEL = flags.DEFINE_string("model", None, "`.keras` file to judge by instead of a run.")
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", "final", "With --workdir: 'final', 'latest', or 'best' by verification."
)
_DATA = flags.DEFINE_string("data", None, "Folder of records to clean; default: the run's own.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_DEGREES = flags.DEFINE_float("degrees", 75.0, "Angle to the dominant centre that is too far.")
_ACTION = flags.DEFINE_enum(
    "action", "drop", ["drop", "relabel"], "What to do with images past --degrees."
)
_MIN_IMAGES = flags.DEFINE_integer(
    "min_images", None, "With --model: the --min_images it was trained with; default: 1."
)
_FLIP_FUSION = flags.DEFINE_boolean("flip_fusion", False, "Add the mirrored image's embedding.")

#: Images that are decoded ahead.
_CHUNK = 1024

#: Seconds between two lines that say how far the work is.
_TELL_EVERY = 30.0


class Judge(NamedTuple):
    """What images are judged by.

    Attributes:
        embed: From uint8 `[batch, height, width, 3]` to embeddings `[batch, dim]`.
        image_size: Height and width it takes.
        centres: float32 `[classes, k, dim]`: those of the head, of unit length.
    """

    embed: Callable[[np.ndarray], np.ndarray]
    image_size: tuple[int, int]
    centres: np.ndarray

    @classmethod
    def of_recognizer(cls, recognizer: Recognizer, flip_fusion: bool) -> Judge:
        """Returns the judge that a recognizer makes.

        Raises:
            DataError: If its head has no more than one centre a class.
        """
        head = recognizer.head
        if head is None or head.num_centres == head.num_classes:
            found = f"head, {type(head).__name__}, has one centre" if head else "loss has no centre"
            raise DataError(
                f"The recognizer's {found} for each identity, where several are needed: train with "
                "--loss=subcenter_arcface --k=3."
            )
        encoder = Encoder.of_recognizer(recognizer)
        return cls(
            lambda images: _require_finite(embed(encoder.encode, [images], flip_fusion)),
            encoder.image_size,
            centres_by_class(np.asarray(head.centres), head.num_centres // head.num_classes),
        )


class Source(NamedTuple):
    """The records that are cleaned.

    Attributes:
        directory: Their folder.
        manifest: Its manifest.
        classes: int64 `[identities]`: the class of the head that each is, -1 if it is none.
    """

    directory: Path
    manifest: Manifest
    classes: np.ndarray


class Image(NamedTuple):
    """One record, and its pixels, uint8 `[height, width, 3]`, or why there are none."""

    record: Record
    pixels: np.ndarray | None
    fault: str | None


class Survey(NamedTuple):
    """What was measured of every record, in the order of the data.

    Attributes:
        labels: int32 `[n]`, as in the records.
        sound: bool `[n]`: whether the image can be decoded.
        judged: bool `[n]`: whether it is also of an identity that has centres.
        cosines: float32 `[judged, k]`: between the images that are judged and all their centres.
        damaged: What is wrong with each damaged image.
    """

    labels: np.ndarray
    sound: np.ndarray
    judged: np.ndarray
    cosines: np.ndarray
    damaged: list[str]


class Verdict(NamedTuple):
    """What becomes of every record, in the order of the data.

    Attributes:
        degrees: float32 `[n]`: the angle to the dominant centre, NaN where none was measured.
        labels: int64 `[n]`: the identity it is written under, by its old label; -1: left out.
        actions: int8 `[n]`: what that is called, by its place in `ACTIONS`.
    """

    degrees: np.ndarray
    labels: np.ndarray
    actions: np.ndarray


def clean_labels(
    output: Path,
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    data: str | None = None,
    degrees: float = 75.0,
    relabel: bool = False,
    min_images: int | None = None,
    flip_fusion: bool = False,
) -> dict[str, str]:
    """Writes the cleaned records of `data` to `output`; returns what was done, for a summary.

    Args:
        output: Folder to make.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        data: Folder of records; by default that of the run.
        degrees: Angle to the dominant centre past which an image is not its identity's.
        relabel: Whether such an image goes to another identity if one is near.
        min_images: With `model`: identities of fewer images have no centres; by default 1.
        flip_fusion: Whether to add the embedding of the mirrored image.

    Raises:
        UserError: If recognizer or records are missing, damaged, or do not fit each other, or
            `output` is in use or cannot be written.
    """
    require(0 < degrees <= 180, "degrees", "above 0 and at most 180", degrees)
    if workdir and min_images is not None:
        raise ArgumentError("--min_images goes with --model: a --workdir knows its own.")
    if model and data is None:
        raise ArgumentError("--model needs --data=DIR, the folder of records to clean.")
    require_writable(output)
    if output.is_dir() and any(output.iterdir()):
        raise UserError(f"Folder '{output}' is not empty: remove it or choose another.")

    judge = Judge.of_recognizer(load_trained(workdir, model, checkpoint), flip_fusion)
    source = open_source(data, workdir, min_images)
    require_fit(judge, source)
    preflight(source.directory)

    survey = measure(judge, source)
    verdict = decide(judge, source, survey, degrees, relabel)
    cleaned = write_cleaned(output, source, verdict)
    return summarize(source, survey, verdict, cleaned, degrees, relabel)


def open_source(data: str | None, workdir: str | None, min_images: int | None) -> Source:
    """Returns the records, and which of their identities the recognizer was trained on.

    Raises:
        DataError: If the records are of other identities than the run's.
    """
    if workdir is None:
        manifest = Manifest.load(data)
        selection = manifest.select(1 if min_images is None else min_images)
        return Source(Path(data), manifest, selection.labels)
    folder = RunFolder(workdir)
    directory, trained = Path(data or folder.records()), folder.manifest()
    manifest = Manifest.load(directory)
    both = itertools.zip_longest(manifest.classes, trained.classes)
    for label, (here, there) in enumerate(both):
        if here is None or there is None or here.name != there.name:
            here, there = (f"'{entry.name}'" if entry else "no one" for entry in (here, there))
            raise DataError(
                f"Records '{directory}' are not of the identities that run '{workdir}' was trained "
                f"on: label {label} is {here} in the records, and {there} in the run."
            )
    return Source(directory, manifest, trained.select(folder.config().data.min_images).labels)


def require_fit(judge: Judge, source: Source) -> None:
    """Raises `DataError` unless the recognizer takes such images and has as many identities."""
    if source.manifest.image_size != judge.image_size:
        found, wanted = (
            "×".join(map(str, size)) for size in (source.manifest.image_size, judge.image_size)
        )
        raise DataError(
            f"Images of '{source.directory}' are {found} pixels, but the recognizer takes {wanted}."
        )
    if (known := int((source.classes >= 0).sum())) != len(judge.centres):
        raise DataError(
            f"Records '{source.directory}' hold {known:,} identities to judge, but the recognizer "
            f"was trained on {len(judge.centres):,}: give the records it was trained on and, with "
            "--model, its --min_images."
        )


def measure(judge: Judge, source: Source) -> Survey:
    """Embeds all images of identities that have centres, and keeps a few numbers of each.

    Raises:
        DataError: As `read_images`, and if more than 1 % of them are damaged.
    """
    labels, sound, damaged = array.array("i"), array.array("b"), []

    def known_images() -> Iterator[Image]:
        for image in read_images(source):
            labels.append(image.record.label)
            sound.append(image.fault is None)
            if image.fault:
                damaged.append(image.fault)
                if len(damaged) > MAX_DAMAGED * source.manifest.num_images:
                    raise DataError(
                        f"More than 1 % of the images in '{source.directory}' are damaged. "
                        + " ".join(damaged[:3])
                    )
            elif source.classes[image.record.label] >= 0:
                yield image

    entries = zip(source.manifest.classes, source.classes >= 0, strict=True)
    total = sum(entry.images for entry, is_known in entries if is_known)
    cosines = [np.zeros((0, judge.centres.shape[1]), np.float32)]
    for own, pixels in batches(known_images(), source, "Embedded", total):
        cosines.append(own_cosines(judge.embed(pixels), own, judge.centres))
    labels, sound = np.array(labels), np.array(sound, bool)
    judged = sound & (source.classes[labels] >= 0)
    return Survey(labels, sound, judged, np.concatenate(cosines), damaged)


def decide(judge: Judge, source: Source, survey: Survey, degrees: float, relabel: bool) -> Verdict:
    """Returns what becomes of every image; to re-label them, far ones are embedded once more.

    Raises:
        DataError: If fewer than two identities would be left.
    """
    own = source.classes[survey.labels[survey.judged]]
    found = dominance(survey.cosines, own, len(judge.centres))
    angles = np.full(len(survey.labels), np.nan, np.float32)
    angles[survey.judged] = np.degrees(found.angles)
    far = angles > degrees  # Not where it is NaN.
    labels = np.where(survey.sound & ~far, survey.labels, -1).astype(np.int64)
    near = np.unique(own[~far[survey.judged]])
    if relabel and near.size:
        directions = judge.centres[near, found.centre[near]]
        identities = np.flatnonzero(source.classes >= 0)  # By class.
        new = [np.zeros(0, np.int64)]
        images = read_images(source, far)
        for own, pixels in batches(images, source, "Embedded again", int(far.sum())):
            classes, angle = nearest_other(judge.embed(pixels), own, directions, near)
            new.append(np.where(np.degrees(angle) <= degrees, identities[classes], -1))
        labels[far] = np.concatenate(new)
    if (left := len(np.unique(labels[labels >= 0]))) < 2:
        raise DataError(
            f"--degrees={degrees:g} leaves images of {left} identities, where training needs two: "
            f"half of all images lie past {np.nanmedian(angles):.1f}° from their dominant centre."
        )
    conditions = {
        "damaged": ~survey.sound,
        "unjudged": ~survey.judged,
        "dropped": labels < 0,
        "relabelled": far,
    }
    places = [np.int8(ACTIONS.index(name)) for name in conditions]
    return Verdict(angles, labels, np.select([*conditions.values()], places, np.int8(0)))


def write_cleaned(output: Path, source: Source, verdict: Verdict) -> Manifest:
    """Writes records, report and pair sets to `output`; returns the new manifest."""
    manifest, pairs = source.manifest, source.directory / "pairs"
    with (
        new_directory(output) as folder,
        # Beside the folder, which must be empty for the records.
        tempfile.TemporaryFile("w+", newline="", encoding="utf-8", dir=folder.parent) as rows,
    ):
        cleaned = write_records(
            folder,
            cleaned_records(source, verdict, rows),
            name=manifest.name,
            num_shards=len(manifest.shards),
            image_size=manifest.image_size,
            alignment=manifest.alignment,
        )
        rows.seek(0)
        with open(folder / REPORT, "w", newline="", encoding="utf-8") as report:
            shutil.copyfileobj(rows, report)
        if pairs.is_dir():
            shutil.copytree(pairs, folder / "pairs")
    return cleaned


def cleaned_records(source: Source, verdict: Verdict, rows: TextIO) -> Iterator[Record]:
    """Yields what is kept, identities numbered anew, and writes a row about every record."""
    names = [entry.name for entry in source.manifest.classes]
    left = np.unique(verdict.labels[verdict.labels >= 0])
    number = dict(zip(left.tolist(), range(len(left)), strict=True))
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(HEADER)
    for (_, record), *decision in zip(read_records(source), *verdict, strict=True):
        degrees, label, action = decision[0], int(decision[1]), ACTIONS[decision[2]]
        told = "" if np.isnan(degrees) else f"{degrees:.2f}"
        new = names[label] if action == "relabelled" else ""
        writer.writerow((record.filename, record.text, told, action, new))
        if label >= 0:
            yield record._replace(label=number[label], text=names[label])


def read_records(source: Source) -> Iterator[tuple[str, Record]]:
    """Yields every record, in the order of the data, after the path of its shard.

    Raises:
        DataError: If one cannot be read, or is not labelled as the manifest says.
    """
    manifest = source.manifest
    for path in shard_paths(source.directory, [shard.file for shard in manifest.shards]):
        for record in read_shard(path):
            check_label(record, manifest, path)
            yield path, record


def read_images(source: Source, wanted: np.ndarray | None = None) -> Iterator[Image]:
    """Yields all records with their pixels, or those at which `wanted`, bool `[n]`, is true.

    Raises:
        DataError: As `read_records`, and if an image has another size.
    """

    def decode(item: tuple[str, Record]) -> Image:
        path, record = item
        if fault := image_fault(record, source.manifest, path):
            return Image(record, None, fault)
        return Image(record, decode_any(record.encoded).numpy(), None)

    items = read_records(source)
    if wanted is not None:
        items = itertools.compress(items, wanted)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        while chunk := list(itertools.islice(items, _CHUNK)):
            yield from pool.map(decode, chunk)


def batches(
    images: Iterable[Image], source: Source, verb: str, total: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the classes and the pixels of some images at a time; says now and then how many."""
    images, done, told = iter(images), 0, time.monotonic()
    while batch := list(itertools.islice(images, BATCH)):
        yield (
            source.classes[[image.record.label for image in batch]],
            np.stack([image.pixels for image in batch]),
        )
        done += len(batch)
        if time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            print(f"{verb} {done:,} of {total:,} images", flush=True)


def summarize(
    source: Source,
    survey: Survey,
    verdict: Verdict,
    cleaned: Manifest,
    degrees: float,
    relabel: bool,
) -> dict[str, str]:
    """Returns what was found and done, in words."""
    before, total = source.manifest, len(verdict.labels)
    counts = np.bincount(verdict.actions, minlength=len(ACTIONS)).tolist()
    said = {
        "kept": f"within {degrees:g}°",
        "dropped": f"past {degrees:g}°" + (" of every identity" if relabel else ""),
        "relabelled": f"past {degrees:g}°, but within {degrees:g}° of another identity",
        "damaged": f"left out. {' '.join(survey.damaged[:3])}",
        "unjudged": f"of {(source.classes < 0).sum():,} identities that the recognizer was not "
        "trained on",
    }
    middle, most, nearly_all = np.nanpercentile(verdict.degrees, [50, 90, 99])
    summary = {
        "images": f"{total:,} of {before.num_classes:,} identities in '{source.directory}'",
        "angles": f"{middle:.1f}° to the dominant centre in the median, 90 % within {most:.1f}°, "
        f"99 % within {nearly_all:.1f}°",
    }
    for action, count in zip(ACTIONS, counts, strict=True):
        if count or action == "dropped":
            summary[action] = f"{count:,} ({100 * count / total:.1f} %), {said[action]}"
    left = set(np.unique(verdict.labels).tolist())
    emptied = [f"'{e.name}'" for label, e in enumerate(before.classes) if label not in left]
    more = f" and {len(emptied) - 3:,} more" if len(emptied) > 3 else ""
    summary["identities"] = (
        f"{cleaned.num_classes:,} of {before.num_classes:,} have images left"
        + (f", all but {', '.join(emptied[:3])}{more}" if emptied else "")
    )
    return summary


def _require_finite(embeddings: np.ndarray) -> np.ndarray:
    if not np.isfinite(embeddings).all():
        raise DataError("Embeddings are not finite: the recognizer has diverged or is damaged.")
    return embeddings


def main() -> None:
    """Cleans as the flags say."""
    summary = clean_labels(
        Path(_OUTPUT.value),
        workdir=_WORKDIR.value,
        model=_MODEL.value,
        checkpoint=_CHECKPOINT.value,
        data=_DATA.value,
        degrees=_DEGREES.value,
        relabel=_ACTION.value == "relabel",
        min_images=_MIN_IMAGES.value,
        flip_fusion=_FLIP_FUSION.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(
        f"Wrote '{_OUTPUT.value}' and all angles to '{Path(_OUTPUT.value) / REPORT}'. Train with: "
        f"python -m facerec_tf.train --data={_OUTPUT.value}"
    )


if __name__ == "__main__":
    flags.mark_flags_as_required(["output"])
    run(main)
