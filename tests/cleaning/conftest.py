"""Label cleaning is tested through its tool, too."""

from tests.tools.conftest import image, one_line_error

__all__ = ["image", "one_line_error"]
