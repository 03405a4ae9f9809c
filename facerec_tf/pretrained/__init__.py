"""Import of weights that other projects published into the backbones of this package."""

from facerec_tf.pretrained.importing import import_weights
from facerec_tf.pretrained.reader import read_weights
from facerec_tf.pretrained.weight_source import WeightSource

__all__ = ["WeightSource", "import_weights", "read_weights"]
