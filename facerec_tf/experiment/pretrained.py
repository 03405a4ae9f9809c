"""Fine-tuning: the parts of a pretrained recognizer that a run keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from facerec_tf.backbones import HEAD, model_name, stage_of, stages
from facerec_tf.config import ExperimentConfig, FineTuningConfig
from facerec_tf.core.errors import ArgumentError, argument_error
from facerec_tf.core.lookup import require_known
from facerec_tf.data import Manifest, Selection
from facerec_tf.data.manifest import FILE_NAME as MANIFEST
from facerec_tf.data.names import compose_name
from facerec_tf.margins import MarginLayer
from facerec_tf.models import Recognizer
from facerec_tf.runs.run_folder import RunFolder


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


def copy_head(pretrained: Recognizer, recognizer: Recognizer, sources: np.ndarray) -> None:
    """Copies the weights of the margin head, centre by centre.

    Args:
        pretrained: The recognizer whose head is copied.
        recognizer: The recognizer to change.
        sources: Label in the pretrained head of each identity, or -1 for a new one; see
            `match_identities`. A new centre gets a random direction, and the mean length and bias
            of those that are known.

    Raises:
        ArgumentError: If a head is missing, or the heads are of different kinds.
    """
    ours, theirs = recognizer.head, pretrained.head
    if ours is None or theirs is None or _layout(ours) != _layout(theirs):
        kinds = [type(head).__name__ if head else "none" for head in (theirs, ours)]
        raise ArgumentError(
            f"Argument 'keep_head' requires the same kind of head: --pretrained has {kinds[0]}, "
            f"this run {kinds[1]}. Omit --keep_head to train a new head."
        )
    unchanged = np.array_equal(sources, np.arange(theirs.num_classes))
    parts = zip(ours.weights, theirs.weights, _layout(ours), strict=True)
    for weight, known, (per_class, _) in parts:
        value = np.asarray(known)
        if per_class and not unchanged:  # The copies that it makes may take gigabytes.
            value = _select(value, np.asarray(weight), sources, per_class)
        weight.assign(value)


def match_identities(config: ExperimentConfig, selection: Selection, known: int) -> np.ndarray:
    """Finds the identities of this run among those of the pretrained head, by name.

    Args:
        config: The configuration; `finetuning.pretrained` is the file.
        selection: The identities of this run.
        known: Number of identities of the pretrained head.

    Returns:
        int64 `[num_classes]`: the label of each identity in the pretrained head, or -1 for a new
        one. If the names of the pretrained head are unknown or only numbers, the labels are the
        same.

    Raises:
        ArgumentError: If the labels cannot be matched: the numbers of identities differ and there
            are no names, or the two have no name in common.
    """
    names = _pretrained_names(config)
    if names is None or _are_labels(names) or _are_labels(selection.class_names):
        if known != selection.num_classes:
            why = "the identities of one are numbers" if names else "its run folder is missing"
            raise ArgumentError(
                f"Argument 'keep_head' requires the same identities: --pretrained has {known:,} "
                f"identities, this run {selection.num_classes:,}, and they cannot be matched by "
                f"name, because {why}. Omit --keep_head to train a new head."
            )
        return np.arange(known)
    labels = {compose_name(name): label for label, name in enumerate(names)}
    sources = np.array([labels.get(compose_name(name), -1) for name in selection.class_names])
    if len(names) != known or (sources < 0).all():
        raise ArgumentError(
            f"Argument 'keep_head' requires identities in common: --pretrained has {known:,}, for "
            f"example {names[0]!r}, this run {selection.num_classes:,}, for example "
            f"{selection.class_names[0]!r}. Omit --keep_head to train a new head."
        )
    return sources


def new_identities(config: ExperimentConfig, selection: Selection) -> np.ndarray:
    """Labels of the identities that the pretrained head does not know, int64 `[n]`."""
    names = _pretrained_names(config)
    if names is None or _are_labels(names) or _are_labels(selection.class_names):
        return np.zeros(0, np.int64)
    known = {compose_name(name) for name in names}
    return np.array(
        [i for i, name in enumerate(selection.class_names) if compose_name(name) not in known],
        np.int64,
    )


def describe(
    pretrained: Recognizer, recognizer: Recognizer, sources: np.ndarray | None = None
) -> str:
    """Console message about the parts that are kept; `sources` as for `copy_head`, if it was."""
    kept = f"Fine-tuning: backbone {pretrained.backbone.name} kept, "
    was, now = (_describe_head(model) for model in (pretrained, recognizer))
    if sources is None:
        return f"{kept}head replaced by a new one ({was} before, {now} now)."
    assert pretrained.head is not None
    known = int((sources >= 0).sum())
    new, dropped = len(sources) - known, pretrained.head.num_classes - known
    changes = [
        *([f"{new:,} new, which start at their class means"] if new else []),
        *([f"{dropped:,} not in these records dropped"] if dropped else []),
    ]
    return f"{kept}head kept ({'; '.join([f'{known:,} identities', *changes])})."


def _layout(head: MarginLayer) -> list[tuple[int, tuple[int, ...]]]:
    """For each weight the columns per class, 0 if it has none, and the shape without classes."""
    shapes = []
    for num_classes in (2, 3):
        probe = type(head).from_config({**head.get_config(), "num_classes": num_classes})
        probe.build((None, 2))
        shapes.append([tuple(weight.shape) for weight in probe.weights])
    columns = [b[-1] - a[-1] if a != b else 0 for a, b in zip(*shapes, strict=True)]
    return [
        (count, tuple(weight.shape[:-1] if count else weight.shape))
        for count, weight in zip(columns, head.weights, strict=True)
    ]


def _select(
    known: np.ndarray, fresh: np.ndarray, sources: np.ndarray, per_class: int
) -> np.ndarray:
    """Columns of the known classes, and for new ones the mean bias, or a centre of mean length.

    Args:
        known: `[…, per_class * known classes]`: the first column of each class, then the second.
        fresh: `[…, per_class * classes]`: the initial value, whose directions new centres take.
        sources: As for `copy_head`, `[classes]`.
        per_class: Columns per class.
    """
    known, fresh = (x.reshape(*x.shape[:-1], per_class, -1) for x in (known, fresh))
    chosen = known[..., sources]
    if known.ndim == 2:  # A number for each class.
        new = np.broadcast_to(known.mean(), chosen.shape)
    else:
        length = np.linalg.norm(known, axis=0).mean()
        new = length * fresh / np.linalg.norm(fresh, axis=0)
    return np.where(sources >= 0, chosen, new).reshape(*known.shape[:-2], -1).astype(known.dtype)


def _pretrained_names(config: ExperimentConfig) -> tuple[str, ...] | None:
    """Names of the identities of --pretrained, by label; None unless it is in its run folder."""
    path = Path(config.finetuning.pretrained or "")
    folder = RunFolder(path.parent)
    is_run = path.name == folder.recognizer.name and (path.parent / MANIFEST).is_file()
    if not is_run or not (path.parent / "config.json").is_file():
        return None
    min_images = folder.config().data.min_images
    return Manifest.load(folder.path).select(min_images).class_names


def _are_labels(names: Sequence[str]) -> bool:
    """Whether identities are only numbered, as those of MXNet's records: no names to match."""
    return all(name == str(label) for label, name in enumerate(names))


def _describe_head(recognizer: Recognizer) -> str:
    head = recognizer.head
    return f"{head.num_classes:,} identities" if head else "no head"
