"""1:1 verification: k-fold accuracy, and the ROC figures that need no threshold."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from sklearn.metrics import auc, roc_curve

from facerec_tf.core.errors import DataError, require
from facerec_tf.evaluation.threshold import Threshold

#: False accept rates at which the true accept rate is reported.
FARS = (1e-1, 1e-2, 1e-3, 1e-4)


@dataclasses.dataclass(frozen=True)
class Verification:
    """Verification figures of a set of scored pairs.

    Attributes:
        accuracy: Mean over the folds of the accuracy on a fold, at the threshold that is best on
            all other folds. All folds have the same weight.
        accuracy_std: Population standard deviation (divisor k) of the fold accuracies, as the
            literature reports it.
        operating_point: The threshold of highest accuracy on all pairs together, for use on new
            pairs. `accuracy` is not measured with it.
        auc: Area under the ROC curve.
        eer: Error rate where false accepts equal false rejects, on the ROC joined by lines.
        tar_at_far: False accept rate → highest true accept rate at no higher false accept rate;
            None where there are too few impostor pairs to measure it.
        genuine: Number of pairs of one person.
        impostor: Number of pairs of two people.
        fold_accuracies: Accuracy on each fold, in the order of the fold numbers.
        fold_thresholds: The threshold used on each fold, in the same order.
    """

    accuracy: float
    accuracy_std: float
    operating_point: Threshold
    auc: float
    eer: float
    tar_at_far: Mapping[float, float | None]
    genuine: int
    impostor: int
    fold_accuracies: tuple[float, ...]
    fold_thresholds: tuple[float, ...]

    @property
    def threshold(self) -> float:
        """The value of `operating_point`."""
        return self.operating_point.value

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return self.genuine + self.impostor


def verify(scores: np.ndarray, same: np.ndarray, folds: np.ndarray) -> Verification:
    """Computes the verification figures of scored pairs.

    A pair is accepted at `score >= threshold`.

    The protocol of LFW View 2 (Huang et al., 2007): each fold is evaluated at a threshold that
    was chosen on the others.

    Args:
        scores: float `[pairs]`, higher is more similar.
        same: bool `[pairs]`, whether both images show one person.
        folds: int `[pairs]`, the fold of each pair.

    Raises:
        ArgumentError: If shapes or dtypes do not fit, or there are fewer than two folds.
        DataError: If scores are not finite, or genuine or impostor pairs are missing, among all
            pairs or among those on which the threshold of a fold is chosen.
    """
    scores, same = _require_scored(scores, same)
    folds = _require_folds(folds, same)
    order = np.argsort(-scores, kind="stable")
    scores, same, folds = scores[order], same[order], folds[order]
    thresholds, accuracies = [], []
    for fold in np.unique(folds):
        held_out = folds == fold
        threshold = _best_threshold(scores[~held_out], same[~held_out])
        thresholds.append(threshold)
        accuracies.append(float(np.mean((scores[held_out] >= threshold) == same[held_out])))
    far, tar, _ = roc_curve(same, scores, drop_intermediate=False)
    impostor = int(np.sum(~same))
    return Verification(
        accuracy=float(np.mean(accuracies)),
        accuracy_std=float(np.std(accuracies)),
        operating_point=Threshold(_best_threshold(scores, same)),
        auc=float(auc(far, tar)),
        # FAR minus FRR rises from -1 to 1 along the curve.
        eer=float(np.interp(0.0, far + tar - 1.0, far)),
        tar_at_far={rate: _tar_at_far(far, tar, rate, impostor) for rate in FARS},
        genuine=len(same) - impostor,
        impostor=impostor,
        fold_accuracies=tuple(accuracies),
        fold_thresholds=tuple(thresholds),
    )


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """Finds the threshold of highest accuracy; a pair is accepted at `score >= threshold`.

    All thresholds between two neighbouring scores accept the same pairs. The result is the middle
    of the widest interval with the highest accuracy; of equally wide ones, of the highest.

    Args:
        scores: float `[pairs]`, higher is more similar.
        same: bool `[pairs]`, whether both images show one person.

    Raises:
        ArgumentError: If shapes or dtypes do not fit.
        DataError: If scores are not finite, or genuine or impostor pairs are missing.
    """
    scores, same = _require_scored(scores, same)
    order = np.argsort(-scores, kind="stable")
    return _best_threshold(scores[order], same[order])


def threshold_at_fmr(scores: np.ndarray, same: np.ndarray, target_fmr: float) -> Threshold:
    """Finds the lowest threshold that accepts at most `target_fmr` of the impostor pairs.

    Args:
        scores: float `[pairs]`, higher is more similar.
        same: bool `[pairs]`, whether both images show one person.
        target_fmr: False match rate, between 0 and 1.

    Raises:
        ArgumentError: If shapes or dtypes do not fit, or the rate is not between 0 and 1.
        DataError: If scores are not finite, genuine or impostor pairs are missing, or there are
            too few impostor pairs to measure the rate.
    """
    scores, same = _require_scored(scores, same)
    require(0.0 < target_fmr < 1.0, "target_fmr", "between 0 and 1", target_fmr)
    impostor = np.sort(scores[~same])[::-1]
    if 1.0 / target_fmr > len(impostor):
        raise DataError(
            f"A false match rate of {target_fmr:g} needs {math.ceil(1 / target_fmr):,} impostor "
            f"pairs or more. Received: {len(impostor):,}"
        )
    refused = impostor[int(target_fmr * len(impostor) + 1e-9)]
    return Threshold(float(np.nextafter(refused, np.inf)), target_fmr=target_fmr)


def _best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """The best threshold for scores in descending order."""
    last_of_ties = np.append(np.diff(scores) < 0, True)
    accepted = np.append(0, np.flatnonzero(last_of_ties) + 1)
    # Gain over refusing every pair: genuine pairs accepted less impostor pairs accepted.
    gain = np.append(0, np.cumsum(np.where(same, 1, -1)))[accepted]
    # Interval i is (below[i], above[i]]; refusing or accepting all pairs has no far end, so those
    # two intervals have no width and win only where nothing else is as good.
    above = np.append(np.nextafter(scores[0], np.inf), scores[accepted[1:] - 1])
    below = np.append(above[1:], above[-1])
    below[0] = above[0]
    widest = np.argmax(np.where(gain == gain.max(), above - below, -1.0))
    middle = below[widest] + (above[widest] - below[widest]) / 2
    return float(middle if middle > below[widest] else above[widest])


def _tar_at_far(far: np.ndarray, tar: np.ndarray, rate: float, impostor: int) -> float | None:
    if 1.0 / rate > impostor:
        return None
    return float(tar[np.searchsorted(far, rate, side="right") - 1])


def _require_scored(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores, same = np.asarray(scores), np.asarray(same)
    require(scores.ndim == 1, "scores", "of shape [pairs]", scores.shape)
    require(same.dtype == bool, "same", "an array of bool", same.dtype)
    require(same.shape == scores.shape, "same", f"of shape {scores.shape}, as scores", same.shape)
    damaged = int(np.sum(~np.isfinite(scores)))
    if damaged:
        raise DataError(f"{damaged} of {len(scores)} scores are not finite.")
    _require_both(same, "The pairs")
    return scores.astype(np.float64), same


def _require_folds(folds: np.ndarray, same: np.ndarray) -> np.ndarray:
    folds = np.asarray(folds)
    require(np.issubdtype(folds.dtype, np.integer), "folds", "an array of int", folds.dtype)
    require(folds.shape == same.shape, "folds", f"of shape {same.shape}, as scores", folds.shape)
    numbers = np.unique(folds)
    require(len(numbers) >= 2, "folds", "at least two folds", numbers.tolist())
    for fold in numbers:
        _require_both(same[folds != fold], f"The pairs outside fold {fold}")
    return folds


def _require_both(same: np.ndarray, which: str) -> None:
    for kind, present in (("genuine", same.any()), ("impostor", not same.all())):
        if not present:
            raise DataError(f"{which} have no {kind} pair: a threshold cannot be chosen on them.")
