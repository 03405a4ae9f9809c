"""Records the results of TensorFlow Addons (TFA), in float32, the only dtype of its losses.

    .venv-parity-addons/bin/python tools/parity/reference_addons.py --output=build/parity/addons.npz

`make parity` creates that environment from `requirements-addons.txt`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from recording import Batch, Case, Recording, make_batch, make_descent, run

warnings.filterwarnings("ignore")  # Its end-of-life notice is long.

import tensorflow as tf  # noqa: E402
import tensorflow_addons as tfa  # noqa: E402

#: Takes labels `[batch]` and unit embeddings `[batch, DIM]`; returns a scalar.
Function = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

#: Some pairs have no negative farther than the positive; the second batch has more such pairs.
FULL = make_batch(seed=4, pull=(-0.5, 1.5))
SPREAD = make_batch(seed=6, pull=(-2.0, 2.0))


def angles(unit: tf.Tensor) -> tf.Tensor:
    """Returns the angles between unit vectors, in radians: their "angular" is 1 − cos θ."""
    # Clipped for the slope of a vector with itself; no other two vectors are as close.
    return tf.acos(tf.clip_by_value(tf.matmul(unit, unit, transpose_b=True), -0.9999, 0.9999))


#: Our name → their name, and a margin.
DISTANCES = {
    "squared_euclidean": ("squared-L2", 0.6),
    "euclidean": ("L2", 0.2),
    "angular": (angles, 0.35),
}


def differentiate(function: Function, batch: Batch) -> dict[str, Any]:
    """Returns inputs, value, and gradient on the embeddings before they get unit length."""
    embeddings = tf.constant(batch.embeddings, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        value = function(tf.constant(batch.labels), tf.math.l2_normalize(embeddings, axis=1))
    return {
        "embeddings": batch.embeddings,
        "labels": batch.labels,
        "value": value.numpy(),
        "embeddings_gradient": tape.gradient(value, embeddings).numpy(),
    }


def triplets() -> Iterator[tuple[Case, Function, Batch]]:
    """Yields the triplet losses."""
    # TripletHardLoss pairs an anchor without a positive with itself, and ours ignores it: only full
    # batches are compared.
    for theirs, mining, batches in (
        ("TripletHardLoss", "batch_hard", {"full": FULL, "spread": SPREAD}),
        ("TripletSemiHardLoss", "semi_hard", {"full": FULL, "spread": SPREAD, "few": FULL.head(9)}),
    ):
        loss = getattr(tfa.losses, theirs)
        for name, (distance, m) in DISTANCES.items():
            ours = {"triplet": {"m": m, "mining": mining, "distance": name}}
            for size, batch in batches.items():
                case = Case(f"addons_{mining}_{name}_{size}", f"TFA {theirs}", ours)
                yield case, loss(margin=m, distance_metric=distance), batch
        # 1 − cos θ is half the squared distance, so both values are halved.
        ours = {"triplet": {"m": 0.2, "mining": mining, "distance": "squared_euclidean"}}
        case = Case(f"addons_{mining}_cosine", f"TFA {theirs}", ours, factor=2.0)
        yield case, loss(margin=0.1, distance_metric="angular"), FULL


def contrastive() -> Iterator[tuple[Case, Function, Batch]]:
    """Yields the contrastive loss: theirs per pair, ours the mean over each kind of pair."""

    def value_at(margin: float) -> Function:
        loss = tfa.losses.ContrastiveLoss(margin, reduction=tf.keras.losses.Reduction.NONE)

        def value(labels: tf.Tensor, unit: tf.Tensor) -> tf.Tensor:
            first, second = np.triu_indices(len(labels), k=1)
            distance = tf.norm(tf.gather(unit, first) - tf.gather(unit, second), axis=1)
            same = tf.gather(labels, first) == tf.gather(labels, second)
            terms = loss(tf.cast(same, tf.float32), distance)
            return sum(tf.reduce_mean(terms[kind]) for kind in (same, ~same))

        return value

    for m, batch in ((1.0, FULL), (1.4, FULL), (1.0, FULL.head(9))):
        case = f"addons_contrastive_{m}_of_{len(batch.labels)}"
        yield Case(case, "TFA ContrastiveLoss", {"contrastive": {"m": m}}), value_at(m), batch


def optimizers() -> Iterator[tuple[Case, dict[str, np.ndarray]]]:
    """Yields the weights `[STEPS + 1, 12]` along a descent, before and after every step."""
    start, gradients = make_descent(seed=5)
    rate, decay = 0.1, 0.05
    # The rate does not multiply their decay; it multiplies ours.
    both = {"lr": rate, "weight_decay": decay}
    sgd = {**both, "momentum": 0.9, "decay": "decoupled"}
    theirs = tfa.optimizers
    for name, optimizer, ours in (
        ("sgdw", theirs.SGDW(rate * decay, rate, momentum=0.9), {"sgd": sgd}),
        ("adamw", theirs.AdamW(rate * decay, rate), {"adamw": both}),
        # Their decay is inside the trust ratio, that of Keras and ours outside.
        ("lamb", theirs.LAMB(rate, epsilon=1e-7), {"lamb": {**both, "weight_decay": 0.0}}),
    ):
        weights = tf.Variable(start)
        path = [start]
        for gradient in gradients:
            optimizer.apply_gradients([(tf.constant(gradient), weights)])
            path.append(weights.numpy())
        case = Case(f"addons_{name}", f"TFA {type(optimizer).__name__}", ours)
        yield case, {"gradients": gradients, "weights": np.stack(path)}


def record(recording: Recording) -> None:
    """Adds all cases."""
    tf.get_logger().setLevel("ERROR")  # it mistakes every case for a retracing
    for family in (triplets, contrastive):
        for case, function, batch in family():
            recording.add(case, differentiate(function, batch))
    for case, arrays in optimizers():
        recording.add(case, arrays)


if __name__ == "__main__":
    run(record)
