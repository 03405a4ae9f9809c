"""Turns Labeled Faces in the Wild into records: View 1 for training, pairs for Views 1 and 2.

    python tools/import_lfw.py --archive=lfw-deepfunneled.tar --output=DIR [--detector=yunet]
    python tools/import_lfw.py --archive=lfw-deepfunneled.tar --landmarks=landmarks.csv --output=DIR
    python tools/import_lfw.py --tfds --people=peopleDevTrain.txt --output=DIR

The official split files (peopleDevTrain.txt, pairsDevTest.txt, pairs.txt) lie beside the archive.
Faces are found by the detector, or cut out at the landmarks given, and brought to the ArcFace
template at 112x112, or another --alignment. Writes `DIR/` (training records of the people in
peopleDevTrain), `DIR/pairs/lfw_view1` and `DIR/pairs/lfw_view2`.

TensorFlow Datasets' LFW (`--tfds`) lacks the photographs' numbers, by which the official pairs name
them: it gives training records alone, of --people, or else of everybody.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.command import run
from facerec_tf.core.errors import ArgumentError
from facerec_tf.flags import alignment_options, define_alignment_flags
from facerec_tf.importers.lfw import import_lfw
from facerec_tf.importers.tfds_lfw import import_tfds_lfw
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.landmark_cropper import LandmarkCropper, read_landmarks

_ARCHIVE = flags.DEFINE_string("archive", None, "lfw-deepfunneled.tar, or another tar of LFW.")
_LANDMARKS = flags.DEFINE_string(
    "landmarks", None, "CSV in place of a detector: image, then x and y of five points."
)
_TFDS = flags.DEFINE_boolean("tfds", False, "Read TensorFlow Datasets' LFW, not an archive.")
_TFDS_DATA = flags.DEFINE_string("tfds_data", None, "Where it lies; default: where TFDS keeps it.")
_DOWNLOAD = flags.DEFINE_boolean("download", False, "Have TFDS download it if it is not there.")
_PEOPLE = flags.DEFINE_string("people", None, "With --tfds: peopleDevTrain.txt, to train on alone.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
define_alignment_flags()


def main() -> None:
    """Runs the import as the flags say."""
    require_used()
    options = alignment_options()
    cropper, output = cropping(options), Path(_OUTPUT.value)
    if _TFDS.value:
        summary = import_tfds_lfw(
            output,
            cropper,
            people=_PEOPLE.value and Path(_PEOPLE.value),
            data_dir=_TFDS_DATA.value and Path(_TFDS_DATA.value),
            download=_DOWNLOAD.value,
            crop_format=options.crop_format(),
        )
    else:
        summary = import_lfw(
            Path(_ARCHIVE.value), cropper, output, crop_format=options.crop_format()
        )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{output}'. Train with: python -m facerec_tf.train --data={output}")


def require_used() -> None:
    """Raises `ArgumentError` for flags that do not go together."""
    if bool(_ARCHIVE.value) == _TFDS.value:
        raise ArgumentError("Give either --archive=FILE or --tfds.")
    if _LANDMARKS.value and (_TFDS.value or flags.FLAGS["detector"].present):
        other = "--tfds" if _TFDS.value else "--detector"
        raise ArgumentError(f"--landmarks is not used with {other}.")
    for flag in (_TFDS_DATA, _DOWNLOAD, _PEOPLE):
        if flag.present and not _TFDS.value:
            raise ArgumentError(f"--{flag.name} is used with --tfds only.")


def cropping(options: AlignmentOptions) -> Cropper:
    """Returns what cuts the faces out: at the landmarks given, or where a detector finds them."""
    if _LANDMARKS.value is None:
        return options.make_cropper()
    landmarks = read_landmarks(Path(_LANDMARKS.value))
    return LandmarkCropper(landmarks, options.template(), options.jpeg_quality)


if __name__ == "__main__":
    flags.mark_flags_as_required(["output"])
    run(main)
