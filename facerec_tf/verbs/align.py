"""Cuts the faces out of a folder of photographs and aligns them.

    facerec align --images=DIR --output=CROPS

An interrupted call can be repeated; it continues with the unfinished photographs. Writes the crops,
`faces.csv`, `rejected.csv` and `contact_sheet.png` to OUTPUT.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.photographs import align_folder
from facerec_tf.verbs.alignment_flags import alignment_options, define_alignment_flags
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("images", None, "Folder of photographs, including its subfolders.")
    flags.DEFINE_string("output", None, "Output folder: new, empty, or of an interrupted call.")
    flags.DEFINE_integer("threads", None, "Number of threads; default: one per core.")
    define_alignment_flags()
    flags.mark_flags_as_required(["images", "output"])


def main() -> None:
    """Aligns the photographs and prints a summary."""
    options = alignment_options()
    summary = align_folder(
        Path(FLAGS.images),
        Path(FLAGS.output),
        options.make_cropper(),
        options.described(),
        FLAGS.threads,
    )
    summarize(
        summary,
        f"Next: facerec make-records --images={FLAGS.output} "
        f"--alignment={options.template().name} --output=RECORDS",
    )
