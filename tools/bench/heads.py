"""Times margin heads, forward and backward, against ArcFace's formula as it is usually written.

    python tools/bench/heads.py --batch=128 --dim=512 --classes=100000

A step is logits, losses, and the gradients on embeddings and weights: our heads with their own
losses in training, the textbook's with TensorFlow's own cross-entropy. All steps take turns within
one process and the medians are compared, so that a busy machine slows them alike; peak memory is
read from one fresh process for each of the two it compares.

A head with k centres a class multiplies with k times as many: it is set against a normface with k
times the classes.
"""

from __future__ import annotations

import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from facerec_tf.command import run  # isort: skip  (first, as it silences TensorFlow's greeting)

import keras
import tensorflow as tf
from absl import flags

from facerec_tf import margins
from facerec_tf.core.hyperparameters import hyperparameters

FLAGS = flags.FLAGS

#: Stands between a head's name and the times its classes are taken.
MANY = " ×"

flags.DEFINE_integer("batch", 128, "Embeddings in a step.", lower_bound=1)
flags.DEFINE_integer("dim", 512, "Size of an embedding.", lower_bound=1)
flags.DEFINE_integer("classes", 100_000, "Identities.", lower_bound=2)
flags.DEFINE_integer("repeats", 7, "Timed rounds; the medians are printed.", lower_bound=1)
flags.DEFINE_string("peak_memory_of", None, "Internal: print this head's peak memory and exit.")


class Textbook(keras.layers.Layer):
    """ArcFace as TensorFlow users write it: every step over all classes, and a one-hot mask."""

    def __init__(self, num_classes: int, s: float = 64.0, m: float = 0.5) -> None:
        """Keeps the options, named as in `facerec_tf.margins.ArcFace`."""
        super().__init__()
        self.num_classes = num_classes
        self.s = s
        self.m = m

    def build(self, shape: tuple) -> None:
        """Creates the centres, drawn as our heads draw them."""
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
    """Returns the head of that name, and its function from embeddings and labels to losses."""
    if name == "textbook":
        head = Textbook(FLAGS.classes)
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits
        return head, lambda x, y: cross_entropy(labels=y, logits=head(x, y))
    name, _, times = name.partition(MANY)
    head = margins.get(name, num_classes=FLAGS.classes * int(times or 1))
    return head, lambda x, y: head.loss(x, y, training=True)


def peer_of(name: str) -> str:
    """Returns the normface with as many centres as the head of that name."""
    parameters = hyperparameters(margins.MARGINS[name]) if name in margins.MARGINS else {}
    return f"normface{MANY}{parameters['k']}" if "k" in parameters else "normface"


def make_step(name: str) -> Callable[[], float]:
    """Returns a function that runs one step and returns its seconds; it has run once before."""
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
    """Returns the kilobytes that a fresh process adds to its own start for three steps."""
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = make_step(name)
    for _ in range(2):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - baseline


def peak_memory_in_child(name: str) -> int:
    """Returns `peak_memory(name)` of a process of its own."""
    command = [sys.executable, __file__, f"--peak_memory_of={name}"]
    command += [f"--{size}={FLAGS[size].value}" for size in ("batch", "dim", "classes")]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return int(output.split()[-1])


def main() -> None:
    """Prints the table."""
    if FLAGS.peak_memory_of:
        print(peak_memory(FLAGS.peak_memory_of))
        return
    tf.get_logger().setLevel("ERROR")  # it takes one function for each head for retracing
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
