"""Verification figures for people (a table) and for programs (plain JSON types)."""

from __future__ import annotations

import math
from typing import Any

from facerec_tf.evaluation.verification import Verification

#: Printed instead of a rate if there are too few pairs to measure it.
NOT_MEASURABLE = "not measurable"


def format_accuracy(accuracy: float, std: float | None = None) -> str:
    """Formats an accuracy and its standard deviation over the folds, as in "67.40 ± 2.10 %".

    Args:
        accuracy: A fraction.
        std: Standard deviation, a fraction; None, or NaN, if it is not known.
    """
    spread = "" if std is None or math.isnan(std) else f" ± {100 * std:.2f}"
    return f"{100 * accuracy:.2f}{spread} %"


def table(verification: Verification) -> str:
    """Formats the figures as an aligned table for the terminal; the last line has no line break.

    Args:
        verification: The figures.
    """
    v = verification
    rows = [
        ("accuracy", format_accuracy(v.accuracy, v.accuracy_std)),
        ("threshold", f"{v.threshold:.4f}"),
        ("area under ROC", f"{v.auc:.4f}"),
        ("equal error rate", f"{v.eer:.2%}"),
    ]
    rows += [(f"TAR at FAR {_far_name(far)}", _rate(tar, far)) for far, tar in v.tar_at_far.items()]
    width = max(len(name) for name, _ in rows)
    head = (
        f"{v.pairs:,} pairs: {v.genuine:,} genuine, {v.impostor:,} impostor; "
        f"{len(v.fold_accuracies)} folds"
    )
    return "\n".join([head, *(f"  {name:<{width}}  {value}" for name, value in rows)])


def to_json(verification: Verification, protocol: str, pairs: str, model: str) -> dict[str, Any]:
    """Converts the figures to plain JSON types, with the origin of the threshold.

    Args:
        verification: The figures.
        protocol: Name of the protocol, such as `lfw_view2`.
        pairs: Folder of the pairs.
        model: Digest of the model that made the embeddings.
    """
    v = verification
    return {
        "protocol": protocol,
        "pairs": v.pairs,
        "genuine": v.genuine,
        "impostor": v.impostor,
        "accuracy": v.accuracy,
        "accuracy_std": v.accuracy_std,
        "threshold": v.threshold,
        "threshold_origin": {
            "value": v.threshold,
            "criterion": "highest accuracy; accept at score >= value",
            "chosen_on": f"all {v.pairs} pairs of {pairs}",
            "model": model,
        },
        "operating_point": v.operating_point.to_json(),
        "auc": v.auc,
        "eer": v.eer,
        "tar_at_far": {
            _far_name(far): NOT_MEASURABLE if tar is None else tar
            for far, tar in v.tar_at_far.items()
        },
        "fold_accuracies": list(v.fold_accuracies),
        "fold_thresholds": list(v.fold_thresholds),
    }


def _far_name(far: float) -> str:
    mantissa, exponent = f"{far:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _rate(tar: float | None, far: float) -> str:
    if tar is None:
        return f"{NOT_MEASURABLE} (takes {1 / far:,.0f} impostor pairs)"
    return f"{tar:.2%}"
