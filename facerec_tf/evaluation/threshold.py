"""Threshold: a decision threshold with its model, its data and the criterion of its choice."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError, require
from facerec_tf.core.files import atomic_file, read_json


@dataclasses.dataclass(frozen=True)
class Threshold:
    """A threshold on scores: a pair is accepted at `score >= value`.

    Scores of two models are not comparable, so a threshold holds for one model only.

    Attributes:
        value: The lowest score that is accepted.
        metric: What is scored; `cosine` is the only metric of this package.
        target_fmr: Largest false match rate on the data, or None if the threshold was chosen for
            the best accuracy.
        data: Name or folder of the pairs that it was chosen on, if known.
        data_digest: SHA-256 that identifies these pairs and their images, if known.
        model_digest: SHA-256 of the weights of the model, if known.
        flip_fusion: Whether embeddings of mirrored images were added, if known.
        date: Day on which it was chosen, ISO 8601.

    Raises:
        ArgumentError: If `value` is not finite, `metric` is unknown, or `target_fmr` is not
            between 0 and 1.
    """

    value: float
    metric: str = "cosine"
    target_fmr: float | None = None
    data: str | None = None
    data_digest: str | None = None
    model_digest: str | None = None
    flip_fusion: bool | None = None
    date: str | None = None

    def __post_init__(self) -> None:
        is_number = isinstance(self.value, float) and math.isfinite(self.value)
        require(is_number, "value", "a finite float", self.value)
        require(self.metric == "cosine", "metric", "'cosine'", self.metric)
        is_rate = self.target_fmr is None or 0.0 < self.target_fmr < 1.0
        require(is_rate, "target_fmr", "between 0 and 1, or None", self.target_fmr)

    @property
    def criterion(self) -> str:
        """Criterion of the choice, such as `best accuracy` or `FMR <= 0.001`."""
        return "best accuracy" if self.target_fmr is None else f"FMR <= {self.target_fmr:g}"

    def accepts(self, scores: Any) -> Any:
        """Whether scores are accepted, bool of the shape of `scores`."""
        return np.asarray(scores) >= self.value

    def require_model(self, digest: str) -> None:
        """Raises `DataError` unless the threshold was chosen for the model with this digest."""
        if self.model_digest != digest:
            known = self.model_digest or "unknown"
            raise DataError(
                f"The threshold {self.value:g} was chosen for another model: its digest is "
                f"{known[:12]}, but the scores are those of model {digest[:12]}."
            )

    def to_json(self) -> dict[str, Any]:
        """Converts the attributes and the criterion to plain JSON types."""
        return {"criterion": self.criterion, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Threshold:
        """Creates a threshold from the result of `to_json`.

        Raises:
            DataError: If a field is missing, unknown or invalid.
        """
        return cls._parse(fields, "The threshold")

    def save(self, path: str | os.PathLike) -> None:
        """Writes the threshold to a JSON file atomically."""
        with atomic_file(path) as temporary:
            temporary.write_text(json.dumps(self.to_json(), indent=2) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike) -> Threshold:
        """Reads a file that `save` wrote.

        Raises:
            DataError: If the file cannot be read, or a field is missing, unknown or invalid.
        """
        return cls._parse(read_json(path, "threshold file"), f"Threshold file '{path}'")

    @classmethod
    def _parse(cls, fields: dict[str, Any], subject: str) -> Threshold:
        """Creates a threshold; `subject` begins the message of an error."""
        try:
            threshold = cls(**{k: v for k, v in fields.items() if k != "criterion"})
        except (TypeError, ValueError) as error:
            raise DataError(f"{subject} is invalid: {error}") from error
        if fields.get("criterion") != threshold.criterion:
            raise DataError(
                f"{subject} is invalid: 'criterion' must be '{threshold.criterion}'. "
                f"Received: {fields.get('criterion')!r}"
            )
        return threshold
