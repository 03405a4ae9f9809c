"""The overlap of training and test people, found with the recognizer of a run or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facerec_tf.curation.overlap_report import check_overlap
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import require_image_size
from facerec_tf.serving import load_embedder


def check_overlap_by(
    output: Path,
    data: Path,
    test: Path,
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    **options: Any,
) -> dict[str, str]:
    """Runs `check_overlap`, with the recognizer of a run or of a file if one is given.

    Args:
        output: Folder to make.
        data: Folder of records to train on.
        test: Folder of records, or of a pair set, to test on.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file or exported folder, or None.
        checkpoint: State of the run: `final`, `latest` or `best`.
        **options: Arguments of `check_overlap`.

    Raises:
        UserError: As `check_overlap`, and if the recognizer cannot be read or takes images of
            another size.
    """
    sets = [RecordFolder.open(directory) for directory in (data, test)]
    if not (workdir or model or checkpoint != "final"):
        return check_overlap(output, *sets, **options)
    embedder = load_embedder(workdir, model, checkpoint)
    for records in sets:
        require_image_size(records.directory, records.manifest.image_size, embedder.image_size)
    return check_overlap(output, *sets, embedder=embedder, **options)
