"""Frozen options of an experiment, validated when they are created.

Every package may use these classes; they import only `core`. Each option includes its help text,
from which `flags.py` creates the command line. Names of losses and backbones are validated in
`experiment/build.py`, which has access to their tables.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from typing import Any

from facerec_tf.core.errors import (
    ArgumentError,
    require,
    require_between,
    require_count,
    require_positive,
)
from facerec_tf.core.lookup import require_known

#: Largest number of steps, and of anything that is counted in steps: it fits int32 with a margin.
MOST_STEPS = 10**9
#: Largest number of passes over the images.
MOST_EPOCHS = 10**6
#: Largest number of images per step, over all devices.
MOST_IMAGES_PER_STEP = 10**6
#: Largest shuffle buffer, in records; each takes some kilobytes of memory.
MOST_SHUFFLED = 10**8
#: Largest embedding; the widest published ones have 4096 dimensions.
MOST_DIMENSIONS = 65536
#: Longest side of an input image, in pixels.
MOST_PIXELS = 4096
#: Largest number of images that are drawn.
MOST_DRAWN = 10**7
#: Largest number of checkpoints to keep.
MOST_CHECKPOINTS = 10**6
#: Largest option that is multiplied with weights or gradients, which are float32.
MOST_FLOAT = 1e30

#: Backbone of a run that does not specify one.
DEFAULT_BACKBONE = "iresnet50"

OPTIMIZERS = ("sgd", "adamw", "lamb")
SCHEDULES = ("constant", "steps", "polynomial", "cosine")
DECAYS = ("coupled", "decoupled")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
STRATEGIES = ("auto", "one_device", "mirrored")
XLA = ("off", "on", "auto")
HEAD_INITS = ("random", "class_means")


def option(default: Any, help: str, flag: str | None = None) -> Any:
    """Returns a dataclass field with its help text and, if it differs, the name of its flag."""
    return dataclasses.field(default=default, metadata={"help": help, "flag": flag})


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """Augmentation of training images. By default, images are only mirrored."""

    flip: bool = option(True, "Whether to mirror each training image with probability 0.5.")
    shift: float = option(0.0, "Maximum shift, as a fraction of the image side.")
    zoom: float = option(0.0, "Maximum change of scale; 0.1 draws scale factors from 0.9 to 1.1.")
    rotate_degrees: float = option(0.0, "Maximum rotation in either direction, in degrees.")
    brightness: float = option(
        0.0, "Maximum additive change of brightness, as a fraction of the value range."
    )
    contrast: float = option(0.0, "Maximum relative change of contrast around the image mean.")
    saturation: float = option(
        0.0, "Maximum relative change of saturation around the grayscale image."
    )
    grayscale: float = option(0.0, "Probability of converting an image to grayscale.")
    blur: float = option(0.0, "Probability of blurring an image with a 5×5 binomial filter.")
    downscale: float = option(
        0.0, "Probability of downscaling an image to half size and upscaling it."
    )
    erase: float = option(
        0.0, "Probability of erasing a rectangle of 2–20 % of the area (filled with gray)."
    )

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
    """The training images."""

    directory: str | None = option(
        None,
        "Folder of training records with a manifest.json. Default: synthetic faces are generated.",
        "data",
    )
    min_images: int = option(1, "Minimum number of images per identity; others are excluded.")
    shuffle_buffer: int = option(
        16384, "Size of the shuffle buffer, in records. Not used with --images_per_identity."
    )
    images_per_identity: int | None = option(
        None,
        "Number of images per identity in each batch; 0 shuffles images regardless of identity. "
        "Default: 4 for losses that compare images with each other, otherwise 0.",
    )
    verify_digests: bool = option(
        True, "Whether to verify the SHA-256 of every shard before training."
    )
    synthetic_identities: int = option(
        400, "Number of synthetic identities when --data is not given."
    )
    synthetic_images: int = option(10, "Number of images per synthetic identity.")

    def __post_init__(self) -> None:
        require_count("min_images", self.min_images, most=MOST_STEPS)
        require_count("shuffle_buffer", self.shuffle_buffer, most=MOST_SHUFFLED)
        if self.images_per_identity:
            most = MOST_IMAGES_PER_STEP
            require_count("images_per_identity", self.images_per_identity, least=2, most=most)
        for name in ("synthetic_identities", "synthetic_images"):
            require_count(name, getattr(self, name), least=2, most=MOST_DRAWN)
        drawn = self.synthetic_identities * self.synthetic_images
        expected = f"at most {MOST_DRAWN:,} images of all identities"
        require(drawn <= MOST_DRAWN, "synthetic_images", expected, self.synthetic_images)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The backbone and the loss."""

    loss: str = option("arcface", "Name of the loss.")
    backbone: str | None = option(
        None,
        "Network that computes embeddings, or keras:NAME for a model of keras.applications. "
        f"Default: the backbone of --pretrained, otherwise {DEFAULT_BACKBONE}.",
    )
    embedding_size: int | None = option(
        None, "Dimension of the embedding. Default: defined by the backbone."
    )
    dropout: float | None = option(
        None, "Dropout rate before the embedding layer. Default: defined by the backbone."
    )
    image_size: tuple[int, ...] = option(
        (),
        "Input size of the network as HEIGHT,WIDTH. The model crops images of another size to this "
        "aspect ratio and resizes them. Default: defined by the backbone.",
    )
    label_smoothing: float = option(
        0.0, "Label smoothing: fraction of the target probability spread over all classes."
    )
    auxiliary: tuple[str, ...] = option(
        (),
        "Comma-separated losses on embeddings that are added to --loss, each given as "
        "NAME[:WEIGHT][:PARAMETER=VALUE…]. Example: center:0.003,triplet:0.5:mining=batch_hard.",
    )
    loss_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    backbone_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.embedding_size is not None:
            require_count("embedding_size", self.embedding_size, most=MOST_DIMENSIONS)
        if self.dropout is not None:
            is_share = 0 <= self.dropout < 1
            require(is_share, "dropout", "at least 0 and below 1", self.dropout)
        is_size = not self.image_size or (
            len(self.image_size) == 2 and all(0 < n <= MOST_PIXELS for n in self.image_size)
        )
        expected = f"HEIGHT,WIDTH in pixels, each from 1 to {MOST_PIXELS}"
        require(is_size, "image_size", expected, self.image_size)
        is_share = 0 <= self.label_smoothing < 1
        require(is_share, "label_smoothing", "at least 0 and below 1", self.label_smoothing)


@dataclasses.dataclass(frozen=True)
class FineTuningConfig:
    """Fine-tuning: what is loaded from a trained recognizer, and which layers are updated."""

    pretrained: str | None = option(
        None,
        "Path of a recognizer.keras file to load the backbone from. The head is reinitialized.",
    )
    keep_head: bool = option(
        False, "Whether to keep the head of --pretrained; new people start at their class means."
    )
    head_init: str = option(
        "random",
        "Initialization of a new head: 'random', or 'class_means', which sets each class centre to "
        "the mean embedding of its identity (one forward pass over the training images).",
    )
    freeze: tuple[str, ...] = option(
        (),
        "Comma-separated stages of the backbone to freeze, as prefixes of layer names. Example: "
        "stem,stage1.",
    )
    freeze_batch_norm: bool = option(
        False,
        "Whether to freeze all BatchNorm layers. Useful with few images, whose statistics are less "
        "accurate than those of the original training set.",
    )
    layer_decay: float = option(
        1.0,
        "Layer-wise learning rate decay: factor applied for each stage of the backbone, from the "
        "last stage to the first. The last stage and the head use the full learning rate.",
    )
    head_warmup_steps: int = option(
        0, "Number of initial steps that train only the head, with the backbone frozen."
    )

    def __post_init__(self) -> None:
        require_known(self.head_init, HEAD_INITS, "head_init")
        require(0 < self.layer_decay <= 1, "layer_decay", "above 0, at most 1", self.layer_decay)
        require_count("head_warmup_steps", self.head_warmup_steps, least=0, most=MOST_STEPS)
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
    """The optimizer, the learning rate schedule and weight decay."""

    optimizer: str = option("sgd", f"Optimizer: {', '.join(OPTIMIZERS)}.")
    lr: float = option(0.1, "Peak learning rate.")
    momentum: float = option(0.9, "Momentum of the sgd optimizer.")
    schedule: str = option("polynomial", f"Learning rate schedule: {', '.join(SCHEDULES)}.")
    boundaries: tuple[int, ...] = option(
        (), "Comma-separated steps at which --schedule=steps decays the learning rate."
    )
    decay_factor: float = option(0.1, "Factor of each decay with --schedule=steps.")
    decay_power: float = option(1.0, "Exponent of --schedule=polynomial; 1 is linear.")
    warmup_steps: int = option(0, "Number of steps of linear warm-up from zero.")
    weight_decay: float = option(5e-4, "Weight decay coefficient.")
    decay: str | None = option(
        None,
        "Type of weight decay: 'coupled' adds wd·w to the gradient, as SGD in MXNet and PyTorch; "
        "'decoupled' subtracts lr·wd·w from the weight. Default: coupled for sgd, decoupled for "
        "adamw and lamb.",
    )
    decay_exempt: bool = option(
        False, "Whether to exclude BatchNorm, bias and PReLU weights from weight decay."
    )
    clip_norm: float = option(0.0, "Maximum global gradient norm; 0 disables clipping.")

    def __post_init__(self) -> None:
        require_known(self.optimizer, OPTIMIZERS, "optimizer")
        require_known(self.schedule, SCHEDULES, "schedule")
        require_positive("lr", self.lr)
        require_between("lr", self.lr, 0.0, MOST_FLOAT)
        is_share = 0 <= self.momentum < 1
        require(is_share, "momentum", "at least 0 and below 1", self.momentum)
        require_between("decay_factor", self.decay_factor, 0.0, 1.0)
        require_positive("decay_power", self.decay_power)
        require_count("warmup_steps", self.warmup_steps, least=0, most=MOST_STEPS)
        require_between("weight_decay", self.weight_decay, 0.0, MOST_FLOAT)
        require_between("clip_norm", self.clip_norm, 0.0, MOST_FLOAT)
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
        for boundary in self.boundaries:
            require_count("boundaries", boundary, most=MOST_STEPS)

    @property
    def coupled(self) -> bool:
        """Whether weight decay is added to the gradient."""
        return (self.decay or ("coupled" if self.optimizer == "sgd" else "decoupled")) == "coupled"


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Duration, batch size, precision, logging and checkpoints."""

    batch_size: int = option(512, "Global batch size: number of images per step over all devices.")
    epochs: int = option(20, "Number of passes over the training images.")
    max_steps: int | None = option(None, "Maximum number of steps; overrides --epochs.")
    ema: float = option(
        0.0, "Decay of the exponential moving average of the weights; 0 disables it."
    )
    precision: str = option("float32", f"Precision of the backbone: {', '.join(PRECISIONS)}.")
    xla: str = option(
        "off",
        "Whether to compile the forward and backward pass with XLA: 'off', 'on', or 'auto', which "
        "times a few steps of each and chooses the one with the shorter total time.",
    )
    deterministic: bool = option(
        False,
        "Whether to use only deterministic GPU kernels and a sequential input pipeline, which are "
        "slower. Runs on a CPU are always reproducible bit for bit.",
    )
    seed: int = option(0, "Seed of weight initialization, shuffling, augmentation and dropout.")
    strategy: str = option("auto", f"Distribution strategy: {', '.join(STRATEGIES)}.")
    log_every: int = option(10, "Number of steps between rows of metrics.csv and progress updates.")
    checkpoint_every: int = option(1000, "Number of steps between checkpoints.")
    keep_checkpoints: int = option(
        3, "Number of latest checkpoints to keep, in addition to the best one."
    )

    def __post_init__(self) -> None:
        for name, most in (
            ("batch_size", MOST_IMAGES_PER_STEP),
            ("epochs", MOST_EPOCHS),
            ("log_every", MOST_STEPS),
            ("checkpoint_every", MOST_STEPS),
            ("keep_checkpoints", MOST_CHECKPOINTS),
        ):
            require_count(name, getattr(self, name), most=most)
        if self.max_steps is not None:
            require_count("max_steps", self.max_steps, most=MOST_STEPS)
        require(0 <= self.ema < 1, "ema", "at least 0 and below 1", self.ema)
        require_known(self.precision, PRECISIONS, "precision")
        require_known(self.strategy, STRATEGIES, "strategy")
        require_known(self.xla, XLA, "xla")
        require_count("seed", self.seed, least=0)
        require(self.seed < 2**32, "seed", "below 2**32", self.seed)


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """Evaluation during training."""

    eval_pairs: str | None = option(
        None,
        "Folder of a pair set, or its name in DATA/pairs. Default: the only one in DATA/pairs.",
    )
    eval_every: int | None = option(
        None, "Number of steps between verifications. Default: one epoch."
    )
    angles_every: int | None = option(
        None,
        "Number of steps between measurements of the angles of a sample of training images; 0 "
        "disables them. Default: one epoch.",
    )
    flip_fusion: bool = option(
        True, "Whether to add the embedding of the mirrored image in verification."
    )

    def __post_init__(self) -> None:
        if self.eval_every is not None:
            require_count("eval_every", self.eval_every, most=MOST_STEPS)
        if self.angles_every is not None:
            require_count("angles_every", self.angles_every, least=0, most=MOST_STEPS)


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """All options of a run, stored as `config.json` in its folder."""

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
                "Argument 'image_size' must be left out with --pretrained, whose network has a "
                f"fixed input size. Received: image_size={chosen!r}"
            )

    def to_json(self) -> str:
        """Returns the options as indented JSON."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ExperimentConfig:
        """Returns the options written by `to_json`.

        Raises:
            ArgumentError: If the text is not valid JSON, or as `from_groups`.
        """
        try:
            return cls.from_groups(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise ArgumentError(f"The configuration is not valid JSON: {error}") from error

    @classmethod
    def from_groups(cls, groups: Mapping[str, Any]) -> ExperimentConfig:
        """Returns the options in a mapping from group and field to value, as JSON stores them.

        Raises:
            ArgumentError: If a group is missing, or an option is unknown or has a value of another
                type or outside its domain.
        """
        require(isinstance(groups, dict), "configuration", "a JSON object", groups)
        for name in groups:
            require_known(name, [field.name for field in FIELDS], "group of options")
        return cls(**{f.name: _group(f.name, type(f.default), groups.get(f.name)) for f in FIELDS})

    def override(self, values: Mapping[str, Any]) -> ExperimentConfig:
        """Returns a copy with other values of the options that are named as `group.field`."""
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


def _group(group: str, kind: Any, values: Any) -> Any:
    """Returns a group of options from JSON, which stores tuples as lists."""
    require(isinstance(values, dict), group, "a JSON object of options", values)
    hints = typing.get_type_hints(kind)
    for name in values:
        require_known(name, list(hints), f"option of {group}")
    found = {name: _from_json(value) for name, value in values.items()}
    for name, value in found.items():
        require(_has_type(value, hints[name]), f"{group}.{name}", _TYPES[hints[name]], value)
    return kind(**found)


def _from_json(value: Any) -> Any:
    """Returns the value with tuples for lists, at any depth."""
    if isinstance(value, dict):
        return {key: _from_json(each) for key, each in value.items()}
    return tuple(_from_json(each) for each in value) if isinstance(value, list) else value


#: Annotation of a field → its values, as they are written in JSON.
_TYPES: dict[Any, str] = {
    bool: "True or False",
    int: "an integer",
    int | None: "an integer or null",
    float: "a number",
    float | None: "a number or null",
    str: "a string",
    str | None: "a string or null",
    tuple[int, ...]: "a list of integers",
    tuple[str, ...]: "a list of strings",
    Mapping[str, Any]: "a JSON object",
}


def _has_type(value: Any, hint: Any) -> bool:
    """Whether `value` has the type of an annotation of a field in this file."""
    if arguments := typing.get_args(hint):
        origin = typing.get_origin(hint)
        if origin is tuple:
            return isinstance(value, tuple) and all(_has_type(v, arguments[0]) for v in value)
        if origin is Mapping:
            return isinstance(value, dict)
        return any(_has_type(value, each) for each in arguments)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
