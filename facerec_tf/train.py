"""`python -m facerec_tf.train`: trains a recognizer."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from facerec_tf import command, flags
from facerec_tf.core.errors import ArgumentError

FLAGS = flags.FLAGS


def main() -> None:
    """Trains as the flags say."""
    from facerec_tf import experiment

    if FLAGS.resume:
        if not FLAGS.workdir:
            raise ArgumentError("--resume needs --workdir=DIR, the run to continue.")
        workdir = Path(FLAGS.workdir)
        config = flags.training_config(stored=experiment.RunFolder(workdir).config())
    else:
        config = flags.training_config()
        name = f"{config.model.loss}-{time.strftime('%Y%m%d-%H%M%S')}"
        workdir = Path(FLAGS.workdir or Path("runs") / name)
    verbose = 1 if sys.stdout.isatty() else 2
    experiment.train(config, workdir, resume=FLAGS.resume, verbose=verbose)


if __name__ == "__main__":
    flags.define_training_flags()
    command.run(main)
