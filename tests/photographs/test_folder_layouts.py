"""Whose photographs lie where, in folders of one's own and in two data sets."""

import os
from pathlib import Path

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.people import group_by_person
from facerec_tf.photographs.rejected import OTHER, PERSON, Rejected
from facerec_tf.photographs.table import FOLDER_LAYOUTS

#: As VGGFace2 has it: spaces and commas anywhere, commas and quotation marks in names.
META = """Class_ID, Name, Sample_Num, Flag, Gender
n000001, "14th_Dalai_Lama",424,0, m,
n000002,  "A_Fine_Frenzy" ,315,1, f,
n000003, "Smith,_Jr.",205,1, m
n000004, Zoë_Ångström,200,1,f
n000005, "Dwayne_""Rock""_J",99,1, m,

n000006, "One_Name",99,1, m,
n000007, "One_name",99,1, f,
n000008, "The "Odd" One,99,0, f,
n000009, "A_Fine_Frenzy",99,0, f,
"""


def find(layout, root):
    photos, rejected = FOLDER_LAYOUTS[layout](root)
    for photo in photos:
        assert photo.path.endswith(photo.name)
        assert photo.read()
    return [(photo.name, photo.person) for photo in photos], rejected


def fails(layout, root, *words):
    with pytest.raises(DataError) as caught:
        FOLDER_LAYOUTS[layout](root)
    for word in words:
        assert word in str(caught.value)


def test_folders(write_photos):
    root = write_photos("Ann/1.jpg", "Ann/2019/b/1.PNG", "Zoë/x/1.jpg", "top.jpg")
    (root / "Ann" / "notes.txt").write_text("x")
    (root / "Zoë" / "empty").mkdir()
    for name in ("Nobody", ".cache"):
        (root / name).mkdir()
    (root / "README").write_text("x")
    (root / "Papers").mkdir()
    (root / "Papers" / "list.csv").write_text("x")
    found, rejected = find("folders", root)
    assert found == [("Ann/1.jpg", "Ann"), ("Ann/2019/b/1.PNG", "Ann"), ("Zoë/x/1.jpg", "Zoë")]
    assert rejected == [
        Rejected(".cache", "it is hidden: its name begins with a dot"),
        Rejected("Ann/notes.txt", "it is not an image", OTHER),
        Rejected("Nobody", "the folder contains no photographs", PERSON),
        Rejected("Papers", "the folder contains no photographs", PERSON),
        Rejected("Papers/list.csv", "it is not an image", OTHER),
        Rejected("README", "it is not an image", OTHER),
        Rejected("top.jpg", "it is not in a folder of a person"),
    ]


def test_people_may_be_called_anything(write_photos):
    people = sorted(["日本", "two\nlines", "o'hara, x", "-", "1"])
    root = write_photos(*(f"{person}/1.jpg" for person in people))
    assert find("folders", root) == ([(f"{person}/1.jpg", person) for person in people], [])


def test_folders_that_are_links_or_not_utf8(write_photos):
    root = write_photos("Ann/1.jpg")
    os.symlink(write_photos("Cem/1.jpg", root="elsewhere") / "Cem", root / "Cem")
    os.symlink(root, root / "up")
    os.symlink(root / "self", root / "self")
    os.mkdir(os.fsencode(root) + b"/\xff")
    found, rejected = find("folders", root)
    assert found == [("Ann/1.jpg", "Ann"), ("Cem/1.jpg", "Cem")]
    assert [item.file for item in rejected] == ["\\xff", "self", "up"]


@pytest.mark.parametrize("layout", FOLDER_LAYOUTS)
def test_nothing_there(layout, tmp_path, write_photos):
    fails(layout, tmp_path / "nowhere", "does not exist")
    (tmp_path / "empty").mkdir()
    fails(layout, tmp_path / "empty", "contains no photographs")
    root = write_photos("1.jpg", "2.jpg")
    fails(
        layout, root, f"'{root}' contains 2 photographs, for example '1.jpg', but none in a folder "
    )


@pytest.mark.parametrize("inner", [".", "CASIA-WebFace", "CASIA-maxpy-clean"])
def test_casia_webface(write_photos, inner):
    names = [
        "0000045/001.jpg",
        "0000045/002.jpg",
        "0000099/001.jpg",
        "lists/1.jpg",
        "12345678/1.jpg",
    ]
    root = write_photos(*(f"{inner}/{name}" for name in names))
    (root / inner / "0000102").mkdir()
    (root / inner / "docs").mkdir()
    found, rejected = find("casia_webface", root)
    assert found == [(name, name[:7]) for name in names[:3]]
    reason = "it is not in a folder named by seven digits, like '0000045'"
    assert rejected == [
        Rejected("0000102", "the folder contains no photographs", PERSON),
        Rejected("12345678/1.jpg", reason),
        Rejected("lists/1.jpg", reason),
    ]


def test_what_is_not_casia_webface(write_photos):
    root = write_photos("CASIA-WebFace/0000045/1.jpg", "CASIA-maxpy-clean/0000045/1.jpg")
    fails("casia_webface", root, "two versions", f"'{root}/CASIA-WebFace' or '{root}/CASIA-maxpy")
    fails(
        "casia_webface",
        write_photos("45/1.jpg", root="b"),
        "for example '45/1.jpg'",
        "seven digits",
    )
    fails("casia_webface", write_photos("x/0000045/1.jpg", root="c"), "seven digits")


CLASSES = [f"n{number:06d}" for number in range(1, 9)]
NAMES = [
    "14th_Dalai_Lama",
    "A_Fine_Frenzy",
    "Smith,_Jr.",
    "Zoë_Ångström",
    'Dwayne_"Rock"_J',
    "One_Name (n000006)",
    "One_name (n000007)",
    '"The "Odd" One',
]


@pytest.mark.parametrize("given", ["whole", "part"])
@pytest.mark.parametrize("meta", ["photos/train", "photos", "photos/meta", "."])
def test_vggface2(write_photos, tmp_path, given, meta):
    root = write_photos(*(f"train/{name}/0001_01.jpg" for name in CLASSES), "train/misc/1.jpg")
    (root / "train" / "n000009").mkdir()
    (tmp_path / meta).mkdir(exist_ok=True)
    (tmp_path / meta / "identity_meta.csv").write_text(META, encoding="utf-8-sig")
    found, rejected = find("vggface2", root if given == "whole" else root / "train")
    names = [f"{name}/0001_01.jpg" for name in CLASSES]
    # n000009 is not in this part: that its name is also n000002's does not matter.
    assert found == list(zip(names, NAMES, strict=True))
    assert [item for item in rejected if item.kind != OTHER] == [
        Rejected("misc/1.jpg", "it is not in a folder named by n and six digits, like 'n000002'"),
        Rejected("n000009", "the folder contains no photographs", PERSON),
    ]
    # It refuses names that differ only in case.
    group_by_person(FOLDER_LAYOUTS["vggface2"](root)[0])


def test_vggface2_without_names(write_photos):
    root = write_photos("test/n000001/0001_01.jpg", "test/n000001/0002_01.jpg")
    expected = [(f"n000001/000{number}_01.jpg", "n000001") for number in (1, 2)]
    assert find("vggface2", root) == (expected, [])


def test_vggface2_from_here(write_photos, monkeypatch):
    root = write_photos("train/n000001/0001_01.jpg")
    (root / "identity_meta.csv").write_text(META)
    monkeypatch.chdir(root / "train")
    assert find("vggface2", Path(".")) == ([("n000001/0001_01.jpg", "14th_Dalai_Lama")], [])


def test_both_parts_are_kept_apart(write_photos):
    root = write_photos("train/n000002/1.jpg", "test/n000001/1.jpg")
    fails("vggface2", root, "both parts", f"give '{root}/train' or '{root}/test'")


@pytest.mark.parametrize(
    ("meta", "words"),
    [
        (META.replace("n000004", "n000040"), ["lacks 1 of the people", "for example n000004"]),
        (META.replace("315,1", "many"), ["Line 3 of", 'Found: n000002,  "A_Fine_Frenzy" ,many']),
        (META + 'n000001, "Other",1,0, m,', ["Line 12 of", "'Other'", "'14th_Dalai_Lama'"]),
        (META.encode("latin-1"), ["is not valid UTF-8"]),
    ],
)
def test_bad_names(write_photos, meta, words):
    root = write_photos(*(f"train/{name}/0001_01.jpg" for name in CLASSES))
    encoded = meta if isinstance(meta, bytes) else meta.encode()
    (root / "identity_meta.csv").write_bytes(encoded)
    fails("vggface2", root, "identity_meta.csv", *words)
