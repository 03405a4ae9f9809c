"""Measures the forward and backward pass of margin heads against a textbook ArcFace.

    python tools/bench/heads.py --batch=128 --dim=512 --classes=100000

A step computes logits, losses, and the gradients of embeddings and weights: the kit's heads with
their own training losses, the textbook formula with TensorFlow's cross-entropy. All heads run
alternately in one process, so that load affects all of them, and the medians are compared. Peak
memory is measured in a new process for each of the two heads that it compares.

A head with k centres per class multiplies by k times as many centres, so it is compared with a
normface of k times as many classes.
"""

from __future__ import annotations

import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from facerec_tf.command import run  # isort: skip  (first: it silences TensorFlow)

import keras
import tensorflow as tf
from absl import flags

from facerec_tf import margins
from facerec_tf.core.hyperparameters import hyperparameters

FLAGS = flags.FLAGS

#: Separates the name of a head from the factor of its number of classes.
MANY = " ×"

flags.DEFINE_integer("batch", 128, "Embeddings per step.", lower_bound=1)
flags.DEFINE_integer("dim", 512, "Size of an embedding.", lower_bound=1)
flags.DEFINE_integer("classes", 100_000, "Number of identities.", lower_bound=2)
flags.DEFINE_integer("repeats", 7, "Timed rounds; the medians are printed.", lower_bound=1)
flags.DEFINE_string("peak_memory_of", None, "Internal: print this head's peak memory and exit.")


class Textbook(keras.layers.Layer):
    """ArcFace as it is usually written: margin on all classes, selected by a one-hot mask."""

    def __init__(self, num_classes: int, s: float = 64.0, m: float = 0.5) -> None:
        """Stores the parameters, named as in `facerec_tf.margins.ArcFace`."""
        super().__init__()
        self.num_classes = num_classes
        self.s = s
        self.m = m

    def build(self, shape: tuple) -> None:
        """Creates the centres, initialised as those of the kit's heads."""
        self.centres = self.add_weight(
            name="centres",
            shape=(shape[-1], self.num_classes),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
        )

    def call(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the logits `[batch, num_classes]`."""
        points = tf.nn.l2_normalize(embeddings, axis=1)
        centres = tf.nn.l2_normalize(tf.convert_to_tensor(self.centres), axis=0)
        cosine = tf.matmul(points, centres)
        sine = tf.sqrt(tf.maximum(1.0 - cosine**2, 1e-7))
        shifted = cosine * math.cos(self.m) - sine * math.sin(self.m)
        fallback = cosine - self.m * math.sin(self.m)
        shifted = tf.where(cosine > math.cos(math.pi - self.m), shifted, fallback)
        mask = tf.one_hot(labels, depth=self.num_classes)
        return tf.where(mask == 1.0, shifted, cosine) * self.s


def make_head(name: str) -> tuple[keras.layers.Layer, Callable]:
    """Returns a head by name, and its function from embeddings and labels to losses."""
    if name == "textbook":
        head = Textbook(FLAGS.classes)
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits
        return head, lambda x, y: cross_entropy(labels=y, logits=head(x, y))
    name, _, times = name.partition(MANY)
    head = margins.get(name, num_classes=FLAGS.classes * int(times or 1))
    return head, lambda x, y: head.loss(x, y, training=True)


def peer_of(name: str) -> str:
    """Returns the name of the normface with as many centres as the head `name`."""
    parameters = hyperparameters(margins.MARGINS[name]) if name in margins.MARGINS else {}
    return f"normface{MANY}{parameters['k']}" if "k" in parameters else "normface"


def make_step(name: str) -> Callable[[], float]:
    """Returns a function that runs one step and returns its seconds; it is already compiled."""
    embeddings = tf.random.normal([FLAGS.batch, FLAGS.dim])
    labels = tf.random.uniform([FLAGS.batch], maxval=FLAGS.classes, dtype=tf.int32)
    head, losses = make_head(name)
    head.build((FLAGS.batch, FLAGS.dim))

    @tf.function
    def step(embeddings: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            loss = tf.reduce_mean(losses(embeddings, labels))
        return loss, *tape.gradient(loss, [embeddings, *head.trainable_variables])

    def timed() -> float:
        start = time.perf_counter()
        loss, *_ = step(embeddings, labels)
        loss.numpy()
        return time.perf_counter() - start

    timed()
    return timed


def peak_memory(name: str) -> int:
    """Returns the peak memory of three steps in kilobytes, beyond that of a new process."""
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = make_step(name)
    for _ in range(2):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - baseline


def peak_memory_in_child(name: str) -> int:
    """Returns `peak_memory(name)`, measured in a new process."""
    command = [sys.executable, __file__, f"--peak_memory_of={name}"]
    command += [f"--{size}={FLAGS[size].value}" for size in ("batch", "dim", "classes")]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(output.split()[-1])


def main() -> None:
    """Prints the table."""
    if FLAGS.peak_memory_of:
        print(peak_memory(FLAGS.peak_memory_of))
        return
    tf.get_logger().setLevel(
        "ERROR"
    )  # It warns of retracing, because each head has its own function.
    names = ["textbook", *margins.MARGINS]
    names += sorted({peer for peer in map(peer_of, names) if peer not in names})
    memory = {name: peak_memory_in_child(name) for name in ("textbook", "arcface")}
    steps = {name: make_step(name) for name in names}
    rounds = [{name: step() for name, step in steps.items()} for _ in range(FLAGS.repeats)]
    seconds = {name: statistics.median(r[name] for r in rounds) for name in names}

    print(f"batch {FLAGS.batch}, d {FLAGS.dim}, {FLAGS.classes} classes: median of {len(rounds)}")
    print(f"{'head':<20}{'ms/step':>10}{'normface = 1':>15}{'textbook is slower by':>24}")
    for name in names:
        relative = seconds[name] / seconds[peer_of(name)]
        gain = seconds["textbook"] / seconds[name]
        print(f"{name:<20}{1e3 * seconds[name]:>10.0f}{relative:>15.2f}{gain:>24.2f}")
    ratio = memory["arcface"] / memory["textbook"]
    print(
        f"peak memory: arcface {memory['arcface'] / 1024:.0f} MB, "
        f"textbook {memory['textbook'] / 1024:.0f} MB, ratio {ratio:.2f}"
    )


if __name__ == "__main__":
    run(main)
