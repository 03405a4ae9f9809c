"""MobileFaceNet in InsightFace's MXNet code (`fmobilefacenet`) and its arcface_torch (`mbf`)."""

from __future__ import annotations

from facerec_tf.pretrained.names.naming import MXNET_ARRAYS, PYTORCH_ARRAYS, Naming, Units
from facerec_tf.pretrained.weight_source import Scaling

_STEM, _STAGE = r"stem_unit(\d+)", r"stage(\d+)_unit(\d+)"


def _block(ours: str, theirs: str, parts: tuple[str, ...], conv: str = "") -> dict[str, str]:
    """Returns the names of a convolution, its BatchNorm and, if `parts` has three, its PReLU.

    Args:
        ours: Prefix of our names, and the full name of the convolution unless `conv` is given.
        theirs: Prefix of their names.
        parts: Suffixes of their names: convolution, BatchNorm, PReLU.
        conv: Our name of the convolution.
    """
    names = (conv or ours, f"{ours}_bn", f"{ours}_prelu")
    return {name: theirs + part for name, part in zip(names, parts, strict=False)}


_MXNET_BLOCK = ("_conv2d", "_batchnorm", "_relu")
_MXNET_PARTS = {
    **_block("expand", "_conv_sep", _MXNET_BLOCK),
    **_block("depthwise", "_conv_dw", _MXNET_BLOCK),
    **_block("project", "_conv_proj", _MXNET_BLOCK[:2]),
}

MXNET = Naming(
    arrays=MXNET_ARRAYS,
    layers={
        **_block("stem", "conv_1", _MXNET_BLOCK, conv="stem_conv"),
        **_block("stem_depthwise", "conv_2_dw", _MXNET_BLOCK),
        **_block("last", "conv_6sep", _MXNET_BLOCK, conv="last_conv"),
        **_block("head", "conv_6dw7_7", _MXNET_BLOCK[:2], conv="head_depthwise"),
        "head_fc": "pre_fc1",
        "embedding": "fc1",
    },
    rules=(
        Units(_STEM, lambda unit: f"res_2_block{unit - 1}", _MXNET_PARTS),
        Units(
            _STAGE,
            lambda stage, unit: (
                f"dconv_{stage + 1}{stage + 2}" if unit == 1 else f"res_{stage + 2}_block{unit - 2}"
            ),
            _MXNET_PARTS,
        ),
    ),
    scaling=Scaling.of(mean=127.5, std=128.0),
    epsilon=1e-3,
    epsilons={"embedding": 2e-5},
    fixed_gammas=frozenset({"fc1"}),
    aliases={"pre_fc1_weight": "fc1_weight"},
    ignored="fc7_.*",
)

_PYTORCH_BLOCK = (".layers.0", ".layers.1", ".layers.2")
_PYTORCH_PARTS = {
    **_block("expand", ".layers.0", _PYTORCH_BLOCK),
    **_block("depthwise", ".layers.1", _PYTORCH_BLOCK),
    **_block("project", ".layers.2", _PYTORCH_BLOCK[:2]),
}

PYTORCH = Naming(
    arrays=PYTORCH_ARRAYS,
    layers={
        **_block("stem", "layers.0", _PYTORCH_BLOCK, conv="stem_conv"),
        **_block("stem_depthwise", "layers.1", _PYTORCH_BLOCK),
        "stem_grouped": "layers.1.layers.0",
        **_block("last", "conv_sep", _PYTORCH_BLOCK, conv="last_conv"),
        **_block("head", "features.layers.0", _PYTORCH_BLOCK[:2], conv="head_depthwise"),
        "head_fc": "features.layers.2",
        "embedding": "features.layers.3",
    },
    rules=(
        Units(_STEM, lambda unit: f"layers.1.layers.{unit - 1}", _PYTORCH_PARTS),
        Units(
            _STAGE,
            lambda stage, unit: (
                f"layers.{2 * stage}" if unit == 1 else f"layers.{2 * stage + 1}.layers.{unit - 2}"
            ),
            _PYTORCH_PARTS,
        ),
    ),
    scaling=Scaling.of(mean=127.5, std=127.5),
    epsilon=1e-5,
)
