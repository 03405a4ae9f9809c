"""The measurements that a training run takes unless it is given others.

A measurement is a function of a `MeasuredRun` that returns a `Measurement`, in a file of its own
and with a line in `MEASUREMENTS`.
"""

from __future__ import annotations

from collections.abc import Callable

from facerec_tf.experiment.angles import angles
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.experiment.verification import verification
from facerec_tf.training import Measurement

#: Builds the measurement of a run.
MakeMeasurement = Callable[[MeasuredRun], Measurement]

#: In the order of their columns in metrics.csv.
MEASUREMENTS: tuple[MakeMeasurement, ...] = (
    verification,
    angles,
)
