"""The list of what was left out, and its summary."""

import csv
import re

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.rejected import (
    OTHER,
    PERSON,
    Rejected,
    count_causes,
    require_few_rejected,
    summarize_rejected,
    write_rejected,
)

REJECTED = [
    Rejected("Bob/2.jpg", "too small: the face is 13 pixels wide, fewer than 20"),
    Rejected("Bob/1.jpg", "too small: the face is 12 pixels wide, fewer than 20"),
    Rejected("Bob/3.jpg", "no face was found"),
    Rejected("Bob", "none of the person's images gave a crop", PERSON),
    Rejected("Cem/a.TXT", "it is not an image", OTHER),
    Rejected("Cem/b.txt", "it is not an image", OTHER),
    Rejected("Cem/Thumbs.db", "it is not an image", OTHER),
    Rejected("Cem/README", "it is not an image", OTHER),
]


def test_the_summary_counts_images_people_and_other_files():
    assert summarize_rejected(REJECTED, "out/rejected.csv") == {
        "rejected": "3 files, listed in 'out/rejected.csv' (2 × too small, 1 × no face was found)",
        "people left out": "1, listed in 'out/rejected.csv' ('Bob')",
        "not images": "4 files, listed in 'out/rejected.csv' (2 .txt, 1 .db, 1 without a suffix)",
    }
    assert summarize_rejected([], "x") == {}


def test_of_many_people_a_few_are_named():
    people = [Rejected(name, "x", PERSON) for name in "ABCDE"]
    assert summarize_rejected(people, "x")["people left out"].endswith("('A', 'B', 'C', …)")


def test_control_characters_are_escaped():
    rejected = [Rejected("Bob\n\x1b[2J", "x", PERSON), Rejected("Zoë\r.\x07", "x", OTHER)]
    lines = summarize_rejected(rejected, "x")
    assert lines["people left out"] == r"1, listed in 'x' ('Bob\n\x1b[2J')"
    assert lines["not images"] == r"1 file, listed in 'x' (1 .\x07)"
    with pytest.raises(DataError, match=re.escape(r"'Zoë\r.\x07': x")):
        require_few_rejected(rejected[1:], 1)


def test_equal_counts_are_sorted_by_name():
    causes = [Rejected("1", "b: 1"), Rejected("2", "a"), Rejected("3", "c"), Rejected("4", "c: 2")]
    assert count_causes(causes) == "2 × c, 1 × a, 1 × b"


def test_the_list_is_sorted_and_has_two_columns(tmp_path):
    write_rejected(tmp_path / "rejected.csv", REJECTED)
    with open(tmp_path / "rejected.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["file", "reason"]
    assert rows == sorted([item.file, item.reason] for item in REJECTED)
