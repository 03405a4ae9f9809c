"""Turns YouTube Faces into a pair set whose templates are videos, to evaluate on.

    python tools/import_ytf.py --frames=aligned_images_DB --splits=splits.txt --detector=yunet \
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
from facerec_tf.command import run
from facerec_tf.core.lookup import lookup
from facerec_tf.data import CropFormat
from facerec_tf.flags import alignment_options, define_alignment_flags
from facerec_tf.importers.youtube_faces import import_youtube_faces
from facerec_tf.photographs.crop_reader import CropReader

_FRAMES = flags.DEFINE_string("frames", None, "Folder of frames, as PERSON/VIDEO/FRAME.jpg.")
_SPLITS = flags.DEFINE_string("splits", None, "splits.txt, as YouTube Faces has it.")
_MAX_FRAMES = flags.DEFINE_integer("max_frames", 100, "The first of each video; 0 for all.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
define_alignment_flags(detector=None)


def main() -> None:
    """Runs the import as the flags say."""
    if options := alignment_options():
        template, cropper = options.template(), options.make_cropper()
    else:
        template = lookup(TEMPLATES, flags.FLAGS.alignment, "alignment")
        cropper = CropReader(template.size, flags.FLAGS.jpeg_quality)
    summary = import_youtube_faces(
        Path(_FRAMES.value),
        Path(_SPLITS.value),
        cropper,
        Path(_OUTPUT.value),
        crop_format=CropFormat(template.size, template.name),
        max_frames=_MAX_FRAMES.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(
        f"Wrote '{_OUTPUT.value}'. Evaluate with: python -m facerec_tf.evaluate --model=MODEL "
        f"--data={_OUTPUT.value}"
    )


if __name__ == "__main__":
    flags.mark_flags_as_required(["frames", "splits", "output"])
    run(main)
