"""Labels of every dtype and shape; those of heads are in tests/conformance/test_labels.py."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.labels import check_labels, check_sample_weight


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "float16", "float64"])
def test_every_numeric_dtype_holds_labels(dtype):
    checked = check_labels(np.array([[2], [0]], dtype), num_classes=1000, rows=2)
    assert checked.values.dtype == tf.int32
    np.testing.assert_array_equal(checked.values, [2, 0])


@pytest.mark.parametrize(
    "labels",
    [
        np.array([2**31]),
        np.array([-(2**31) - 1]),
        np.array([2**64 - 1], "uint64"),
        np.array([np.inf]),
        np.array([np.nan]),
        np.array([0.5]),
    ],
)
def test_without_classes_labels_are_int32(labels):
    with pytest.raises(ArgumentError, match=r"whole numbers in \[-2147483648, 2147483648\)"):
        check_labels(labels)


@pytest.mark.parametrize("labels", [np.array(["a"]), np.array([True]), np.array([1j])])
def test_other_dtypes_are_refused(labels):
    with pytest.raises(ArgumentError, match="'labels' must be sparse integer labels"):
        check_labels(labels)


def test_a_shape_that_keras_has_relaxed():
    values = tf.function(
        lambda labels: check_labels(labels, 3).values, input_signature=[tf.TensorSpec(None)]
    )
    for labels in ([2.0, 0.0], [[2.0], [0.0]]):
        np.testing.assert_array_equal(values(tf.constant(labels)), [2, 0])
    with pytest.raises(tf.errors.InvalidArgumentError):
        values(tf.eye(3))


def test_invalid_rows_become_nan_and_so_do_their_gradients():
    @tf.function(jit_compile=True)
    def slopes(rows, labels):
        with tf.GradientTape() as tape:
            tape.watch(rows)
            marked = check_labels(labels, 3).mark(rows)
        return marked, tape.gradient(marked, rows)

    rows = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    for values in slopes(rows, tf.constant([0, 3])):
        np.testing.assert_array_equal(np.isnan(values), [[False, False], [True, True]])


def test_weights_are_a_column_or_a_vector():
    np.testing.assert_array_equal(check_sample_weight(np.array([[2.0], [3.0]]), 2), [2.0, 3.0])
    with pytest.raises(ArgumentError, match=r"'sample_weight' must be of shape \[3\]"):
        check_sample_weight(np.array([2.0, 3.0]), 3)
