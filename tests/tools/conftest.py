"""Runs the tools as a user types them."""

from tests.verbs.conftest import one_line_error

__all__ = ["one_line_error"]
