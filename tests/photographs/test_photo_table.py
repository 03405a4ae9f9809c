"""Tables of photographs, and what is wrong with them."""

import os
import unicodedata
from pathlib import Path

import pytest

from facerec_tf.core import extras
from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.photographs.photo_table import read_table

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture
def write_csv(tmp_path):
    def write(content, encoding="utf-8"):
        path = tmp_path / "labels.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def write_parquet(tmp_path):
    def write(columns, **options):
        path = tmp_path / "labels.parquet"
        parquet.write_table(pyarrow.table(columns), path, **options)
        return path

    return write


def brief(photos):
    return [(photo.name, photo.person) for photo in photos]


def fails(path, *words, **options):
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    for word in words:
        assert word in str(caught.value)


def test_reads_paths_below_its_folder(write_csv, tmp_path):
    path = write_csv("label,path,note\nZoë,in/1.jpg,x\nAnn,2.png,\n\n007,/elsewhere/3.jpg,\n")
    photos, rejected = read_table(path)
    assert brief(photos) == [("007/3.jpg", "007"), ("Ann/2.png", "Ann"), ("Zoë/1.jpg", "Zoë")]
    assert [photo.path for photo in photos] == [
        "/elsewhere/3.jpg",
        str(tmp_path / "2.png"),
        str(tmp_path / "in" / "1.jpg"),
    ]
    assert rejected == []


def test_other_columns_and_another_root(write_csv, tmp_path):
    (tmp_path / "images").mkdir()
    path = write_csv("id,image\n5,a/1.jpg\n")
    (photo,), _ = read_table(path, path_column="image", label_column="id", root=tmp_path / "images")
    assert photo == ("5/1.jpg", "5", str(tmp_path / "images" / "a" / "1.jpg"), None)


def test_a_root_relative_to_here(write_csv, tmp_path, monkeypatch):
    path = write_csv(f"path,label\n{tmp_path}/1.jpg,Ann\n1.jpg,Ann\n")
    monkeypatch.chdir(tmp_path)
    photos, _ = read_table(Path("labels.csv"))
    assert photos == read_table(path)[0]
    assert len(photos) == 1


def test_spreadsheets_csv(write_csv):
    """A byte-order mark, Windows' line ends, quotes, commas, a quoted line end, no last one."""
    path = write_csv(
        '\ufeff"path","label"\r\n"a, b/1.jpg","Ang ""Zoë"" Ström"\r\n"2.jpg"," 日本\r\n"\r\n'
        '"ﬁ.jpg",\ufeffX'
    )
    photos, _ = read_table(path)
    assert brief(photos) == [
        ('Ang "Zoë" Ström/1.jpg', 'Ang "Zoë" Ström'),
        ("日本/2.jpg", "日本"),
        ("\ufeffX/ﬁ.jpg", "\ufeffX"),
    ]


def test_names_keep_the_path_only_where_they_must(write_csv, tmp_path):
    rows = ["s1/1.jpg,A", "s2/1.jpg,A", "s1/2.jpg,A", "s3/1.jpg,B", "../out/1.jpg,A", "1.jpg,A/s1"]
    photos, _ = read_table(write_csv("path,label\n" + "\n".join(rows)))
    here = tmp_path.name
    assert [photo.name for photo in photos] == sorted(
        [
            f"A/{here}/s1/1.jpg",
            f"A/{here}/s2/1.jpg",
            "A/2.jpg",
            "B/1.jpg",
            "A/out/1.jpg",
            "A%2Fs1/1.jpg",
        ]
    )
    assert {photo.person for photo in photos} == {"A", "B", "A/s1"}


def test_labels_that_look_like_paths_stay_apart(write_csv):
    rows = ["x/1.jpg,A", "y/1.jpg,A", "1.jpg,A/x", "2.jpg,A%2Fx", "z/2.jpg,A/x"]
    photos, _ = read_table(write_csv("path,label\n" + "\n".join(rows)))
    names = [photo.name for photo in photos]
    assert len(set(names)) == 5
    assert len({name.split("/")[0] for name in names}) == 3


def test_rows_that_say_the_same_are_one(write_csv):
    photos, _ = read_table(write_csv("path,label\na/1.jpg,Ann\n./a//1.jpg, Ann\na/b/../1.jpg,Ann"))
    assert brief(photos) == [("Ann/1.jpg", "Ann")]


def test_one_photograph_of_two_people(write_csv):
    path = write_csv("path,label\na/1.jpg,Ann\n2.jpg,Bob\n./a/1.jpg,Bob\n")
    fails(path, "Line 4 of", "labels.csv", "'./a/1.jpg' the label 'Bob'", "line 2", "'Ann'")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is empty"]),
        ("\n\n", ["is empty"]),
        ("path,label\n", ["has no rows"]),
        ("path,lable\n1.jpg,A\n", ["no column 'label'", "one of lable, path", "mean 'lable'?"]),
        ("Path,label\n1.jpg,A\n", ["no column 'path'", "path_column='path'", "mean 'Path'?"]),
        ("path;label\n1.jpg;A\n", ["no column 'path'", "one of path;label"]),
        ("path,label,path\n1.jpg,A,2.jpg\n", ["two columns 'path'"]),
        ("path,label\n1.jpg,A\n2.jpg, \n", ["Line 3 of", "has no label"]),
        ("path,label\n,A\n", ["Line 2 of", "has no path"]),
        ("path,label\n1.jpg,..\n", ["Line 2 of", "has no label. Found: '..'"]),
        ("path,label\n1.jpg,A\n2.jpg\n", ["Line 3 of", "has 1 fields, expected 2. Found: 2.jpg"]),
        ("path,label\n1.jpg,A\n2.jpg,B,C\n", ["Line 3 of", "has 3 fields"]),
        ('path,label\n1.jpg,"A\n', ["Line 2 of", "is not valid CSV"]),
        ('path,label\n1.jpg,"A"B\n', ["Line 2 of", "is not valid CSV"]),
        (b"path,label\n1.jpg,A\n2.jpg,Zo\xeb\n", ["Line 3 of", "is not valid UTF-8", "0xeb"]),
        ("path,label\n1.jpg,A\n".encode("utf-16"), ["Line 1 of", "is not valid UTF-8"]),
    ],
)
def test_bad_csv(write_csv, content, words):
    fails(write_csv(content), "labels.csv", *words)


def test_a_null_character(write_csv):
    """Python 3.10's csv refuses it by itself."""
    fails(write_csv("path,label\n1.jpg,A\nx\0.jpg,A\n"), "Line 3 of")


def test_no_such_table(tmp_path, write_csv):
    fails(tmp_path / "none.csv", "Cannot read table", "No such file")
    fails(tmp_path / "none.parquet", "Cannot read table", "No such file")
    fails(tmp_path / "none.tsv", "must end in .csv or .parquet")
    fails(write_csv("path,label\n1.jpg,A\n"), "does not exist", root=tmp_path / "nowhere")
    with pytest.raises(ArgumentError, match="'label_column' must be different from path_column"):
        read_table(tmp_path / "none.csv", label_column="path")


@pytest.mark.parametrize("kind", ["text", "large text", "integers", "categories"])
def test_parquet(write_parquet, write_csv, kind):
    """The same photographs as from CSV, in groups of rows smaller than the table."""
    labels = [str(row % 7) for row in range(100)]
    columns = {
        "text": pyarrow.array(labels),
        "large text": pyarrow.array(labels, pyarrow.large_string()),
        "integers": pyarrow.array(list(map(int, labels)), pyarrow.uint32()),
        "categories": pyarrow.array(labels).dictionary_encode(),
    }
    paths = [f"Ä{row}/{row % 50}.jpg" for row in range(100)]
    table = {"x": [0.5] * 100, "label": columns[kind], "path": paths}
    lines = [f"{path},{label}" for path, label in zip(paths, labels, strict=True)]
    expected = read_table(write_csv("\n".join(["path,label", *lines])))
    assert read_table(write_parquet(table, row_group_size=30)) == expected


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"path": ["1.jpg"], "id": ["A"]}, ["no column 'label'", "one of id, path"]),
        ({"path": ["1.jpg"], "label": [1.5]}, ["'label' of", "text or integers", "double"]),
        ({"path": [1], "label": [1]}, ["'path' of", "must be text. Found: int64"]),
        ({"path": ["1.jpg"] * 40, "label": ["A"] * 39 + [None]}, ["Row 40 of", "no label"]),
        ({"path": [None], "label": pyarrow.array([1])}, ["'path' of", "Found: null"]),
        ({"path": pyarrow.array([], pyarrow.string()), "label": ["A"][:0]}, ["'label' of"]),
        ({"path": ["a", "./a"], "label": [1, 2]}, ["Row 2 of", "the label '2'", "row 1", "'1'"]),
    ],
)
def test_bad_parquet(write_parquet, columns, words):
    fails(write_parquet(columns, row_group_size=30), "labels.parquet", *words)


def test_damaged_parquet(write_parquet):
    path = write_parquet({"path": [f"{row}.jpg" for row in range(1000)], "label": [1] * 1000})
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    fails(path, "labels.parquet")
    path.write_bytes(whole[:30] + os.urandom(400) + whole[430:])
    fails(path, "labels.parquet")
    path.write_text("path,label\n1.jpg,A\n")
    fails(path, "is not valid Parquet")


def test_parquet_that_is_not_utf8(write_parquet):
    raw = pyarrow.array([b"1.jpg", b"\xff.jpg"], pyarrow.binary())
    paths = pyarrow.Array.from_buffers(pyarrow.string(), 2, raw.buffers())
    fails(write_parquet({"path": paths, "label": [1, 2]}), "labels.parquet", "not valid UTF-8")


def test_parquet_needs_its_package(write_parquet, monkeypatch):
    path = write_parquet({"path": ["1.jpg"], "label": [1]})

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    with pytest.raises(UserError, match=r"pip install .*'facerec_tf\[parquet\]'"):
        read_table(path)


def test_labels_are_composed(write_csv, capsys):
    composed, decomposed = (unicodedata.normalize(form, "Renée") for form in ("NFC", "NFD"))
    path = write_csv(f"path,label\n1.jpg,{composed}\n2.jpg,{decomposed}\n1.jpg,{decomposed}\n")
    photos, _ = read_table(path)
    assert brief(photos) == [(f"{composed}/1.jpg", composed), (f"{composed}/2.jpg", composed)]
    assert composed in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_pipe_is_refused_at_once(tmp_path, suffix):
    os.mkfifo(tmp_path / f"labels{suffix}")
    fails(tmp_path / f"labels{suffix}", "Cannot read table", "it is a named pipe")


def test_a_field_of_a_megabyte(write_csv):
    fails(write_csv(f"path,label\n1.jpg,{'x' * 200_000}\n"), "Line 2 of", "not valid CSV", "131072")
