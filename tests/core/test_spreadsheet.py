"""CSV files: formulas in lists for people, and names with line ends in tables."""

import ast
import csv
import io
from pathlib import Path

import pytest

import facerec_tf
from facerec_tf.core.csv_writer import CsvWriter
from facerec_tf.core.spreadsheet import SpreadsheetWriter

PACKAGE = Path(facerec_tf.__file__).parent

#: The files that use Python's own writer: one for all tables, and for tables of numbers.
MACHINE = {
    "core/csv_writer.py",
    "training/callbacks.py",
    "runs/metrics_table.py",
}


def written(*rows, writer=SpreadsheetWriter):
    file = io.StringIO(newline="")
    writer(file).writerows(rows)
    return list(csv.reader(io.StringIO(file.getvalue(), newline="")))


@pytest.mark.parametrize("cell", ["=1+1", "+cmd()", "-cmd()", "@SUM(1)", "\t=1", "\r=1", "=a\nb"])
def test_formulas_are_quoted(cell):
    assert written(("a.jpg", cell)) == [["a.jpg", f"'{cell}"]]


@pytest.mark.parametrize("cell", ["", "Zoë", "a=b", "-1.5", "+3e4", "a-b", "'=1"])
def test_other_text_is_unchanged(cell):
    assert written((cell,)) == [[cell]]


def test_numbers_are_unchanged():
    assert written((-1, -0.5, None)) == [["-1", "-0.5", ""]]


def test_a_table_that_is_read_again_is_unchanged():
    rows = [["=1", "a\rb", "\r\n", '"', ""], ["c", "d", "e", "f", "g"]]
    assert written(*rows, writer=CsvWriter) == rows


def uses_csv_writer(path):
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("writer", "DictWriter")
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_all_tables_of_names_are_written_by_these_classes():
    found = {p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py") if uses_csv_writer(p)}
    assert found - MACHINE == set()
