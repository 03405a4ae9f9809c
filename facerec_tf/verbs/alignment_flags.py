"""The flags of all verbs that crop faces, made from the fields of `AlignmentOptions`."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

from facerec_tf.core.errors import ArgumentError
from facerec_tf.flags import define_flag
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.photographs.photo_limits import PhotoLimits
from facerec_tf.verbs.common import FLAGS

#: Options that also apply to images that are crops already.
_WITHOUT_DETECTOR = ("alignment", "jpeg_quality", "max_file_mb", "max_megapixels")


def define_alignment_flags(**defaults: Any) -> None:
    """Defines the flags; `defaults` replaces those of the fields."""
    types = typing.get_type_hints(AlignmentOptions)
    for field in dataclasses.fields(AlignmentOptions):
        default = defaults.get(field.name, field.default)
        define_flag(field.name, types[field.name], default, field.metadata["help"])


def alignment_options() -> AlignmentOptions:
    """The options that the flags specify.

    Raises:
        ArgumentError: If a value is outside its domain, or a flag is not used by what was chosen.
    """
    given = {field.name: FLAGS[field.name].value for field in dataclasses.fields(AlignmentOptions)}
    return AlignmentOptions(**{k: value for k, value in given.items() if value is not None})


def photo_limits() -> PhotoLimits:
    """The largest photographs that the flags admit, with or without a detector.

    Raises:
        ArgumentError: If a limit is outside its domain.
    """
    return PhotoLimits(FLAGS.max_file_mb, FLAGS.max_megapixels)


def optional_alignment_options() -> AlignmentOptions | None:
    """The options if `--detector` is given, else None.

    Raises:
        ArgumentError: As `alignment_options`, and if a flag is given that needs a detector.
    """
    if FLAGS["detector"].value is not None:
        return alignment_options()
    for field in dataclasses.fields(AlignmentOptions):
        if FLAGS[field.name].present and field.name not in _WITHOUT_DETECTOR:
            raise ArgumentError(f"Flag --{field.name} is used with a --detector only.")
    return None
