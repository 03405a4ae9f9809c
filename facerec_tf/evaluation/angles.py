"""Angles between embeddings, the means of their classes and the centres of a margin head."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np

from facerec_tf.core.errors import require
from facerec_tf.evaluation.unit_length import unit_length


class Head(Protocol):
    """The methods of a margin head that `angle_statistics` uses; see `margins.MarginLayer`."""

    compute_dtype: str

    def own_centres(self, embeddings: Any, labels: Any) -> Any:
        """Directions of the own centres, `[n, dim]`; of several per class the nearest."""

    def project(self, points: Any) -> Any:
        """Products `[n, num_classes]` of points with the directions of the classes."""

    def threshold_angle(self, norm: Any) -> Any:
        """Angle past which the margin uses its fallback, for embeddings of these lengths."""


@dataclasses.dataclass(frozen=True)
class AngleStatistics:
    """Angles between images, class means and class centres, in radians.

    After table 3 of ArcFace (arXiv 1801.07698). The mean of a class is the direction of the sum of
    its unit embeddings. Its centre is that of the head; of several, the one nearest to the mean.
    Without a head only `intra` and `inter` are measured, and the other statistics are None.

    The mean of few images is closer to each of them than the mean of all images, and the nearest of
    few classes is farther away than the nearest of all. `intra`, `inter` and `w_ec` are therefore
    comparable only between steps, and between runs on the same images. Of the paper's figures,
    which cover the whole data set, only `w_inter` is comparable.

    Attributes:
        target_angle: θ, between an embedding and its own centre; mean over the images.
        past_threshold: Share of the images whose θ is past the head's `threshold_angle`.
        w_ec: W–EC, between a class's centre and its mean; mean over the classes.
        w_inter: W-Inter, between a class's centre and the nearest centre of any other class of the
            head, with or without images; mean over the classes.
        intra: Intra, between an embedding and its class's mean; mean over the images of classes
            with two or more.
        inter: Inter, between a class's mean and the nearest mean of another; mean over the classes.
        target_angles: θ of each image, float64 `[n]`.
    """

    target_angle: float | None
    past_threshold: float | None
    w_ec: float | None
    w_inter: float | None
    intra: float | None
    inter: float | None
    target_angles: np.ndarray | None = dataclasses.field(default=None, repr=False, compare=False)

    def in_degrees(self) -> dict[str, float]:
        """The measured statistics: `past_threshold`, and angles in degrees as `NAME_degrees`."""
        measured = {"past_threshold": self.past_threshold}
        for name in ("target_angle", "w_ec", "w_inter", "intra", "inter"):
            radians = getattr(self, name)
            measured[f"{name}_degrees"] = None if radians is None else float(np.degrees(radians))
        return {name: value for name, value in measured.items() if value is not None}


def angle_statistics(
    embeddings: np.ndarray, labels: np.ndarray, head: Head | None = None
) -> AngleStatistics:
    """Measures the angle statistics of embedded images.

    A zero vector is at 90° to all others. Embeddings that are not finite make all statistics that
    depend on them NaN.

    Args:
        embeddings: float `[n, dim]`, of any length.
        labels: int `[n]`, the classes.
        head: The margin head, if there is one.

    Raises:
        ArgumentError: If shapes or dtypes do not fit.
    """
    embeddings, labels = np.asarray(embeddings), np.asarray(labels)
    require(embeddings.ndim == 2, "embeddings", "of shape [n, dim]", embeddings.shape)
    require(len(embeddings) > 0, "embeddings", "of at least one image", embeddings.shape)
    require(np.issubdtype(labels.dtype, np.integer), "labels", "integers", labels.dtype)
    fits = labels.shape == embeddings.shape[:1]
    require(fits, "labels", f"of shape {embeddings.shape[:1]}, as embeddings", labels.shape)
    points = unit_length(embeddings)
    classes, members, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(classes), points.shape[1]))
    np.add.at(sums, members, points)
    means = unit_length(sums)
    to_mean = _angles(points, means[members])[counts[members] > 1]
    intra = float(to_mean.mean()) if to_mean.size else None
    inter = _to_nearest(means @ means.T, np.arange(len(classes)))
    if head is None:
        return AngleStatistics(None, None, None, None, intra, inter)
    own = head.own_centres(embeddings.astype(head.compute_dtype), labels)
    centres = np.asarray(head.own_centres(means.astype(head.compute_dtype), classes))
    angles = _angles(points, unit_length(np.asarray(own)))
    return AngleStatistics(
        target_angle=float(angles.mean()),
        past_threshold=_share_past(head, angles, np.linalg.norm(embeddings, axis=1)),
        w_ec=float(_angles(means, unit_length(centres)).mean()),
        w_inter=_to_nearest(np.array(head.project(centres)), classes),
        intra=intra,
        inter=inter,
        target_angles=angles,
    )


def _share_past(head: Head, angles: np.ndarray, norms: np.ndarray) -> float | None:
    threshold = head.threshold_angle(norms.astype(head.compute_dtype))
    if threshold is None:
        return None
    # Comparisons are false for NaN: zero times NaN is NaN.
    return float(np.mean((angles > np.asarray(threshold)) + 0.0 * angles))


def _to_nearest(cosines: np.ndarray, own: np.ndarray) -> float | None:
    """Mean over the rows of the smallest angle to a column other than `own`, if there is one."""
    if cosines.shape[1] < 2:
        return None
    cosines[np.arange(len(own)), own] = -np.inf
    return float(np.mean(np.arccos(np.clip(cosines.max(axis=1), -1.0, 1.0))))


def _angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the angles `[n]` between the rows of unit vectors `a` and `b`, both `[n, dim]`."""
    return np.arccos(np.clip(np.einsum("nd,nd->n", a, b), -1.0, 1.0))
