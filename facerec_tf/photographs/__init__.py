"""A folder or a table of photographs → aligned crops → records."""

from facerec_tf.photographs.align import align_folder as align_folder
from facerec_tf.photographs.alignment_options import AlignmentOptions as AlignmentOptions
from facerec_tf.photographs.crop_result import crop_photos as crop_photos
from facerec_tf.photographs.photo import Photo as Photo
from facerec_tf.photographs.photo_limits import PhotoLimits as PhotoLimits
from facerec_tf.photographs.rejected import Rejected as Rejected
