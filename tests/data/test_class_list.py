"""The identities, compactly."""

import sys

import numpy as np
import pytest

from facerec_tf.data.class_list import ClassEntry, ClassList

ENTRIES = [ClassEntry("Ann", 3), ClassEntry("", 0), ClassEntry("Zoë 日本 \ud800", 2**40)]


def test_is_a_list_of_entries():
    classes = ClassList(ENTRIES)
    assert list(classes) == ENTRIES
    assert len(classes) == 3
    assert classes[2] == classes[-1] == ENTRIES[2]
    assert classes[2].name == ENTRIES[2].name
    assert classes[1:] == ENTRIES[1:]
    assert ENTRIES[0] in classes
    for label in (3, -4):
        with pytest.raises(IndexError):
            classes[label]
    np.testing.assert_array_equal(classes.images, [3, 0, 2**40])
    assert repr(ClassList(ENTRIES[:1])) == "ClassList([ClassEntry(name='Ann', images=3)])"


def test_equality():
    assert ClassList(ENTRIES) == ClassList(tuple(ENTRIES))
    assert ClassList(ENTRIES) != ClassList(ENTRIES[:2])
    assert ClassList([("ab", 1), ("c", 1)]) != ClassList([("a", 1), ("bc", 1)])
    assert ClassList([("a", 1)]) != ClassList([("a", 2)])
    assert ClassList() != []


def test_takes_few_bytes():
    classes = ClassList((f"person {i:06d}", 2) for i in range(100_000))
    parts = (classes._names, classes._ends, classes._images)
    assert sum(map(sys.getsizeof, parts)) < 100_000 * (13 + 16) * 1.2
