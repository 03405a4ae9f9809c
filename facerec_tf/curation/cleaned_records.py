"""The cleaned records, and a report with a line for every image."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from facerec_tf.curation.cleaning_source import CleaningSource, read_records
from facerec_tf.curation.label_decisions import ACTIONS, LabelDecisions
from facerec_tf.data import Manifest, Record, new_directory, write_records

REPORT = "label_noise.csv"
HEADER = ("filename", "identity", "degrees", "action", "new_identity")


def write_cleaned(output: Path, source: CleaningSource, decisions: LabelDecisions) -> Manifest:
    """Writes records, report and pair sets to `output`; returns the new manifest."""
    manifest, pairs = source.manifest, source.directory / "pairs"
    with (
        new_directory(output) as folder,
        # Beside the folder, which must be empty for the records.
        tempfile.TemporaryFile("w+", newline="", encoding="utf-8", dir=folder.parent) as rows,
    ):
        cleaned = write_records(
            folder,
            cleaned_records(source, decisions, rows),
            name=manifest.name,
            num_shards=len(manifest.shards),
            crop_format=manifest.crop_format,
        )
        rows.seek(0)
        with open(folder / REPORT, "w", newline="", encoding="utf-8") as report:
            shutil.copyfileobj(rows, report)
        if pairs.is_dir():
            shutil.copytree(pairs, folder / "pairs")
    return cleaned


def cleaned_records(
    source: CleaningSource, decisions: LabelDecisions, rows: TextIO
) -> Iterator[Record]:
    """Yields the records that are kept, with new labels, and writes a row about every record."""
    names = [entry.name for entry in source.manifest.classes]
    left = np.unique(decisions.labels[decisions.labels >= 0])
    number = dict(zip(left.tolist(), range(len(left)), strict=True))
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(HEADER)
    for (_, record), *decision in zip(read_records(source), *decisions, strict=True):
        degrees, label, action = decision[0], int(decision[1]), ACTIONS[decision[2]]
        shown = "" if np.isnan(degrees) else f"{degrees:.2f}"
        new = names[label] if action == "relabelled" else ""
        writer.writerow((record.filename, record.text, shown, action, new))
        if label >= 0:
            yield record._replace(label=number[label], text=names[label])
