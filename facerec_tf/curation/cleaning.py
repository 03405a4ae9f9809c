"""Label cleaning, from a trained recognizer and records to cleaned records."""

from __future__ import annotations

from pathlib import Path

from facerec_tf.core.errors import ArgumentError, UserError, require
from facerec_tf.core.files import require_writable
from facerec_tf.curation.centre_angles import measure
from facerec_tf.curation.cleaned_records import write_cleaned
from facerec_tf.curation.cleaning_source import open_source
from facerec_tf.curation.cleaning_summary import summarize
from facerec_tf.curation.label_decisions import decide
from facerec_tf.curation.subcentre_model import SubcentreModel, require_fit
from facerec_tf.data import preflight
from facerec_tf.runs import load_trained


def clean_labels(
    output: Path,
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    data: str | None = None,
    degrees: float = 75.0,
    relabel: bool = False,
    min_images: int | None = None,
    flip_fusion: bool = False,
) -> dict[str, str]:
    """Writes the cleaned records of `data` to `output`; returns what was done, for a summary.

    Args:
        output: Folder to make.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        data: Folder of records; by default that of the run.
        degrees: Angle to the dominant centre past which an image is not its identity's.
        relabel: Whether such an image goes to another identity if one is near.
        min_images: With `model`: identities of fewer images have no centres; by default 1.
        flip_fusion: Whether to add the embedding of the mirrored image.

    Raises:
        UserError: If recognizer or records are missing, damaged, or do not fit each other, or
            `output` is in use or cannot be written.
    """
    require(0 < degrees <= 180, "degrees", "above 0 and at most 180", degrees)
    if workdir and min_images is not None:
        raise ArgumentError("--min_images goes with --model: a --workdir knows its own.")
    if model and data is None:
        raise ArgumentError("--model needs --data=DIR, the folder of records to clean.")
    require_writable(output)
    if output.is_dir() and any(output.iterdir()):
        raise UserError(f"Folder '{output}' is not empty: remove it or choose another.")

    recognizer = SubcentreModel.of_recognizer(load_trained(workdir, model, checkpoint), flip_fusion)
    source = open_source(data, workdir, min_images)
    require_fit(recognizer, source)
    preflight(source.directory)

    angles = measure(recognizer, source)
    decisions = decide(recognizer, source, angles, degrees, relabel)
    cleaned = write_cleaned(output, source, decisions)
    return summarize(source, angles, decisions, cleaned, degrees, relabel)
