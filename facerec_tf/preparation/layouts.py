# STUB by the lead, until the helper's file lands: overwrite it.
from facerec_tf.preparation.tree import find_photos
LAYOUTS = {"folders": find_photos}
