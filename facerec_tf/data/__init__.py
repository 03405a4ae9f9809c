"""Records, manifest, pairs and the training pipeline."""

from facerec_tf.data.augmentation import NUM_DRAWS as NUM_DRAWS
from facerec_tf.data.augmentation import augment as augment
from facerec_tf.data.checks import describe_error as describe_error
from facerec_tf.data.checks import explain as explain
from facerec_tf.data.checks import name_bad_records as name_bad_records
from facerec_tf.data.checks import preflight as preflight
from facerec_tf.data.manifest import Manifest as Manifest
from facerec_tf.data.manifest import Selection as Selection
from facerec_tf.data.pairs import Pair as Pair
from facerec_tf.data.pairs import PairSet as PairSet
from facerec_tf.data.pairs import find_pairs as find_pairs
from facerec_tf.data.pairs import write_pair_set as write_pair_set
from facerec_tf.data.pipeline import training_dataset as training_dataset
from facerec_tf.data.records import Record as Record
from facerec_tf.data.writer import new_directory as new_directory
from facerec_tf.data.writer import write_records as write_records
