"""The decorator for functions whose elementwise operations XLA fuses into one pass."""

from __future__ import annotations

import functools

import tensorflow as tf

fused = functools.partial(tf.function, jit_compile=True, autograph=False)
