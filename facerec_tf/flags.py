"""Every command-line flag, and the way from flags to a configuration.

The flags of training are made from the fields of `config.py` and from the constructors of the
losses, so an option exists in one place only.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from absl import flags

from facerec_tf import config as config_lib
from facerec_tf.backbones import BACKBONES, find
from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.lookup import lookup
from facerec_tf.models import MAIN_LOSSES
from facerec_tf.photographs import AlignmentOptions

FLAGS = flags.FLAGS
flags.disclaim_key_flags()  # They are the verbs': `--help` shows the flags of the main module.

#: What differs from the defaults where no --data is given: minutes on a laptop, not days on GPUs.
SYNTHETIC_DEFAULTS: dict[str, Any] = {
    "training.batch_size": 32,
    "training.epochs": 5,
    "optimizer.lr": 0.05,
    "optimizer.warmup_steps": 100,
    "optimizer.clip_norm": 5.0,
}

#: The network for them, unless one is chosen.
SMALL_NETWORK: dict[str, Any] = {"model.backbone": "iresnet_nano", "model.dropout": 0.1}

_PREFIXES = {"augmentation": "augment_"}

#: Options that count only where another one has a certain value.
_NEEDED: dict[str, tuple[str, Any]] = {
    "optimizer.momentum": ("optimizer.optimizer", "sgd"),
    "optimizer.decay_factor": ("optimizer.schedule", "steps"),
    "optimizer.decay_power": ("optimizer.schedule", "polynomial"),
    "data.synthetic_identities": ("data.directory", None),
    "data.synthetic_images": ("data.directory", None),
}


@dataclasses.dataclass(frozen=True)
class _Option:
    """One field of the configuration as a flag."""

    flag: str
    path: str
    type: Any
    default: Any
    help: str


def define_training_flags() -> None:
    """Defines the flags of `python -m facerec_tf.train`."""
    flags.DEFINE_string("workdir", None, "Run folder; default: runs/LOSS-DATE-TIME.")
    flags.DEFINE_boolean("resume", False, "Continue the run in --workdir exactly where it stands.")
    tables = {"loss": _loss_table(), "backbone": _backbone_table()}
    for option in _options():
        table = f"\n{tables[option.flag]}" if option.flag in tables else ""
        _DEFINERS[option.type](option.flag, option.default, option.help + table)
    for uses in (_loss_flags(), _backbone_flags()):
        for name, defaults in uses.items():
            _define_parameter(name, defaults)


def define_evaluation_flags() -> None:
    """Defines the flags of `python -m facerec_tf.evaluate`."""
    _define_model_flags("`.keras` file or exported SavedModel to judge instead of a run.")
    flags.DEFINE_string("data", None, "Folder that holds the pairs; default: the run's own data.")
    flags.DEFINE_string(
        "protocol",
        "pairs",
        "lfw_view1, lfw_view2 or another folder under DATA/pairs; "
        "'pairs' takes the only one there.",
    )
    flags.DEFINE_boolean("flip_fusion", True, "Add the embedding of the mirrored image.")
    flags.DEFINE_string(
        "output",
        None,
        "Folder for the report; default: the run's report/, with --model the current folder.",
    )


def define_export_flags() -> None:
    """Defines the flags of `python -m facerec_tf.export`."""
    _define_model_flags("`.keras` file to export instead of a run.")
    flags.DEFINE_string(
        "format",
        "saved_model",
        "saved_model for TensorFlow; xla, one that XLA compiles where it is loaded; litert "
        "for phones and XNNPACK (needs facerec_tf[litert] where TensorFlow runs none); onnx for "
        "ONNX Runtime (needs facerec_tf[onnx]).",
    )
    flags.DEFINE_boolean(
        "flip_fusion", False, "Have the model add the embedding of the mirrored image."
    )
    flags.DEFINE_string("output", None, "Folder to write: new or empty.")


def define_align_flags() -> None:
    """Defines the flags of `python -m facerec_tf.align`."""
    flags.DEFINE_string("images", None, "Folder of photographs, with any folders below it.")
    flags.DEFINE_string(
        "output", None, "Folder for the crops: new, empty, or the one to go on with."
    )
    flags.DEFINE_integer("threads", None, "That work at once; default: one a core.")
    define_alignment_flags()


def define_alignment_flags(**defaults: Any) -> None:
    """Defines the flags of every command that cuts faces out; `defaults` replaces theirs."""
    types = typing.get_type_hints(AlignmentOptions)
    for field in dataclasses.fields(AlignmentOptions):
        default = defaults.get(field.name, field.default)
        _DEFINERS[types[field.name]](field.name, default, field.metadata["help"])


def alignment_options() -> AlignmentOptions | None:
    """Returns what the flags of `define_alignment_flags` ask for; None if no detector is chosen.

    Raises:
        ArgumentError: If a value is outside its domain, or a flag is not used by what was chosen.
    """
    names = [field.name for field in dataclasses.fields(AlignmentOptions)]
    if FLAGS["detector"].value is None:
        for name in names:
            if FLAGS[name].present and name not in ("alignment", "jpeg_quality"):
                raise ArgumentError(f"Flag --{name} is used with a --detector only.")
        return None
    given = {name: FLAGS[name].value for name in names}
    return AlignmentOptions(**{k: value for k, value in given.items() if value is not None})


def define_backbones_flags() -> None:
    """Defines the flags of `python -m facerec_tf.backbones`."""
    flags.DEFINE_list("only", [], "Networks to show; default: all.")
    flags.DEFINE_integer("batch_size", 8, "Images embedded at once.", lower_bound=1)


def training_config(stored: ExperimentConfig | None = None) -> ExperimentConfig:
    """Returns the configuration that the command line asks for.

    Args:
        stored: Configuration of the run to continue, if one is; flags must not contradict it.

    Raises:
        ArgumentError: If a value is outside its domain, a flag is not used by what was chosen,
            or a flag contradicts `stored`.
    """
    given = {o.path: _value(o) for o in _options() if FLAGS[o.flag].present}
    base = stored or ExperimentConfig()
    if stored is None and FLAGS.data is None:
        chosen = {"model.backbone", "finetuning.pretrained"} & given.keys()
        base = base.override(SYNTHETIC_DEFAULTS if chosen else SYNTHETIC_DEFAULTS | SMALL_NETWORK)
    given["model.loss_options"] = {**base.model.loss_options, **_loss_options(base, given)}
    options = _backbone_options(base, given)
    given["model.backbone_options"] = {**base.model.backbone_options, **options}
    config = base.override(given)
    _require_used(config, given)
    if stored is not None and (changed := stored.differences(config)):
        raise ArgumentError(
            f"--resume continues a run as it was begun, but {', '.join(changed)} differ from its "
            "config.json. Leave these flags out, or choose another --workdir."
        )
    return config


def _require_used(config: ExperimentConfig, given: Mapping[str, Any]) -> None:
    """Raises `ArgumentError` for a flag that the other options leave without effect."""
    flag_of = {option.path: option.flag for option in _options()}
    for path in given:
        if path in _NEEDED:
            other, needed = _NEEDED[path]
            group, name = other.split(".")
            found = getattr(getattr(config, group), name)
            if found != needed:
                raise ArgumentError(
                    f"Flag --{flag_of[path]} is not used with --{flag_of[other]}={found}"
                    + (f", only with --{flag_of[other]}={needed}." if needed else ".")
                )


def _define_model_flags(model_help: str) -> None:
    flags.DEFINE_string("workdir", None, "Run folder of the recognizer.")
    flags.DEFINE_string("model", None, model_help)
    flags.DEFINE_string(
        "checkpoint", "final", "With --workdir: 'final', 'latest', or 'best' by verification."
    )


def _options() -> Iterator[_Option]:
    for group in config_lib.FIELDS:
        options = group.default_factory if group.default is dataclasses.MISSING else group.default
        types = typing.get_type_hints(type(options))
        for field in dataclasses.fields(options):
            if field.metadata:
                yield _Option(
                    flag=field.metadata["flag"] or _PREFIXES.get(group.name, "") + field.name,
                    path=f"{group.name}.{field.name}",
                    type=types[field.name],
                    default=field.default,
                    help=field.metadata["help"],
                )


def _value(option: _Option) -> Any:
    value = FLAGS[option.flag].value
    if option.type == tuple[str, ...]:
        return tuple(value)
    return _integers(value, option.flag) if option.type == tuple[int, ...] else value


def _integers(values: Sequence[str], flag: str) -> tuple[int, ...]:
    try:
        return tuple(int(item) for item in values)
    except ValueError as error:
        raise ArgumentError(
            f"Argument '{flag}' must be integers with commas between. "
            f"Received: {flag}={','.join(values)}"
        ) from error


def _loss_flags() -> dict[str, dict[str, Any]]:
    """Returns, for every parameter of any loss, the losses that take it and their defaults."""
    uses: dict[str, dict[str, Any]] = {}
    for loss, kind in MAIN_LOSSES.items():
        for name, default in hyperparameters(kind).items():
            uses.setdefault(name, {})[loss] = default
    return uses


def _backbone_flags() -> dict[str, dict[str, Any]]:
    """Returns, for every option of any backbone, the families that have it and their defaults."""
    uses: dict[str, dict[str, Any]] = {}
    for backbone in (*BACKBONES.values(), find("keras:ResNet50")):
        for name, default in backbone.options.items():
            uses.setdefault(name, {}).setdefault(backbone.builder.__name__, default)
    return uses


def _define_parameter(name: str, defaults: Mapping[str, Any]) -> None:
    users = ", ".join(
        user if default is None else f"{user} ({_typed(default)})"
        for user, default in defaults.items()
    )
    kind = next((type(value) for value in defaults.values() if value is not None), float)
    _DEFINERS[kind](name, None, f"Parameter of {users}.")


def _loss_options(base: ExperimentConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    loss = given.get("model.loss", base.model.loss)
    accepted = hyperparameters(lookup(MAIN_LOSSES, loss, "loss"))
    return _given_options(_loss_flags(), accepted, f"--loss={loss}")


def _backbone_options(base: ExperimentConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    if pretrained := given.get("finetuning.pretrained", base.finetuning.pretrained):
        return _given_options(_backbone_flags(), {}, f"--pretrained={pretrained}")
    name = given.get("model.backbone", base.model.backbone) or config_lib.DEFAULT_BACKBONE
    return _given_options(_backbone_flags(), find(name).options, f"--backbone={name}")


def _typed(value: Any) -> str:
    """Returns a default as one types it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _given_options(
    known: Mapping[str, Any], accepted: Mapping[str, Any], user: str
) -> dict[str, Any]:
    """Returns the flags given among `known`; `user` is the choice that must accept them."""
    given = {name: FLAGS[name].value for name in known if FLAGS[name].present}
    for name in given:
        if name not in accepted:
            takes = ", ".join(f"--{n}" for n in accepted) or "no parameters"
            raise ArgumentError(f"Flag --{name} is not used by {user}, which takes {takes}.")
    return {
        name: _integers(value, name) if isinstance(value, list) else value
        for name, value in given.items()
    }


def _loss_table() -> str:
    """Returns a line for each loss: its name, its parameters and where it was published."""
    lines = []
    for name, kind in MAIN_LOSSES.items():
        options = " ".join(
            key if default is None else f"{key}={default}"
            for key, default in hyperparameters(kind).items()
        )
        lines.append(f"{name}: {options or 'no parameters'} ({kind.source})")
    return "\n".join(lines)


def _backbone_table() -> str:
    """Returns a line for each backbone: input, embedding, cost and where it was published."""
    lines = ["Input and embedding size, parameters, multiply-adds:"]
    for name, backbone in BACKBONES.items():
        height, width = backbone.image_size
        lines.append(
            f"{name}: {height}x{width}, {backbone.embedding_size}, "
            f"{backbone.parameters / 1e6:.1f} M, {backbone.multiply_adds / 1e9:.2f} G "
            f"({backbone.source})"
        )
    return "\n".join(lines)


def _define_list(name: str, default: tuple | None, help: str) -> None:
    flags.DEFINE_list(name, default and [str(value) for value in default], help)


_DEFINERS: dict[Any, Callable[[str, Any, str], Any]] = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    int | None: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    float | None: flags.DEFINE_float,
    str: flags.DEFINE_string,
    str | None: flags.DEFINE_string,
    tuple: _define_list,
    tuple[int, ...]: _define_list,
    tuple[str, ...]: _define_list,
}
