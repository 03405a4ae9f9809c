"""From a configuration to a recognizer, its trainer and its calendar."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from facerec_tf import backbones
from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.lookup import lookup
from facerec_tf.data import Manifest
from facerec_tf.experiment.keras_file import load_keras
from facerec_tf.models import Recognizer, make_objective
from facerec_tf.training import Plan, Trainer, make_optimizer, make_schedule

#: A checkpoint holds every weight: what the run started from need not be there any more.
FROM_CHECKPOINT = {"model.pretrained": None, "model.keep_head": False}

#: Images of an identity in a batch of a loss that compares images, unless asked otherwise.
IMAGES_PER_IDENTITY = 4


def check_names(config: ExperimentConfig) -> None:
    """Raises `ArgumentError` for an unknown loss or backbone, or a parameter out of its domain."""
    make_objective(config.model, num_classes=2)
    lookup(backbones.BACKBONES, config.model.backbone, "backbone")


def with_sampler(config: ExperimentConfig) -> ExperimentConfig:
    """Returns `config` with its sampler chosen, where it leaves the choice open."""
    if config.data.images_per_identity is not None:
        return config
    compares = make_objective(config.model, num_classes=2).compares_images
    return config.override({"data.images_per_identity": IMAGES_PER_IDENTITY if compares else 0})


def build_recognizer(config: ExperimentConfig, manifest: Manifest) -> Recognizer:
    """Builds the recognizer that `config` describes, from scratch or from a pretrained one.

    Args:
        config: The configuration.
        manifest: What is trained on; tells the identities and the images' size.

    Raises:
        ArgumentError: If a name is unknown, or the pretrained model is of another architecture.
        DataError: If the pretrained model cannot be read.
    """
    model = config.model
    num_classes = manifest.select(config.data.min_images).num_classes
    with _dtype_policy(config.training.precision):
        backbone = backbones.get(
            model.backbone,
            embedding_size=model.embedding_size,
            dropout=model.dropout,
            input_shape=(*manifest.image_size, 3),
        )
        recognizer = Recognizer(backbone, make_objective(model, num_classes))
    if model.pretrained:
        _take_over(recognizer, load_keras(model.pretrained), model.keep_head)
    return recognizer


def build_trainer(config: ExperimentConfig, recognizer: Recognizer, total_steps: int) -> Trainer:
    """Builds the trainer of a run of `total_steps` steps, in the scope of the current strategy."""
    schedule = make_schedule(config.optimizer, total_steps)
    return Trainer(
        recognizer,
        make_optimizer(config.optimizer, schedule, recognizer.trainable_variables),
        clip_norm=config.optimizer.clip_norm,
        ema=config.training.ema,
        xla=config.training.xla,
    )


def make_plan(config: ExperimentConfig, num_images: int) -> Plan:
    """Returns the calendar of a run over `num_images` images."""
    training, angles_every = config.training, config.evaluation.angles_every
    steps_per_epoch = max(num_images // training.batch_size, 1)
    return Plan(
        total_steps=training.max_steps or training.epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        log_every=training.log_every,
        checkpoint_every=training.checkpoint_every,
        evaluate_every=config.evaluation.eval_every or steps_per_epoch,
        angles_every=steps_per_epoch if angles_every is None else angles_every or None,
    )


@contextlib.contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def _take_over(recognizer: Recognizer, pretrained: Recognizer, keep_head: bool) -> None:
    """Copies a pretrained backbone's weights, and the head's where asked, and says so."""
    if keep_head and not (recognizer.head and pretrained.head):
        raise ArgumentError("Argument 'keep_head' needs a margin head, here and in --pretrained.")
    for part in ("backbone", "head") if keep_head else ("backbone",):
        ours, theirs = getattr(recognizer, part), getattr(pretrained, part)
        if [w.shape for w in ours.weights] != [w.shape for w in theirs.weights]:
            mend = {
                "backbone": "Give its --backbone and --embedding_size, and images of its size.",
                "head": "Leave out --keep_head to train a new one.",
            }
            raise ArgumentError(
                f"Argument 'pretrained' holds another {part}: {theirs.name} of "
                f"{theirs.count_params():,} parameters, where this run's {ours.name} has "
                f"{ours.count_params():,}. {mend[part]}"
            )
        ours.set_weights(theirs.get_weights())
    was, now = (_describe_head(model) for model in (pretrained, recognizer))
    print(
        f"Fine-tuning: backbone {pretrained.backbone.name} kept, "
        f"{'head kept' if keep_head else 'head replaced by a new one'} ({was} before, {now} now)."
    )


def _describe_head(recognizer: Recognizer) -> str:
    head = recognizer.head
    return f"{head.num_classes:,} identities" if head else "no head"
