"""Verification accuracy, measured while training."""

from __future__ import annotations

import dataclasses

from facerec_tf.evaluation import format_accuracy
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.serving import Embedder, verify_pairs
from facerec_tf.training import Measured, Measurement

#: Column of the verification accuracy, a fraction.
ACCURACY = "verification_accuracy"
#: Column of its standard deviation over the folds.
ACCURACY_STD = "verification_accuracy_std"

_WITHOUT_PAIRS = Measurement(
    name="verification",
    columns=(ACCURACY, ACCURACY_STD),
    averaged=True,
    checkpoint_metric=ACCURACY,
    progress=(ACCURACY, ACCURACY_STD),
    text=lambda values: f"verification {format_accuracy(*values.values())}",
)


def verification(run: MeasuredRun) -> Measurement:
    """Accuracy on the run's pairs, with averaged weights; never taken in a run without pairs.

    The best checkpoint is the one of the highest accuracy. The pairs are embedded as `evaluate`
    embeds them, in float32 with folded batch normalization, so that the figures are equal.
    """
    config, pairs = run.config.evaluation, run.pairs
    if pairs is None:
        return _WITHOUT_PAIRS

    def measure() -> Measured:
        embedder = Embedder.of_finished(run.recognizer)
        found, _ = verify_pairs(embedder, pairs, config.flip_fusion)
        return Measured({ACCURACY: found.accuracy, ACCURACY_STD: found.accuracy_std})

    every = config.eval_every or run.steps_per_epoch
    return dataclasses.replace(_WITHOUT_PAIRS, every=every, function=measure)
