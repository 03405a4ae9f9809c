"""Names of our networks' layers in other projects, one file per family."""

from __future__ import annotations

from collections.abc import Mapping

from facerec_tf.backbones import Backbone
from facerec_tf.core.errors import ArgumentError
from facerec_tf.pretrained.names import inception_resnet, iresnet, mobilefacenet, vit
from facerec_tf.pretrained.names.naming import Naming

#: Name of a family's builder → file format → names in such files.
NAMINGS: Mapping[str, Mapping[str, Naming]] = {
    "iresnet": {"mxnet": iresnet.MXNET, "pytorch": iresnet.PYTORCH},
    "mobilefacenet": {"mxnet": mobilefacenet.MXNET, "pytorch": mobilefacenet.PYTORCH},
    "vit": {"pytorch": vit.PYTORCH},
    "inception_resnet": {"pytorch": inception_resnet.PYTORCH},
}


def find_naming(backbone: Backbone, format: str) -> Naming:
    """Returns the names of a backbone family's layers in files of a format.

    Raises:
        ArgumentError: If there is no table for that family and format.
    """
    naming = NAMINGS.get(backbone.builder.__name__, {}).get(format)
    if naming is None:
        families = ", ".join(family for family, formats in NAMINGS.items() if format in formats)
        raise ArgumentError(
            f"Argument 'backbone' must be of a family that {format} files are supported for: "
            f"{families}. Received: backbone={backbone.name!r}"
        )
    return naming


__all__ = ["NAMINGS", "Naming", "find_naming"]
