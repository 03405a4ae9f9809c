"""Packages that only some readers need."""

from __future__ import annotations

import importlib
import types

from facerec_tf.core.errors import UserError


def load_extra(name: str) -> types.ModuleType:
    """Imports a module of a package that the extra of the same name installs.

    Raises:
        UserError: If it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        extra = name.partition(".")[0]
        raise UserError(
            f"This weight file needs the package '{extra}': pip install 'facerec_tf[{extra}]'"
        ) from error
