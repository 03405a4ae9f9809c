"""One call that trains a recognizer and leaves a run folder."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError, require
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.data import (
    Manifest,
    PairSet,
    find_pairs,
    preflight,
    write_synthetic,
)
from facerec_tf.experiment.angles import make_probe
from facerec_tf.experiment.build import (
    build_recognizer,
    build_trainer,
    check_loss,
    make_plan,
    with_backbone,
    with_sampler,
)
from facerec_tf.experiment.class_means import point_to_class_means
from facerec_tf.experiment.messages import advice, closing, opening
from facerec_tf.experiment.xla import choose_xla
from facerec_tf.models import Recognizer
from facerec_tf.runs.run_folder import RunFolder
from facerec_tf.serving import Embedder, verify_pairs
from facerec_tf.training import (
    BatchSource,
    Checkpoint,
    Controller,
    MetricsLog,
    Progress,
    TensorBoardLog,
    make_sampler,
    make_strategy,
)
from facerec_tf.visualize import save, training_figure


def train(config: ExperimentConfig, workdir: Path, *, resume: bool, verbose: int) -> None:
    """Trains a recognizer and leaves it, with all that led to it, in `workdir`.

    Args:
        config: The whole configuration.
        workdir: Run folder: new, or with `resume` the one to continue.
        resume: Whether to continue from its latest checkpoint.
        verbose: 0 is silent, 1 shows a progress bar, 2 a line an epoch.

    Raises:
        UserError: For anything the user can mend; see `core.errors`.
    """
    check_loss(config)
    folder = RunFolder(workdir)
    if not resume:
        config = with_sampler(with_backbone(config))
    require_writable(folder.path)
    keras.utils.set_random_seed(config.training.seed)
    if config.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    strategy = make_strategy(config.training.strategy)
    _require_fitting(config, strategy.num_replicas_in_sync)
    if not resume:
        folder.require_new()
    with contextlib.ExitStack() as undo:
        if config.data.directory is None and not (resume and folder.data.exists()):
            _draw_faces(config, folder.data)
            undo.callback(shutil.rmtree, folder.data)
        records = folder.records(config)
        pairs = _evaluation_pairs(config, records)
        for fault in preflight(records, digests=config.data.verify_digests):
            print(f"warning: {fault} It will be skipped.")
        latest = _checkpoint_to_resume(folder) if resume else None
        with strategy.scope():
            recognizer = (
                folder.build_recognizer()
                if latest
                else build_recognizer(config, Manifest.load(records))
            )
            controller = _assemble(config, recognizer, folder, pairs)
            if latest:
                controller.resume(latest)
                print(f"Resuming {folder.path} after step {latest.step}.")
            if not resume:
                folder.begin(config, Manifest.load(records), recognizer)
            undo.pop_all()
            if config.finetuning.head_init == "class_means" and not latest:
                point_to_class_means(recognizer, records, config.data)
            xla = choose_xla(config, folder, controller)
            if verbose:
                print(opening(config, folder, controller, pairs, xla), flush=True)
            for warning in advice(controller.trainer.recognizer):
                print(f"warning: {warning}.", flush=True)
            callbacks = _callbacks(folder, controller)
            if config.finetuning.pretrained and controller.evaluate and not latest:
                _log_start(controller.evaluate(), callbacks)
            controller.run(callbacks, verbose)
            _finish(folder, controller)
    if verbose:
        print(closing(folder, pairs))


def _require_fitting(config: ExperimentConfig, replicas: int) -> None:
    batch_size = config.training.batch_size
    if batch_size % replicas:
        raise ArgumentError(
            f"Argument 'batch_size' must be a multiple of the {replicas} devices. "
            f"Received: batch_size={batch_size}"
        )
    make_sampler(_images_of_identities(config), config.data, batch_size, config.training.seed)
    if config.training.xla == "on" and replicas > 1:
        # BatchNorm's statistics are summed over the replicas within what XLA would compile.
        raise ArgumentError(
            f"Argument 'xla' must be 'off' or 'auto' where {replicas} devices train together. "
            "Received: xla='on'"
        )


def _images_of_identities(config: ExperimentConfig) -> np.ndarray:
    """Returns how many images each identity has that is trained on, before any are drawn."""
    data = config.data
    if data.directory is not None:
        return Manifest.load(data.directory).select(data.min_images).images
    drawn = data.synthetic_images
    require(data.min_images <= drawn, "min_images", f"at most {drawn}, all drawn", data.min_images)
    return np.full(data.synthetic_identities, drawn)


def _draw_faces(config: ExperimentConfig, directory: Path) -> None:
    write_synthetic(
        directory,
        identities=config.data.synthetic_identities,
        images=config.data.synthetic_images,
        seed=config.training.seed,
    )


def _evaluation_pairs(config: ExperimentConfig, directory: Path) -> PairSet | None:
    chosen = config.evaluation.eval_pairs
    if chosen is None:
        only_one = len(list((directory / "pairs").glob("*/pairs.csv"))) == 1
        pairs = PairSet.load(find_pairs(directory, "pairs")) if only_one else None
    else:
        is_folder = Path(chosen, "pairs.csv").is_file()
        pairs = PairSet.load(chosen if is_folder else find_pairs(directory, chosen))
    if pairs:
        pairs.require_size(Manifest.load(directory).image_size)
    return pairs


def _checkpoint_to_resume(folder: RunFolder) -> Checkpoint | None:
    folder.require_same_records()
    latest = folder.checkpoints().latest()
    if latest is None:
        print(f"Run {folder.path} has no checkpoint yet: beginning anew.")
        folder.damaged_images.unlink(missing_ok=True)
    return latest


def _assemble(
    config: ExperimentConfig, recognizer: Recognizer, folder: RunFolder, pairs: PairSet | None
) -> Controller:
    """Builds everything that trains, in the scope of the current strategy."""
    source = BatchSource(
        folder.records(config),
        config.data,
        config.augmentation,
        batch_size=config.training.batch_size,
        seed=config.training.seed,
        damaged_log=folder.damaged_images,
    )
    plan = make_plan(config, source.num_images)
    probe = make_probe(config, folder.records(config), recognizer)
    return Controller(
        build_trainer(config, recognizer, plan.total_steps),
        source,
        plan,
        folder.checkpoints(config.training.keep_checkpoints),
        evaluate=_evaluator(recognizer, pairs, config.evaluation.flip_fusion),
        angles=probe,
        offending_batch=folder.offending_batch,
    )


def _evaluator(
    recognizer: Recognizer, pairs: PairSet | None, flip_fusion: bool
) -> Callable[[], float] | None:
    if pairs is None:
        return None
    embedder = Embedder.of_recognizer(recognizer)
    return lambda: verify_pairs(embedder, pairs, flip_fusion)[0].accuracy


def _callbacks(folder: RunFolder, controller: Controller) -> list[keras.callbacks.Callback]:
    probe = controller.angles
    return [
        Progress(),
        MetricsLog(folder.metrics, controller.step),
        TensorBoardLog(folder.tensorboard, probe.target_angles if probe else None),
    ]


def _log_start(accuracy: float, callbacks: list[keras.callbacks.Callback]) -> None:
    """Notes how well the pretrained network verifies before it is changed."""
    print(f"Verification accuracy before fine-tuning: {accuracy:.4f}", flush=True)
    for callback in callbacks:
        if not isinstance(callback, Progress):
            callback.on_train_batch_end(0, {"step": 0, "verification_accuracy": accuracy})


def _finish(folder: RunFolder, controller: Controller) -> None:
    with controller.trainer.averaged_weights(), atomic_file(folder.recognizer) as path:
        controller.trainer.recognizer.save(path)
    save(training_figure(folder.read_metrics()), folder.report / "training.png")
