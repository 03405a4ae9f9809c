"""Other projects' weights: readers of their files, and the way into our backbones."""

from facerec_tf.pretrained.importing import import_weights
from facerec_tf.pretrained.reader import read_weights
from facerec_tf.pretrained.source import Source

__all__ = ["Source", "import_weights", "read_weights"]
