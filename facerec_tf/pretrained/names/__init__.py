"""Other projects' names for the layers of our networks, one family a file."""

from __future__ import annotations

from collections.abc import Mapping

from facerec_tf.backbones import Backbone
from facerec_tf.core.errors import ArgumentError
from facerec_tf.pretrained.names import inception_resnet, iresnet, mobilefacenet, vit
from facerec_tf.pretrained.names.naming import Naming

#: Builder of a family → format of a file → names in it.
NAMINGS: Mapping[str, Mapping[str, Naming]] = {
    "iresnet": {"mxnet": iresnet.MXNET, "pytorch": iresnet.PYTORCH},
    "mobilefacenet": {"mxnet": mobilefacenet.MXNET, "pytorch": mobilefacenet.PYTORCH},
    "vit": {"pytorch": vit.PYTORCH},
    "inception_resnet": {"pytorch": inception_resnet.PYTORCH},
}


def find_naming(backbone: Backbone, format: str) -> Naming:
    """Returns the names that files of a format have for the layers of a backbone's family.

    Raises:
        ArgumentError: If none are known.
    """
    naming = NAMINGS.get(backbone.builder.__name__, {}).get(format)
    if naming is None:
        families = ", ".join(family for family, formats in NAMINGS.items() if format in formats)
        raise ArgumentError(
            f"Argument 'backbone' must be of a family whose weights are known in {format} files: "
            f"{families}. Received: backbone={backbone.name!r}"
        )
    return naming


__all__ = ["NAMINGS", "Naming", "find_naming"]
