"""What was found and done, in words."""

from __future__ import annotations

import numpy as np

from facerec_tf.curation.centre_angles import CentreAngles
from facerec_tf.curation.cleaning_source import CleaningSource
from facerec_tf.curation.label_decisions import ACTIONS, LabelDecisions
from facerec_tf.data import Manifest


def summarize(
    source: CleaningSource,
    angles: CentreAngles,
    decisions: LabelDecisions,
    cleaned: Manifest,
    degrees: float,
    relabel: bool,
) -> dict[str, str]:
    """Returns what was found and done, in words."""
    before, total = source.manifest, len(decisions.labels)
    counts = np.bincount(decisions.actions, minlength=len(ACTIONS)).tolist()
    descriptions = {
        "kept": f"within {degrees:g}°",
        "dropped": f"past {degrees:g}°" + (" of every identity" if relabel else ""),
        "relabelled": f"past {degrees:g}°, but within {degrees:g}° of another identity",
        "damaged": f"left out. {' '.join(angles.damaged[:3])}",
        "unjudged": f"of {(source.classes < 0).sum():,} identities that the recognizer was not "
        "trained on",
    }
    middle, most, nearly_all = np.nanpercentile(decisions.degrees, [50, 90, 99])
    summary = {
        "images": f"{total:,} of {before.num_classes:,} identities in '{source.directory}'",
        "angles": f"{middle:.1f}° to the dominant centre in the median, 90 % within {most:.1f}°, "
        f"99 % within {nearly_all:.1f}°",
    }
    for action, count in zip(ACTIONS, counts, strict=True):
        if count or action == "dropped":
            summary[action] = f"{count:,} ({100 * count / total:.1f} %), {descriptions[action]}"
    left = set(np.unique(decisions.labels).tolist())
    emptied = [f"'{e.name}'" for label, e in enumerate(before.classes) if label not in left]
    more = f" and {len(emptied) - 3:,} more" if len(emptied) > 3 else ""
    summary["identities"] = (
        f"{cleaned.num_classes:,} of {before.num_classes:,} have images left"
        + (f", all but {', '.join(emptied[:3])}{more}" if emptied else "")
    )
    return summary
