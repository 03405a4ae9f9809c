"""The results of other implementations, from .npz files; `make parity` regenerates them."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

COMMITTED = Path(__file__).parent / "references"


class Reference(NamedTuple):
    """One case and one implementation; `tools/parity/recording.py` describes the fields."""

    name: str
    theirs: str
    ours: dict
    factor: float
    arrays: dict


def load():
    """Returns all references, those of `make parity` if it says where they are."""
    folder = Path(os.environ.get("FACEREC_PARITY", COMMITTED))
    return [
        reference for name in ("torch", "addons") for reference in _read(folder / f"{name}.npz")
    ]


def _read(path):
    with np.load(path) as file:
        arrays = dict(file)
    for key, options in arrays.items():
        if key.endswith("/options"):
            options = json.loads(str(options))
            keys = options.pop("arrays")
            yield Reference(**options, arrays={name: arrays[key] for name, key in keys.items()})
