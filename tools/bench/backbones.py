"""Measures training and embedding against PyTorch running the same layers on the same machine.

    python tools/bench/backbones.py [--backbones=iresnet18,iresnet50,mbf --batch_size=32 --rounds=5]

A training step is the forward and backward pass of the backbone and a softmax over 1000 identities,
and the update of SGD with momentum. This kit's step is that of `Trainer`, without and with XLA
(`--xla=auto` selects the faster); PyTorch's is eager. Embedding is measured as
`facerec_tf.evaluate` computes it, and with every format of `facerec_tf.export`. Each contestant has
its own process, because two frameworks in one process compete for threads and memory. They run
alternately; on a noisy machine only the ratios are meaningful, which are medians over the rounds.
Needs the extra `torch`, and 13 GB of memory for iresnet50.

PyTorch is faster if glibc keeps freed memory: set MALLOC_MMAP_THRESHOLD_=4294967296 and
MALLOC_TRIM_THRESHOLD_=8589934592 in the environment, which applies to every contestant. The speed
of this kit hardly changes.
"""

from __future__ import annotations

import functools
import itertools
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from facerec_tf.command import run  # isort: skip  (first: it silences TensorFlow)

import keras
import numpy as np
import tensorflow as tf
from absl import flags

from facerec_tf import backbones, margins, serving
from facerec_tf.core.errors import UserError
from facerec_tf.core.extras import load_extra
from facerec_tf.core.lookup import require_known
from facerec_tf.models import Recognizer
from facerec_tf.training import Trainer

FLAGS = flags.FLAGS

#: TensorFlow does not work in forked processes.
SPAWN = multiprocessing.get_context("spawn")

IDENTITIES = 1000
LEARNING_RATE, MOMENTUM = 0.01, 0.9

#: Batches timed per turn, after one that refills the caches.
BATCHES = 3

#: A contestant that is this many times slower than PyTorch is timed only once.
MUCH = 10

#: Minimum ratio of images per second to PyTorch.
TARGETS = {
    "train": {"iresnet18": 1.1, "iresnet50": 1.1, "mbf": 1.0},
    "embed": {"iresnet18": 1.2, "iresnet50": 1.2, "mbf": 1.0},
}

flags.DEFINE_list("backbones", ["iresnet18", "iresnet50", "mbf"], "Networks to measure.")
flags.DEFINE_list("what", list(TARGETS), "What to measure.")
flags.DEFINE_list("forms", list(serving.EXPORT_FORMATS), "Export formats to measure.")
flags.DEFINE_integer("batch_size", 32, "Images per step.", lower_bound=1)
flags.DEFINE_integer("rounds", 5, "Timed rounds; the medians are printed.", lower_bound=1)
flags.DEFINE_boolean("xla", True, "Measure training with XLA, too.")

#: Name → seconds per batch, in each round.
Times = dict[str, list[float]]


class Contestant:
    """A process that runs batches on request.

    Args:
        prepare: Function of this module that returns the function that runs a batch.
        *args: Arguments of `prepare`, which is called in the process.
    """

    def __init__(self, prepare: Callable[..., Callable[[], Any]], *args: Any) -> None:
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(target=_serve, args=(theirs, prepare, args), daemon=True)
        self._process.start()
        theirs.close()

    def seconds(self, batches: int = BATCHES) -> float:
        """Returns the mean seconds per batch; the first batch compiles.

        Raises:
            UserError: If the process died.
        """
        try:
            self._pipe.send(batches)
            return self._pipe.recv()
        except (EOFError, OSError) as error:
            raise UserError("A process ended early; it may have run out of memory.") from error

    def stop(self) -> None:
        """Ends the process."""
        self._process.terminate()
        self._process.join()


def _serve(pipe: Connection, prepare: Callable[..., Callable[[], Any]], args: tuple) -> None:
    run_batch = prepare(*args)
    while True:
        batches = pipe.recv()
        run_batch()
        begun = time.perf_counter()
        for _ in range(batches):
            run_batch()
        pipe.send((time.perf_counter() - begun) / batches)


def take_turns(contestants: dict[str, Contestant]) -> Times:
    """Returns the seconds per batch of each contestant in every round, and stops them.

    A contestant that is much slower than PyTorch is timed only once.
    """
    try:
        times: Times = {name: [c.seconds(batches=1)] for name, c in contestants.items()}
        limit = MUCH * times["PyTorch"][0]
        lasting = {name: c for name, c in contestants.items() if times[name][0] <= limit}
        for name, contestant in lasting.items():
            contestant.seconds()  # PyTorch allocates memory in its first batches.
            times[name].clear()
        for _ in range(FLAGS.rounds):
            for name, contestant in lasting.items():
                times[name].append(contestant.seconds())
        return times
    finally:
        for contestant in contestants.values():
            contestant.stop()


def training(name: str, images: np.ndarray) -> dict[str, Contestant]:
    """Returns the contestants in training: PyTorch, and this kit without and with XLA."""
    labels = np.arange(len(images), dtype=np.int32) % IDENTITIES
    contestants = {
        "PyTorch": Contestant(torch_step, name, images, labels),
        "plain": Contestant(our_step, name, images, labels, False),
    }
    if FLAGS.xla:
        contestants["XLA"] = Contestant(our_step, name, images, labels, True)
    return contestants


def embedding(name: str, images: np.ndarray, folder: Path) -> dict[str, Contestant]:
    """Returns the contestants in embedding: PyTorch, `evaluate`, and exports in `folder`."""
    forms = [form for form in FLAGS.forms if is_installed(form)]
    for form in forms:
        write_export(name, folder / form, form)
    return {
        "PyTorch": Contestant(torch_embedding, name, images),
        "evaluate": Contestant(our_embedding, name, images),
        **{form: Contestant(exported_embedding, folder / form, images) for form in forms},
    }


def is_installed(form: str) -> bool:
    """Returns whether the format can be written and run; prints what is missing if not."""
    try:
        serving.EXPORT_FORMATS[form].require_installed()
    except UserError as error:
        print(f"{form} is left out: {error}")
        return False
    return True


def our_step(name: str, images: np.ndarray, labels: np.ndarray, xla: bool) -> Callable[[], Any]:
    """Returns a training step of `Trainer`, always on the same batch."""
    recognizer = Recognizer(backbones.get(name), margins.Softmax(IDENTITIES))
    optimizer = keras.optimizers.SGD(LEARNING_RATE, MOMENTUM)
    optimizer.build(recognizer.trainable_variables)
    trainer = Trainer(recognizer, optimizer, xla=xla)
    batch = tf.data.Dataset.from_tensors({"image": images, "label": labels}).cache().repeat()
    batches, one = iter(batch), tf.constant(1)
    return lambda: trainer.run(batches, one)["loss"].numpy()


def torch_step(name: str, images: np.ndarray, labels: np.ndarray) -> Callable[[], Any]:
    """Returns a training step of PyTorch, on images that are already scaled."""
    import torch

    torch.set_num_threads(os.cpu_count())
    backbone = torch_networks()[name]().train()
    pixels, targets = torch_pixels(images), torch.from_numpy(labels.astype(np.int64))
    head = torch.nn.Linear(backbone(pixels[:2]).shape[1], IDENTITIES)
    parameters = [p for p in [*backbone.parameters(), *head.parameters()] if p.requires_grad]
    momenta = [torch.zeros_like(parameter) for parameter in parameters]

    def step() -> float:
        loss = torch.nn.functional.cross_entropy(head(backbone(pixels)), targets)
        loss.backward()
        # As torch.optim.SGD, which cannot be imported beside TensorFlow (two copies of LLVM).
        with torch.no_grad():
            for parameter, momentum in zip(parameters, momenta, strict=True):
                momentum.mul_(MOMENTUM).add_(parameter.grad)
                parameter.add_(momentum, alpha=-LEARNING_RATE)
                parameter.grad = None
        return loss.item()

    return step


def our_embedding(name: str, images: np.ndarray) -> Callable[[], np.ndarray]:
    """Returns the function that evaluation runs."""
    embed = serving.inference_function(backbones.get(name))
    return lambda: embed(images).numpy()


def torch_embedding(name: str, images: np.ndarray) -> Callable[[], np.ndarray]:
    """Returns PyTorch's embedding function, on images that are already scaled."""
    import torch

    torch.set_num_threads(os.cpu_count())
    network, pixels = torch_networks()[name]().eval(), torch_pixels(images)

    def embed() -> np.ndarray:
        with torch.inference_mode():
            return network(pixels).numpy()

    return embed


def exported_embedding(folder: Path, images: np.ndarray) -> Callable[[], np.ndarray]:
    """Returns the embedding function of an export."""
    embedder = serving.Embedder(folder, batch_size=len(images))
    return lambda: embedder.embed(images)


def write_export(name: str, folder: Path, form: str) -> None:
    """Exports the network in a process of its own, as tf2onnx takes 12 GB for iresnet50."""
    with ProcessPoolExecutor(1, SPAWN) as pool:
        pool.submit(_export, name, folder, form).result()


def _export(name: str, folder: Path, form: str) -> None:
    serving.export(backbones.get(name), folder, form=form)


@functools.cache
def torch_networks() -> dict[str, Callable[[], Any]]:
    """Returns the builders of PyTorch's networks, by the names of this kit's.

    Raises:
        UserError: If PyTorch is not installed, or cannot be imported.
    """
    load_extra("torch")
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from tools.torch_networks.iresnet import UNITS, IResNet
    from tools.torch_networks.mobilefacenet import MobileFaceNet

    iresnet = functools.partial(IResNet, dropout=0.4)
    return {
        "mbf": MobileFaceNet,
        "iresnet_nano": functools.partial(iresnet, (1, 2, 2, 1), (16, 32, 64, 128), 256),
        **{name: functools.partial(iresnet, units) for name, units in UNITS.items()},
    }


def torch_pixels(images: np.ndarray) -> Any:
    """Returns scaled images in PyTorch's layout `[batch, 3, h, w]`."""
    import torch

    scaled = (images.astype(np.float32) - 127.5) / 127.5
    return torch.from_numpy(np.ascontiguousarray(scaled.transpose(0, 3, 1, 2)))


def ratio(times: Times, name: str) -> float:
    """Returns the speed of `name` relative to PyTorch."""
    pairs = zip(times["PyTorch"], times[name], strict=False)
    return statistics.median(torch / own for torch, own in pairs)


def show(title: str, times: Times) -> None:
    """Prints one line per contestant, with every round."""
    for name, rounds in times.items():
        rates = " ".join(f"{FLAGS.batch_size / s:.1f}" for s in rounds)
        print(
            f"{title:<20}{name:<12}{ratio(times, name):>6.2f} x PyTorch   images/s: {rates}",
            flush=True,
        )


def row(what: str, backbone: str, times: Times, candidates: Iterable[str]) -> str:
    """Returns the row of the table in docs/measurements.md for the fastest of `candidates`."""
    best = max(candidates, key=lambda name: ratio(times, name))
    torch, ours = (FLAGS.batch_size / statistics.median(times[n]) for n in ("PyTorch", best))
    target = TARGETS.get(what, {}).get(backbone)
    return (
        f"| `{backbone}` | {what} | {torch:.1f} | {ours:.1f} ({best}) | {ratio(times, best):.2f} | "
        f"{f'≥ {target:.1f}' if target else '–'} |"
    )


def measure(name: str, what: str) -> list[str]:
    """Prints every round of one measurement, and returns its rows of the table."""
    size = (FLAGS.batch_size, *backbones.find(name).image_size, 3)
    images = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    if what == "train":
        times = take_turns(training(name, images))
        show(f"{name} train", times)
        return [row("train", name, times, [n for n in times if n != "PyTorch"])]
    with tempfile.TemporaryDirectory() as folder:
        times = take_turns(embedding(name, images, Path(folder)))
    show(f"{name} embed", times)
    rows = [row("embed", name, times, ("evaluate",))]
    if exported := [form for form in FLAGS.forms if form in times]:
        rows.append(row("best export", name, times, exported))
    return rows


def main() -> None:
    """Prints every round, and the table for docs/measurements.md."""
    for argument, known in KNOWN.items():
        for name in FLAGS[argument].value:
            require_known(name, known(), argument)
    print(
        f"{os.cpu_count()} cores, PyTorch {version('torch')}, TensorFlow {tf.__version__}; "
        f"batches of {FLAGS.batch_size}, medians of {FLAGS.rounds} rounds",
        flush=True,
    )
    tasks = itertools.product(FLAGS.backbones, FLAGS.what)
    rows = [row for task in tasks for row in measure(*task)]
    print("\n| backbone | what | PyTorch, images/s | ours, images/s | ratio | target |")
    print("|---|---|---|---|---|---|")
    print(*rows, sep="\n")


#: Flag → function that returns the names it accepts.
KNOWN = {
    "backbones": torch_networks,
    "what": lambda: TARGETS,
    "forms": lambda: serving.EXPORT_FORMATS,
}

if __name__ == "__main__":
    run(main)
