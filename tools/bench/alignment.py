"""Compares aligning photographs with a bare loop of the detector over decoded pixels.

    python tools/bench/alignment.py --archive=lfw-deepfunneled.tar [--detector_model=FILE]

Aligning decodes, detects, selects, crops, encodes and writes records. Only the ratios of one run
are meaningful: absolute rates vary with the load of the machine.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import flags

from facerec_tf.command import run
from facerec_tf.data.photo import decode_photo
from facerec_tf.importers.photo_archive import read_photos
from facerec_tf.photographs import AlignmentOptions, Photo, crop_photos
from facerec_tf.photographs.make_records import make_records
from facerec_tf.verbs.alignment_flags import alignment_options, define_alignment_flags

_ARCHIVE = flags.DEFINE_string("archive", None, "Tar of photographs, such as LFW's.")
_IMAGES = flags.DEFINE_integer("images", 2000, "Photographs per round.", lower_bound=10)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Rounds, of which the best counts.", lower_bound=1)
define_alignment_flags()

TARGET = 0.90
LOOP = "the detector's own loop"


def measure(
    photos: Sequence[Photo], options: AlignmentOptions, rounds: int, scratch: Path
) -> dict[str, float]:
    """Returns the best rate of each contestant; they take turns, so that load affects all."""
    images = [decode_photo(photo.read()) for photo in photos]
    detector = options.make_detector()

    def records() -> None:
        make_records(
            Path(tempfile.mkdtemp(dir=scratch)),
            photos,
            options.make_cropper(),
            crop_format=options.crop_format(),
        )

    contestants = {
        LOOP: lambda: [detector.detect(image) for image in images],
        "photographs to crops": lambda: list(crop_photos(photos, options.make_cropper())),
        "photographs to records": records,
    }
    rates = dict.fromkeys(contestants, 0.0)
    for _, (name, work) in itertools.product(range(rounds), contestants.items()):
        rates[name] = max(rates[name], len(photos) / _timed(work))
    return rates


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Runs the benchmark and prints the ratios."""
    photos = list(itertools.islice(read_photos(Path(_ARCHIVE.value)), _IMAGES.value))
    with tempfile.TemporaryDirectory() as scratch:
        rates = measure(photos, alignment_options(), _ROUNDS.value, Path(scratch))
    for name, rate in rates.items():
        print(f"{name:26} {rate:8.0f} photographs/s  {rate / rates[LOOP]:5.2f} x")
    print(f"Target: records at {TARGET:.2f} x the loop.")


if __name__ == "__main__":
    flags.mark_flag_as_required("archive")
    run(main)
