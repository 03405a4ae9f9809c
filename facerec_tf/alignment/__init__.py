"""From photographs to aligned crops: five landmarks, one similarity transform."""

from facerec_tf.alignment.similarity import TEMPLATE_112 as TEMPLATE_112
from facerec_tf.alignment.similarity import TEMPLATE_NAME as TEMPLATE_NAME
from facerec_tf.alignment.similarity import crop as crop
from facerec_tf.alignment.similarity import similarity_transform as similarity_transform
