"""YouTube Faces (Wolf, Hassner, Maoz, CVPR 2011): pairs of videos, each a template of its frames.

Frames lie in `PERSON/VIDEO/`: in `aligned_images_DB`, as `aligned_detect_0.555.jpg`, turned upright
and cut out around the face, though not to anybody's landmarks; in `frame_images_DB`, as
`0.555.jpg`, whole. `splits.txt` has a header, then 5,000 lines in ten folds of 500: number of the
fold, number of the pair, both videos as `PERSON/VIDEO`, and whether they show one person. Of the
six columns of `splits_corrected.txt`, the last counts.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError, require_count
from facerec_tf.data import Pair, Record, new_directory, write_pair_set
from facerec_tf.photographs.crops import Cropper
from facerec_tf.photographs.folder_scan import is_photo
from facerec_tf.photographs.make_records import REJECTED, require_few
from facerec_tf.photographs.outcome import crop_all
from facerec_tf.photographs.photo import Photo, Rejected, write_rejected

NUM_FOLDS, PAIRS_PER_FOLD = 10, 500

#: Frames in a shard, about: some 100 MB of crops.
_SHARD = 20_000


def import_youtube_faces(
    frames: Path,
    splits: Path,
    crop_photo: Cropper,
    output: Path,
    *,
    image_size: tuple[int, int],
    alignment: str,
    max_frames: int = 100,
) -> dict[str, str]:
    """Writes the protocol as a pair set, whose templates are the videos.

    Of a video, the first `max_frames` frames are taken, as FaceNet (1503.03832) took the first 100.
    Frames that give no crop are left out and listed in `rejected.csv`.

    Args:
        frames: `aligned_images_DB` or `frame_images_DB`.
        splits: `splits.txt`.
        crop_photo: From a frame to its crop, the first if there are several.
        output: Folder to make.
        image_size: Height and width of the crops.
        alignment: Name of the template of landmarks that they follow.
        max_frames: The most that are taken of a video; 0 for all.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If an input is missing or damaged, a video gives no crop at all, more than 1 % of
            the frames are damaged, or `output` cannot be written.
    """
    require_count("max_frames", max_frames, least=0)
    pairs = read_splits(splits)
    videos = sorted({video for pair in pairs for video in (pair.first, pair.second)})
    photos = find_frames(frames, videos, max_frames)
    templates: dict[str, str] = {}
    rejected: list[Rejected] = []
    with new_directory(output) as folder:
        write_pair_set(
            folder,
            _records(photos, crop_photo, templates, rejected),
            pairs,
            name="ytf",
            templates=templates,
            num_shards=-(-len(photos) // _SHARD),
            image_size=image_size,
            alignment=alignment,
        )
        if rejected:
            write_rejected(folder / REJECTED, rejected)
    summary = {
        "ytf": f"{len(pairs):,} pairs of {len(videos):,} videos, {len(templates):,} frames",
    }
    if rejected:
        summary["rejected"] = f"{len(rejected):,} frames, listed in '{output / REJECTED}'"
    return summary


def read_splits(path: Path) -> list[Pair]:
    """Returns the pairs of `splits.txt`, in its order.

    Raises:
        DataError: If it cannot be read, a line names no pair, or there are other than ten folds of
            500 pairs.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"Cannot read split file '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"Split file '{path}' is no text in UTF-8: {error}.") from None
    numbered = enumerate(lines[1:], start=2)
    pairs = [_parse_pair(line, path, number) for number, line in numbered if line.strip()]
    counts = np.bincount([pair.fold for pair in pairs], minlength=NUM_FOLDS).tolist()
    if counts != [PAIRS_PER_FOLD] * NUM_FOLDS:
        raise DataError(
            f"Split file '{path}' must hold, after a header, {NUM_FOLDS} folds of {PAIRS_PER_FOLD} "
            f"pairs. Found: folds of {', '.join(map(str, counts))}."
        )
    return pairs


def find_frames(frames: Path, videos: Iterable[str], max_frames: int) -> list[Photo]:
    """Returns the first `max_frames` frames, 0 for all, of `videos`, `PERSON/VIDEO` each.

    Raises:
        DataError: If a video's folder is missing or holds no images; names it.
    """
    if not frames.is_dir():
        raise DataError(f"Folder '{frames}' does not exist.")
    found = {video: _list_frames(frames / video) for video in videos}
    if empty := [video for video, names in found.items() if not names]:
        raise DataError(
            f"Folder '{frames}' lacks {len(empty):,} of the {len(found):,} videos that the split "
            f"file names, '{empty[0]}' for one: give aligned_images_DB or frame_images_DB, whole."
        )
    return [
        Photo(f"{video}/{name}", _person_of(video), os.fspath(frames / video / name))
        for video, names in found.items()
        for name in names[: max_frames or None]
    ]


def _list_frames(folder: Path) -> list[str]:
    """Returns the names of a video's frames by number, none if there is no such folder."""
    try:
        names = [n for n in os.listdir(folder) if is_photo(n) and not n.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"Cannot read '{folder}': {error.strerror}.") from None
    return sorted(names, key=_by_number)


def _by_number(name: str) -> list[str | int]:
    """Returns what sorts 0.99.jpg before 0.100.jpg."""
    # Every second part is a number, so those that are compared are of one kind.
    return [int(part) if place % 2 else part for place, part in enumerate(_NUMBERS.split(name))]


_NUMBERS = re.compile("([0-9]+)")


def _records(
    photos: Sequence[Photo],
    crop_photo: Cropper,
    templates: dict[str, str],
    rejected: list[Rejected],
) -> Iterator[Record]:
    """Yields the records of the frames; fills in `templates`, and what was `rejected`."""
    people = sorted({photo.person for photo in photos})
    labels = {person: label for label, person in enumerate(people)}
    damaged: list[Rejected] = []
    outcomes = crop_all(photos, crop_photo)
    outcomes = progress_bar(outcomes, total=len(photos), unit=" frames")
    for video, group in itertools.groupby(outcomes, lambda outcome: _video_of(outcome.photo.name)):
        own = list(group)
        lost = [Rejected(outcome.photo.name, outcome.reason) for outcome in own if outcome.reason]
        if len(lost) == len(own):
            raise DataError(
                f"Video '{video}' gives no crop ('{lost[0].file}': {lost[0].reason}), and a "
                "protocol is whole or none: try --detector=mtcnn or other limits."
            )
        rejected.extend(lost)
        damaged.extend(Rejected(o.photo.name, o.reason) for o in own if o.is_damaged)
        require_few(damaged, len(photos))
        for crop in (outcome.crops[0] for outcome in own if outcome.crops):
            templates[crop.name] = video
            yield Record(crop.encoded, labels[crop.person], crop.person, crop.name)


def _parse_pair(line: str, path: Path, number: int) -> Pair:
    match = _LINE.fullmatch(line)
    if not match or not 1 <= int(match["fold"]) <= NUM_FOLDS:
        raise DataError(
            f"Line {number} of '{path}' must be fold (1 to {NUM_FOLDS}), number, two videos as "
            f"PERSON/VIDEO, and 0 or 1. Found: {line}"
        )
    return Pair(int(match["fold"]) - 1, match["first"], match["second"], match["same"] == "1")


#: A name that begins with no dot, and two of them.
_NAME = r"[^\s./,][^/,]*"
_LINE = re.compile(
    r"\s*(?P<fold>[0-9]+)\s*,\s*[0-9]+\s*"
    rf",\s*(?P<first>{_NAME}/{_NAME}?)\s*,\s*(?P<second>{_NAME}/{_NAME}?)\s*"
    r"(?:,\s*[01]\s*)?,\s*(?P<same>[01])\s*"
)


def _video_of(name: str) -> str:
    """Returns the video that the frame `PERSON/VIDEO/FRAME.jpg` is of."""
    return name.rpartition("/")[0]


def _person_of(name: str) -> str:
    """Returns the person whom a video or frame shows."""
    return name.partition("/")[0]
