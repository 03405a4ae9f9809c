"""The error for a photograph without a face to use."""

from __future__ import annotations


class RejectedFaceError(Exception):
    """No face of a photograph is used; the message says why, to follow the photograph's name."""
