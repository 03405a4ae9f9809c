"""Training, evaluation and export of recognizers, assembled from the other packages."""

from facerec_tf.experiment.build import build_recognizer, with_batch_size
from facerec_tf.experiment.evaluate import evaluate
from facerec_tf.experiment.export import export
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.experiment.measurements import MEASUREMENTS
from facerec_tf.experiment.train import train
from facerec_tf.runs import RunFolder, load_keras, load_recognizer
from facerec_tf.serving import load_embedder

__all__ = [
    "MEASUREMENTS",
    "MeasuredRun",
    "RunFolder",
    "build_recognizer",
    "evaluate",
    "export",
    "load_embedder",
    "load_keras",
    "load_recognizer",
    "train",
    "with_batch_size",
]
