"""Packages that only some work needs."""

from __future__ import annotations

import importlib
import types

from facerec_tf.core.errors import UserError


def load_extra(name: str, extra: str | None = None) -> types.ModuleType:
    """Imports a module of a package that an extra of this one installs.

    Args:
        name: The module.
        extra: The extra; by default it is called as the package is.

    Raises:
        UserError: If it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserError(
            f"This needs the package '{package}': pip install 'facerec_tf[{extra or package}]'"
        ) from error
