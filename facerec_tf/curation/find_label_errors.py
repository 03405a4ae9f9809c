"""Finds probable label errors with any recognizer, for manual review; changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facerec_tf.core.errors import ArgumentError, require, require_count
from facerec_tf.core.files import require_writable
from facerec_tf.curation.cleaning_source import CleaningSource
from facerec_tf.curation.embedded_records import embed_all
from facerec_tf.curation.label_errors import LabelErrors, find_errors
from facerec_tf.curation.label_errors_report import write_report
from facerec_tf.data import Manifest, new_directory
from facerec_tf.runs import RunFolder
from facerec_tf.serving import load_embedder
from facerec_tf.serving.passes import require_image_size


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
    """Writes to `output` which images and identities of `data` are probably labelled wrongly.

    Writes `images.csv` and `identities.csv`, and sheets of pictures of both. The records stay as
    they are; `clean_labels` is what leaves images out, by the centres of a head trained for it.

    Args:
        output: Folder to make.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file or exported folder, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        data: Folder of records; by default that of the run.
        degrees: Angle to its identity's centre past which an image is flagged.
        same_degrees: Angle below which two identities are considered one person; by default found
            in the data, see `evaluation.identity_centres.same_person_angle`.
        shown: Images, and pairs of identities, on the sheets at most.
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
        raise ArgumentError("--model needs --data=DIR, the folder of records to look at.")
    require_writable(output)
    embedder = load_embedder(workdir, model, checkpoint)
    directory = Path(data) if data else RunFolder(str(workdir)).records()
    manifest = Manifest.load(directory)
    source = CleaningSource(directory, manifest, np.arange(manifest.num_classes))
    require_image_size(embedder, manifest.image_size, directory)
    with new_directory(output) as folder:
        scratch = folder / ".embeddings"
        embedded = embed_all(embedder, source, flip_fusion, scratch)
        errors = find_errors(embedded, manifest.num_classes, degrees, same_degrees)
        scratch.unlink()
        write_report(folder, source, embedded, errors, shown)
    damaged = embedded.num_records - len(embedded.labels)
    return _summary(source, errors, degrees, damaged)


def _summary(
    source: CleaningSource, errors: LabelErrors, degrees: float, damaged: int
) -> dict[str, str]:
    angles = errors.degrees[~np.isnan(errors.degrees)]
    summary = {
        "images": f"{len(errors.degrees):,} of {source.manifest.num_classes:,} identities in "
        f"'{source.directory}'" + (f", and {damaged:,} damaged ones left out" if damaged else "")
    }
    if single := int((errors.images == 1).sum()):
        summary["not judged"] = f"{single:,} identities of one image: nothing to compare it with"
    if len(angles):
        middle, most, nearly_all = np.percentile(angles, [50, 90, 99])
        summary["angles"] = (
            f"{middle:.1f}° to the others of the identity in the median, 90 % within {most:.1f}°, "
            f"99 % within {nearly_all:.1f}°"
        )
    flagged, pairs = len(errors.flagged), len(errors.pairs())
    summary["flagged"] = f"{flagged:,} of {len(angles):,} images past {degrees:g}°"
    summary["alike"] = (
        f"{pairs:,} pairs of identities nearer than {errors.same_degrees:.1f}° to each other"
    )
    return summary
