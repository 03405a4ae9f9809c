"""Class centres: products in NumPy, updates, and heads on another kind of storage."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.angles import l2_normalize
from facerec_tf.margins import MARGINS, base, get, similarity
from facerec_tf.margins.centres import Centres
from facerec_tf.margins.sub_centres import SubCentres
from tests.margins.formulas import EMBEDDING_SIZE, NUM_CLASSES, random_batch


def add_variable(name, shape, initializer):
    return keras.Variable(initializer, shape=shape, dtype="float64", name=name)


def make(kind=Centres, per_class=1):
    """Returns centres with random values, and these as NumPy `[d, per_class, classes]`."""
    centres = kind(add_variable, EMBEDDING_SIZE, NUM_CLASSES, per_class)
    shape = (EMBEDDING_SIZE, per_class, NUM_CLASSES)
    values = np.random.default_rng(4).normal(size=shape)
    centres.matrix.assign(values.reshape(EMBEDDING_SIZE, -1))
    return centres, values


def test_products_are_lengths_times_cosines():
    points, labels, _ = random_batch()
    centres, values = make()
    unit = values[:, 0] / np.linalg.norm(values[:, 0], axis=0)
    rows = np.arange(len(labels))
    products, target = centres.products_with_target(tf.constant(points), labels)
    np.testing.assert_allclose(centres.products(tf.constant(points)), points @ unit, rtol=1e-9)
    np.testing.assert_allclose(products, points @ unit, rtol=1e-9)
    np.testing.assert_allclose(target, (points @ unit)[rows, labels], rtol=1e-9)
    np.testing.assert_allclose(centres.own(tf.constant(points), labels), unit.T[labels], rtol=1e-9)


def test_linear_products_keep_the_lengths():
    points, labels, _ = random_batch()
    centres, values = make()
    expected = points @ values[:, 0]
    products, target, length = centres.linear_with_target(tf.constant(points), labels)
    np.testing.assert_allclose(centres.linear(tf.constant(points)), expected, rtol=1e-9)
    np.testing.assert_allclose(products, expected, rtol=1e-9)
    np.testing.assert_allclose(target, expected[np.arange(len(labels)), labels], rtol=1e-9)
    np.testing.assert_allclose(length, np.linalg.norm(values[:, 0], axis=0)[labels], rtol=1e-9)


def test_of_several_centres_the_nearest_counts():
    points, labels, _ = random_batch()
    centres, values = make(SubCentres, per_class=3)
    unit = values / np.linalg.norm(values, axis=0)
    by_centre = np.einsum("bd,dkc->bkc", points, unit)
    rows = np.arange(len(labels))
    products, target = centres.products_with_target(tf.constant(points), labels)
    np.testing.assert_allclose(products, by_centre.max(axis=1), rtol=1e-9)
    np.testing.assert_allclose(target, by_centre.max(axis=1)[rows, labels], rtol=1e-9)
    nearest = by_centre[rows, :, labels].argmax(axis=1)
    expected = unit[:, nearest, labels].T
    np.testing.assert_allclose(centres.own(tf.constant(points), labels), expected, rtol=1e-9)


def test_centres_move_to_the_means_of_their_points():
    points, _, _ = random_batch()
    labels = np.arange(len(points)) % 5
    centres, values = make()
    centres.move_to_means(tf.constant(points), tf.constant(labels), rate=0.25)
    expected = values[:, 0].copy()
    for label in range(5):
        expected[:, label] += 0.25 * (points[labels == label].mean(axis=0) - expected[:, label])
    np.testing.assert_allclose(centres.matrix, expected, rtol=1e-9, atol=1e-12)


class RowCentres:
    """Centres stored as rows, `[num_classes, embedding_size]`."""

    def __init__(self, add_variable, embedding_size, num_classes, per_class=1):
        self.matrix = add_variable(
            name="centres", shape=(num_classes, embedding_size), initializer="zeros"
        )

    def _columns(self):
        return tf.transpose(tf.convert_to_tensor(self.matrix))

    def products(self, points):
        return similarity.project(points, self._columns())

    def products_with_target(self, points, labels):
        return similarity.project_with_target(points, self._columns(), labels)

    def linear(self, points):
        return tf.matmul(points, self._columns())

    def linear_with_target(self, points, labels):
        return similarity.multiply_with_target(points, self._columns(), labels)

    def own(self, points, labels):
        return l2_normalize(tf.gather(tf.convert_to_tensor(self.matrix), labels))

    def point(self, directions):
        self.matrix.assign(directions)

    def move_to_means(self, points, labels, rate):
        for label in np.unique(labels):
            mean = tf.reduce_mean(points[labels == label], axis=0)
            old = tf.convert_to_tensor(self.matrix)[label]
            moved = [[old + rate * (mean - old)]]
            self.matrix.assign(tf.tensor_scatter_nd_update(self.matrix.value, [[[label]]], moved))


@pytest.mark.parametrize("name", MARGINS)
def test_no_head_depends_on_how_its_centres_are_stored(name, monkeypatch):
    embeddings, labels, centres = random_batch()
    labels = tf.constant(labels.astype("int32"))
    options = {"k": 1} if name == "subcenter_arcface" else {}
    keras.utils.set_random_seed(0)
    dense = get(name, num_classes=NUM_CLASSES, dtype="float64", **options)
    dense.build((None, EMBEDDING_SIZE))
    monkeypatch.setattr(base, "Centres", RowCentres)
    keras.utils.set_random_seed(0)
    rows = get(name, num_classes=NUM_CLASSES, dtype="float64", **options)
    rows.build((None, EMBEDDING_SIZE))
    dense.centres.assign(centres)
    rows.centres.assign(centres.T)
    for _ in range(2):
        ours, theirs = (head(embeddings, labels, training=True) for head in (rows, dense))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    np.testing.assert_allclose(rows(embeddings), dense(embeddings), rtol=1e-9)
    np.testing.assert_allclose(
        rows.own_centres(embeddings, labels), dense.own_centres(embeddings, labels), rtol=1e-9
    )
    np.testing.assert_allclose(rows.centres.numpy().T, dense.centres, rtol=1e-9)
