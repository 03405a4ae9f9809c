"""Pair sets that compare templates, and what is wrong with them."""

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.data import Pair, PairSet, write_pair_set
from facerec_tf.data.photo import decode_photo

PAIRS = [
    Pair(0, "one, long", "three", True),
    Pair(0, "one, long", 'the "2nd"', False),
    Pair(1, "three", "Zoë", True),
    Pair(1, 'the "2nd"', "Zoë", False),
]

#: Template → numbers of its images.
MEMBERS = {"one, long": [0, 4, 8, 9, 11], 'the "2nd"': [1], "three": [10, 2, 3], "Zoë": [5, 6, 7]}
TEMPLATES = {
    f"Zoë/{number:03d}.jpg": template for template, own in MEMBERS.items() for number in own
}


@pytest.fixture
def directory(tmp_path, records):
    write_pair_set(
        tmp_path / "set", records(12), PAIRS, name="mine", templates=TEMPLATES, num_shards=2
    )
    return tmp_path / "set"


def test_images_are_of_their_templates(directory, records):
    pair_set = PairSet.load(directory)
    assert sorted(pair_set.filenames) == sorted(TEMPLATES)
    names = {}
    for filename, template in zip(pair_set.filenames, pair_set.templates.tolist(), strict=True):
        assert names.setdefault(template, TEMPLATES[filename]) == TEMPLATES[filename]
    assert sorted(names) == [0, 1, 2, 3]
    columns = zip(
        pair_set.folds,
        pair_set.first.tolist(),
        pair_set.second.tolist(),
        pair_set.same,
        strict=True,
    )
    assert [Pair(fold, names[a], names[b], same) for fold, a, b, same in columns] == PAIRS
    of_each = {decode_photo(r.encoded).tobytes(): TEMPLATES[r.filename] for r in records(12)}
    pictures = pair_set.pictures(np.array([3, 0, 1, 2, 3]))
    assert [of_each[p.tobytes()] for p in pictures] == [names[t] for t in (3, 0, 1, 2, 3)]


def test_the_file_is_as_documented(directory):
    lines = (directory / "templates.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["template,filename", '"one, long",Zoë/000.jpg']
    assert '"the ""2nd""",Zoë/001.jpg' in lines


def test_templates_filled_in_on_the_way(tmp_path, records):
    templates = {}

    def stream():
        for record in records(12):
            templates[record.filename] = TEMPLATES[record.filename]
            yield record

    write_pair_set(tmp_path / "x", stream(), PAIRS, name="x", templates=templates)
    assert PairSet.load(tmp_path / "x").templates.max() == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Zoë/005", "Zoë/999", "has no image 'Zoë/999.jpg' of template 'Zoë'"),
        ("Zoë,Zoë/005.jpg\n", "", "Image 'Zoë/005.jpg' of pair set '.*' is in no template"),
        (
            "Zoë/005",
            "Zoë/002",
            "'Zoë/002.jpg' into template 'Zoë', an earlier line into 'three'",
        ),
        ("Zoë/005", "Zoë/006", r"Line 12 of template list '.*templates\.csv' puts .*'Zoë/006.jpg'"),
        ("Zoë,Zoë", "three,Zoë", "compares unknown template 'Zoë'"),
        ("template,filename", "filename,template", "must begin with the header template,filename"),
        (
            "Zoë,Zoë/005.jpg",
            "Zoë/005.jpg",
            r"Line 11 of .*templates\.csv' must be template, file",
        ),
        ("Zoë,Zoë/005.jpg", ",Zoë/005.jpg", "Line 11 of .* Found: ,Zoë/005.jpg"),
        ("Zoë,Zoë/005.jpg", "Zoë,Zoë/005.jpg,7", "Line 11 of"),
    ],
)
def test_damaged_templates_are_named(directory, old, new, words):
    path = directory / "templates.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DataError, match=words):
        PairSet.load(directory)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("Zoë".encode("latin-1"), "is not valid UTF-8"),
        (b"", "must begin with the header"),
        (b"template,filename\n", "Image 'Zoë/000.jpg' of pair set '.*' is in no template"),
    ],
)
def test_files_of_another_kind(directory, content, words):
    (directory / "templates.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        PairSet.load(directory)


def test_pairs_of_images_where_templates_are(tmp_path, records):
    pairs = [*PAIRS, Pair(1, "Zoë/001.jpg", "Zoë", False)]
    with pytest.raises(DataError, match=r"compares unknown template 'Zoë/001\.jpg'"):
        write_pair_set(tmp_path / "x", records(12), pairs, name="x", templates=TEMPLATES)
    lacking = {name: template for name, template in TEMPLATES.items() if name != "Zoë/001.jpg"}
    with pytest.raises(DataError, match=r"Image 'Zoë/001\.jpg' of pair set '.*' is in no template"):
        write_pair_set(tmp_path / "x", records(12), PAIRS, name="x", templates=lacking)
    assert list(tmp_path.iterdir()) == []
