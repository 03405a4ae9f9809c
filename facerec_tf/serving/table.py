"""Every form of an export, by name."""

from facerec_tf.core.lookup import Registry
from facerec_tf.serving.export_format import ExportFormat
from facerec_tf.serving.litert import LiteRt
from facerec_tf.serving.onnx import Onnx
from facerec_tf.serving.saved_model import SavedModel
from facerec_tf.serving.xla import XlaSavedModel

EXPORT_FORMATS: Registry[ExportFormat] = Registry(
    {
        "saved_model": SavedModel(),
        "xla": XlaSavedModel(),
        "litert": LiteRt(),
        "onnx": Onnx(),
    },
    "form",
)
