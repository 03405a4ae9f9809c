"""Errors of writing the files of a run, with the way to continue it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from facerec_tf.core.errors import UserError


@contextlib.contextmanager
def writing(path: str | os.PathLike) -> Iterator[None]:
    """Context in which an error of writing `path` becomes a `UserError` that names it.

    The error of a full disk does not name a file by itself.

    Raises:
        UserError: If the block raises an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(
            f"Cannot write '{path}': {reason}. Earlier checkpoints are kept: correct the cause, "
            "then continue the run with --resume."
        ) from error
