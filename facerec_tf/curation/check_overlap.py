"""The overlap of training and test people, as a recognizer sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facerec_tf.curation.overlap_report import check_overlap
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.serving import load_embedder
from facerec_tf.serving.passes import require_image_size


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
    """Does what `check_overlap` does, by the recognizer of a run or of a file if one is given.

    Args:
        output: Folder to make.
        data: Folder of records to train on.
        test: Folder of records, or of a pair set, to test on.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file or exported folder, or None.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        **options: Of `check_overlap`.

    Raises:
        UserError: As `check_overlap`, and if the recognizer cannot be read or takes images of
            another size.
    """
    sets = [RecordFolder.open(directory) for directory in (data, test)]
    if not (workdir or model or checkpoint != "final"):
        return check_overlap(output, *sets, **options)
    embedder = load_embedder(workdir, model, checkpoint)
    for records in sets:
        require_image_size(embedder, records.manifest.image_size, records.directory)
    return check_overlap(output, *sets, embedder=embedder, **options)
