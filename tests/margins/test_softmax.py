"""Softmax is `W·x + b`."""

import numpy as np

from tests.margins.formulas import make, random_batch


def test_is_linear_with_and_without_labels():
    embeddings, labels, centres = random_batch()
    head = make("softmax", centres)
    bias = np.linspace(-1.0, 1.0, centres.shape[1])
    head.bias.assign(bias)
    expected = embeddings @ centres + bias
    np.testing.assert_allclose(head(embeddings, labels), expected)
    np.testing.assert_allclose(head(embeddings), expected)
