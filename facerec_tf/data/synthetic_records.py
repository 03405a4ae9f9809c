"""Records of synthetic faces: a training set, and pairs of other people."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from facerec_tf.core.errors import require, require_count
from facerec_tf.data.crop_format import CropFormat
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.name_source import DRAWN_PERSON, NameKind, NameSource
from facerec_tf.data.pair_sampling import sample_pairs
from facerec_tf.data.pairs import write_pair_set
from facerec_tf.data.records import Record
from facerec_tf.data.synthetic_worker import FaceKey, draw, draw_apart
from facerec_tf.data.writer import new_directory, write_records

#: Name of the pair set beside the records.
PROTOCOL = "synthetic"

#: Images per person held out that pairs are sampled from.
_HELD_OUT_IMAGES = 8

#: Faces per task of a process; fewer than two tasks are drawn in this process.
_LOT = 256

#: The generator uses the coordinates of this template.
_CROP_FORMAT = CropFormat(alignment="arcface-112")


def write_synthetic(
    directory: str | os.PathLike,
    *,
    identities: int,
    images: int,
    seed: int = 0,
    holdout: int = 80,
    pairs: int = 1600,
    workers: int | None = None,
) -> Manifest:
    """Writes training records of synthetic people, and pairs of others to `pairs/synthetic`.

    People 0 … identities - 1 are the training set; the next `holdout` people are only in the pairs.
    The same arguments give the same files, whatever the number of workers.

    Args:
        directory: Folder to create; it may exist if it is empty.
        identities: Number of people in the training set, at least 2.
        images: Number of images of each, at least 2.
        seed: Seed of the people, their images and the pairs.
        holdout: Number of people held out; 0 writes no pairs.
        pairs: Number of pairs, half of the same person, in ten folds; a multiple of 20.
        workers: Number of processes; by default one per core.

    Returns:
        The manifest of the training records.

    Raises:
        ArgumentError: If a number is out of its range.
        UserError: If the folder is not empty or cannot be written.
    """
    require_count("identities", identities, least=2)
    require_count("images", images, least=2)
    require_count("holdout", holdout, least=0)
    require(holdout != 1, "holdout", "0 (no pairs) or at least 2", holdout)
    workers = workers or os.cpu_count() or 1
    require_count("workers", workers)
    training = [*itertools.product(range(identities), range(images))]
    per_person = range(_HELD_OUT_IMAGES)
    held_out = {
        _person(identity): [_filename((identity, index)) for index in per_person]
        for identity in range(identities, identities + holdout)
    }
    sampled = sample_pairs(held_out, pairs, seed=seed) if holdout else []
    compared = {filename for pair in sampled for filename in (pair.first, pair.second)}
    compared_faces = [
        face
        for face in itertools.product(range(identities, identities + holdout), per_person)
        if _filename(face) in compared
    ]
    # Another seed draws other people with the same numbers.
    names = NameSource(NameKind.DRAWN, f"faces drawn with seed {seed}")
    with new_directory(directory) as folder:
        manifest = write_records(
            folder,
            _records(seed, training, workers),
            crop_format=_CROP_FORMAT,
            names=names,
            seed=seed,
        )
        if holdout:
            records = _records(seed, compared_faces, workers)
            target = folder / "pairs" / PROTOCOL
            write_pair_set(
                target, records, sampled, name=PROTOCOL, crop_format=_CROP_FORMAT, names=names
            )
    return manifest


def _records(seed: int, faces: Sequence[FaceKey], workers: int) -> Iterator[Record]:
    labels: dict[str, int] = {}
    for face, encoded in zip(faces, _draw_all(seed, faces, workers), strict=True):
        person = _person(face[0])
        label = labels.setdefault(person, len(labels))
        yield Record(encoded, label, person, _filename(face))


def _draw_all(seed: int, faces: Sequence[FaceKey], workers: int) -> Iterator[bytes]:
    if workers == 1 or len(faces) < 2 * _LOT:
        yield from draw(seed, faces)
        return
    # Threads only wait for the processes; forking after TensorFlow has started is not safe.
    lots = [faces[start : start + _LOT] for start in range(0, len(faces), _LOT)]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for drawn in pool.map(lambda lot: draw_apart(seed, lot), lots):
            yield from drawn


def _person(identity: int) -> str:
    return f"{DRAWN_PERSON}{identity:06d}"


def _filename(face: FaceKey) -> str:
    return f"{_person(face[0])}/{face[1]:04d}.jpg"
