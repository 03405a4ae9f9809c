"""Measures the whole training loop against the bare compiled step fed from memory.

    python tools/bench/loop.py [--batch_size=64 --steps=40 --rounds=3]

The loop is the one of `facerec_tf.train`: records on disk, pipeline, step, logs and callbacks. The
bare step is the same network and optimizer in one `tf.function`, on a batch in memory. Both run
alternately; on a noisy machine only their ratio is meaningful.
"""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from facerec_tf.command import run

_BATCH_SIZE = flags.DEFINE_integer("batch_size", 64, "Images per step.")
_STEPS = flags.DEFINE_integer("steps", 40, "Steps timed in each round.")
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Rounds of loop and bare step.")

TARGET = 0.97
LOG_EVERY = 10


def main() -> None:
    """Prints the speed of both in images per second, and their ratio."""
    import keras
    import tensorflow as tf

    from facerec_tf.config import ExperimentConfig
    from facerec_tf.data import Manifest, write_synthetic
    from facerec_tf.experiment.build import build_recognizer, build_trainer, with_backbone
    from facerec_tf.training import (
        BatchSource,
        Checkpoints,
        Controller,
        MetricsLog,
        RunPlan,
        TensorBoardLog,
    )

    class Clock(keras.callbacks.Callback):
        """Records the end of each log interval."""

        def __init__(self) -> None:
            super().__init__()
            self.ends: list[float] = []

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            self.ends.append(time.perf_counter())

    config = with_backbone(
        ExperimentConfig().override(
            {"model.backbone": "iresnet_mini", "training.batch_size": _BATCH_SIZE.value}
        )
    )
    steps = _STEPS.value + LOG_EVERY
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "data"
        write_synthetic(records, identities=40, images=16, holdout=0)
        source = BatchSource(
            records,
            config.data,
            config.augmentation,
            batch_size=_BATCH_SIZE.value,
            seed=0,
            damaged_log=Path(folder) / "damaged",
        )
        batch = {k: tf.constant(v) for k, v in source.batch_at(0).items()}
        manifest = Manifest.load(records)
        bare = _bare_step(build_trainer(config, build_recognizer(config, manifest), 1), batch)
        controller = Controller(
            build_trainer(config, build_recognizer(config, manifest), 1),
            source,
            RunPlan(steps, 10**9, LOG_EVERY, 10**9),
            Checkpoints(Path(folder) / "checkpoints"),
            offending_batch=Path(folder) / "offending.npz",
        )
        bare()
        ratios = []
        for number in range(1, _ROUNDS.value + 1):
            clock = Clock()
            logs = [
                MetricsLog(Path(folder) / "metrics.csv"),
                TensorBoardLog(Path(folder) / "tensorboard"),
            ]
            controller.plan = dataclasses.replace(controller.plan, total_steps=number * steps)
            controller.run([clock, *logs], verbose=0)
            # The first interval also starts the pipeline.
            loop = _STEPS.value * _BATCH_SIZE.value / (clock.ends[-1] - clock.ends[0])
            alone = _STEPS.value * _BATCH_SIZE.value / _seconds(bare, _STEPS.value)
            ratios.append(loop / alone)
            print(
                f"round {number}: loop {loop:.1f} images/s, bare step {alone:.1f} images/s, "
                f"ratio {ratios[-1]:.3f}"
            )
    print(f"whole loop / bare step, median: {statistics.median(ratios):.3f} (target {TARGET})")


def _bare_step(trainer: Any, batch: dict[str, Any]) -> Callable[[], Any]:
    """A training step written directly in TensorFlow, without the trainer."""
    import tensorflow as tf

    recognizer, optimizer = trainer.recognizer, trainer.optimizer
    variables = recognizer.trainable_variables

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            embeddings = recognizer(batch["image"], training=True)
            loss = recognizer.compute_loss(y=batch["label"], y_pred=embeddings)
        optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)
        return loss

    return step


def _seconds(step: Callable[[], Any], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        loss = step()
    loss.numpy()
    return time.perf_counter() - begun


if __name__ == "__main__":
    run(main)
