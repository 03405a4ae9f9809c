"""A folder or a table of photographs → aligned crops → records."""

from facerec_tf.photographs.align import align_folder as align_folder
from facerec_tf.photographs.alignment_options import AlignmentOptions as AlignmentOptions
from facerec_tf.photographs.outcome import crop_all as crop_all
from facerec_tf.photographs.photo import Photo as Photo
from facerec_tf.photographs.photo import Rejected as Rejected
