"""Probable label errors, found with any recognizer, for manual review; the records stay unchanged.

All images are embedded (`embedded_records`) and compared with the centres of all identities
(`label_errors`); the result is written as tables and pictures (`label_errors_report`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facerec_tf.core.errors import ArgumentError, require, require_count
from facerec_tf.core.files import require_writable
from facerec_tf.curation.embedded_records import embed_to_file
from facerec_tf.curation.label_errors import LabelErrors, detect_label_errors
from facerec_tf.curation.label_errors_report import write_report
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.curation.separation import untrained_warning
from facerec_tf.data import Manifest, new_directory, require_image_size
from facerec_tf.runs import RunFolder
from facerec_tf.serving import load_embedder


def find_label_errors(
    output: Path,
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    data: str | None = None,
    degrees: float = 75.0,
    same_degrees: float | None = None,
    shown: int = 48,
    flip_fusion: bool = False,
) -> dict[str, str]:
    """Lists the images and identities of `data` that are probably labelled wrongly.

    Writes `images.csv` and `identities.csv`, and sheets of pictures of both. To leave such images
    out, see `clean_labels`, which needs a head with several centres for each identity.

    Args:
        output: Folder to make.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file or exported folder, or None; exactly one of the two is given.
        checkpoint: State of the run: `final`, `latest` or `best`.
        data: Folder of records; by default that of the run.
        degrees: Angle to its identity's centre past which an image is flagged.
        same_degrees: Angle below which two identities are considered one person; by default
            estimated from the data, see `evaluation.identity_centres.same_person_angle`.
        shown: Largest number of images, and of pairs of identities, on the sheets.
        flip_fusion: Whether to add the embedding of the mirrored image.

    Returns:
        Counts and angles, for a summary.

    Raises:
        UserError: If recognizer or records are missing, damaged, or do not fit each other, or
            `output` is in use or cannot be written.
    """
    for name, angle in (("degrees", degrees), ("same_degrees", same_degrees)):
        is_angle = angle is None or 0 < angle <= 180
        require(is_angle, name, "above 0 and at most 180", angle)
    require_count("shown", shown)
    if model and data is None:
        raise ArgumentError("Missing flag: --data=DIR, the records to search with --model.")
    require_writable(output)
    embedder = load_embedder(workdir, model, checkpoint)
    directory = Path(data) if data else RunFolder(str(workdir)).records()
    manifest = Manifest.load(directory)
    records = RecordFolder(directory, manifest)
    require_image_size(directory, manifest.image_size, embedder.image_size)
    with new_directory(output) as folder:
        scratch = folder / ".embeddings"
        embedded = embed_to_file(embedder, records, flip_fusion, scratch)
        errors = detect_label_errors(embedded, manifest.num_classes, degrees, same_degrees)
        scratch.unlink()
        write_report(folder, records, embedded, errors, shown)
    damaged = embedded.num_records - len(embedded.labels)
    return _summary(records, errors, degrees, damaged)


def _summary(
    records: RecordFolder, errors: LabelErrors, degrees: float, damaged: int
) -> dict[str, str]:
    angles = errors.degrees[~np.isnan(errors.degrees)]
    summary = {
        "images": f"{len(errors.degrees):,} of {records.manifest.num_classes:,} identities in "
        f"'{records.directory}'" + (f", and {damaged:,} damaged ones left out" if damaged else "")
    }
    if single := int((errors.images == 1).sum()):
        summary["not compared"] = f"{single:,} identities that have only one image"
    if len(angles):
        middle, most, nearly_all = np.percentile(angles, [50, 90, 99])
        summary["angles"] = (
            f"{middle:.1f}° to the others of the identity in the median, 90 % within {most:.1f}°, "
            f"99 % within {nearly_all:.1f}°"
        )
    flagged, pairs = len(errors.flagged), len(errors.pairs())
    summary["flagged"] = f"{flagged:,} of {len(angles):,} images past {degrees:g}°"
    summary["similar"] = (
        f"{pairs:,} pairs of identities nearer than {errors.same_degrees:.1f}° to each other"
    )
    if warning := untrained_warning(errors.separation, records.manifest.num_classes):
        summary["warning"] = warning
    return summary
