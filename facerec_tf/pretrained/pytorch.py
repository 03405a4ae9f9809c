"""Reads PyTorch's `state_dict` files without running code that they contain."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.extras import load_extra
from facerec_tf.core.files import sha256
from facerec_tf.core.quote import shortened
from facerec_tf.pretrained.weight_source import WeightSource

#: Keys of the network's arrays in checkpoints, which also contain an optimizer's.
_NESTED = ("state_dict", "state_dict_backbone", "model_state_dict")
#: Prefixes that wrappers add to every name.
_WRAPPERS = re.compile(r"^(module\.|_orig_mod\.)+")
#: Step counter of BatchNorm, on which no output depends.
_STEP_COUNT = "num_batches_tracked"


def read(path: Path) -> WeightSource:
    """Reads the arrays of a `state_dict`, or of a checkpoint that contains one.

    Raises:
        DataError: If the file is damaged, is not a `state_dict`, or could run code when it is read.
        UserError: If PyTorch is not installed.
    """
    state = _load(path)
    for key in _NESTED:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    return WeightSource(path.name, "pytorch", sha256(path), _arrays(state, path))


def _load(path: Path) -> Any:
    torch = load_extra("torch")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = re.search(r"GLOBAL ([\w.]+)|function ([\w.]+)", str(error))
        what = f"'{shortened(reason[1] or reason[2])}'" if reason else "objects other than arrays"
        raise DataError(
            f"PyTorch file '{path}' is refused: it contains {what}, and reading that could run "
            "code. Save only the network's state_dict()."
        ) from error
    except Exception as error:  # A damaged file may raise anything.
        first_sentence = re.split(r"\. |\n", str(error) or type(error).__name__)[0]
        raise DataError(
            f"PyTorch file '{path}' cannot be read: {shortened(first_sentence)}"
        ) from error


def _arrays(state: Any, path: Path) -> dict[str, np.ndarray]:
    torch = load_extra("torch")
    if not isinstance(state, Mapping) or not state:
        raise DataError(
            f"PyTorch file '{path}' contains a {type(state).__name__}, expected a state_dict."
        )
    arrays: dict[str, np.ndarray] = {}
    for key, value in state.items():
        name = _WRAPPERS.sub("", str(key))
        quoted = shortened(repr(name))
        if name.endswith(_STEP_COUNT):
            continue
        if not isinstance(value, torch.Tensor) or not _is_plain(value):
            raise DataError(
                f"PyTorch file '{path}': {quoted} is of type {type(value).__name__}, expected a "
                "dense array. Save only the network's state_dict()."
            )
        # A damaged file may declare a larger array than it contains.
        if value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise DataError(f"PyTorch file '{path}': array {quoted} is larger than its data.")
        if name in arrays:
            raise DataError(f"PyTorch file '{path}': two arrays are named {quoted}.")
        arrays[name] = value.detach().to(torch.float32).numpy()
    return arrays


def _is_plain(tensor: Any) -> bool:
    """Whether a tensor has its numbers in memory: not sparse, quantised or on the meta device."""
    strided = load_extra("torch").strided
    return tensor.layout is strided and not tensor.is_quantized and tensor.device.type == "cpu"
