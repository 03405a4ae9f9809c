"""The folder of one run: its files, and how they are read."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.core.files import atomic_file, read_json
from facerec_tf.core.json_types import dataclass_from_json
from facerec_tf.core.quote import reason
from facerec_tf.data import Manifest, PairSet
from facerec_tf.data.image_hashes import compute_image_hashes, load_image_hashes
from facerec_tf.data.name_source import NameKind
from facerec_tf.models import Recognizer
from facerec_tf.runs.checkpoints import Checkpoints
from facerec_tf.runs.metrics_table import read_metrics
from facerec_tf.runs.seen_in_training import (
    SeenInTraining,
    compare_names,
    count_equal_images,
    unknown_reason,
)


class RunFolder:
    """Paths and contents of `runs/NAME/`.

    Args:
        path: The folder.

    Attributes:
        path: The folder.
        data: Synthetic records, if the run drew its own.
        metrics: Table of the logs.
        log: Messages of training, with their times.
        lock: Lock file of the process that trains the run.
        tensorboard: Event files.
        recognizer: The finished model.
        report: Pictures and `evaluation.json`.
        damaged_images: Position, name and fault of every damaged image.
        offending_batch: Batch on which a run diverged.
        xla: What a trial of XLA measured, and so chose.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.data = self.path / "data"
        self.metrics = self.path / "metrics.csv"
        self.log = self.path / "train.log"
        self.lock = self.path / ".lock"
        self.tensorboard = self.path / "tensorboard"
        self.recognizer = self.path / "recognizer.keras"
        self.report = self.path / "report"
        self.damaged_images = self.path / "damaged_images.log"
        self.offending_batch = self.path / "offending_batch.npz"
        self.xla = self.path / "xla.json"
        self._config = self.path / "config.json"
        self._architecture = self.path / "architecture.json"

    def require_new(self) -> None:
        """Raises `UserError` if there is a run here already."""
        if self._config.exists():
            raise UserError(
                f"Folder {self.path} already holds a run. Add --resume to continue it, "
                "or choose another --workdir."
            )

    def begin(self, config: ExperimentConfig, manifest: Manifest, recognizer: Recognizer) -> None:
        """Writes manifest and architecture, then `config.json`, which marks the folder as a run."""
        manifest.save(self.path)
        with atomic_file(self._architecture) as path:
            path.write_text(recognizer.to_json(indent=1) + "\n")
        with atomic_file(self._config, durable=True) as path:
            path.write_text(config.to_json())

    def config(self) -> ExperimentConfig:
        """Returns the configuration of the run.

        Raises:
            DataError: If there is no run here, or its configuration is damaged.
        """
        if not self._config.exists():
            raise DataError(f"Folder {self.path} holds no run: {self._config} is missing.")
        try:
            groups = read_json(self._config, "configuration")
            return dataclass_from_json(ExperimentConfig, groups, "configuration")
        except ArgumentError as error:
            raise DataError(f"Configuration '{self._config}' cannot be used: {error}") from error

    def build_recognizer(self) -> Recognizer:
        """Builds what the run trains, without its weights.

        Raises:
            DataError: If the run's description of it is missing or damaged.
        """
        description = read_json(self._architecture, "model description")
        try:
            recognizer = keras.saving.deserialize_keras_object(description)
        except Exception as error:  # Keras raises any kind of error for a damaged description.
            raise DataError(
                f"The model in '{self._architecture}' is damaged: {reason(error)}."
            ) from error
        if not isinstance(recognizer, Recognizer):
            raise DataError(
                f"The model in '{self._architecture}' is a {type(recognizer).__name__}, not a "
                "Recognizer."
            )
        return recognizer

    def records(self, config: ExperimentConfig | None = None) -> Path:
        """Returns the folder of the records that a run of `config`, or this run, is trained on."""
        return Path((config or self.config()).data.directory or self.data)

    def manifest(self) -> Manifest:
        """Returns the run's copy of the manifest of the records it is trained on."""
        return Manifest.load(self.path)

    def require_same_records(self) -> None:
        """Raises `DataError` if the records are no longer those that the run started with."""
        if Manifest.load(self.records()) != self.manifest():
            raise DataError(
                f"Cannot resume run {self.path}: the records in {self.records()} changed since it "
                "started. Restore them, or start a new run."
            )

    def seen_in_training(self, pairs: PairSet) -> SeenInTraining:
        """Returns how much of `pairs` the run was trained on, by names and by image hashes.

        Images are not compared if the records were written without hashes, or have been moved
        or removed.

        Raises:
            DataError: If there is no run here, or the pairs have damaged records.
        """
        config, manifest, tested = self.config(), self.manifest(), pairs.manifest
        selection = manifest.select(config.data.min_images)
        people, is_certain = compare_names(manifest, selection.class_names, tested)
        try:
            hashes = load_image_hashes(self.records(config), manifest)
        except DataError:
            hashes = None
        images = 0
        if hashes is not None:
            own = load_image_hashes(pairs.directory, tested)
            own = compute_image_hashes(pairs.directory, tested) if own is None else own
            images = count_equal_images(hashes, manifest.classes.images, selection.labels >= 0, own)
        return SeenInTraining(
            people,
            images,
            tested.num_classes,
            tested.num_images,
            unknown_reason(
                self.records(config),
                pairs.directory,
                self.path,
                by_numbers=not is_certain,
                pretrained=bool(config.finetuning.pretrained),
            ),
            drawn=tested.name_kind is NameKind.DRAWN,
        )

    def checkpoints(self, keep: int = 3) -> Checkpoints:
        """Returns its checkpoints, of which `keep` are kept when one is written."""
        return Checkpoints(self.path / "checkpoints", keep)

    def read_metrics(self) -> dict[str, np.ndarray]:
        """Returns the columns of `metrics.csv` as float64 arrays, NaN where empty.

        Raises:
            DataError: If the file is missing or damaged.
        """
        return read_metrics(self.metrics).arrays()
