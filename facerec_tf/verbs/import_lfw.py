"""Converts Labeled Faces in the Wild to records for training and pairs for Views 1 and 2.

    facerec import-lfw --archive=lfw-deepfunneled.tar --output=DIR [--detector=yunet]
    facerec import-lfw --archive=lfw-deepfunneled.tar --landmarks=landmarks.csv --output=DIR
    facerec import-lfw --tfds --people=peopleDevTrain.txt --output=DIR

The official split files (peopleDevTrain.txt, pairsDevTest.txt, pairs.txt) must be in the folder of
the archive. Faces are found by the detector, or taken from the given landmarks, and aligned to the
ArcFace template at 112x112 pixels, or to another --alignment. Writes `DIR/` (training records of
the people in peopleDevTrain), `DIR/pairs/lfw_view1` and `DIR/pairs/lfw_view2`.

The LFW of TensorFlow Datasets (`--tfds`) does not contain the image numbers that the official pairs
refer to. It therefore yields training records only: of --people, or of everyone.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.core.errors import ArgumentError
from facerec_tf.importers.lfw import import_lfw
from facerec_tf.importers.tfds_lfw import import_tfds_lfw
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.landmark_cropper import LandmarkCropper, read_landmarks
from facerec_tf.verbs.alignment_flags import alignment_options, define_alignment_flags
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("archive", None, "lfw-deepfunneled.tar, or another tar of LFW.")
    flags.DEFINE_string(
        "landmarks",
        None,
        "CSV file of landmarks, instead of a detector: image, then x and y of five points.",
    )
    flags.DEFINE_boolean(
        "tfds", False, "Whether to read LFW from TensorFlow Datasets instead of an archive."
    )
    flags.DEFINE_string("tfds_data", None, "With --tfds: its data folder; default: TFDS's own.")
    flags.DEFINE_boolean(
        "download", False, "With --tfds: whether to download the data set if it is missing."
    )
    flags.DEFINE_string(
        "people", None, "With --tfds: file of the people to use, such as peopleDevTrain.txt."
    )
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    define_alignment_flags()
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Imports LFW and prints a summary."""
    require_used()
    options = alignment_options()
    cropper, output = cropping(options), Path(FLAGS.output)
    if FLAGS.tfds:
        summary = import_tfds_lfw(
            output,
            cropper,
            people=FLAGS.people and Path(FLAGS.people),
            data_dir=FLAGS.tfds_data and Path(FLAGS.tfds_data),
            download=FLAGS.download,
            crop_format=options.crop_format(),
        )
    else:
        summary = import_lfw(
            Path(FLAGS.archive), cropper, output, crop_format=options.crop_format()
        )
    summarize(summary, next_train(output))


def require_used() -> None:
    """Raises `ArgumentError` for flags that cannot be combined."""
    if not (FLAGS.archive or FLAGS.tfds):
        raise ArgumentError("Missing flag: --archive=FILE or --tfds.")
    if FLAGS.archive and FLAGS.tfds:
        raise ArgumentError("--archive is not used with --tfds.")
    if FLAGS.landmarks and (FLAGS.tfds or FLAGS["detector"].present):
        other = "--tfds" if FLAGS.tfds else "--detector"
        raise ArgumentError(f"--landmarks is not used with {other}.")
    for flag in (FLAGS["tfds_data"], FLAGS["download"], FLAGS["people"]):
        if flag.present and not FLAGS.tfds:
            raise ArgumentError(f"--{flag.name} is used with --tfds only.")


def cropping(options: AlignmentOptions) -> Cropper:
    """The cropper: from the given landmarks, or from a detector."""
    if FLAGS.landmarks is None:
        return options.make_cropper()
    landmarks = read_landmarks(Path(FLAGS.landmarks))
    return LandmarkCropper(landmarks, options.template(), options.jpeg_quality, options.limits())
