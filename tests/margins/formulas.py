"""The formulas of the heads in NumPy, and a batch to evaluate them on."""

import numpy as np
import tensorflow as tf

from facerec_tf import margins

NUM_CLASSES = 12
EMBEDDING_SIZE = 6


def random_batch(seed=0, batch=64):
    """Returns embeddings of many lengths, labels, and centres, in float64."""
    generator = np.random.default_rng(seed)
    lengths = generator.uniform(0.1, 9.0, size=(batch, 1))
    embeddings = lengths * generator.normal(size=(batch, EMBEDDING_SIZE))
    centres = generator.normal(size=(EMBEDDING_SIZE, NUM_CLASSES))
    labels = generator.integers(0, NUM_CLASSES, size=batch)
    return embeddings, labels, centres


def make(name, centres, num_classes=None, **options):
    """Returns the float64 head of that name with these centres, by default one per class."""
    num_classes = num_classes or centres.shape[1]
    head = margins.get(name, num_classes=num_classes, dtype="float64", **options)
    head.build((None, centres.shape[0]))
    head.centres.assign(centres)
    return head


def cosines(embeddings, centres):
    """Returns cos θ of every embedding to every centre, `[batch, classes]`."""
    embeddings = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings @ (centres / np.linalg.norm(centres, axis=0))


def own_angles(embeddings, labels, centres):
    """Returns the angle θ of every embedding to its own centre, `[batch]`."""
    return np.arccos(cosines(embeddings, centres)[np.arange(len(labels)), labels])


def with_targets(cosine, labels, targets, scale, negative=None):
    """Returns scale · cos θ with `targets` `[batch]` in place of cos θ at each row's label.

    Elsewhere `negative(cos θ_j, target)`, if given, takes the place of cos θ_j.
    """
    logits = cosine.copy()
    for row, label in enumerate(labels):
        if negative:
            logits[row] = [negative(other, targets[row]) for other in cosine[row]]
        logits[row, label] = targets[row]
    return logits * np.broadcast_to(scale, len(labels))[:, None]


def expected_logits(embeddings, labels, centres, scale, margin, negative=None):
    """Returns the logits of `margin(θ)` for the own class; the rest as `with_targets`."""
    targets = [margin(theta) for theta in own_angles(embeddings, labels, centres)]
    return with_targets(cosines(embeddings, centres), labels, targets, scale, negative)


def check(head, margin, scale=64.0, seed=0, negative=None):
    """Asserts that `head` follows the formulas with labels, and cos θ without."""
    embeddings, labels, centres = random_batch(seed)
    head.centres.assign(centres)
    scale = np.linalg.norm(embeddings, axis=1) if scale is None else scale
    expected = expected_logits(embeddings, labels, centres, scale, margin, negative)
    np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7, atol=1e-6)
    plain = expected_logits(embeddings, labels, centres, scale, np.cos)
    np.testing.assert_allclose(head(embeddings), plain, rtol=1e-9, atol=1e-9)


def psi(theta, m):
    """Returns SphereFace's ψ(θ), by walking up from k = 0."""
    k = 0
    while m * theta > (k + 1) * np.pi:
        k += 1
    return (-1) ** k * np.cos(m * theta) - 2 * k


def arc(m):
    """Returns ArcFace's θ → cos(θ + m), with the fallback of its code past π − m."""
    return lambda theta: np.cos(theta + m) if theta < np.pi - m else np.cos(theta) - m * np.sin(m)


def cross_entropies(logits, labels):
    """Returns −log softmax at each row's label, `[batch]`."""
    logits = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


def sigmoid(z):
    """Returns 1/(1 + e^−z)."""
    return 1 / (1 + np.exp(-z))


def binary_cross_entropies(logits, labels, own=1.0, others=1.0):
    """Returns own·log(1 + e^−z_y) + others·Σ log(1 + e^z_j), `[batch]`."""
    is_own = np.arange(logits.shape[1]) == labels[:, None]
    losses = np.where(is_own, own * np.logaddexp(0, -logits), others * np.logaddexp(0, logits))
    return losses.sum(axis=1)


def gradient(head, embeddings, labels, training=None, weights=None):
    """Returns the gradient of the sum, or of the weighted sum, of the logits on the embeddings."""
    x = tf.constant(embeddings)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = head(x, labels, training=training)
        total = tf.reduce_sum(logits if weights is None else weights * logits)
    return tape.gradient(total, x).numpy()


def slope_on_target(head, embeddings, labels):
    """Returns d logit / d cos θ of the own class, found through a rotation of the embedding."""
    x = tf.constant(embeddings)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        unit = x / tf.norm(x, axis=1, keepdims=True)
        centres = head.centres / tf.norm(tf.convert_to_tensor(head.centres), axis=0)
        cosine = tf.reduce_sum(unit * tf.gather(tf.transpose(centres), labels), axis=1)
        target = tf.gather(head(x, labels), labels, axis=1, batch_dims=1)
    ours, theirs = tape.gradient(target, x), tape.gradient(cosine, x)
    np.testing.assert_allclose(
        ours * tf.norm(theirs, axis=1)[:, None],
        theirs * tf.reduce_sum(ours * theirs, axis=1)[:, None] / tf.norm(theirs, axis=1)[:, None],
        atol=1e-5,
    )
    return tf.reduce_sum(ours * theirs, axis=1) / tf.reduce_sum(theirs**2, axis=1)
