"""Makes the package's classes known to Keras without importing them.

`keras.models.load_model` looks up the classes that a file names in a table which
`keras.saving.register_keras_serializable` fills when a class is defined. The public names of this
package are imported on first use, so that table would be empty after `import facerec_tf`. It is
therefore given placeholders, which import a class when it is first used. They are entered as soon
as Keras has been imported, before or after this package.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any

from facerec_tf.core.keras_backend import require_tensorflow_backend

#: Name of the package in the names that Keras gives to registered classes.
_PACKAGE = "facerec_tf"

#: Module → the registered classes that it defines.
CLASSES: dict[str, tuple[str, ...]] = {
    "alignment.warp": ("FaceWarp",),
    "backbones.attention": ("Attention",),
    "backbones.batch_norm": ("BatchNorm",),
    "backbones.drop_path": ("DropPath",),
    "backbones.dropout": ("Dropout",),
    "backbones.fit_pixels": ("FitPixels",),
    "backbones.grouped_conv": ("GroupedConv2D",),
    "backbones.l2_pooling": ("L2Pooling",),
    "backbones.local_response_norm": ("LocalResponseNorm",),
    "backbones.maxout": ("Maxout",),
    "backbones.position_embed": ("PositionEmbed",),
    "backbones.prelu": ("PReLU",),
    "backbones.token_drop": ("TokenDrop",),
    "backbones.token_restore": ("TokenRestore",),
    "losses.base": ("EmbeddingLoss",),
    "losses.center": ("Center",),
    "losses.circle": ("Circle",),
    "losses.contrastive": ("Contrastive",),
    "losses.feature_incay": ("FeatureIncay",),
    "losses.inter": ("Inter",),
    "losses.intra": ("Intra",),
    "losses.ring": ("Ring",),
    "losses.triplet": ("Triplet",),
    "margins.adacos": ("AdaCos",),
    "margins.adaface": ("AdaFace",),
    "margins.airface": ("AirFace",),
    "margins.arcface": ("ArcFace",),
    "margins.arcnegface": ("ArcNegFace",),
    "margins.base": ("MarginLayer",),
    "margins.coco": ("COCO",),
    "margins.combined": ("Combined",),
    "margins.cosface": ("CosFace",),
    "margins.curricularface": ("CurricularFace",),
    "margins.elasticface": ("ElasticFace",),
    "margins.l2softmax": ("L2Softmax",),
    "margins.lsoftmax": ("LSoftmax",),
    "margins.magface": ("MagFace",),
    "margins.mv_softmax": ("MVSoftmax",),
    "margins.normface": ("NormFace",),
    "margins.softmax": ("Softmax",),
    "margins.sphereface": ("SphereFace",),
    "margins.sphereface2": ("SphereFace2",),
    "margins.sphereface_r": ("SphereFaceR",),
    "margins.subcenter_arcface": ("SubCenterArcFace",),
    "margins.uniface": ("UniFace",),
    "models.objective": ("Objective",),
    "models.recognizer": ("Recognizer",),
    "training.optimizers": ("CoupledSGD",),
    "training.schedules": ("WarmUp",),
}


class DeferredClass:
    """Stands for a class until it is first used: called, or asked for an attribute.

    Importing the class replaces this object in Keras' table by the class itself.

    Args:
        module: Name of the module that defines the class.
        name: Name of the class.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Creates an instance of the class."""
        return self._load()(*arguments, **named)

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._load(), attribute)

    def __repr__(self) -> str:
        return f"<{self._module}.{self._name}, imported on first use>"

    def _load(self) -> type:
        return getattr(importlib.import_module(self._module), self._name)


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Finds Keras as the other finders do, and registers the classes once it is imported."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns the module spec of Keras, and None for every other module."""
        if name != "keras":
            return None
        others = [f for f in sys.meta_path if f is not self and hasattr(f, "find_spec")]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: types.ModuleType) -> None:
            require_tensorflow_backend()  # It may have been set since this package was imported.
            execute(module)
            _register(module)

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]  # one module's
        return spec


def register_deferred() -> None:
    """Registers the classes with Keras, now or as soon as it is imported."""
    keras = sys.modules.get("keras")
    if keras is not None:
        _register(keras)
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())


def _register(keras: types.ModuleType) -> None:
    known = keras.saving.get_custom_objects()
    for module, names in CLASSES.items():
        for name in names:
            deferred = DeferredClass(f"{_PACKAGE}.{module}", name)
            known.setdefault(f"{_PACKAGE}>{name}", deferred)
