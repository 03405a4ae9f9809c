"""Optional dependencies."""

from __future__ import annotations

import importlib
import types

from facerec_tf.core.errors import UserError


def load_extra(name: str, extra: str | None = None) -> types.ModuleType:
    """Imports a module of an optional dependency.

    Args:
        name: Dotted name of the module.
        extra: The extra of facerec_tf that installs the package. Default: the package's name.

    Raises:
        UserError: If the package is not installed; the message contains the command that does.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserError(
            f"This needs the package '{package}': pip install 'facerec_tf[{extra or package}]'"
        ) from error
