"""Lists all networks: cost, and images per second on this machine.

    facerec backbones [--only=iresnet50,mbf --batch_size=8]
    facerec backbones iresnet50

The speed is that of embedding, as `facerec evaluate` does it. With a name, describes that network
without measuring it: architecture, cost, and every option with its meaning and default.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from absl import flags

from facerec_tf.core import chief
from facerec_tf.verbs.common import FLAGS

#: Number of timed calls; the fastest counts, because disturbances only make a call slower.
CALLS = 3

USAGE = "facerec backbones [NAME] [flags]"


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_list("only", [], "Networks to list; default: all.")
    flags.DEFINE_integer("batch_size", 8, "Images embedded at once.", lower_bound=1)


def main() -> None:
    """Prints one row per network, as soon as it is measured."""
    from facerec_tf.backbones import BACKBONES, find
    from facerec_tf.backbones.cost import multiply_adds, parameters
    from facerec_tf.models import Recognizer
    from facerec_tf.serving import Embedder

    networks = [find(name) for name in FLAGS.only or BACKBONES]
    width = max(len(network.name) for network in networks)
    chief.emit(f"{'name':{width}}  input    embedding  parameters  multiply-adds  images/s  source")
    for network in networks:
        backbone = network()
        size = network.image_size
        encode = Embedder.of_finished(Recognizer(backbone)).encode
        images = np.random.default_rng(0).integers(
            0, 256, (FLAGS.batch_size, *size, 3), dtype=np.uint8
        )
        encode(images)
        fastest = min(_seconds(encode, images) for _ in range(CALLS))
        chief.emit(
            f"{network.name:{width}}  {f'{size[0]}×{size[1]}':7}  {network.embedding_size:9}  "
            f"{parameters(backbone) / 1e6:8.2f} M  {multiply_adds(backbone) / 1e9:11.3f} G  "
            f"{FLAGS.batch_size / fastest:8.1f}  {network.source}",
        )


def _seconds(encode: Callable, images: np.ndarray) -> float:
    begun = time.perf_counter()
    np.asarray(encode(images))
    return time.perf_counter() - begun
