"""Records → better records: merge, split, inspect, find overlaps and label errors, clean labels.

Nothing here changes what it reads.
"""

from facerec_tf.curation.cleaned_records import REPORT
from facerec_tf.curation.cleaning import clean_labels

__all__ = ["REPORT", "clean_labels"]
