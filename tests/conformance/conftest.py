"""One batch that every property is tested on."""

import numpy as np
import pytest

from tests.conformance.cases import EMBEDDING_SIZE, NUM_CLASSES


@pytest.fixture
def batch():
    """Eight embeddings, some of one class, and their labels."""
    generator = np.random.default_rng(7)
    embeddings = generator.normal(size=(8, EMBEDDING_SIZE)).astype("float32")
    labels = np.array([0, 3, 3, 9, 5, 0, 3, 7], "int32")
    assert labels.max() < NUM_CLASSES
    return embeddings, labels
