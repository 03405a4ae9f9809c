"""Measures --try_rotations and --check_landmarks on photographs stored turned, and on small faces.

    python tools/bench/rotations.py --archive=lfw-deepfunneled.tar --model=y1.keras \
        [--detector_model=FILE]

Turns each photograph by 0, 90, 180 and 270 degrees. A crop is right if the cosine similarity of its
embedding to that of the crop of the upright photograph is at least 0.9. Also prints what the checks
change on upright photographs, their time relative to a run without them, and how well shrunken
faces are recognized.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from absl import flags

from facerec_tf.alignment import RejectedFaceError
from facerec_tf.alignment.turns import turned_image
from facerec_tf.command import run
from facerec_tf.data.photo import decode_photo
from facerec_tf.importers.lfw import read_photos
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.serving import Embedder
from facerec_tf.verbs.alignment_flags import alignment_options, define_alignment_flags

_ARCHIVE = flags.DEFINE_string("archive", None, "Tar of photographs, such as LFW's.")
_MODEL = flags.DEFINE_string("model", None, "Recognizer that compares the crops.")
_IMAGES = flags.DEFINE_integer("images", 2000, "Upright photographs.", lower_bound=1)
_TURNED = flags.DEFINE_integer("turned", 100, "Photographs that are turned.", lower_bound=1)
define_alignment_flags()

RIGHT = 0.9
SIDES = (12, 14, 16, 18, 20, 24, 32, 48)


def spread(items: Sequence[Any], number: int) -> list[Any]:
    """Returns `number` of the items, at equal distances."""
    return list(items[:: max(1, len(items) // number)][:number])


def align_all(
    images: Sequence[np.ndarray], options: AlignmentOptions
) -> tuple[list[np.ndarray | None], float]:
    """Returns the first crop of each image, None if it was rejected, and the seconds it took."""
    cropper = options.make_aligner(options.make_detector())
    crops: list[np.ndarray | None] = []
    begin = time.perf_counter()
    for image in images:
        try:
            crops.append(cropper.align(image)[0].crop)
        except RejectedFaceError:
            crops.append(None)
    return crops, time.perf_counter() - begin


def similarities(
    embedder: Embedder, crops: Sequence[np.ndarray | None], others: Sequence[np.ndarray | None]
) -> np.ndarray:
    """Returns the cosine similarity of the crops to `others`; NaN where one is missing."""
    found = np.full(len(crops), np.nan)
    pairs = [
        (place, *pair)
        for place, pair in enumerate(zip(crops, others, strict=True))
        if pair[0] is not None and pair[1] is not None
    ]
    if pairs:
        places, one, two = (list(column) for column in zip(*pairs, strict=True))
        unit = [embedder.embed(np.stack(part)) for part in (one, two)]
        found[places] = np.sum(unit[0] * unit[1], axis=1)
    return found


def shrunken(images: Sequence[np.ndarray], sides: np.ndarray, side: int) -> Iterator[np.ndarray]:
    """Yields the images scaled so that their faces have `side` pixels, on a grey ground."""
    for image, found in zip(images, sides, strict=True):
        small = cv2.resize(
            image, None, fx=side / found, fy=side / found, interpolation=cv2.INTER_AREA
        )
        ground = np.full(
            (max(250, len(small) + 20), max(250, small.shape[1] + 20), 3), 127, np.uint8
        )
        ground[10 : 10 + len(small), 10 : 10 + small.shape[1]] = small
        yield ground


def main() -> None:
    """Runs the measurements and prints the figures."""
    options = alignment_options()
    bare = dataclasses.replace(options, check_landmarks=False, try_rotations=False)
    modes = {
        "no check": bare,
        "default": dataclasses.replace(bare, check_landmarks=True),
        "--try_rotations": dataclasses.replace(bare, check_landmarks=True, try_rotations=True),
    }
    embedder = Embedder(_MODEL.value)
    encoded = [photo.read() for photo in read_photos(Path(_ARCHIVE.value))]
    images = [decode_photo(content) for content in spread(encoded, _IMAGES.value)]
    sample = spread(images, _TURNED.value)
    upright, _ = align_all(sample, bare)
    print(f"photographs turned: {len(sample)}")
    for name, mode in modes.items():
        right = rejected = 0
        for quarters in range(4):
            crops, _ = align_all([turned_image(image, quarters) for image in sample], mode)
            cosines = similarities(embedder, crops, upright)
            good = int((cosines >= RIGHT).sum())
            missing = sum(crop is None for crop in crops)
            right, rejected = right + good, rejected + missing
            wrong = len(sample) - good - missing
            print(
                f"  {name:16} {90 * quarters:3}°: {good} right, {wrong} wrong, {missing} rejected"
            )
        print(f"  {name:16} all: {right} of {4 * len(sample)} right, {rejected} rejected")

    print(f"upright photographs: {len(images):,}", flush=True)
    first, seconds = align_all(images, bare)
    for name, mode in modes.items():
        crops, needed = align_all(images, mode)
        lost = sum(a is not None and b is None for a, b in zip(first, crops, strict=True))
        changed = sum(
            a is not None and b is not None and not np.array_equal(a, b)
            for a, b in zip(first, crops, strict=True)
        )
        print(f"  {name:16} {lost} lost, {changed} changed, {needed / seconds:.2f} × the time")

    print("small faces: side, found, median cosine similarity to the full face")
    detector = options.make_detector()
    sides = np.array([detector.detect(image)[0].size for image in sample])
    for side in SIDES:
        small = list(shrunken(sample, sides, side))
        crops, _ = align_all(small, dataclasses.replace(bare, min_face=0))
        cosines = similarities(embedder, crops, upright)
        found, middle = np.isfinite(cosines).mean(), np.nanmedian(cosines)
        print(f"  {side:3} pixels: {found:4.0%}, {middle:.2f}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["archive", "model"])
    run(main)
