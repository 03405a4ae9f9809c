"""From a run folder, a `.keras` file or a SavedModel back to what embeds."""

from __future__ import annotations

from pathlib import Path

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.core.lookup import require_known
from facerec_tf.experiment.build import build_trainer
from facerec_tf.experiment.encoder import Encoder
from facerec_tf.experiment.keras_file import load_keras
from facerec_tf.experiment.run_folder import RunFolder
from facerec_tf.models import Recognizer
from facerec_tf.serving import Embedder


def load_recognizer(workdir: str | Path, checkpoint: str = "final") -> Recognizer:
    """Returns the recognizer of a run.

    Args:
        workdir: Run folder.
        checkpoint: `final` for the finished run's, `latest` or `best` for a checkpoint's.

    Raises:
        ArgumentError: If `checkpoint` is none of these.
        DataError: If the run has no such state yet.
    """
    require_known(checkpoint, ("final", "latest", "best"), "checkpoint")
    folder = RunFolder(workdir)
    config = folder.config()
    if checkpoint == "final":
        if not folder.recognizer.is_file():
            raise DataError(
                f"Run {workdir} is not finished: {folder.recognizer} is missing. "
                "Take --checkpoint=latest, or go on with --resume."
            )
        return load_keras(folder.recognizer)
    checkpoints = folder.checkpoints()
    chosen = checkpoints.latest() if checkpoint == "latest" else checkpoints.best()
    if chosen is None:
        raise DataError(f"Run {workdir} has no {checkpoint} checkpoint.")
    recognizer = folder.build_recognizer()
    trainer = build_trainer(config, recognizer, total_steps=1)
    trainer.restore(chosen.load())
    if trainer.average:
        trainer.average.overwrite()
    return recognizer


def load_encoder(
    workdir: str | Path | None, model: str | Path | None, checkpoint: str = "final"
) -> Encoder:
    """Returns what embeds: the recognizer of a run, of a `.keras` file, or a SavedModel.

    Args:
        workdir: Run folder, or None.
        model: `.keras` file or exported folder, or None; exactly one of the two is given.
        checkpoint: Which state of the run; see `load_recognizer`.

    Raises:
        ArgumentError: If both or neither are given, or a checkpoint of a `model` is asked for.
        DataError: If it cannot be read.
    """
    _require_one(workdir, model, checkpoint)
    if workdir:
        return Encoder.of_finished(load_recognizer(workdir, checkpoint))
    if Path(model).is_dir():
        return Encoder.of_embedder(Embedder(model))
    return Encoder.of_finished(load_keras(model))


def load_trained(
    workdir: str | Path | None, model: str | Path | None, checkpoint: str = "final"
) -> Recognizer:
    """Returns the recognizer of a run or of a `.keras` file; arguments as in `load_encoder`."""
    _require_one(workdir, model, checkpoint)
    return load_recognizer(workdir, checkpoint) if workdir else load_keras(model)


def _require_one(workdir: str | Path | None, model: str | Path | None, checkpoint: str) -> None:
    if bool(workdir) == bool(model):
        raise ArgumentError("Give either --workdir=RUN or --model=FILE, not both.")
    if model and checkpoint != "final":
        raise ArgumentError(
            f"--checkpoint={checkpoint} chooses among the states of a --workdir: a --model has one."
        )
