"""Decides whether XLA compiles a run: as configured, or by a trial of its own steps."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.files import atomic_file, read_json
from facerec_tf.runs.run_folder import RunFolder
from facerec_tf.training import Controller, try_xla


def choose_xla(config: ExperimentConfig, folder: RunFolder, controller: Controller) -> str | None:
    """Sets the trainer's `xla` and returns the reason, or None if the configuration decides.

    The result of a trial is stored in the run folder. A run that is resumed on the same device with
    the same batch size is compiled as before, and therefore continues exactly.
    """
    trainer, training = controller.trainer, config.training
    trainer.xla = training.xla == "on"
    if training.xla != "auto":
        return None
    replicas = trainer.strategy.num_replicas_in_sync
    if replicas > 1:
        return f"off: {replicas} devices train together"
    case = {
        "backbone": trainer.recognizer.backbone.name,
        "device": _device(),
        "batch_size": training.batch_size,
        "precision": training.precision,
    }
    known = read_json(folder.xla, "XLA timings") if folder.xla.exists() else {}
    if {name: known.get(name) for name in case} != case or not _is_result(known):
        known = {**case, **_measure(controller)}
        with atomic_file(folder.xla) as path:
            path.write_text(json.dumps(known, indent=2) + "\n")
    trainer.xla = known["xla"]
    return known["reason"]


def _is_result(known: Mapping[str, Any]) -> bool:
    return isinstance(known.get("xla"), bool) and isinstance(known.get("reason"), str)


def _measure(controller: Controller) -> dict[str, object]:
    steps = controller.plan.total_steps - controller.step
    trial = try_xla(controller.trainer, controller.source.batch_at(controller.step))
    if trial is None:
        return {"xla": False, "reason": "off: XLA cannot compile this network"}
    pays = trial.pays(steps)
    reason = (
        f"{'on' if pays else 'off'}: {trial.compiled:.3f} s per pass compiled, {trial.plain:.3f} s "
        f"not compiled, {trial.compilation:.0f} s to compile, {steps:,} steps left"
    )
    return {"xla": pays, "reason": reason, "seconds": dataclasses.asdict(trial)}


def _device() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return f"CPU, {os.cpu_count()} cores"
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", gpus[0].name)
