"""Templates: groups of images that a protocol compares as one, such as the frames of a video."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from facerec_tf.core.csv_writer import CsvWriter
from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_csv

FILE_NAME = "templates.csv"
HEADER = ("template", "filename")


def read_templates(path: Path) -> dict[str, str]:
    """Reads a list of templates: file name of the image → its template.

    Raises:
        DataError: If the file cannot be read, has another header, or a line lacks a name or repeats
            an image: an image belongs to one template.
    """
    templates: dict[str, str] = {}
    for line, row in read_csv(path, "template list", HEADER):
        where = f"Line {line} of template list '{path}'"
        if len(row) != 2 or not all(row):
            raise DataError(f"{where} must be template, filename. Found: {','.join(row)}")
        template, filename = row
        if filename in templates:
            raise DataError(
                f"{where} puts image '{filename}' into template '{template}', an earlier line into "
                f"'{templates[filename]}'."
            )
        templates[filename] = template
    return templates


def write_templates(path: Path, templates: Mapping[str, str]) -> None:
    """Writes the list of templates that `read_templates` reads."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = CsvWriter(file)
        writer.writerow(HEADER)
        writer.writerows((template, filename) for filename, template in templates.items())


def check_templates(
    templates: Mapping[str, str], filenames: Collection[str], directory: Path
) -> None:
    """Raises `DataError` unless `templates` lists exactly the images of a pair set."""
    if lost := templates.keys() - set(filenames):
        raise DataError(
            f"Pair set '{directory}' has no image '{min(lost)}' of template "
            f"'{templates[min(lost)]}'."
        )
    if left_over := set(filenames) - templates.keys():
        raise DataError(f"Image '{min(left_over)}' of pair set '{directory}' is in no template.")
