"""Files with lists of names."""

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.curation.names import read_names, write_names

ODD = [
    "Zoë_Ångström",
    'the "great"',
    '"quoted"',
    "Smith, John",
    "two\nlines",
    "\r",
    " padded ",
    "\u2028",
    "\ufeffmarked",
    "日本語",
    "#1",
    "\\n",
]


def test_lists_of_names_come_back(tmp_path):
    write_names(tmp_path / "names.txt", ODD)
    assert read_names(tmp_path / "names.txt") == ODD
    assert (tmp_path / "names.txt").read_text(encoding="utf-8").startswith("Zoë_Ångström\n")


def test_lists_as_people_write_them(tmp_path):
    path = tmp_path / "names.txt"
    path.write_bytes("\ufeffAnn\r\n\r\n  Smith, John  \r\n日本語".encode())
    assert read_names(path) == ["Ann", "Smith, John", "日本語"]
    path.write_text("")
    assert read_names(path) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'Ann\n"Bob\n', "Line 2 of .* is not a JSON string"),
        (b"\xff", "List of names '.*' is not valid UTF-8"),
    ],
)
def test_no_lists_of_names(tmp_path, content, words):
    (tmp_path / "names.txt").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_names(tmp_path / "names.txt")
    with pytest.raises(DataError, match="Cannot read"):
        read_names(tmp_path / "nowhere.txt")
