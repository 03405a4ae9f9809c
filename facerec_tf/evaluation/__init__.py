"""Evaluation of embeddings: scores, verification figures and thresholds."""

from facerec_tf.evaluation.angles import AngleStatistics as AngleStatistics
from facerec_tf.evaluation.angles import angle_statistics as angle_statistics
from facerec_tf.evaluation.report import format_accuracy as format_accuracy
from facerec_tf.evaluation.report import table as table
from facerec_tf.evaluation.report import to_json as to_json
from facerec_tf.evaluation.scores import fuse_flip as fuse_flip
from facerec_tf.evaluation.scores import pair_scores as pair_scores
from facerec_tf.evaluation.threshold import Threshold as Threshold
from facerec_tf.evaluation.unit_length import unit_length as unit_length
from facerec_tf.evaluation.verification import FARS as FARS
from facerec_tf.evaluation.verification import Verification as Verification
from facerec_tf.evaluation.verification import best_threshold as best_threshold
from facerec_tf.evaluation.verification import threshold_at_fmr as threshold_at_fmr
from facerec_tf.evaluation.verification import verify as verify
