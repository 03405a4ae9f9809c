"""Turns YouTube Faces into a pair set whose templates are videos, to evaluate on.

    facerec import-ytf --frames=aligned_images_DB --splits=splits.txt --detector=yunet \
        --output=DATA/pairs/ytf
    python -m facerec_tf.evaluate --model=MODEL --data=DATA --protocol=ytf

With --detector, the face of every frame is found, cut out and brought to the --alignment; without,
frames are aligned crops already, and JPEGs go in as they are. `aligned_images_DB` is to be
preferred: there the person's face is in the centre, while the whole frames of `frame_images_DB` may
show others. Frames without a face are listed in `OUTPUT/rejected.csv`.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.lookup import lookup
from facerec_tf.data import CropFormat
from facerec_tf.importers.youtube_faces import import_youtube_faces
from facerec_tf.photographs.crop_reader import CropReader
from facerec_tf.verbs.alignment_flags import (
    define_alignment_flags,
    optional_alignment_options,
)
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("frames", None, "Folder of frames, as PERSON/VIDEO/FRAME.jpg.")
    flags.DEFINE_string("splits", None, "splits.txt, as YouTube Faces has it.")
    flags.DEFINE_integer("max_frames", 100, "The first of each video; 0 for all.")
    flags.DEFINE_string("output", None, "Folder to make.")
    define_alignment_flags(detector=None)
    flags.mark_flags_as_required(["frames", "splits", "output"])


def main() -> None:
    """Runs the import as the flags say."""
    if options := optional_alignment_options():
        template, cropper = options.template(), options.make_cropper()
    else:
        template = lookup(TEMPLATES, FLAGS.alignment, "alignment")
        cropper = CropReader(template.size, FLAGS.jpeg_quality)
    summary = import_youtube_faces(
        Path(FLAGS.frames),
        Path(FLAGS.splits),
        cropper,
        Path(FLAGS.output),
        crop_format=CropFormat(template.size, template.name),
        max_frames=FLAGS.max_frames,
    )
    summarize(
        summary,
        f"Wrote '{FLAGS.output}'. Evaluate with: python -m facerec_tf.evaluate --model=MODEL "
        f"--data={FLAGS.output}",
    )
