"""The records that are cleaned, one by one or with their pixels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.data import Manifest, Record, reading
from facerec_tf.data.reading import Image
from facerec_tf.runs import RunFolder


class CleaningSource(NamedTuple):
    """The records that are cleaned.

    Attributes:
        directory: Their folder.
        manifest: Its manifest.
        classes: int64 `[identities]`: the class of the head that each is, -1 if it is none.
    """

    directory: Path
    manifest: Manifest
    classes: np.ndarray


def open_source(data: str | None, workdir: str | None, min_images: int | None) -> CleaningSource:
    """Returns the records, and which of their identities the recognizer was trained on.

    Raises:
        DataError: If the records are of other identities than the run's.
    """
    if workdir is None:
        directory = Path(str(data))
        manifest = Manifest.load(directory)
        selection = manifest.select(1 if min_images is None else min_images)
        return CleaningSource(directory, manifest, selection.labels)
    folder = RunFolder(workdir)
    directory, trained = Path(data or folder.records()), folder.manifest()
    manifest = Manifest.load(directory)
    both = itertools.zip_longest(manifest.classes, trained.classes)
    for label, (here, there) in enumerate(both):
        if here is None or there is None or here.name != there.name:
            here, there = (f"'{entry.name}'" if entry else "no one" for entry in (here, there))
            raise DataError(
                f"Records '{directory}' are not of the identities that run '{workdir}' was trained "
                f"on: label {label} is {here} in the records, and {there} in the run."
            )
    return CleaningSource(
        directory, manifest, trained.select(folder.config().data.min_images).labels
    )


def read_records(source: CleaningSource) -> Iterator[tuple[str, Record]]:
    """Yields every record, as `data.reading.read_records` does."""
    return reading.read_records(source.directory, source.manifest)


def read_images(source: CleaningSource, wanted: np.ndarray | None = None) -> Iterator[Image]:
    """Yields all records with their pixels, or those at which `wanted`, bool `[n]`, is true.

    Raises:
        DataError: As `read_records`, and if an image has another size.
    """
    items = read_records(source)
    return reading.read_images(
        items if wanted is None else itertools.compress(items, wanted), source.manifest
    )
