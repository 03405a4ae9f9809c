"""Frozen options of an experiment, checked across fields when built.

A leaf: any room may type against these classes, and they know no room. Each option carries its own
help text; `flags.py` makes the command line from them. Names of losses and backbones are checked
where their tables are, in `experiment/build.py`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from facerec_tf.core.errors import (
    ArgumentError,
    require,
    require_between,
    require_count,
    require_non_negative,
    require_positive,
)
from facerec_tf.core.lookup import require_known

#: The network of a run that names none.
DEFAULT_BACKBONE = "iresnet50"

OPTIMIZERS = ("sgd", "adamw", "lamb")
SCHEDULES = ("constant", "steps", "polynomial", "cosine")
DECAYS = ("coupled", "decoupled")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
STRATEGIES = ("auto", "one_device", "mirrored")
XLA = ("off", "on", "auto")
HEAD_INITS = ("random", "class_means")


def option(default: Any, help: str, flag: str | None = None) -> Any:
    """Returns a dataclass field with help text and, where it differs, the flag's name."""
    return dataclasses.field(default=default, metadata={"help": help, "flag": flag})


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """What training images undergo; everything but the mirror is off by default."""

    flip: bool = option(True, "Mirror half of the images.")
    shift: float = option(0.0, "Largest displacement, as a fraction of the side.")
    zoom: float = option(0.0, "Largest change of size: 0.1 draws factors from 0.9 to 1.1.")
    rotate_degrees: float = option(0.0, "Largest rotation to either side, in degrees.")
    brightness: float = option(0.0, "Largest additive change, as a fraction of the range.")
    contrast: float = option(0.0, "Largest relative change about the image mean.")
    saturation: float = option(0.0, "Largest relative change about the grey image.")
    grayscale: float = option(0.0, "Probability of losing all colour.")
    blur: float = option(0.0, "Probability of a 5×5 binomial blur.")
    downscale: float = option(0.0, "Probability of being reduced to half size and enlarged.")
    erase: float = option(0.0, "Probability that a rectangle of 2–20 % of the area turns grey.")

    def __post_init__(self) -> None:
        require_between("shift", self.shift, 0.0, 0.5)
        require_between("zoom", self.zoom, 0.0, 0.9)
        require_between("rotate_degrees", self.rotate_degrees, 0.0, 180.0)
        for name in (
            "brightness",
            "contrast",
            "saturation",
            "grayscale",
            "blur",
            "downscale",
            "erase",
        ):
            require_between(name, getattr(self, name), 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which images are trained on."""

    directory: str | None = option(
        None, "Folder of records with a manifest.json; without it, synthetic faces.", "data"
    )
    min_images: int = option(1, "Leave out identities with fewer images.")
    shuffle_buffer: int = option(
        16384, "Records held in memory to be shuffled; unused with --images_per_identity."
    )
    images_per_identity: int | None = option(
        None,
        "Images of each identity in a batch; 0 shuffles all images alike. Default: 4 for losses "
        "that compare images with each other, else 0.",
    )
    verify_digests: bool = option(True, "Compare every shard with its SHA-256 before training.")
    synthetic_identities: int = option(400, "Identities to draw when no --data is given.")
    synthetic_images: int = option(10, "Images per synthetic identity.")

    def __post_init__(self) -> None:
        require_count("min_images", self.min_images)
        require_count("shuffle_buffer", self.shuffle_buffer)
        if self.images_per_identity:
            require_count("images_per_identity", self.images_per_identity, least=2)
        require_count("synthetic_identities", self.synthetic_identities, least=2)
        require_count("synthetic_images", self.synthetic_images, least=2)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The network and its loss."""

    loss: str = option("arcface", "Loss; see the table in the README.")
    backbone: str | None = option(
        None,
        "Network from image to embedding, or keras:NAME for one of keras.applications. Default: "
        f"that of --pretrained, else {DEFAULT_BACKBONE}.",
    )
    embedding_size: int | None = option(
        None, "Length of the embedding. Default: the backbone's own."
    )
    dropout: float | None = option(
        None, "Share of features dropped before the embedding. Default: the backbone's own."
    )
    image_size: tuple[int, ...] = option(
        (),
        "Height,width the network sees: crops of another size are cut to its proportions and "
        "scaled inside. Default: the backbone's own.",
    )
    label_smoothing: float = option(0.0, "Share of the target spread over all classes.")
    auxiliary: tuple[str, ...] = option(
        (),
        "Losses on embeddings added to --loss, NAME[:WEIGHT][:PARAMETER=VALUE…], with commas "
        "between: center:0.003,triplet:0.5:mining=batch_hard.",
    )
    loss_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    backbone_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.embedding_size is not None:
            require_count("embedding_size", self.embedding_size)
        if self.dropout is not None:
            is_share = 0 <= self.dropout < 1
            require(is_share, "dropout", "at least 0 and below 1", self.dropout)
        is_size = not self.image_size or (len(self.image_size) == 2 and min(self.image_size) > 0)
        require(is_size, "image_size", "HEIGHT,WIDTH in pixels", self.image_size)
        is_share = 0 <= self.label_smoothing < 1
        require(is_share, "label_smoothing", "at least 0 and below 1", self.label_smoothing)


@dataclasses.dataclass(frozen=True)
class FineTuningConfig:
    """What is taken over from a trained recognizer, and how carefully it is changed."""

    pretrained: str | None = option(
        None, "recognizer.keras whose network to start from; the head is made anew."
    )
    keep_head: bool = option(False, "Keep its head too (same identities).")
    head_init: str = option(
        "random",
        "How a new head starts: 'random', or 'class_means': each centre at the mean embedding of "
        "its identity, which takes one pass of the network over the images.",
    )
    freeze: tuple[str, ...] = option(
        (),
        "Stages of the network to leave as they are, with commas between, such as stem,stage1: "
        "what the names of its layers begin with.",
    )
    freeze_batch_norm: bool = option(
        False,
        "Leave all BatchNorm layers as they are: few images give worse statistics than the many "
        "that the network was trained on.",
    )
    layer_decay: float = option(
        1.0,
        "Factor on the learning rate from each stage of the network to the one before it; the "
        "last stage and the head learn at the full rate.",
    )
    head_warmup_steps: int = option(
        0, "Steps at first that train the head alone, the network frozen."
    )

    def __post_init__(self) -> None:
        require_known(self.head_init, HEAD_INITS, "head_init")
        require(0 < self.layer_decay <= 1, "layer_decay", "above 0, at most 1", self.layer_decay)
        require_count("head_warmup_steps", self.head_warmup_steps, least=0)
        if self.keep_head and self.head_init != "random":
            raise ArgumentError(
                "Arguments 'keep_head' and 'head_init' exclude each other. Received: keep_head=True"
                f", head_init={self.head_init!r}"
            )
        if self.pretrained is None:
            for field in dataclasses.fields(self):
                if getattr(self, field.name) != field.default:
                    raise ArgumentError(f"Argument '{field.name}' needs --pretrained=FILE.")


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How weights follow gradients."""

    optimizer: str = option("sgd", f"One of {', '.join(OPTIMIZERS)}.")
    lr: float = option(0.1, "Peak learning rate.")
    momentum: float = option(0.9, "Momentum of sgd.")
    schedule: str = option("polynomial", f"One of {', '.join(SCHEDULES)}.")
    boundaries: tuple[int, ...] = option((), "Steps at which `--schedule=steps` decays.")
    decay_factor: float = option(0.1, "Factor of each decay under `--schedule=steps`.")
    decay_power: float = option(1.0, "Power of `--schedule=polynomial`; 1 is linear.")
    warmup_steps: int = option(0, "Steps of linear warm-up from zero.")
    weight_decay: float = option(5e-4, "Weight decay.")
    decay: str | None = option(
        None,
        "'coupled' adds wd·w to the gradient, as MXNet and PyTorch SGD do; 'decoupled' takes "
        "lr·wd·w off the weight. Default: coupled for sgd, decoupled for adamw and lamb.",
    )
    decay_exempt: bool = option(False, "Spare BatchNorm, bias and PReLU weights from decay.")
    clip_norm: float = option(0.0, "Clip the global gradient norm to this; 0 does not clip.")

    def __post_init__(self) -> None:
        require_known(self.optimizer, OPTIMIZERS, "optimizer")
        require_known(self.schedule, SCHEDULES, "schedule")
        require_positive("lr", self.lr)
        is_share = 0 <= self.momentum < 1
        require(is_share, "momentum", "at least 0 and below 1", self.momentum)
        require_between("decay_factor", self.decay_factor, 0.0, 1.0)
        require_positive("decay_power", self.decay_power)
        require_count("warmup_steps", self.warmup_steps, least=0)
        require_non_negative("weight_decay", self.weight_decay)
        require_non_negative("clip_norm", self.clip_norm)
        if self.decay is not None:
            require_known(self.decay, DECAYS, "decay")
            if self.decay == "coupled" and self.optimizer != "sgd":
                raise ArgumentError(
                    "Argument 'decay' must be 'decoupled' unless the optimizer is sgd. "
                    f"Received: decay='coupled', optimizer={self.optimizer!r}"
                )
        if (self.schedule == "steps") != bool(self.boundaries):
            raise ArgumentError(
                "Arguments 'boundaries' and schedule='steps' need each other. "
                f"Received: schedule={self.schedule!r}, boundaries={self.boundaries!r}"
            )
        ascending = list(self.boundaries) == sorted(set(self.boundaries))
        is_calendar = ascending and min(self.boundaries, default=1) > 0
        require(is_calendar, "boundaries", "ascending steps, the first at least 1", self.boundaries)

    @property
    def coupled(self) -> bool:
        """Whether weight decay goes through the gradient."""
        return (self.decay or ("coupled" if self.optimizer == "sgd" else "decoupled")) == "coupled"


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How long, how large, how often."""

    batch_size: int = option(512, "Images per step, over all devices.")
    epochs: int = option(20, "Passes over the data.")
    max_steps: int | None = option(None, "Stop after this many steps, whatever --epochs says.")
    ema: float = option(0.0, "Decay of the running average of the weights; 0 keeps none.")
    precision: str = option("float32", f"One of {', '.join(PRECISIONS)}.")
    xla: str = option(
        "off",
        "'on' compiles forward and backward pass with XLA; 'auto' times a few steps both ways and "
        "takes what ends the run sooner; 'off'.",
    )
    deterministic: bool = option(
        False,
        "Take only deterministic GPU kernels and a serial input pipeline, both slower; on a CPU "
        "runs repeat bit for bit anyway.",
    )
    seed: int = option(0, "Seed of weights, order, augmentation and dropout.")
    strategy: str = option("auto", f"One of {', '.join(STRATEGIES)}.")
    log_every: int = option(10, "Steps between two rows of metrics.csv and progress updates.")
    checkpoint_every: int = option(1000, "Steps between two checkpoints.")
    keep_checkpoints: int = option(3, "Latest checkpoints kept, beside the best one.")

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "log_every", "checkpoint_every", "keep_checkpoints"):
            require_count(name, getattr(self, name))
        if self.max_steps is not None:
            require_count("max_steps", self.max_steps)
        require(0 <= self.ema < 1, "ema", "at least 0 and below 1", self.ema)
        require_known(self.precision, PRECISIONS, "precision")
        require_known(self.strategy, STRATEGIES, "strategy")
        require_known(self.xla, XLA, "xla")
        require_count("seed", self.seed, least=0)
        require(self.seed < 2**32, "seed", "below 2**32", self.seed)


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """What is verified while training."""

    eval_pairs: str | None = option(
        None, "Folder of pairs, or the name of one under DATA/pairs; default: the only one there."
    )
    eval_every: int | None = option(None, "Steps between two verifications; default: an epoch.")
    angles_every: int | None = option(
        None,
        "Steps between two measurements of the angles of some training images; 0 takes none. "
        "Default: an epoch.",
    )
    flip_fusion: bool = option(True, "Add the embedding of the mirrored image when verifying.")

    def __post_init__(self) -> None:
        if self.eval_every is not None:
            require_count("eval_every", self.eval_every)
        if self.angles_every is not None:
            require_count("angles_every", self.angles_every, least=0)


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """Everything a run depends on; written to `config.json` in its folder."""

    data: DataConfig = DataConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    model: ModelConfig = ModelConfig()
    finetuning: FineTuningConfig = FineTuningConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    def __post_init__(self) -> None:
        pretrained, chosen = self.finetuning.pretrained, self.model.image_size
        if pretrained and chosen:
            raise ArgumentError(
                "Argument 'image_size' must be left out with --pretrained, whose network is taken "
                f"as it is. Received: image_size={chosen!r}"
            )

    def to_json(self) -> str:
        """Returns the options as indented JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ExperimentConfig:
        """Returns the options written by `to_json`.

        Raises:
            ArgumentError: If the text is not JSON, or holds an option that does not exist.
        """
        try:
            groups = json.loads(text)
            for group, name in _TUPLES:
                if name in groups[group]:
                    groups[group][name] = tuple(groups[group][name])
            options = groups["model"].get("backbone_options", {})
            options.update({k: tuple(v) for k, v in options.items() if isinstance(v, list)})
            return cls(**{f.name: _GROUPS[f.name](**groups[f.name]) for f in FIELDS})
        except (ValueError, KeyError, TypeError) as error:
            raise ArgumentError(f"The configuration cannot be read: {error}") from error

    def override(self, values: Mapping[str, Any]) -> ExperimentConfig:
        """Returns a copy with options replaced, each named `group.field`."""
        groups: dict[str, dict[str, Any]] = {}
        for path, value in values.items():
            group, name = path.split(".")
            groups.setdefault(group, {})[name] = value
        changed = {g: dataclasses.replace(getattr(self, g), **v) for g, v in groups.items()}
        return dataclasses.replace(self, **changed)

    def differences(self, other: ExperimentConfig) -> list[str]:
        """Returns the `group.field` names whose values differ between two configurations."""
        ours, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return [f"{g}.{n}" for g in ours for n in ours[g] if ours[g][n] != theirs[g][n]]


FIELDS = dataclasses.fields(ExperimentConfig)

#: Options that JSON keeps as lists.
_TUPLES = (
    ("model", "auxiliary"),
    ("model", "image_size"),
    ("finetuning", "freeze"),
    ("optimizer", "boundaries"),
)
_GROUPS = {
    "data": DataConfig,
    "augmentation": AugmentationConfig,
    "model": ModelConfig,
    "finetuning": FineTuningConfig,
    "optimizer": OptimizerConfig,
    "training": TrainingConfig,
    "evaluation": EvaluationConfig,
}
