"""Face detectors, five-point alignment and quality limits: photograph → aligned crops."""

from facerec_tf.alignment.aligner import Aligned as Aligned
from facerec_tf.alignment.aligner import Aligner as Aligner
from facerec_tf.alignment.detector import Detector as Detector
from facerec_tf.alignment.face import Face as Face
from facerec_tf.alignment.face import RejectedFaceError as RejectedFaceError
from facerec_tf.alignment.quality import QualityGates as QualityGates
from facerec_tf.alignment.similarity import crop as crop
from facerec_tf.alignment.similarity import similarity_transform as similarity_transform
from facerec_tf.alignment.table import DETECTORS as DETECTORS
from facerec_tf.alignment.table import FACENET_TEMPLATES as FACENET_TEMPLATES
from facerec_tf.alignment.table import POLICIES as POLICIES
from facerec_tf.alignment.table import TEMPLATES as TEMPLATES
from facerec_tf.alignment.templates import ARCFACE_112 as ARCFACE_112
from facerec_tf.alignment.templates import Template as Template
from facerec_tf.alignment.templates import facenet_template as facenet_template
