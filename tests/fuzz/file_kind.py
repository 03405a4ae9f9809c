"""FileKind: one kind of file that the package reads."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from facerec_tf.core.errors import UserError


@dataclasses.dataclass(frozen=True)
class FileKind:
    """One kind of file: how a test writes it, reads it, and what damage may do.

    Attributes:
        name: Name of the test.
        make: Writes undamaged files into an empty folder.
        read: Reads them by a public function of the package, and returns a value to compare.
        files: Patterns of the files to damage, one at a time.
        verified: Whether the format has checksums of its own, so that a reader must notice every
            change. Otherwise a changed pixel, number or name may be read as it stands.
        error: The error for damage.
        names: What the message must contain: the file's name, unless the caller adds it.
        modules: Modules of extras without which the test is skipped.
        flips: Versions of each file with an inverted bit.
        cuts: Versions of each file that end early.
    """

    name: str
    make: Callable[[Path], None]
    read: Callable[[Path], Any]
    files: tuple[str, ...]
    verified: bool = False
    error: type[Exception] = UserError
    names: Callable[[Path], str] | None = lambda file: file.name
    modules: tuple[str, ...] = ()
    flips: int = 6
    cuts: int = 3

    def damaged_files(self, folder: Path) -> list[Path]:
        """Returns the files in `folder` to damage."""
        return sorted(path for pattern in self.files for path in folder.glob(pattern))
