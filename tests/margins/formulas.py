"""What the heads compute, written once more in NumPy, and a batch to compute it on."""

import numpy as np

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


def make(name, centres, **options):
    """Returns the float64 head of that name with these centres."""
    head = margins.get(name, num_classes=centres.shape[1], dtype="float64", **options)
    head.build((None, centres.shape[0]))
    head.centres.assign(centres)
    return head


def cosines(embeddings, centres):
    """Returns cos θ of every embedding to every centre, `[batch, classes]`."""
    embeddings = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return embeddings @ (centres / np.linalg.norm(centres, axis=0))


def expected_logits(embeddings, labels, centres, scale, margin):
    """Returns scale · cos θ with `margin(θ)` in place of cos θ at each row's label."""
    logits = cosines(embeddings, centres)
    for row, label in enumerate(labels):
        logits[row, label] = margin(np.arccos(logits[row, label]))
    return logits * np.broadcast_to(scale, len(labels))[:, None]


def check(head, margin, scale=64.0, seed=0):
    """Asserts that `head` follows `margin(θ)` with labels, and cos θ without."""
    embeddings, labels, centres = random_batch(seed)
    head.centres.assign(centres)
    scale = np.linalg.norm(embeddings, axis=1) if scale is None else scale
    expected = expected_logits(embeddings, labels, centres, scale, margin)
    np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7, atol=1e-6)
    plain = expected_logits(embeddings, labels, centres, scale, np.cos)
    np.testing.assert_allclose(head(embeddings), plain, rtol=1e-9, atol=1e-9)


def psi(theta, m):
    """Returns SphereFace's ψ(θ), by walking up from k = 0."""
    k = 0
    while m * theta > (k + 1) * np.pi:
        k += 1
    return (-1) ** k * np.cos(m * theta) - 2 * k
