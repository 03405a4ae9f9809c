"""Every form of an export, by name."""

from facerec_tf.serving.form import Form
from facerec_tf.serving.litert import LiteRt
from facerec_tf.serving.onnx import Onnx
from facerec_tf.serving.saved_model import SavedModel
from facerec_tf.serving.xla import XlaSavedModel

FORMS: dict[str, Form] = {
    "saved_model": SavedModel(),
    "xla": XlaSavedModel(),
    "litert": LiteRt(),
    "onnx": Onnx(),
}
