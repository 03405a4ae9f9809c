"""Spellings of a name, and lists of names."""

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.curation.names import normalize_name, read_names, write_names

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë_Ångström", "zoe angstrom"),
        ("Zoe\u0308_A\u030angstro\u0308m", "ZOE ÅNGSTRÖM"),
        ("O'Neil, Jean-Luc", "o_neil.jean luc"),
        ("  Bob__  Smith.", "bob smith"),
        ("Straße", "STRASSE"),
        ("ﬁsher", "FISHER"),
        ("Ｔａｎａｋａ", "tanaka"),
        ("Βίκυ", "ΒΙΚΥ"),
    ],
)
def test_spellings_of_one_name(one, other):
    assert normalize_name(one) == normalize_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "Anna"),
        ("Mary Ann", "Maryann"),
        ("が", "か"),
        ("राम", "रमा"),
        ("---", "___"),
        ("0001", "1"),
        ("", " "),
    ],
)
def test_different_names(one, other):
    assert normalize_name(one) != normalize_name(other)


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
