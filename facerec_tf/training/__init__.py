"""Training: the inner loop (Trainer), the outer loop (Controller) and their parts."""

from facerec_tf.runs.checkpoints import Checkpoint, Checkpoints
from facerec_tf.training.batch_source import BatchSource, make_sampler
from facerec_tf.training.callbacks import MetricsLog, TensorBoardLog
from facerec_tf.training.controller import Controller, DivergenceError, TerminationError
from facerec_tf.training.layer_rates import layer_rates
from facerec_tf.training.measurement import Measured, Measurement
from facerec_tf.training.optimizers import CoupledSGD, make_optimizer
from facerec_tf.training.progress import Progress
from facerec_tf.training.run_plan import RunPlan
from facerec_tf.training.schedules import WarmUp, make_schedule
from facerec_tf.training.strategy import make_strategy
from facerec_tf.training.trainer import Trainer
from facerec_tf.training.weight_average import WeightAverage
from facerec_tf.training.xla_trial import XlaTrial, try_xla

__all__ = [
    "BatchSource",
    "Checkpoint",
    "Checkpoints",
    "Controller",
    "CoupledSGD",
    "DivergenceError",
    "Measured",
    "Measurement",
    "MetricsLog",
    "Progress",
    "RunPlan",
    "TensorBoardLog",
    "TerminationError",
    "Trainer",
    "WarmUp",
    "WeightAverage",
    "XlaTrial",
    "layer_rates",
    "make_optimizer",
    "make_sampler",
    "make_schedule",
    "make_strategy",
    "try_xla",
]
