"""Builds the recognizer, the trainer and the plan that a configuration describes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from facerec_tf import backbones
from facerec_tf.backbones import fit
from facerec_tf.config import DEFAULT_BACKBONE, ExperimentConfig, FineTuningConfig, ModelConfig
from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError, require
from facerec_tf.data import Manifest
from facerec_tf.experiment.class_means import point_to_class_means
from facerec_tf.experiment.pretrained import (
    copy_backbone,
    copy_head,
    describe,
    freeze,
    match_identities,
    new_identities,
    require_described,
)
from facerec_tf.models import Recognizer, make_objective
from facerec_tf.runs.keras_file import load_keras
from facerec_tf.training import RunPlan, Trainer, layer_rates, make_optimizer, make_schedule

#: Default number of images per identity in a batch, for losses that compare images.
IMAGES_PER_IDENTITY = 4

#: Least number of steps per epoch for which the default batch size is kept.
LEAST_STEPS = 4


def check_loss(config: ExperimentConfig) -> None:
    """Raises `ArgumentError` if the loss or an option of it is invalid, or a head is missing."""
    objective = make_objective(config.model, num_classes=2)
    for name in ("keep_head", "head_init", "head_warmup_steps"):
        chosen, default = (getattr(x, name) for x in (config.finetuning, FineTuningConfig()))
        if chosen != default and not objective.head:
            raise ArgumentError(
                f"Argument '{name}' requires a margin head; --loss={config.model.loss} has none."
            )


def with_sampler(config: ExperimentConfig) -> ExperimentConfig:
    """The configuration with the sampler filled in, if it does not set one."""
    if config.data.images_per_identity is not None:
        return config
    compares = make_objective(config.model, num_classes=2).compares_images
    return config.override({"data.images_per_identity": IMAGES_PER_IDENTITY if compares else 0})


def with_batch_size(config: ExperimentConfig) -> ExperimentConfig:
    """The configuration with a smaller batch size, if there are few images to train on.

    The batch size becomes the largest power of two (times `images_per_identity`) that gives
    `LEAST_STEPS` steps per epoch, and two images or identities at least.

    Raises:
        DataError: If the training records cannot be read.
    """
    images, default = images_of_identities(config), config.training.batch_size
    per_identity = with_sampler(config).data.images_per_identity
    unit = per_identity or 1
    most = min(default, int(images.sum()) // LEAST_STEPS)
    if per_identity:
        most = min(most, len(images) * per_identity)
    if most == default and default % unit == 0:
        return config
    chosen = unit * 2 ** max(1, (most // unit).bit_length() - 1)
    return config.override({"training.batch_size": chosen})


def images_of_identities(config: ExperimentConfig) -> np.ndarray:
    """Number of images of each identity to train on, int `[n]`; synthetic faces need not exist."""
    data = config.data
    if data.directory is not None:
        return Manifest.load(data.directory).select(data.min_images).images
    drawn = data.synthetic_images
    most = f"at most synthetic_images={drawn}"
    require(data.min_images <= drawn, "min_images", most, data.min_images)
    return np.full(data.synthetic_identities, drawn)


def with_backbone(config: ExperimentConfig) -> ExperimentConfig:
    """The configuration with the unset options of the backbone filled in.

    Raises:
        ArgumentError: If the pretrained network contradicts the configuration.
        DataError: If the pretrained model cannot be read.
    """
    model = config.model
    if config.finetuning.pretrained:
        pretrained = load_keras(config.finetuning.pretrained)
        require_described(config, pretrained)
        network = pretrained.backbone
        own = {"backbone": network.name, "embedding_size": network.output_shape[-1]}
    else:
        name = model.backbone or DEFAULT_BACKBONE
        network = backbones.find(name)
        own = {"backbone": name, "embedding_size": network.embedding_size}
        own["image_size"] = network.image_size
    left_open = {k: v for k, v in own.items() if getattr(model, k) in (None, ())}
    return config.override({f"model.{name}": value for name, value in left_open.items()})


def build_recognizer(
    config: ExperimentConfig, manifest: Manifest, *, verbose: int = 1
) -> Recognizer:
    """Builds a recognizer, from scratch or from a pretrained one.

    Args:
        config: The configuration, complete; see `with_backbone`.
        manifest: Manifest of the training records, with their identities and image size.
        verbose: 0 is silent; otherwise a message says what is kept of a pretrained recognizer.

    Raises:
        ArgumentError: If a name is unknown, or the pretrained head has no identity of this run, or
            is of another kind.
        DataError: If the pretrained model cannot be read.
    """
    model, tuning, policy = config.model, config.finetuning, config.training.precision
    pretrained = load_keras(tuning.pretrained) if tuning.pretrained else None
    with _dtype_policy(policy):
        backbone = (
            copy_backbone(pretrained, policy, model.dropout) if pretrained else _new_backbone(model)
        )
        backbone = fit(backbone, manifest.image_size)
        freeze(backbone, tuning)
        selection = manifest.select(config.data.min_images)
        objective = make_objective(model, selection.num_classes)
        recognizer = Recognizer(backbone, objective, pretrained.origin if pretrained else None)
    if pretrained:
        sources = None
        if tuning.keep_head:
            assert pretrained.head is not None  # `require_described` refuses it.
            sources = match_identities(config, selection, pretrained.head.num_classes)
            copy_head(pretrained, recognizer, sources)
        chief.emit(describe(pretrained, recognizer, sources), verbose=verbose)
    return recognizer


def point_new_centres(
    config: ExperimentConfig, recognizer: Recognizer, records: Path, verbose: int = 1
) -> None:
    """Points the centres that start at their class means: all, or those of new identities.

    Args:
        config: The configuration; `head_init` and `keep_head` select the centres.
        recognizer: The recognizer that `build_recognizer` returned.
        records: Folder of the training records.
        verbose: 0 shows no progress bar.

    Raises:
        DataError: If `point_to_class_means` raises it.
    """
    if config.finetuning.head_init == "class_means":
        point_to_class_means(recognizer, records, config.data, verbose)
    elif config.finetuning.keep_head:
        selection = Manifest.load(records).select(config.data.min_images)
        labels = new_identities(config, selection)
        if len(labels):
            point_to_class_means(recognizer, records, config.data, verbose, labels)


def build_trainer(config: ExperimentConfig, recognizer: Recognizer, total_steps: int) -> Trainer:
    """Builds the trainer of a run of `total_steps` steps, in the current strategy's scope."""
    schedule = make_schedule(config.optimizer, total_steps)
    return Trainer(
        recognizer,
        make_optimizer(
            config.optimizer,
            schedule,
            recognizer.trainable_variables,
            layer_rates(recognizer.backbone, config.finetuning.layer_decay),
        ),
        clip_norm=config.optimizer.clip_norm,
        ema=config.training.ema,
    )


def make_plan(config: ExperimentConfig, num_images: int) -> RunPlan:
    """The plan of a run over `num_images` images."""
    training = config.training
    steps_per_epoch = max(num_images // training.batch_size, 1)
    return RunPlan(
        total_steps=training.max_steps or training.epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        log_every=training.log_every,
        checkpoint_every=training.checkpoint_every,
        head_only_steps=config.finetuning.head_warmup_steps,
    )


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def _new_backbone(config: ModelConfig) -> keras.Model:
    dropout = {} if config.dropout is None else {"dropout": config.dropout}
    return backbones.get(
        config.backbone or DEFAULT_BACKBONE,
        embedding_size=config.embedding_size,
        input_shape=(*config.image_size, 3),
        **dropout,
        **config.backbone_options,
    )
