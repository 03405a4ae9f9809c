"""Label cleaning: records and a trained recognizer → records without wrong labels.

The angle of each image to the centres of its identity (`centre_angles`) decides what becomes of it
(`label_decisions`); the images that are kept are written with a report (`cleaned_records`).
"""

from __future__ import annotations

import reprlib
from pathlib import Path

import numpy as np

from facerec_tf.core.errors import (
    ArgumentError,
    DataError,
    UserError,
    require,
    require_between,
)
from facerec_tf.core.files import require_writable
from facerec_tf.curation.centre_angles import CentreAngles, measure_centre_angles
from facerec_tf.curation.cleaned_records import write_cleaned_records
from facerec_tf.curation.label_decisions import ACTIONS, LabelDecisions, decide_labels
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.curation.separation import untrained_warning
from facerec_tf.curation.subcentre_model import SubcentreModel, require_fit, trained_classes
from facerec_tf.data import Manifest, preflight
from facerec_tf.runs import RunFolder, load_trained


def clean_labels(
    output: Path,
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    data: str | None = None,
    degrees: float = 75.0,
    relabel: bool = False,
    max_dropped: float = 0.5,
    min_images: int | None = None,
    flip_fusion: bool = False,
) -> dict[str, str]:
    """Writes the cleaned records of `data` to `output`.

    Args:
        output: Folder to make.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file, or None; exactly one of the two is given.
        checkpoint: State of the run: `final`, `latest` or `best`.
        data: Folder of records; by default that of the run.
        degrees: Largest angle between an image and the dominant centre of its identity.
        relabel: Whether an image past `degrees` is moved to another identity within `degrees`, if
            there is one.
        max_dropped: Share of the evaluated images that may be dropped or relabelled. If more would
            be, nothing is written: the recognizer is then probably not trained well enough. The
            default is above what was removed from MS-Celeb-1M, the noisiest public data: 42 %
            (MS1MV2, arXiv 1801.07698) and 35 % (C-MS-Celeb, Jin et al. 2018) of 10 million images.
        min_images: With `model`: identities of fewer images have no centres; by default 1.
        flip_fusion: Whether to add the embedding of the mirrored image.

    Returns:
        Counts and angles, for a summary.

    Raises:
        UserError: If recognizer or records are missing, damaged, or do not fit each other, too many
            images would be dropped, or `output` is in use or cannot be written.
    """
    require_between("max_dropped", max_dropped, 0, 1)
    require(0 < degrees <= 180, "degrees", "above 0 and at most 180", degrees)
    if workdir and min_images is not None:
        raise ArgumentError("--min_images goes with --model: a --workdir knows its own.")
    if model and data is None:
        raise ArgumentError("Missing flag: --data=DIR, the records to clean with --model.")
    require_writable(output)
    if output.is_dir() and any(output.iterdir()):
        raise UserError(f"Folder '{output}' is not empty: remove it or choose another.")

    recognizer = load_trained(workdir, model, checkpoint)
    head = SubcentreModel.of_recognizer(recognizer, flip_fusion)
    directory = Path(data) if data else RunFolder(str(workdir)).records()
    records = RecordFolder(directory, Manifest.load(directory))
    classes = trained_classes(records, workdir, min_images)
    require_fit(head, records, classes)
    preflight(directory)

    angles = measure_centre_angles(head, records, classes)
    decisions = decide_labels(head, records, classes, angles, degrees, relabel)
    warning = untrained_warning(angles.separation, len(head.centres))
    _require_few_dropped(angles, decisions, degrees, max_dropped, warning)
    cleaned = write_cleaned_records(output, records, decisions)
    summary = _summarize(records, classes, angles, decisions, cleaned, degrees, relabel)
    return summary | ({"warning": warning} if warning else {})


def _require_few_dropped(
    angles: CentreAngles,
    decisions: LabelDecisions,
    degrees: float,
    max_dropped: float,
    warning: str | None,
) -> None:
    """Raises `DataError` if more than a share `max_dropped` of the measured images are far away."""
    actions = [ACTIONS.index(action) for action in ("dropped", "relabelled")]
    dropped = int(np.isin(decisions.actions, actions).sum())
    total = int(angles.measured.sum())
    if dropped <= max_dropped * total:
        return
    why = warning or (
        f"half of the images are within {np.nanmedian(decisions.degrees):.1f}° of the dominant "
        "centre of their identity. Check the recognizer and --degrees."
    )
    raise DataError(
        f"{dropped:,} of {total:,} images ({dropped / total:.1%}) are more than {degrees:g}° from "
        f"the dominant centre of their identity, and --max_dropped={max_dropped:g}; nothing was "
        f"written: {why}"
    )


def _summarize(
    records: RecordFolder,
    classes: np.ndarray,
    angles: CentreAngles,
    decisions: LabelDecisions,
    cleaned: Manifest,
    degrees: float,
    relabel: bool,
) -> dict[str, str]:
    before, total = records.manifest, len(decisions.labels)
    middle, most, nearly_all = np.nanpercentile(decisions.degrees, [50, 90, 99])
    summary = {
        "images": f"{total:,} of {before.num_classes:,} identities in '{records.directory}'",
        "angles": f"{middle:.1f}° to the dominant centre in the median, 90 % within {most:.1f}°, "
        f"99 % within {nearly_all:.1f}°",
    }
    descriptions = {
        "kept": ("kept", f"within {degrees:g}°"),
        "dropped": ("dropped", f"past {degrees:g}°" + (" of every identity" if relabel else "")),
        "relabelled": (
            "relabelled",
            f"past {degrees:g}°, but within {degrees:g}° of another identity",
        ),
        "damaged": ("damaged", f"left out. {' '.join(angles.damaged[:3])}"),
        "unjudged": (
            "not evaluated",
            f"of {(classes < 0).sum():,} identities that the recognizer was not trained on",
        ),
    }
    counts = np.bincount(decisions.actions, minlength=len(ACTIONS)).tolist()
    for action, count in zip(ACTIONS, counts, strict=True):
        if count or action == "dropped":
            name, description = descriptions[action]
            summary[name] = f"{count:,} ({100 * count / total:.1f} %), {description}"
    left = set(np.unique(decisions.labels).tolist())
    emptied = [reprlib.repr(e.name) for label, e in enumerate(before.classes) if label not in left]
    more = f" and {len(emptied) - 3:,} more" if len(emptied) > 3 else ""
    summary["identities"] = (
        f"{cleaned.num_classes:,} of {before.num_classes:,} have images left"
        + (f", all but {', '.join(emptied[:3])}{more}" if emptied else "")
    )
    return summary
