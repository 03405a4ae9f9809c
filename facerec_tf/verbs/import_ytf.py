r"""Converts YouTube Faces to a pair set for evaluation; each template is a video.

    facerec import-ytf --frames=aligned_images_DB --splits=splits.txt --detector=yunet \
        --output=DATA/pairs/ytf
    facerec evaluate --model=MODEL --data=DATA --protocol=ytf

With --detector, the face in each frame is found and aligned to --alignment. Without it, the frames
must be aligned crops, and JPEGs are copied without re-encoding. Prefer `aligned_images_DB`: the
person's face is in the centre of each frame, while the full frames of `frame_images_DB` may show
other people. Frames without a face are listed in `OUTPUT/rejected.csv`.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.lookup import lookup
from facerec_tf.data import CropFormat
from facerec_tf.importers.youtube_faces import import_youtube_faces
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.crop_reader import CropReader
from facerec_tf.verbs.alignment_flags import (
    define_alignment_flags,
    optional_alignment_options,
    photo_limits,
)
from facerec_tf.verbs.common import FLAGS, next_evaluate, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("frames", None, "Folder of frames: PERSON/VIDEO/FRAME.jpg.")
    flags.DEFINE_string("splits", None, "splits.txt of YouTube Faces.")
    flags.DEFINE_integer(
        "max_frames", 100, "Number of frames used per video, from its beginning; 0: all."
    )
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    define_alignment_flags(detector=None)
    flags.mark_flags_as_required(["frames", "splits", "output"])


def main() -> None:
    """Imports the frames and prints a summary."""
    cropper: Cropper
    if options := optional_alignment_options():
        template, cropper = options.template(), options.make_cropper()
    else:
        template = lookup(TEMPLATES, FLAGS.alignment, "alignment")
        cropper = CropReader(template.size, FLAGS.jpeg_quality, photo_limits())
    summary = import_youtube_faces(
        Path(FLAGS.frames),
        Path(FLAGS.splits),
        cropper,
        Path(FLAGS.output),
        crop_format=CropFormat(template.size, template.name),
        max_frames=FLAGS.max_frames,
    )
    summarize(summary, next_evaluate(Path(FLAGS.output)))
