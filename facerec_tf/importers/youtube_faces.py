"""YouTube Faces (Wolf, Hassner, Maoz, CVPR 2011): pairs of videos, each a template of its frames.

The frames of a video are in `PERSON/VIDEO/`: upright crops, `aligned_detect_0.555.jpg`, in
`aligned_images_DB`; whole frames, `0.555.jpg`, in `frame_images_DB`. `splits.txt` has a header,
then 5,000 lines in ten folds of 500: number of the fold, number of the pair, both videos as
`PERSON/VIDEO`, and whether they show the same person. `splits_corrected.txt` has the corrected
answer in a sixth column.
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
from facerec_tf.core.files import read_text
from facerec_tf.data import CropFormat, Pair, Record, new_directory, write_pair_set
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.crop_result import crop_photos
from facerec_tf.photographs.folder_scan import is_photo
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import (
    REJECTED_FILE,
    Rejected,
    require_few_rejected,
    write_rejected,
)

NUM_FOLDS, PAIRS_PER_FOLD = 10, 500

#: Bytes of a split file; the official one has 300 KB.
_LARGEST_SPLIT = 1 << 26

#: Frames per shard: about 100 MB of crops.
_SHARD = 20_000


def import_youtube_faces(
    frames: Path,
    splits: Path,
    cropper: Cropper,
    output: Path,
    *,
    crop_format: CropFormat,
    max_frames: int = 100,
) -> dict[str, str]:
    """Writes the protocol as a pair set, whose templates are the videos.

    Uses the first `max_frames` frames of each video, as FaceNet (arXiv 1503.03832) uses the first
    100. Frames without a crop are listed in `rejected.csv`.

    Args:
        frames: `aligned_images_DB` or `frame_images_DB`.
        splits: `splits.txt`.
        cropper: From a frame to its crops, of which the first is used.
        output: Folder to create.
        crop_format: Size and alignment of the crops.
        max_frames: Largest number of frames per video; 0 for all.

    Returns:
        A summary: what → how much.

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
            _records(photos, cropper, templates, rejected),
            pairs,
            name="ytf",
            templates=templates,
            num_shards=-(-len(photos) // _SHARD),
            crop_format=crop_format,
            names=NameSource(NameKind.PEOPLE),
        )
        if rejected:
            write_rejected(folder / REJECTED_FILE, rejected)
    summary = {
        "ytf": f"{len(pairs):,} pairs of {len(videos):,} videos, {len(templates):,} frames",
    }
    if rejected:
        summary["rejected"] = f"{len(rejected):,} frames, listed in '{output / REJECTED_FILE}'"
    return summary


def read_splits(path: Path) -> list[Pair]:
    """Reads the pairs of `splits.txt`, in its order.

    Raises:
        DataError: If the file cannot be read, a line is not a pair, or there are not ten folds of
            500 pairs.
    """
    lines = read_text(path, "split file", bom=True, max_bytes=_LARGEST_SPLIT).splitlines()
    numbered = enumerate(lines[1:], start=2)
    pairs = [_parse_pair(line, path, number) for number, line in numbered if line.strip()]
    counts = np.bincount([pair.fold for pair in pairs], minlength=NUM_FOLDS).tolist()
    if counts != [PAIRS_PER_FOLD] * NUM_FOLDS:
        raise DataError(
            f"Split file '{path}' must have a header, then {NUM_FOLDS} folds of {PAIRS_PER_FOLD} "
            f"pairs. Found: folds of {', '.join(map(str, counts))} pairs."
        )
    return pairs


def find_frames(frames: Path, videos: Iterable[str], max_frames: int) -> list[Photo]:
    """Returns the first `max_frames` frames, or all if 0, of `videos`, each `PERSON/VIDEO`.

    Raises:
        DataError: If the folder of a video is missing or contains no images.
    """
    if not frames.is_dir():
        raise DataError(f"Folder '{frames}' does not exist.")
    found = {video: _list_frames(frames / video) for video in videos}
    if empty := [video for video, names in found.items() if not names]:
        raise DataError(
            f"Folder '{frames}' lacks {len(empty):,} of the {len(found):,} videos of the split "
            f"file, for example '{empty[0]}': give the complete aligned_images_DB or "
            "frame_images_DB."
        )
    return [
        Photo(f"{video}/{name}", _person_of(video), os.fspath(frames / video / name))
        for video, names in found.items()
        for name in names[: max_frames or None]
    ]


def _list_frames(folder: Path) -> list[str]:
    """Returns the names of a video's frames in numeric order; none if the folder is missing."""
    try:
        names = [n for n in os.listdir(folder) if is_photo(n) and not n.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataError(f"Cannot read folder '{folder}': {error.strerror}.") from None
    return sorted(names, key=_by_number)


def _by_number(name: str) -> list[str | int]:
    """Returns a sort key that puts 0.99.jpg before 0.100.jpg."""
    # Every second part is a number, so that parts compared have the same type.
    return [int(part) if place % 2 else part for place, part in enumerate(_NUMBERS.split(name))]


_NUMBERS = re.compile("([0-9]+)")


def _records(
    photos: Sequence[Photo],
    cropper: Cropper,
    templates: dict[str, str],
    rejected: list[Rejected],
) -> Iterator[Record]:
    """Yields the records of the frames; adds to `templates` (frame → video) and `rejected`."""
    people = sorted({photo.person for photo in photos})
    labels = {person: label for label, person in enumerate(people)}
    damaged: list[Rejected] = []
    results = progress_bar(crop_photos(photos, cropper), total=len(photos), unit=" frames")
    for video, group in itertools.groupby(results, lambda result: _video_of(result.photo.name)):
        own = list(group)
        lost = [Rejected(result.photo.name, result.reason) for result in own if result.reason]
        if len(lost) == len(own):
            raise DataError(
                f"Video '{video}' gives no crop ('{lost[0].file}': {lost[0].reason}). Every video "
                "of a protocol must be usable: try --detector=mtcnn or other limits."
            )
        rejected.extend(lost)
        damaged.extend(Rejected(r.photo.name, r.reason) for r in own if r.reason and r.is_damaged)
        require_few_rejected(damaged, len(photos))
        for crop in (result.crops[0] for result in own if result.crops):
            templates[crop.name] = video
            yield Record(crop.encoded, labels[crop.person], crop.person, crop.name)


def _parse_pair(line: str, path: Path, number: int) -> Pair:
    match = _LINE.fullmatch(line)
    if not match or not 1 <= int(match["fold"]) <= NUM_FOLDS:
        raise DataError(
            f"Line {number} of split file '{path}' must be fold (1 to {NUM_FOLDS}), number, two "
            f"videos as PERSON/VIDEO, and 0 or 1. Found: {line}"
        )
    return Pair(int(match["fold"]) - 1, match["first"], match["second"], match["same"] == "1")


#: A name that does not begin with a dot, and a line of two pairs of names.
_NAME = r"[^\s./,][^/,]*"
_LINE = re.compile(
    r"\s*(?P<fold>[0-9]+)\s*,\s*[0-9]+\s*"
    rf",\s*(?P<first>{_NAME}/{_NAME}?)\s*,\s*(?P<second>{_NAME}/{_NAME}?)\s*"
    r"(?:,\s*[01]\s*)?,\s*(?P<same>[01])\s*"
)


def _video_of(name: str) -> str:
    """Returns the video of the frame `PERSON/VIDEO/FRAME.jpg`."""
    return name.rpartition("/")[0]


def _person_of(name: str) -> str:
    """Returns the person of a video or frame."""
    return name.partition("/")[0]
