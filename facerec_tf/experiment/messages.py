"""Console messages of a training run: its options, warnings and results."""

from __future__ import annotations

import keras
import numpy as np

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.data import PairSet
from facerec_tf.evaluation import format_accuracy
from facerec_tf.experiment.verification import ACCURACY, ACCURACY_STD
from facerec_tf.margins import suggest_margin, suggest_scale
from facerec_tf.models import Objective, Recognizer
from facerec_tf.runs.run_folder import RunFolder
from facerec_tf.training import Controller

#: Margin above which training diverged in the experiments of CosFace (1801.09414).
DIVERGES_ABOVE = 0.45


def opening(
    config: ExperimentConfig,
    folder: RunFolder,
    controller: Controller,
    pairs: PairSet | None,
    xla: str | None = None,
) -> str:
    """Options of a run, printed before training; `xla` is the result of `choose_xla`."""
    model, training, optimizer = config.model, config.training, config.optimizer
    recognizer, source, plan = controller.trainer.recognizer, controller.source, controller.plan
    num_classes = folder.manifest().select(config.data.min_images).num_classes
    lines = [
        f"data       {folder.records()}: {source.num_images:,} images of "
        f"{num_classes:,} identities",
        f"loss       {_describe_objective(recognizer, config)}",
        f"backbone   {model.backbone}: {recognizer.backbone.count_params():,} parameters, "
        f"embedding of {model.embedding_size}, {training.precision}",
        f"optimizer  {optimizer.optimizer}, learning rate {optimizer.lr:g} {optimizer.schedule}, "
        f"weight decay {optimizer.weight_decay:g} "
        f"{'coupled' if optimizer.coupled else 'decoupled'}",
        f"length     {plan.total_steps:,} steps of {training.batch_size} images, "
        f"{plan.steps_per_epoch:,} per epoch",
        f"verified   on {len(pairs):,} pairs of {pairs.directory}, "
        f"{'with' if config.evaluation.flip_fusion else 'without'} mirrored images added, as by "
        "facerec_tf.evaluate"
        if pairs
        else "verified   not at all: set --eval_pairs to a folder of pairs, or to the name of one "
        "in DATA/pairs",
        *([f"XLA        {xla}"] if xla else []),
        f"run folder {folder.path}",
    ]
    if config.data.directory is None:
        lines.insert(
            0,
            "Without --data, a small network is trained on synthetic faces. For real faces:\n"
            "  python -m facerec_tf.train --data=DIR   "
            "(DIR from facerec make-records or facerec import-lfw)",
        )
    return "\n".join(lines)


def advice(recognizer: Recognizer) -> list[str]:
    """Warnings about a loss that cannot work well for this number of identities."""
    head, objective = recognizer.head, recognizer.objective
    if objective is None:
        return []
    if head is None:
        losses = [objective.main, *objective.auxiliaries]
        if any(loss.separates_identities for loss in losses):
            return []
        return [
            f"{type(objective.main).__name__} does not separate identities: on its own it maps all "
            "images to the same embedding. Add it to a head: --loss=softmax --auxiliary=NAME"
        ]
    found = []
    least = suggest_scale(head.num_classes)
    if head.scale_bounds_probability and head.s is not None and head.s < least:
        found.append(
            f"--s={head.s:g} is below {least:.1f}: even an embedding at its centre has a "
            f"probability of less than 0.9 among {head.num_classes:,} identities (CosFace, section "
            "4)"
        )
    margin = head.cosine_margin or 0.0
    most = suggest_margin(head.num_classes, recognizer.backbone.output_shape[-1])
    if margin > min(most, DIVERGES_ABOVE):
        found.append(
            f"a cosine margin of {margin:g} is too large: CosFace's bound for {head.num_classes:,} "
            f"identities is {most:.2f}, and its training diverged above {DIVERGES_ABOVE}"
        )
    return found


def _describe_objective(recognizer: Recognizer, config: ExperimentConfig) -> str:
    """Names and parameters of the losses, with the weights of the auxiliaries."""
    objective, model = recognizer.objective, config.model
    assert isinstance(objective, Objective)  # A recognizer in training has one.
    names = [spec.split(":")[0] for spec in model.auxiliary]
    weights = [f"+ {weight:g}·" for weight in objective.weights_of_auxiliaries]
    parts = zip(
        ["", *weights], [model.loss, *names], [objective.main, *objective.auxiliaries], strict=True
    )
    return " ".join(f"{weight}{name}{_describe_options(loss)}" for weight, name, loss in parts)


def _describe_options(loss: keras.layers.Layer) -> str:
    return "".join(f" {key}={getattr(loss, key)}" for key in hyperparameters(type(loss)))


def closing(folder: RunFolder, pairs: PairSet | None) -> str:
    """Results of a run and the next commands, printed after training."""
    latest, best = folder.checkpoints().latest(), folder.checkpoints().best()
    lines = [f"recognizer    {folder.recognizer}"]
    if pairs and latest and best and latest.metric is not None:
        seen = folder.seen_in_training(pairs)
        unseen = f",{seen.claim}" if seen.claim else ""
        of_checkpoints = ((c.step, c.metric or 0.0) for c in (latest, best))
        accuracies = {step: (metric, format_accuracy(metric)) for step, metric in of_checkpoints}
        accuracies.update(_accuracies(folder))  # With deviations, if metrics.csv has the step.
        before = f"{accuracies[0][1]} before fine-tuning, " if 0 in accuracies else ""
        lines.append(
            f"verification  {before}{accuracies[latest.step][1]} at the end, "
            f"{accuracies[best.step][1]} at best (step {best.step:,}){unseen}"
        )
        if seen.warning:
            lines.append(f"warning: {seen.warning}")
        if before and latest.metric < accuracies[0][0]:
            lines.append(
                "warning: the accuracy is lower than before fine-tuning. Use --checkpoint=best, or "
                "train with a lower --lr, --layer_decay, --freeze or --head_warmup_steps."
            )
    evaluate = f"python -m facerec_tf.evaluate --workdir={folder.path}"
    if pairs is None:
        evaluate += " --data=DIR    (a folder of pairs)"
    elif pairs.directory.parent == folder.records() / "pairs":
        evaluate += f" --protocol={pairs.directory.name}"
    else:
        evaluate += f" --data={pairs.directory}"
    lines.append(f"evaluate it   {evaluate}")
    lines.append(f"export it     python -m facerec_tf.export --workdir={folder.path} --output=DIR")
    return "\n".join(lines)


def _accuracies(folder: RunFolder) -> dict[int, tuple[float, str]]:
    """Verification accuracy as number and text, by step; only fine-tuning measures step 0."""
    metrics = folder.read_metrics()
    columns = (metrics[name] for name in ("step", ACCURACY, ACCURACY_STD))
    return {
        int(step): (accuracy, format_accuracy(accuracy, std))
        for step, accuracy, std in zip(*columns, strict=True)
        if not np.isnan(accuracy)
    }
