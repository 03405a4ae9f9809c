"""Batches with identities of unequal size, and the formulas of the losses in NumPy."""

import numpy as np
import tensorflow as tf

from facerec_tf import losses

NUM_CLASSES = 9
EMBEDDING_SIZE = 4

#: Distances of unit vectors from their cosine.
DISTANCES = {
    "squared_euclidean": lambda cosine: 2 - 2 * cosine,
    "euclidean": lambda cosine: np.sqrt(2 - 2 * cosine),
    "angular": np.arccos,
}


def random_batch(sizes=(5, 1, 3, 2, 1, 4), seed=0):
    """Returns shuffled labels, `sizes[i]` times i, and embeddings of many lengths, in float64."""
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(len(sizes)), sizes)).astype("int32")
    embeddings = generator.normal(size=(len(labels), EMBEDDING_SIZE))
    return labels, generator.uniform(0.1, 9.0, size=(len(labels), 1)) * embeddings


def units(vectors):
    """Returns the vectors at unit length."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cosines(embeddings):
    """Returns the cosine of any two embeddings, `[batch, batch]`."""
    return np.clip(units(embeddings) @ units(embeddings).T, -1.0, 1.0)


def make(name, dtype="float64", **options):
    """Returns the loss of that name."""
    return losses.get(name, num_classes=NUM_CLASSES, dtype=dtype, **options)


def requested(loss, labels, seed=7):
    """Returns the inputs `loss` requests: random directions; every other image is correct."""
    centres = units(np.random.default_rng(seed).normal(size=(NUM_CLASSES, EMBEDDING_SIZE)))
    made_up = {"centres": centres[labels], "correct": np.arange(len(labels)) % 2 == 0}
    return [made_up[name] for name in loss.inputs]


def value_and_gradient(loss, labels, embeddings, *inputs, training=False):
    """Returns the loss, and its gradient on the embeddings, in NumPy."""
    x = tf.constant(embeddings, loss.compute_dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(labels, x, *inputs, training=training)
    slope = tape.gradient(value, x, unconnected_gradients="zero")
    return value.numpy(), tf.convert_to_tensor(slope).numpy()


def anchors(labels):
    """Yields each image with the places of its identity's other images, and of all others."""
    for anchor, label in enumerate(labels):
        same = np.flatnonzero(labels == label)
        yield anchor, same[same != anchor], np.flatnonzero(labels != label)


def semi_hard(distances, labels, m):
    """Returns (a, p, n) and loss of each pair's nearest negative beyond it, or the farthest."""
    for a, positives, negatives in anchors(labels):
        for p in positives if len(negatives) else ():
            beyond = [n for n in negatives if distances[a, n] > distances[a, p]]
            n = (
                min(beyond, key=lambda n: distances[a, n])
                if beyond
                else max(negatives, key=lambda n: distances[a, n])
            )
            yield (a, p, n), max(0.0, distances[a, p] - distances[a, n] + m)


def batch_hard(distances, labels, m):
    """Returns (a, p, n) and loss of each anchor's farthest positive and nearest negative."""
    for a, positives, negatives in anchors(labels):
        if len(positives) and len(negatives):
            p = max(positives, key=lambda p: distances[a, p])
            n = min(negatives, key=lambda n: distances[a, n])
            yield (a, p, n), max(0.0, distances[a, p] - distances[a, n] + m)


def batch_all(distances, labels, m):
    """Returns (a, p, n) and loss of each triplet whose loss is positive."""
    for a, positives, negatives in anchors(labels):
        for p in positives:
            for n in negatives:
                loss = distances[a, p] - distances[a, n] + m
                if loss > 0:
                    yield (a, p, n), loss


MINING = {"semi_hard": semi_hard, "batch_hard": batch_hard, "batch_all": batch_all}


def mean(values):
    """Returns the mean; 0 of nothing."""
    values = list(values)
    return sum(values) / max(len(values), 1)
