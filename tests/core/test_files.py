import hashlib
import os

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import (
    atomic_directory,
    atomic_file,
    read_bytes,
    read_csv,
    read_json,
    read_text,
    sha256,
)


def test_a_file_appears_only_when_its_block_ends_well(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"

    with pytest.raises(IsADirectoryError), atomic_file(path) as temporary:
        temporary.write_text("half") and tmp_path.write_text("fails")
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_folder_appears_only_when_its_block_ends_well(tmp_path):
    path = tmp_path / "folder"
    with atomic_directory(path) as temporary:
        (temporary / "a").write_text("1")
    with pytest.raises(IsADirectoryError), atomic_directory(path) as temporary:
        (temporary / "b").write_text("2") and tmp_path.write_text("fails")
    assert [p.name for p in path.iterdir()] == ["a"]
    with atomic_directory(path) as temporary:
        (temporary / "b").write_text("2")
    assert [p.name for p in path.iterdir()] == ["b"]
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_the_digest_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_text_is_utf8_with_or_without_a_byte_order_mark(tmp_path):
    path = tmp_path / "names.txt"
    path.write_bytes("\ufeffÅsa\r\nBo\n".encode())
    assert read_text(path, bom=True) == "Åsa\nBo\n"
    assert read_text(path) == "\ufeffÅsa\nBo\n"


@pytest.mark.parametrize("read", [read_text, read_csv])
def test_files_that_cannot_be_read_are_named(tmp_path, read):
    missing, latin = tmp_path / "missing", tmp_path / "latin"
    latin.write_bytes("name\nÅsa\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"^Cannot read split file '.*missing': No such file"):
        read(missing, "split file")
    with pytest.raises(DataError, match=r"^Split file '.*latin' is not valid UTF-8: .*position 5"):
        read(latin, "split file")
    with pytest.raises(DataError, match=r"^'.*latin' is not valid UTF-8"):
        read(latin)


def test_rows_of_csv_have_line_numbers(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text('a,b\n1,"two\nlines"\n\n3,4\n')
    rows = [(3, ["1", "two\nlines"]), (4, []), (5, ["3", "4"])]
    assert read_csv(path, header=("a", "b")) == rows
    assert read_csv(path) == [(1, ["a", "b"]), *rows]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,c\n", r"^Pairs '.*' must begin with the header a,b\. Found: a,c"),
        ("", r"^Pairs '.*' must begin with the header a,b\. Found: an empty file"),
        ("a,b\n" + "x" * 131_073 + ",2\n", r"^Line 2 of pairs '.*' is not valid CSV: field larger"),
        ('a,b\n1,"2"3\n', r"^Line 2 of pairs '.*' is not valid CSV"),
    ],
)
def test_damaged_csv_is_refused(tmp_path, text, message):
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_csv(path, "pairs", header=("a", "b"))


@pytest.mark.parametrize("read", [read_bytes, read_json, read_text, read_csv])
def test_what_is_not_a_regular_file_is_refused_before_it_is_opened(tmp_path, read):
    pipe, zero = tmp_path / "pipe.jpg", tmp_path / "zero.jpg"
    os.mkfifo(pipe)
    zero.symlink_to("/dev/zero")
    for path, kind in [(pipe, "a named pipe"), (zero, "a device"), (tmp_path, "a folder")]:
        with pytest.raises(DataError, match=f"Cannot read list '{path}': it is {kind}"):
            read(path, "list")


@pytest.mark.parametrize("name", ["a\0b.jpg", "\ud800.jpg"])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(DataError, match=r"^Cannot read list '.*\.jpg': the name is not valid\.$"):
        read_bytes(name, "list")


def test_a_huge_file_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "sparse.jpg"
    with open(path, "wb") as file:
        file.truncate(4 << 30)
    with pytest.raises(DataError, match=r"sparse.jpg': it has 4,294,967,296 bytes, and at most 99"):
        read_bytes(path, max_bytes=99)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not valid JSON"), ("[" * 100_000, "nested too deeply"), ("[1]", "Found: list")],
)
def test_json_that_is_not_an_object_is_refused(tmp_path, text, message):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(DataError, match=f"^Run file '{path}' .*{message}"):
        read_json(path, "run file")
    path.write_text('{"a": 1}')
    assert read_json(path) == {"a": 1}
