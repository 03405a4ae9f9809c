"""User-facing errors, and checks of arguments that raise them."""

from __future__ import annotations

import math
import numbers

from facerec_tf.core.quote import shorten

#: Characters of a message; a longer one, which quotes a damaged file, is cut.
LONGEST_MESSAGE = 1000


class UserError(Exception):
    """An error that the user can fix; commands print its message without a traceback.

    The message has at most `LONGEST_MESSAGE` characters, whatever it quotes.
    """

    exit_code = 1

    def __str__(self) -> str:
        """The message."""
        text = super().__str__()
        return text if len(text) <= LONGEST_MESSAGE else shorten(text, LONGEST_MESSAGE - 1)


class ArgumentError(UserError, ValueError):
    """An argument with an invalid value."""


class DataError(UserError):
    """Missing, damaged or inconsistent records, images or files."""


class NotFiniteError(DataError):
    """Embeddings that are NaN or infinite: the model that made them has diverged or is damaged."""


def argument_error(name: str, expected: str, value: object) -> ArgumentError:
    """Returns the error that argument `name` must be `expected` but was `value`."""
    return ArgumentError(f"Argument '{name}' must be {expected}. Received: {name}={value!r}")


def require(condition: bool, name: str, expected: str, value: object) -> None:
    """Raises `ArgumentError` for argument `name` unless `condition` is true.

    Args:
        condition: Whether the value is valid.
        name: The argument's name.
        expected: The valid values, as a phrase that follows "must be".
        value: The received value.

    Raises:
        ArgumentError: If `condition` is false.
    """
    if not condition:
        raise argument_error(name, expected, value)


def require_positive(name: str, value: float) -> None:
    """Raises `ArgumentError` unless `value` is a finite number above zero."""
    require(_is_number(value) and value > 0, name, "positive", value)


def require_non_negative(name: str, value: float) -> None:
    """Raises `ArgumentError` unless `value` is a finite number of at least zero."""
    require(_is_number(value) and value >= 0, name, "non-negative", value)


def require_at_least(name: str, value: float, least: float) -> None:
    """Raises `ArgumentError` unless `value` is a finite number of at least `least`."""
    require(_is_number(value) and value >= least, name, f"a number of at least {least:g}", value)


def require_between(name: str, value: float, low: float, high: float) -> None:
    """Raises `ArgumentError` unless `low <= value <= high`."""
    require(_is_number(value) and low <= value <= high, name, f"between {low} and {high}", value)


def require_share(name: str, value: float) -> None:
    """Raises `ArgumentError` unless `value` is a number above 0 and below 1."""
    require(_is_number(value) and 0 < value < 1, name, "above 0 and below 1", value)


def require_flag(name: str, value: bool) -> None:
    """Raises `ArgumentError` unless `value` is True or False."""
    require(isinstance(value, bool), name, "True or False", value)


def require_count(name: str, value: int, least: int = 1, most: int | None = None) -> None:
    """Raises `ArgumentError` unless `value` is an integer from `least` to `most`, if given."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    require(is_integer and value >= least, name, f"an integer of at least {least}", value)
    if most is not None:
        require(value <= most, name, f"an integer of at most {most:,}", value)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    return math.isfinite(value)
