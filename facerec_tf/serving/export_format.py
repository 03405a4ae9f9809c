"""ExportFormat: the base of everything an export can be written as."""

from __future__ import annotations

import abc
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from facerec_tf.core.extras import load_extra
from facerec_tf.serving.embedding_graph import EmbeddingGraph

#: From uint8 RGB crops `[n, h, w, 3]` to unit float32 embeddings `[n, d]` and their norms `[n]`;
#: the norms are None for exports of versions that did not write them.
EmbedExport = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]


class ExportFormat(abc.ABC):
    """A way to write a network, and to run what was written."""

    #: File in the exported folder that holds the network.
    file: str
    #: Layer classes, and classes of equal outputs that run faster in this form.
    replacements: ClassVar[Mapping[type, type]] = {}
    #: Largest error of an embedding's entry that its arithmetic explains.
    tolerance: float = 1e-4
    #: Modules that writing and running it need beside TensorFlow, and the extra they come with.
    modules: tuple[str, ...] = ()
    extra: str | None = None

    @abc.abstractmethod
    def write(self, graph: EmbeddingGraph, folder: Path) -> None:
        """Writes the network, its layers replaced as `replacements` says, into `folder`."""

    @abc.abstractmethod
    def load(self, folder: Path) -> EmbedExport:
        """Loads the function that embeds batches of any size.

        Raises:
            UserError: If a package is missing.
            OSError, RuntimeError, ValueError, tf.errors.OpError: If a file is damaged.
        """

    def require_installed(self) -> None:
        """Raises `UserError` if a module is missing; the message says how to install it."""
        for module in self.modules:
            self.import_module(module)

    def import_module(self, name: str) -> types.ModuleType:
        """Imports what an extra installs; raises `UserError` if that is missing or broken."""
        return load_extra(name, self.extra)
