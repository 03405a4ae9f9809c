"""Measures the detectors on photographs whose landmarks are known.

    python tools/bench/detectors.py --archive=lfw-deepfunneled.tar --landmarks=landmarks.csv \
        [--detector=mtcnn] [--detector_model=FILE]

Prints the share of the known faces that are found (mean error of the landmarks below a quarter of
their extent), the errors of the landmarks, and photographs per second.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
from absl import flags

from facerec_tf.alignment import Face
from facerec_tf.command import run
from facerec_tf.data.photo import decode_photo
from facerec_tf.importers.photo_archive import read_photos
from facerec_tf.photographs.landmark_cropper import read_landmarks
from facerec_tf.verbs.alignment_flags import alignment_options, define_alignment_flags

_ARCHIVE = flags.DEFINE_string("archive", None, "Tar of photographs, such as LFW's.")
_LANDMARKS = flags.DEFINE_string("landmarks", None, "CSV file of five landmarks per photograph.")
_IMAGES = flags.DEFINE_integer("images", 500, "Photographs, drawn at random.", lower_bound=1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the draw.")
define_alignment_flags()


def distances(faces: list[Face], known: np.ndarray) -> np.ndarray:
    """Returns the landmark errors of the nearest face in pixels, `[5]`; inf if there is none."""
    far = [np.linalg.norm(face.landmarks - known, axis=1) for face in faces]
    return min(far, key=np.mean, default=np.full(5, np.inf))


def main() -> None:
    """Runs one detector over the photographs and prints the figures."""
    known = read_landmarks(Path(_LANDMARKS.value))
    drawn = set(random.Random(_SEED.value).sample(sorted(known), _IMAGES.value))
    photos = [photo for photo in read_photos(Path(_ARCHIVE.value)) if photo.name in drawn]
    images = [decode_photo(photo.read()) for photo in photos]
    points = np.stack([known[photo.name] for photo in photos])

    detector = alignment_options().make_detector()
    detector.detect(images[0])  # The first call compiles.
    begin = time.perf_counter()
    found = detector.detect_batch(images)
    rate = len(images) / (time.perf_counter() - begin)

    far = np.stack([distances(faces, known) for faces, known in zip(found, points, strict=True)])
    eyes = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    is_found = far.mean(axis=1) < np.ptp(points, axis=1).max(axis=1) / 4
    print(f"found              {is_found.mean():8.2%} of {len(images):,} faces")
    print(f"faces a photograph {np.mean([len(faces) for faces in found]):8.2f}")
    print(f"landmark distance  {np.median(far):8.2f} pixels, median")
    print(f"  between the eyes {np.median(far / eyes[:, np.newaxis]):8.2%}")
    print(f"  a face's mean    {np.quantile(far.mean(axis=1), 0.99):8.2f} pixels, of 99 %")
    print(f"speed              {rate:8.1f} photographs/s")


if __name__ == "__main__":
    flags.mark_flags_as_required(["archive", "landmarks"])
    run(main)
