"""Trains a recognizer and writes a run folder.

    facerec train --loss=arcface --s=64 --m=0.5
    facerec train --data=RECORDS --backbone=iresnet50 --loss=cosface --workdir=runs/NAME
    facerec train --workdir=runs/NAME --resume

Without --data, a small network (iresnet_nano, dropout 0.1) is trained on drawn faces; its defaults
are --batch_size=32 --epochs=5 --lr=0.05 --warmup_steps=100 --clip_norm=5.

Every loss and backbone has parameters of its own, which are flags too: `facerec losses arcface` and
`facerec backbones iresnet50` list them, and so does `facerec train --loss=arcface --help`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.chief import emit
from facerec_tf.core.errors import ArgumentError
from facerec_tf.experiment import RunFolder, train, with_batch_size
from facerec_tf.flags import define_training_flags, training_config, training_flag_groups
from facerec_tf.verbs.common import FLAGS


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_training_flags()


def flag_groups() -> dict[str, list[str]]:
    """Heading → flags, for the help."""
    return training_flag_groups()


def main() -> None:
    """Trains a recognizer, or resumes a run."""
    if FLAGS.resume:
        if not FLAGS.workdir:
            raise ArgumentError("Missing flag: --workdir=RUN, the run that --resume continues.")
        workdir = Path(FLAGS.workdir)
        config = training_config(stored=RunFolder(workdir).config())
    else:
        config = training_config()
        if not FLAGS["batch_size"].present:
            config = _fit_batch_size(config)
        name = f"{config.model.loss}-{time.strftime('%Y%m%d-%H%M%S')}"
        workdir = Path(FLAGS.workdir or Path("runs") / name)
    verbose = 1 if sys.stdout.isatty() else 2
    train(config, workdir, resume=FLAGS.resume, verbose=verbose)


def _fit_batch_size(config: ExperimentConfig) -> ExperimentConfig:
    """Replaces the default batch size if there are too few images for it, and says so."""
    fitting = with_batch_size(config)
    default, chosen = config.training.batch_size, fitting.training.batch_size
    if chosen != default:
        emit(f"Using --batch_size={chosen}: there are too few images for the default, {default}.")
    return fitting
