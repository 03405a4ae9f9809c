"""Trains a recognizer and writes its run folder."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import tensorflow as tf

from facerec_tf.backbones.batch_limits import require_batch_for_norm
from facerec_tf.config import ExperimentConfig
from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.core.lock import locked
from facerec_tf.data import (
    Manifest,
    PairSet,
    preflight,
    require_image_size,
    write_synthetic,
)
from facerec_tf.experiment.build import (
    build_recognizer,
    build_trainer,
    check_loss,
    images_of_identities,
    make_plan,
    point_new_centres,
    with_backbone,
    with_sampler,
)
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.experiment.measurements import MEASUREMENTS, MakeMeasurement
from facerec_tf.experiment.messages import advice, closing, opening
from facerec_tf.experiment.run_pairs import find_run_pairs
from facerec_tf.experiment.xla import choose_xla
from facerec_tf.models import Recognizer
from facerec_tf.runs.run_folder import RunFolder
from facerec_tf.runs.run_log import RunLog
from facerec_tf.runs.writing import writing
from facerec_tf.training import (
    BatchSource,
    Checkpoint,
    Controller,
    MetricsLog,
    Progress,
    TensorBoardLog,
    TerminationError,
    make_sampler,
    make_strategy,
)
from facerec_tf.visualize import save, training_figure


def train(
    config: ExperimentConfig,
    workdir: Path,
    *,
    resume: bool,
    verbose: int,
    measurements: Sequence[MakeMeasurement] = MEASUREMENTS,
) -> None:
    """Trains a recognizer and writes it to `workdir`, with checkpoints, metrics and figures.

    Args:
        config: The whole configuration.
        workdir: Run folder: new, or with `resume` the one to continue.
        resume: Whether to continue from its latest checkpoint.
        verbose: 0 is silent, 1 shows a progress bar, 2 prints one line per log interval.
        measurements: What to measure during training, in the order of the columns in metrics.csv.

    Raises:
        UserError: For any error that the user can correct; see `core.errors`.
    """
    check_loss(config)
    folder = RunFolder(workdir)
    log = RunLog(folder.log)
    with log.recording(), contextlib.ExitStack() as undo:
        if not resume:
            config = with_sampler(with_backbone(config))
        require_writable(folder.path)
        keras.utils.set_random_seed(config.training.seed)
        if config.training.deterministic:
            tf.config.experimental.enable_op_determinism()
        strategy = make_strategy(config.training.strategy)
        _require_fitting(config, strategy.num_replicas_in_sync)
        undo.enter_context(_locked(folder))
        if resume:
            log.start()
        else:
            folder.require_new()
        with contextlib.ExitStack() as unfinished:
            if config.data.directory is None and not (resume and folder.data.exists()):
                _draw_faces(config, folder.data)
                unfinished.callback(shutil.rmtree, folder.data)
            records = folder.records(config)
            pairs = _evaluation_pairs(config, records)
            for fault in preflight(records, digests=config.data.verify_digests):
                chief.emit(f"warning: {fault} It will be skipped.", verbose=verbose)
            with strategy.scope():
                controller, resumed = _prepare(config, folder, pairs, measurements, resume, verbose)
                if not resume:
                    folder.begin(config, Manifest.load(records), controller.trainer.recognizer)
                unfinished.pop_all()
        if not resume:
            log.start()
        with strategy.scope():
            _run(config, folder, controller, pairs, resumed, verbose)
        chief.emit(closing(folder, pairs), verbose=verbose)


@contextlib.contextmanager
def _locked(folder: RunFolder) -> Iterator[None]:
    """Locks the run folder; removes it at the end if it is new and no run has begun in it."""
    new = [path for path in (folder.path, *folder.path.parents) if not path.exists()]
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder.lock, f"Run folder '{folder.path}'"):
            yield
    finally:
        with contextlib.suppress(OSError):  # One is not empty.
            for path in new:
                path.rmdir()


def _prepare(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: PairSet | None,
    measurements: Sequence[MakeMeasurement],
    resume: bool,
    verbose: int,
) -> tuple[Controller, bool]:
    """Builds the recognizer and its controller, and restores the latest whole checkpoint.

    Returns:
        The controller, and whether a checkpoint was restored.
    """
    checkpoints = _checkpoints_to_resume(folder, verbose) if resume else []
    recognizer = (
        folder.build_recognizer()
        if checkpoints
        else build_recognizer(config, Manifest.load(folder.records(config)), verbose=verbose)
    )
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    require_batch_for_norm(recognizer.backbone, config.training.batch_size, replicas)
    controller = _assemble(config, recognizer, folder, pairs, measurements)
    if checkpoints:
        _restore(controller, checkpoints, verbose)
        chief.emit(f"Resuming {folder.path} after step {controller.step}.", verbose=verbose)
    return controller, bool(checkpoints)


def _run(
    config: ExperimentConfig,
    folder: RunFolder,
    controller: Controller,
    pairs: PairSet | None,
    resumed: bool,
    verbose: int,
) -> None:
    """Trains, and writes the recognizer and the figure."""
    recognizer = controller.trainer.recognizer
    with _resumable(controller):
        if not resumed:
            point_new_centres(config, recognizer, folder.records(config), verbose)
        xla = choose_xla(config, folder, controller)
        chief.emit(opening(config, folder, controller, pairs, xla), verbose=verbose)
        for warning in advice(recognizer):
            chief.emit(f"warning: {warning}.", verbose=verbose)
        callbacks = _callbacks(folder, controller)
        if config.finetuning.pretrained and not resumed:
            _log_start(controller, callbacks, verbose)
        controller.run(callbacks, verbose)
        _finish(folder, controller, verbose)


@contextlib.contextmanager
def _resumable(controller: Controller) -> Iterator[None]:
    """Ends a run that Ctrl-C interrupts outside of its steps with the way to continue it."""
    try:
        yield
    except KeyboardInterrupt:
        raise TerminationError(
            f"Interrupted after step {controller.step}. Continue with --resume.", signal.SIGINT
        ) from None


def _require_fitting(config: ExperimentConfig, replicas: int) -> None:
    batch_size = config.training.batch_size
    if batch_size % replicas:
        raise ArgumentError(
            f"Argument 'batch_size' must be a multiple of the {replicas} devices. "
            f"Received: batch_size={batch_size}"
        )
    make_sampler(images_of_identities(config), config.data, batch_size, config.training.seed)
    if config.training.xla == "on" and replicas > 1:
        # BatchNorm sums its statistics over the replicas in the pass that XLA would compile.
        raise ArgumentError(
            f"Argument 'xla' must be 'off' or 'auto' when {replicas} devices train together. "
            "Received: xla='on'"
        )


def _draw_faces(config: ExperimentConfig, directory: Path) -> None:
    write_synthetic(
        directory,
        identities=config.data.synthetic_identities,
        images=config.data.synthetic_images,
        seed=config.training.seed,
    )


def _evaluation_pairs(config: ExperimentConfig, directory: Path) -> PairSet | None:
    found = find_run_pairs(config.evaluation, directory)
    pairs = PairSet.load(found) if found else None
    if pairs:
        expected = Manifest.load(directory).image_size
        require_image_size(pairs.directory, pairs.manifest.image_size, expected)
    return pairs


def _checkpoints_to_resume(folder: RunFolder, verbose: int) -> list[Checkpoint]:
    """Returns the checkpoints, the latest first; empty for a run that has none yet.

    Raises:
        DataError: If the records have changed, or all checkpoints are damaged.
    """
    folder.require_same_records()
    checkpoints = folder.checkpoints()
    found, faults = checkpoints.all()[::-1], checkpoints.faults()
    for fault in faults:
        chief.emit(f"warning: {fault} The checkpoint is not used.", verbose=verbose)
    if faults and not found:
        raise DataError(
            f"Cannot resume run {folder.path}: no checkpoint in {checkpoints.directory} is "
            f"undamaged. {faults[-1]} Delete the folder to start from step 0."
        )
    if not found:
        chief.emit(
            f"Run {folder.path} has no checkpoint yet. Starting from step 0.", verbose=verbose
        )
        folder.damaged_images.unlink(missing_ok=True)
    return found


def _restore(controller: Controller, checkpoints: Sequence[Checkpoint], verbose: int) -> None:
    """Restores the first of `checkpoints` that is not damaged.

    Raises:
        DataError: If all are damaged.
    """
    for older, checkpoint in zip((*checkpoints[1:], None), checkpoints, strict=True):
        try:
            controller.resume(checkpoint)
            return
        except DataError as error:
            if older is None:
                raise
            reason = str(error).rstrip(".")
            chief.emit(f"warning: {reason}. Trying {older.path}.", verbose=verbose)


def _assemble(
    config: ExperimentConfig,
    recognizer: Recognizer,
    folder: RunFolder,
    pairs: PairSet | None,
    measurements: Sequence[MakeMeasurement],
) -> Controller:
    """Builds the controller and its parts, in the current strategy's scope."""
    records = folder.records(config)
    source = BatchSource(
        records,
        config.data,
        config.augmentation,
        batch_size=config.training.batch_size,
        seed=config.training.seed,
        damaged_log=folder.damaged_images,
    )
    plan = make_plan(config, source.num_images)
    run = MeasuredRun(config, records, recognizer, plan.steps_per_epoch, pairs)
    return Controller(
        build_trainer(config, recognizer, plan.total_steps),
        source,
        plan,
        folder.checkpoints(config.training.keep_checkpoints),
        measurements=[make(run) for make in measurements],
        offending_batch=folder.offending_batch,
    )


def _callbacks(folder: RunFolder, controller: Controller) -> list[keras.callbacks.Callback]:
    measurements = controller.measurements
    return [
        *([Progress(measurements)] if chief.is_chief() else []),
        MetricsLog(folder.metrics, controller.step, measurements),
        TensorBoardLog(folder.tensorboard, measurements, lambda: controller.histograms),
    ]


def _log_start(
    controller: Controller, callbacks: list[keras.callbacks.Callback], verbose: int
) -> None:
    """Logs how good the pretrained network is before training, by the checkpoints' metric."""
    if controller.selection is None:
        return
    values = controller.measure(controller.selection).values
    chief.emit(f"Before fine-tuning: {controller.selection.describe(values)}", verbose=verbose)
    for callback in callbacks:
        if not isinstance(callback, Progress):
            callback.on_train_batch_end(0, {"step": 0, **values})


def _finish(folder: RunFolder, controller: Controller, verbose: int) -> None:
    chief.emit(f"Saving {folder.recognizer} …", verbose=verbose)
    with (
        controller.trainer.averaged_weights(),
        writing(folder.recognizer),
        atomic_file(folder.recognizer, durable=True) as path,
    ):
        controller.trainer.recognizer.save(path)
    picture = folder.report / "training.png"
    chief.emit(f"Drawing {picture} …", verbose=verbose)
    curves = [column for each in controller.measurements for column in each.curves]
    with writing(picture):
        save(training_figure(folder.read_metrics(), curves=curves), picture)
