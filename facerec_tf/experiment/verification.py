"""Verification accuracy, measured while training."""

from __future__ import annotations

import dataclasses

from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.serving import Embedder, verify_pairs
from facerec_tf.training import Measured, Measurement

#: Column of the verification accuracy, a fraction.
ACCURACY = "verification_accuracy"

_WITHOUT_PAIRS = Measurement(
    name="verification",
    columns=(ACCURACY,),
    averaged=True,
    checkpoint_metric=ACCURACY,
    progress=(ACCURACY,),
)


def verification(run: MeasuredRun) -> Measurement:
    """Accuracy on the run's pairs, with averaged weights; never taken in a run without pairs.

    The best checkpoint is the one of the highest accuracy.
    """
    config, pairs = run.config.evaluation, run.pairs
    if pairs is None:
        return _WITHOUT_PAIRS
    embedder = Embedder.of_recognizer(run.recognizer)

    def measure() -> Measured:
        return Measured({ACCURACY: verify_pairs(embedder, pairs, config.flip_fusion)[0].accuracy})

    every = config.eval_every or run.steps_per_epoch
    return dataclasses.replace(_WITHOUT_PAIRS, every=every, function=measure)
