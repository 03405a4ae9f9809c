"""Turns Labeled Faces in the Wild into records: View 1 for training, pairs for Views 1 and 2.

    python tools/import_lfw.py --archive=lfw-deepfunneled.tar --output=DIR [--detector=yunet]
    python tools/import_lfw.py --archive=lfw-deepfunneled.tar --landmarks=landmarks.csv --output=DIR

The official split files (peopleDevTrain.txt, pairsDevTest.txt, pairs.txt) lie beside the archive.
Faces are found by the detector, or cut out at the landmarks given, and brought to the ArcFace
template at 112x112, or another --alignment. Writes `DIR/` (training records of the people in
peopleDevTrain), `DIR/pairs/lfw_view1` and `DIR/pairs/lfw_view2`.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.command import run
from facerec_tf.core.errors import ArgumentError
from facerec_tf.flags import alignment_options, define_alignment_flags
from facerec_tf.preparation.given_landmarks import CropAtLandmarks, read_landmarks
from facerec_tf.preparation.lfw import import_lfw

_ARCHIVE = flags.DEFINE_string("archive", None, "lfw-deepfunneled.tar, or another tar of LFW.")
_LANDMARKS = flags.DEFINE_string(
    "landmarks", None, "CSV in place of a detector: image, then x and y of five points."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
define_alignment_flags()


def main() -> None:
    """Runs the import as the flags say."""
    options = alignment_options()
    template = options.template()
    if _LANDMARKS.value:
        if flags.FLAGS["detector"].present:
            raise ArgumentError("Give either --landmarks=CSV or --detector=NAME.")
        landmarks = read_landmarks(Path(_LANDMARKS.value))
        crop_photo = CropAtLandmarks(landmarks, template, options.jpeg_quality)
    else:
        crop_photo = options.crop_photo()
    summary = import_lfw(
        Path(_ARCHIVE.value),
        crop_photo,
        Path(_OUTPUT.value),
        image_size=template.size,
        alignment=template.name,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["archive", "output"])
    run(main)
