"""Measures the training pipeline against plain OpenCV decoding of the same JPEGs on the same cores.

    python tools/bench/pipeline.py [--data=DIR]

Prints ratios of one run; on a noisy machine only ratios are meaningful.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from absl import flags

from facerec_tf.command import run
from facerec_tf.config import AugmentationConfig
from facerec_tf.data import Manifest, Record, StreamOptions, training_dataset, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.records import read_shard, shard_paths

_DATA = flags.DEFINE_string("data", None, "Folder of records; default: smooth random images.")
_IMAGES = flags.DEFINE_integer("images", 8192, "Images timed per round.", lower_bound=256)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Rounds, of which the best counts.", lower_bound=1)

BATCH_SIZE = 128
TARGET = 0.60
EVERYTHING = AugmentationConfig(
    shift=0.05,
    zoom=0.1,
    rotate_degrees=10.0,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    grayscale=0.1,
    blur=0.1,
    downscale=0.1,
    erase=0.3,
)


def smooth_records(count: int) -> Iterator[Record]:
    """Yields records of smooth random images, which compress about as well as photographs."""
    generator = np.random.default_rng(0)
    for index in range(count):
        small = generator.integers(0, 256, (28, 28, 3), dtype=np.uint8)
        image = cv2.resize(small, (112, 112), interpolation=cv2.INTER_CUBIC)
        yield Record(encode_jpeg(image), index % 64, f"person {index % 64}", f"{index}.jpg")


def opencv_rate(encoded: Sequence[bytes]) -> float:
    """Returns the images per second of OpenCV decoding with one thread per core."""
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        chunks = [
            encoded[start : start + BATCH_SIZE] for start in range(0, len(encoded), BATCH_SIZE)
        ]
        seconds = _timed(lambda: list(pool.map(_decode_all, chunks)))
    return len(encoded) / seconds


def pipeline_rate(
    directory: Path,
    augmentation: AugmentationConfig,
    count: int,
    images_per_identity: int | None = None,
) -> float:
    """Returns the images per second of `training_dataset` after its first batch."""
    # As with a large data set, one record is read per record taken from the full buffer.
    dataset = training_dataset(
        StreamOptions(
            directory, seed=0, shuffle_buffer=1024, images_per_identity=images_per_identity
        ),
        batch_size=BATCH_SIZE,
        augmentation=augmentation,
    )
    batches = iter(dataset)
    next(batches)
    steps = count // BATCH_SIZE
    seconds = _timed(lambda: [next(batches) for _ in range(steps)])
    return steps * BATCH_SIZE / seconds


def measure(directory: Path, count: int, rounds: int) -> dict[str, float]:
    """Returns the best rate of each contestant; they take turns, so that load affects all."""
    shards = shard_paths(directory, [shard.file for shard in Manifest.load(directory).shards])
    records = itertools.chain.from_iterable(read_shard(path) for path in shards)
    encoded = [record.encoded for record in itertools.islice(records, count)]
    encoded = list(itertools.islice(itertools.cycle(encoded), count))
    contestants = {
        "OpenCV decoding": lambda: opencv_rate(encoded),
        "pipeline: read, decode, flip, batch": lambda: pipeline_rate(
            directory, AugmentationConfig(), count
        ),
        "pipeline, 4 images of each identity": lambda: pipeline_rate(
            directory, AugmentationConfig(), count, images_per_identity=4
        ),
        "pipeline with every augmentation": lambda: pipeline_rate(directory, EVERYTHING, count),
    }
    rates = dict.fromkeys(contestants, 0.0)
    for _, (name, rate) in itertools.product(range(rounds), contestants.items()):
        rates[name] = max(rates[name], rate())
    return rates


def _decode_all(chunk: Sequence[bytes]) -> list[np.ndarray]:
    return [cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in chunk]


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Runs the benchmark and prints the ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(_DATA.value or Path(temporary) / "records")
        if not _DATA.value:
            write_records(directory, smooth_records(4096))
        rates = measure(directory, _IMAGES.value, _ROUNDS.value)
    reference = rates["OpenCV decoding"]
    for name, rate in rates.items():
        print(f"{name:36} {rate:8.0f} images/s  {rate / reference:5.2f} x OpenCV")
    print(f"Target: the plain pipeline reaches {TARGET:.2f} x OpenCV.")


if __name__ == "__main__":
    run(main)
