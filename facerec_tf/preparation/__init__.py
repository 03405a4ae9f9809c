"""From whatever a user has to verified records: photographs, archives, other kits' formats."""

from facerec_tf.preparation.align import align_folder as align_folder
from facerec_tf.preparation.alignment_options import AlignmentOptions as AlignmentOptions
from facerec_tf.preparation.outcome import crop_all as crop_all
from facerec_tf.preparation.photos import Photo as Photo
from facerec_tf.preparation.photos import Rejected as Rejected
