"""Photographs and the people they show, listed in a CSV or Parquet table."""

from __future__ import annotations

import collections
import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from facerec_tf.core.errors import ArgumentError, DataError, require
from facerec_tf.core.extras import load_extra
from facerec_tf.core.files import LARGEST_TEXT, require_regular_file
from facerec_tf.core.lookup import require_known
from facerec_tf.core.quote import reason
from facerec_tf.data.names import compose_name
from facerec_tf.photographs.people import report_merged
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import Rejected


class _Row(NamedTuple):
    """A row of a table; `place` is "Line 3" or "Row 3"."""

    place: str
    path: str
    label: str


def read_table(
    path: Path,
    *,
    path_column: str = "path",
    label_column: str = "label",
    root: Path | None = None,
) -> tuple[list[Photo], list[Rejected]]:
    """Reads a table with one photograph per row; further columns are ignored.

    The name of a photograph is `LABEL/FILE`, where "/" in labels becomes %2F and "%" becomes %25.
    Photographs that would share a name get `LABEL/PATH`, with the path below the folder common to
    all photographs of the table. Repeated rows count once. The photographs are not opened.

    Args:
        path: A CSV file in UTF-8 with a header (.csv) or a Parquet file (.parquet).
        path_column: Column of the photographs' paths, absolute or relative to `root`.
        label_column: Column of the people's names, text or integers, stripped of spaces and
            normalised to Unicode's form NFC.
        root: Folder of relative paths; by default the folder of the table.

    Returns:
        The photographs, sorted by name; and an empty list, as no row is ever left out.

    Raises:
        ArgumentError: If both columns have the same name.
        DataError: If the table cannot be read, lacks a column or rows, has a row without path or
            label, or gives a photograph two labels; names the line.
        UserError: If the package that reads Parquet is missing.
    """
    require(path_column != label_column, "label_column", "different from path_column", label_column)
    kind = path.suffix.lower()
    if kind not in _READERS:
        raise DataError(f"Table '{path}' must end in {' or '.join(_READERS)}.")
    root = path.parent if root is None else root
    if not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    require_regular_file(path, "table", LARGEST_TEXT)
    first: dict[str, _Row] = {}
    labels = set()
    for row in _READERS[kind](path, (path_column, label_column)):
        _require_filled(row, path, (path_column, label_column))
        labels.add(row.label)
        row = row._replace(label=compose_name(row.label))
        where = os.path.abspath(os.path.join(root, row.path))
        before = first.setdefault(where, row)
        if before.label != row.label:
            raise DataError(
                f"{row.place} of '{path}' gives '{row.path}' the label '{row.label}', but "
                f"{before.place.lower()} gives it '{before.label}'."
            )
    if not first:
        raise DataError(f"Table '{path}' has no rows.")
    report_merged(labels)
    return sorted(_named({where: row.label for where, row in first.items()})), []


def _read_csv(path: Path, columns: Sequence[str]) -> Iterator[_Row]:
    try:
        with open(path, "rb") as file:
            # Decoded line by line, so that the error can name the line.
            reader = csv.reader((line.decode("utf-8") for line in _without_mark(file)), strict=True)
            yield from _parse(reader, path, columns)
    except OSError as error:
        raise DataError(f"Cannot read table '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"Line {reader.line_num + 1} of '{path}' is not valid UTF-8: {error}."
        ) from None
    except csv.Error as error:
        raise DataError(f"Line {reader.line_num} of '{path}' is not valid CSV: {error}.") from None


def _without_mark(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Removes the byte order mark that spreadsheets write before the first line."""
    for number, line in enumerate(lines):
        yield line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line


def _parse(reader: Any, path: Path, columns: Sequence[str]) -> Iterator[_Row]:
    header = next((row for row in reader if row), None)
    if header is None:
        raise DataError(f"Table '{path}' is empty.")
    photo, label = _find_columns(header, path, columns)
    for row in filter(None, reader):
        if len(row) != len(header):
            raise DataError(
                f"Line {reader.line_num} of '{path}' has {len(row)} fields, expected "
                f"{len(header)}. Found: {','.join(row)}"
            )
        yield _Row(f"Line {reader.line_num}", row[photo], row[label].strip())


def _read_parquet(path: Path, columns: Sequence[str]) -> Iterator[_Row]:
    parquet = load_extra("pyarrow.parquet", "parquet")
    arrow = load_extra("pyarrow", "parquet")
    number = 0
    try:
        with open(path, "rb") as file:
            table = parquet.ParquetFile(file)
            fields = list(table.schema_arrow)
            photo, label = _find_columns([field.name for field in fields], path, columns)
            _require_type(arrow, fields[photo], path, ("text",))
            _require_type(arrow, fields[label], path, ("text", "integers"))
            for batch in table.iter_batches(columns=list(columns)):
                values = (batch.column(column).to_pylist() for column in columns)
                for where, who in zip(*values, strict=True):
                    number += 1
                    yield _Row(f"Row {number}", _text(where), _text(who).strip())
    except OSError as error:
        raise DataError(f"Cannot read table '{path}': {error.strerror or reason(error)}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"A row after {number} of '{path}' is not valid UTF-8: {error}.") from None
    except arrow.ArrowException as error:
        raise DataError(f"Table '{path}' is not valid Parquet: {reason(error)}.") from None


#: Suffix → reader of the rows, given the names of the path and label columns.
_READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[_Row]]] = {
    ".csv": _read_csv,
    ".parquet": _read_parquet,
}


def _find_columns(header: Sequence[str], path: Path, columns: Sequence[str]) -> list[int]:
    """Returns the indices of `columns` in `header`."""
    for argument, column in zip(("path_column", "label_column"), columns, strict=True):
        try:
            require_known(column, header, argument)
        except ArgumentError as error:
            raise DataError(f"Table '{path}' has no column '{column}'. {error}") from None
        if header.count(column) > 1:
            raise DataError(f"Table '{path}' has two columns '{column}'.")
    return [header.index(column) for column in columns]


def _require_type(arrow: Any, field: Any, path: Path, kinds: Sequence[str]) -> None:
    types = arrow.types
    # Pandas writes categories as dictionaries.
    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    found = {
        "text": types.is_string(kind) or types.is_large_string(kind),
        "integers": types.is_integer(kind),
    }
    if not any(found[name] for name in kinds):
        raise DataError(
            f"Column '{field.name}' of '{path}' must be {' or '.join(kinds)}. Found: {field.type}"
        )


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _require_filled(row: _Row, path: Path, columns: Sequence[str]) -> None:
    for column, value in zip(columns, (row.path, row.label), strict=True):
        if value in ("", ".", "..") or "\0" in value:  # Dots would lead out of the data set.
            raise DataError(f"{row.place} of '{path}' has no {column}. Found: {value!r}")


def _named(labels: dict[str, str]) -> Iterator[Photo]:
    """Yields the photographs of path → label, named as `read_table` documents."""
    short = {where: (label, os.path.basename(where)) for where, label in labels.items()}
    times = collections.Counter(short.values())
    shared = os.path.commonpath([os.path.dirname(where) for where in labels])
    for where, (label, file) in short.items():
        inner = file if times[label, file] == 1 else Path(os.path.relpath(where, shared)).as_posix()
        folder = label.replace("%", "%25").replace("/", "%2F")
        yield Photo(f"{folder}/{inner}", label, where)
