"""Compares writing and reading records with plain copies of the same bytes.

    python tools/bench/records.py [--data=DIR] [--images=20000]

There are two copies: of the images as single files, as in a folder of crops, and of the finished
shards, which is the upper limit. Only the ratios of one run are meaningful: absolute rates vary
with the load of the machine. With `--identities=1000000`, measures instead the memory that writing
and reading the records of so many identities takes.
"""

from __future__ import annotations

import itertools
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from absl import flags

from facerec_tf.command import run
from facerec_tf.data import Manifest, Record, write_records
from facerec_tf.data.records import read_shard, shard_paths

_DATA = flags.DEFINE_string("data", None, "Folder of records; default: random bytes.")
_IMAGES = flags.DEFINE_integer("images", 20_000, "Images per round.", lower_bound=100)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Rounds, of which the best counts.", lower_bound=1)
_IDENTITIES = flags.DEFINE_integer("identities", 0, "Measure memory with so many, 2 images each.")

TARGET = 0.50
FILES, SHARDS = "copy of the images as files", "copy of the shards"


def random_records(count: int) -> Iterator[Record]:
    """Yields records of random bytes, of the size of JPEGs of aligned crops."""
    generator = np.random.default_rng(0)
    for index in range(count):
        label = index % 100
        encoded = generator.bytes(int(generator.integers(3000, 7000)))
        yield Record(encoded, label, f"person {label}", f"person {label}/{index}.jpg")


def stored_records(directory: Path, count: int) -> list[Record]:
    """Returns `count` records of a folder, repeated if it has fewer."""
    shards = shard_paths(directory, [shard.file for shard in Manifest.load(directory).shards])
    own = list(itertools.islice(itertools.chain.from_iterable(map(read_shard, shards)), count))
    return list(itertools.islice(itertools.cycle(own), count))


def measure(records: Sequence[Record], rounds: int, scratch: Path) -> dict[str, float]:
    """Returns the best rate of each contestant in images per second; they take turns."""
    images, data = scratch / "images", scratch / "records"
    images.mkdir()
    for index, record in enumerate(records):
        (images / str(index)).write_bytes(record.encoded)
    manifest = write_records(data, records)

    def copy_shards() -> None:
        for shard in manifest.shards:
            shutil.copyfile(data / shard.file, scratch / "copy.tfrecord")

    def read() -> None:
        for shard in manifest.shards:
            for _ in read_shard(data / shard.file):
                pass

    contestants = {
        FILES: lambda: shutil.copytree(
            images, tempfile.mkdtemp(dir=scratch), copy_function=shutil.copyfile, dirs_exist_ok=True
        ),
        SHARDS: copy_shards,
        "writing records": lambda: write_records(tempfile.mkdtemp(dir=scratch), records),
        "reading records": read,
    }
    rates = dict.fromkeys(contestants, 0.0)
    for _, (name, work) in itertools.product(range(rounds), contestants.items()):
        rates[name] = max(rates[name], len(records) / _timed(work))
    return rates


def peak_memory() -> float:
    """Returns the peak memory of this process in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure_memory(identities: int, scratch: Path) -> dict[str, float]:
    """Returns the peak memory after each operation on many identities."""
    records = (
        Record(b"\xff\xd8 tiny \xff\xd9", label, f"person {label:07d}", f"{label}/{image}.jpg")
        for label in range(identities)
        for image in range(2)
    )
    peaks = {"TensorFlow and this package": peak_memory()}
    write_records(scratch / "records", records)
    peaks["records written"] = peak_memory()
    manifest = Manifest.load(scratch / "records")
    peaks["manifest read"] = peak_memory()
    manifest.save(scratch)
    peaks["manifest written again"] = peak_memory()
    manifest.select(2)
    peaks["identities selected"] = peak_memory()
    return peaks


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> None:
    """Runs the benchmark and prints the ratios."""
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        if _IDENTITIES.value:
            for name, peak in measure_memory(_IDENTITIES.value, scratch).items():
                print(f"{name:28} {peak:8.0f} MB at most")
            return
        count = _IMAGES.value
        stored = _DATA.value and stored_records(Path(_DATA.value), count)
        rates = measure(stored or list(random_records(count)), _ROUNDS.value, scratch)
    for name, rate in rates.items():
        print(
            f"{name:28} {rate:8.0f} images/s  {rate / rates[FILES]:6.2f} x files  "
            f"{rate / rates[SHARDS]:6.2f} x shards"
        )
    print(f"Target: {TARGET:.2f} x a plain copy of the files.")


if __name__ == "__main__":
    run(main)
