"""Fine-tuning: the parts of a pretrained recognizer that a run keeps."""

from __future__ import annotations

import keras

from facerec_tf.backbones import HEAD, model_name, stage_of, stages
from facerec_tf.config import ExperimentConfig, FineTuningConfig
from facerec_tf.core.errors import ArgumentError, argument_error
from facerec_tf.core.lookup import require_known
from facerec_tf.models import Recognizer


def require_described(config: ExperimentConfig, pretrained: Recognizer) -> None:
    """Raises `ArgumentError` if an option that is set contradicts the pretrained network."""
    network = pretrained.backbone
    name, size = config.model.backbone, config.model.embedding_size
    if name is not None and model_name(name) != network.name:
        raise argument_error("backbone", f"'{network.name}', as in --pretrained", name)
    if size not in (None, own := network.output_shape[-1]):
        raise argument_error("embedding_size", f"{own}, as in --pretrained", size)
    for stage in config.finetuning.freeze:
        require_known(stage, stages(network), "freeze")
    if config.finetuning.keep_head and not pretrained.head:
        raise ArgumentError("Argument 'keep_head' requires a margin head in --pretrained.")


def freeze(backbone: keras.Model, config: FineTuningConfig) -> None:
    """Makes the configured layers untrainable; a frozen BatchNorm also keeps its statistics."""
    for stage, layers in stages(backbone).items():
        for layer in layers:
            is_norm = isinstance(layer, keras.layers.BatchNormalization)
            if stage in config.freeze or (is_norm and config.freeze_batch_norm):
                layer.trainable = False


def copy_backbone(pretrained: Recognizer, policy: str, dropout: float | None) -> keras.Model:
    """Copies the network, with all layers trainable.

    Args:
        pretrained: The recognizer whose network is copied.
        policy: Precision of all layers except those of the head, which keep theirs so that the
            embedding does not lose precision.
        dropout: Share of features dropped before the embedding; None keeps that of the network.

    Raises:
        ArgumentError: If `dropout` is set and the network has no dropout before its embedding.
    """
    network = pretrained.backbone

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = {**layer.get_config(), "trainable": True}
        if stage_of(layer) != HEAD:
            config["dtype"] = policy
        if dropout is not None and layer.name == "head_dropout":
            config["rate"] = dropout
        return layer.__class__.from_config(config)

    if dropout is not None and not any(x.name == "head_dropout" for x in network.layers):
        expected = f"omitted, because {network.name} has no dropout layer"
        raise argument_error("dropout", expected, dropout)
    backbone = keras.models.clone_model(network, clone_function=copy)
    backbone.set_weights(network.get_weights())
    return backbone


def copy_head(pretrained: Recognizer, recognizer: Recognizer) -> None:
    """Copies the weights of the margin head.

    Raises:
        ArgumentError: If a head is missing, or the heads have other numbers of identities.
    """
    ours, theirs = recognizer.head, pretrained.head
    if ours is None or theirs is None or _shapes(ours) != _shapes(theirs):
        raise ArgumentError(
            f"Argument 'keep_head' requires the same identities: --pretrained has "
            f"{_describe_head(pretrained)}, this run {_describe_head(recognizer)}. "
            "Omit --keep_head to train a new head."
        )
    ours.set_weights(theirs.get_weights())


def describe(pretrained: Recognizer, recognizer: Recognizer, keep_head: bool) -> str:
    """Console message about the parts that are kept."""
    was, now = (_describe_head(model) for model in (pretrained, recognizer))
    return (
        f"Fine-tuning: backbone {pretrained.backbone.name} kept, "
        f"{'head kept' if keep_head else 'head replaced by a new one'} ({was} before, {now} now)."
    )


def _shapes(layer: keras.layers.Layer) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in layer.weights]


def _describe_head(recognizer: Recognizer) -> str:
    head = recognizer.head
    return f"{head.num_classes:,} identities" if head else "no head"
