"""Optional dependencies."""

from __future__ import annotations

import importlib
import types

from facerec_tf.core.errors import UserError
from facerec_tf.core.quote import shortened


def load_extra(name: str, extra: str | None = None) -> types.ModuleType:
    """Imports a module of an optional dependency.

    Args:
        name: Dotted name of the module.
        extra: The extra of facerec_tf that installs the package. Default: the package's name.

    Raises:
        UserError: If the package is not installed, or is installed but cannot be imported. The
            message contains the cause and the command that helps.
    """
    package = name.partition(".")[0]
    try:
        importlib.import_module(package)  # First, so that an error names what is missing.
        return importlib.import_module(name)
    # A broken installation raises more than ImportError: OSError for a missing shared library,
    # AttributeError or RuntimeError for an incompatible version of another package.
    except Exception as error:
        raise UserError(_explain(package, extra or package, error)) from error


def _causes(error: BaseException) -> list[BaseException]:
    """The errors that led to `error`, the first one last."""
    before = error.__cause__ or error.__context__
    return [before, *_causes(before)] if before else []


def _explain(package: str, extra: str, error: Exception) -> str:
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing == package:
        return f"This needs the package '{package}': pip install 'facerec_tf[{extra}]'"
    if missing and missing.partition(".")[0] != package:
        other = missing.partition(".")[0]
        return (
            f"The package '{package}' is installed, but it needs the module '{missing}', which is "
            f"not: pip install {other.replace('_', '-')}"
        )
    chain = (error, *_causes(error)[-1:])
    cause = shortened(", caused by ".join(f"{type(e).__name__}: {e}" for e in chain))
    return (
        f"The package '{package}' is installed, but importing it failed with {cause!r}. Remedy: "
        f"pip install --upgrade --force-reinstall 'facerec_tf[{extra}]'"
    )
