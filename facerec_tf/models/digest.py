"""Digest of the weights of a model."""

from __future__ import annotations

import hashlib

import keras
import numpy as np


def weights_digest(model: keras.Model) -> str:
    """Returns the SHA-256 of the weights of `model`, their names and shapes, in hexadecimal."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(f"{weight.path}{tuple(weight.shape)}".encode())
        digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return digest.hexdigest()
