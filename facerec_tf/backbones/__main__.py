"""`python -m facerec_tf.backbones`: every network, what it costs and how fast it embeds here."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from facerec_tf import command, flags

FLAGS = flags.FLAGS

#: Calls timed; the fastest counts, as what disturbs a call only slows it.
CALLS = 3


def main() -> None:
    """Prints a row for each network as it is measured."""
    from facerec_tf.backbones import BACKBONES, find
    from facerec_tf.backbones.cost import multiply_adds, parameters
    from facerec_tf.models import Recognizer
    from facerec_tf.serving import Embedder

    networks = [find(name) for name in FLAGS.only or BACKBONES]
    width = max(len(network.name) for network in networks)
    print(f"{'name':{width}}  input    embedding  parameters  multiply-adds  images/s  source")
    for network in networks:
        backbone = network()
        size = network.image_size
        encode = Embedder.of_finished(Recognizer(backbone)).encode
        images = np.random.default_rng(0).integers(
            0, 256, (FLAGS.batch_size, *size, 3), dtype=np.uint8
        )
        encode(images)
        fastest = min(_seconds(encode, images) for _ in range(CALLS))
        print(
            f"{network.name:{width}}  {f'{size[0]}×{size[1]}':7}  {network.embedding_size:9}  "
            f"{parameters(backbone) / 1e6:8.2f} M  {multiply_adds(backbone) / 1e9:11.3f} G  "
            f"{FLAGS.batch_size / fastest:8.1f}  {network.source}",
            flush=True,
        )


def _seconds(encode: Callable, images: np.ndarray) -> float:
    begun = time.perf_counter()
    np.asarray(encode(images))
    return time.perf_counter() - begun


if __name__ == "__main__":
    flags.define_backbones_flags()
    command.run(main)
