"""Wrong labels, left out or mended by a recognizer with several centres an identity.

Data flows through the modules in this order: source → judge → survey → verdict → write → summary.
The mathematics is in `facerec_tf.evaluation.label_noise`.
"""

from facerec_tf.cleaning.clean import clean_labels
from facerec_tf.cleaning.write import REPORT

__all__ = ["REPORT", "clean_labels"]
