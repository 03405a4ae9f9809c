"""The cleaned records, and a report with one row per image."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.curation.label_decisions import ACTIONS, LabelDecisions
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import Manifest, Record, new_directory, write_records

REPORT = "label_noise.csv"
HEADER = ("filename", "identity", "degrees", "action", "new_identity")


def write_cleaned_records(
    output: Path, records: RecordFolder, decisions: LabelDecisions
) -> Manifest:
    """Writes the images that are kept, the report and the pair sets to `output`.

    Returns:
        The manifest of the new records.
    """
    manifest, pairs = records.manifest, records.directory / "pairs"
    with (
        new_directory(output) as folder,
        # Not in the folder, which must be empty for the records.
        tempfile.TemporaryFile("w+", newline="", encoding="utf-8", dir=folder.parent) as rows,
    ):
        cleaned = write_records(
            folder,
            _cleaned_records(records, decisions, rows),
            name=manifest.name,
            num_shards=len(manifest.shards),
            crop_format=manifest.crop_format,
            names=manifest.same_names(),
        )
        rows.seek(0)
        with open(folder / REPORT, "w", newline="", encoding="utf-8") as report:
            shutil.copyfileobj(rows, report)
        if pairs.is_dir():
            shutil.copytree(pairs, folder / "pairs")
    return cleaned


def _cleaned_records(
    records: RecordFolder, decisions: LabelDecisions, rows: TextIO
) -> Iterator[Record]:
    """Yields the records that are kept, with new labels; writes one row per record to `rows`."""
    names = [entry.name for entry in records.manifest.classes]
    left = np.unique(decisions.labels[decisions.labels >= 0])
    number = dict(zip(left.tolist(), range(len(left)), strict=True))
    writer = SpreadsheetWriter(rows)
    writer.writerow(HEADER)
    for record, *decision in zip(records.records(), *decisions, strict=True):
        degrees, label, action = decision[0], int(decision[1]), ACTIONS[decision[2]]
        shown = "" if np.isnan(degrees) else f"{degrees:.2f}"
        new = names[label] if action == "relabelled" else ""
        writer.writerow((record.filename, record.text, shown, action, new))
        if label >= 0:
            yield record._replace(label=number[label], text=names[label])
