"""Labels are checked by every head and loss: eager, in a graph, and compiled by XLA."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from tests.conformance.cases import EMBEDDING_SIZE, NUM_CLASSES, every_class, make_objective

OUTSIDE = [NUM_CLASSES, -1, NUM_CLASSES + 100]


def invalid(objective, labels):
    """Yields labels with one that is a fraction, or outside the range of a loss with classes."""
    wrong = [2.5, np.nan] + (OUTSIDE if objective.num_classes else [])
    for value in wrong:
        changed = labels.astype("float32")
        changed[2] = value
        yield changed


@every_class
def test_invalid_labels_are_refused(name, options, batch):
    embeddings, labels = batch
    objective = make_objective(name, options)
    signature = [tf.TensorSpec([None]), tf.TensorSpec([None, EMBEDDING_SIZE])]
    graph = tf.function(lambda y, x: objective(y, x), input_signature=signature)
    for wrong in invalid(objective, labels):
        with pytest.raises(ArgumentError, match="'labels' must be whole numbers in"):
            objective(wrong, embeddings)
        with pytest.raises(tf.errors.InvalidArgumentError, match="must be whole numbers in"):
            graph(wrong, embeddings)


@every_class
def test_xla_makes_the_loss_of_invalid_labels_nan(name, options, batch):
    embeddings, labels = batch
    objective = make_objective(name, options)
    compiled = tf.function(lambda y, x: objective(y, x), jit_compile=True)
    right = compiled(tf.constant(labels, tf.float32), embeddings)
    np.testing.assert_allclose(right, objective(labels, embeddings), rtol=1e-4)
    for wrong in invalid(objective, labels):
        assert np.isnan(compiled(tf.constant(wrong), embeddings))


@every_class
def test_a_column_of_labels_and_whole_floats_are_labels(name, options, batch):
    embeddings, labels = batch
    objective = make_objective(name, options)
    expected = objective(labels, embeddings)
    for same in (labels[:, np.newaxis], labels.astype("float64"), labels.astype("uint8")):
        np.testing.assert_array_equal(objective(same, embeddings), expected)


@every_class
def test_one_hot_labels_are_refused(name, options, batch):
    embeddings, labels = batch
    with pytest.raises(ArgumentError, match=r"sparse integer labels .* \(8, 10\)"):
        make_objective(name, options)(np.eye(NUM_CLASSES, dtype="float32")[labels], embeddings)
