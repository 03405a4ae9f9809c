"""The decorator for functions whose elementwise steps XLA is to melt into one pass."""

from __future__ import annotations

import functools

import tensorflow as tf

fused = functools.partial(tf.function, jit_compile=True, autograph=False)
