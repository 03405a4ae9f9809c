"""`python -m facerec_tf.align`: cuts faces out of a folder of photographs, upright and alike."""

from __future__ import annotations

from pathlib import Path

from facerec_tf import command, flags
from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError

FLAGS = flags.FLAGS


def main() -> None:
    """Aligns as the flags say, and says what was done."""
    from facerec_tf.photographs import align_folder

    if not (FLAGS.images and FLAGS.output):
        raise ArgumentError("--images=DIR and --output=DIR are needed.")
    options = flags.alignment_options()
    summary = align_folder(
        Path(FLAGS.images),
        Path(FLAGS.output),
        options.make_cropper(),
        options.described(),
        FLAGS.threads,
    )
    for name, content in summary.items():
        chief.emit(f"{name}: {content}")
    chief.emit(
        f"Next: python tools/make_records.py --images={FLAGS.output} "
        f"--alignment={options.template().name} --output=RECORDS"
    )


if __name__ == "__main__":
    flags.define_align_flags()
    command.run(main)
