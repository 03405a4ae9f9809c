"""Templates: several images that a protocol compares as one, such as the frames of a video."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from pathlib import Path

from facerec_tf.core.errors import DataError

FILE_NAME = "templates.csv"
HEADER = ("template", "filename")


def read_templates(path: Path) -> dict[str, str]:
    """Returns the template of every image, by file name, as the CSV file at `path` lists them.

    Raises:
        DataError: If it cannot be read, has another header, or a line of it lacks a name or tells
            of an image a second time: an image belongs to one template.
    """
    templates: dict[str, str] = {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            if tuple(next(reader, ())) != HEADER:
                raise DataError(f"'{path}' must begin with the header {','.join(HEADER)}.")
            for row in reader:
                where = f"Line {reader.line_num} of '{path}'"
                if len(row) != 2 or not all(row):
                    raise DataError(f"{where} must be template, filename. Found: {','.join(row)}")
                template, filename = row
                if filename in templates:
                    raise DataError(
                        f"{where} puts image '{filename}' into template '{template}', but one "
                        f"before it into '{templates[filename]}'."
                    )
                templates[filename] = template
    except OSError as error:
        raise DataError(f"Cannot read '{path}': {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{path}' is no CSV file in UTF-8: {error}.") from None
    return templates


def write_templates(path: Path, templates: Mapping[str, str]) -> None:
    """Writes the template of every image, by file name, as `read_templates` reads them."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((template, filename) for filename, template in templates.items())


def check_templates(
    templates: Mapping[str, str], filenames: Collection[str], directory: Path
) -> None:
    """Raises `DataError` unless `templates` tells of exactly the images of a pair set."""
    if lost := templates.keys() - set(filenames):
        raise DataError(
            f"Pair set '{directory}' has no image '{min(lost)}', which template "
            f"'{templates[min(lost)]}' names."
        )
    if left_over := set(filenames) - templates.keys():
        raise DataError(f"Image '{min(left_over)}' of pair set '{directory}' is in no template.")
