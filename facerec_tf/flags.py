"""Command-line flags of training, and the configuration that they specify.

The flags are made from the fields of `config.py` and from the constructors of losses and backbones,
so that each option is defined in one place only.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from absl import flags

from facerec_tf import config as config_lib
from facerec_tf.backbones import BACKBONES, find
from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.lookup import lookup
from facerec_tf.models import MAIN_LOSSES

FLAGS = flags.FLAGS
flags.disclaim_key_flags()  # `--help` shows key flags; these belong to the verbs.

#: Defaults without --data, which take minutes on a laptop.
SYNTHETIC_DEFAULTS: dict[str, Any] = {
    "training.batch_size": 32,
    "training.epochs": 5,
    "optimizer.lr": 0.05,
    "optimizer.warmup_steps": 100,
    "optimizer.clip_norm": 5.0,
}

#: Network without --data, unless one is chosen.
SMALL_NETWORK: dict[str, Any] = {"model.backbone": "iresnet_nano", "model.dropout": 0.1}

_PREFIXES = {"augmentation": "augment_"}

#: Group of options → heading of its flags in the help, in the order of the help.
_HEADINGS = {
    "data": "Data",
    "model": "Network",
    "finetuning": "Fine-tuning",
    "optimizer": "Optimizer",
    "training": "Training",
    "augmentation": "Augmentation",
    "evaluation": "Evaluation",
}

#: Heading → options that are shown under it instead of that of their group.
_SECTIONS = {
    "Loss": ("model.loss", "model.label_smoothing", "model.auxiliary"),
    "Learning rate schedule": (
        "optimizer.schedule",
        "optimizer.boundaries",
        "optimizer.decay_factor",
        "optimizer.decay_power",
        "optimizer.warmup_steps",
    ),
    "Precision and devices": (
        "training.precision",
        "training.xla",
        "training.deterministic",
        "training.strategy",
    ),
    "Logs and checkpoints": (
        "training.log_every",
        "training.checkpoint_every",
        "training.keep_checkpoints",
    ),
}
_SECTION_OF = {path: heading for heading, paths in _SECTIONS.items() for path in paths}

#: Option → another option and the value that it must have for the first to be used.
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


class _Use(NamedTuple):
    """A parameter in the constructor of one loss, or in the builder of one family of backbones."""

    name: str
    kind: str
    user: str
    default: Any


def define_training_flags() -> None:
    """Defines the flags of `facerec train`."""
    flags.DEFINE_string("workdir", None, "Run folder; default: runs/LOSS-DATE-TIME.")
    flags.DEFINE_boolean(
        "resume", False, "Whether to resume the run in --workdir from its latest checkpoint."
    )
    more = {
        "loss": f" One of {', '.join(MAIN_LOSSES)}. 'facerec losses NAME' describes one.",
        "backbone": f" One of {', '.join(BACKBONES)}. 'facerec backbones NAME' describes one.",
        "batch_size": " With few images, the default is the largest power of two that gives four "
        "steps per epoch.",
    }
    for option in _options():
        define_flag(
            option.flag, option.type, option.default, option.help + more.get(option.flag, "")
        )
    for name, uses in _parameters().items():
        users = ", ".join(
            use.user if use.default is None else f"{use.user} ({typed(use.default)})"
            for use in uses
        )
        define_flag(name, _flag_type(name, uses), None, f"Parameter of {users}.")


def training_flag_groups() -> dict[str, list[str]]:
    """Heading → flags, for the help. Parameters of losses and backbones are in no group."""
    groups = {"Run": ["workdir", "resume"]}
    flag_of = {option.path: option.flag for option in _options()}
    for group, heading in _HEADINGS.items():
        for path, flag in flag_of.items():
            if path.startswith(f"{group}."):
                groups.setdefault(_SECTION_OF.get(path, heading), []).append(flag)
    return groups


def define_flag(name: str, kind: Any, default: Any, help: str) -> None:
    """Defines a flag whose type is the annotation `kind` of a field or parameter."""
    _DEFINERS[kind](name, default, help)


def typed(value: Any) -> str:
    """A value, as it is typed on the command line."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def training_config(stored: ExperimentConfig | None = None) -> ExperimentConfig:
    """The configuration that the command line specifies.

    Args:
        stored: Configuration of the run to resume, or None; flags must not contradict it.

    Raises:
        ArgumentError: If a value is outside its domain, a flag is not used by the other choices,
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
            f"--resume continues a run with its own options, but {', '.join(changed)} differ from "
            "its config.json. Omit these flags, or choose another --workdir."
        )
    return config


def _require_used(config: ExperimentConfig, given: Mapping[str, Any]) -> None:
    """Raises `ArgumentError` for a flag that has no effect with the other options."""
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


def _options() -> Iterator[_Option]:
    for group in config_lib.FIELDS:
        options: Any = group.default
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


def _parameters() -> dict[str, list[_Use]]:
    """Every parameter of a loss or a backbone, with all its users.

    All flags share one namespace: a parameter cannot have the name of another option, and cannot be
    a parameter of both a loss and a backbone.

    Raises:
        ArgumentError: If a parameter collides with another flag.
    """
    uses: dict[str, list[_Use]] = {}
    for use in (*_loss_parameters(), *_backbone_parameters()):
        if use.name in flags.FLAGS:
            raise ArgumentError(
                f"Parameter '{use.name}' of {use.kind} '{use.user}' collides with the flag "
                f"--{use.name}: {flags.FLAGS[use.name].help} Rename the parameter."
            )
        others = uses.setdefault(use.name, [])
        if others and others[0].kind != use.kind:
            raise ArgumentError(
                f"Parameter '{use.name}' of {use.kind} '{use.user}' collides with the parameter of "
                f"{others[0].kind} '{others[0].user}'. Rename one of them."
            )
        others.append(use)
    return uses


def _loss_parameters() -> Iterator[_Use]:
    for loss, kind in MAIN_LOSSES.items():
        for name, default in hyperparameters(kind).items():
            yield _Use(name, "loss", loss, default)


def _backbone_parameters() -> Iterator[_Use]:
    """Yields each option of a family of backbones once."""
    seen = set()
    for backbone in (*BACKBONES.values(), find("keras:ResNet50")):
        family = backbone.builder.__name__
        for name, default in backbone.options.items():
            if (family, name) not in seen:
                seen.add((family, name))
                yield _Use(name, "backbone", family, default)


def _flag_type(name: str, uses: Sequence[_Use]) -> type:
    """The type of the defaults of all users; float if every default is None.

    Raises:
        ArgumentError: If the users' types differ.
    """
    types = {type(use.default): use for use in uses if use.default is not None}
    if len(types) > 1:
        found = ", ".join(f"{kind.__name__} in '{use.user}'" for kind, use in types.items())
        raise ArgumentError(
            f"Parameter '{name}' must have defaults of one type in all losses and backbones, as "
            f"they share the flag --{name}. Found: {found}"
        )
    return next(iter(types), float)


def _loss_options(base: ExperimentConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    loss = given.get("model.loss", base.model.loss)
    accepted = hyperparameters(lookup(MAIN_LOSSES, loss, "loss"))
    return _given_options(_loss_parameters(), accepted, f"--loss={loss}")


def _backbone_options(base: ExperimentConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    if pretrained := given.get("finetuning.pretrained", base.finetuning.pretrained):
        return _given_options(_backbone_parameters(), {}, f"--pretrained={pretrained}")
    name = given.get("model.backbone", base.model.backbone) or config_lib.DEFAULT_BACKBONE
    return _given_options(_backbone_parameters(), find(name).options, f"--backbone={name}")


def _given_options(known: Iterable[_Use], accepted: Mapping[str, Any], user: str) -> dict[str, Any]:
    """The parameters in `known` that were given as flags; `user` must accept them."""
    given = {use.name: FLAGS[use.name].value for use in known if FLAGS[use.name].present}
    for name in given:
        if name not in accepted:
            takes = ", ".join(f"--{n}" for n in accepted) or "no parameters"
            raise ArgumentError(f"Flag --{name} is not used by {user}, which takes {takes}.")
    return {
        name: _integers(value, name) if isinstance(value, list) else value
        for name, value in given.items()
    }


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
