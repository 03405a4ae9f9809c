"""What is found in folders, and what is left out of them."""

import os

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.folder_scan import scan_folder
from facerec_tf.photographs.rejected import Rejected

ODD = ["Zoë Ångström", "two words", 'with "quotes"', "it's, here", "日本語", "(1)", "a" * 100]


def names(found):
    return [photo.name for photo in found[0]]


def test_finds_all_photographs_sorted(write_photos):
    expected = ["Ann/1.jpg", "Ann/b/c/2.PNG", "Ann/b/c/3.Tiff", "Bob/1.jpeg", "top.webp"]
    root = write_photos(*reversed(expected), "Ann/notes.txt", "Ann/list.csv")
    (root / "Empty").mkdir()
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == expected
    assert [photo.person for photo in photos] == ["Ann", "c", "c", "Bob", "photos"]
    assert [photo.path for photo in photos] == [str(root / name) for name in expected]
    assert rejected == []


def test_odd_names_are_names(write_photos):
    expected = [f"{name}/{name}.jpg" for name in ODD]
    found = scan_folder(write_photos(*expected))
    assert names(found) == sorted(expected)
    for photo in found[0]:
        assert photo.read()


def test_hidden_ones_are_named(write_photos):
    root = write_photos("Ann/1.jpg", "Ann/.2.jpg", ".thumbs/1.jpg", "Ann/._1.jpg", "Ann/.DS_Store")
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == ["Ann/1.jpg"]
    assert [item.file for item in rejected] == [".thumbs", "Ann/.2.jpg", "Ann/._1.jpg"]
    assert {item.reason for item in rejected} == {"it is hidden: its name begins with a dot"}


def test_links_are_followed_but_not_in_circles(write_photos):
    root = write_photos("Ann/1.jpg", "Bob/1.jpg")
    elsewhere = write_photos("Cem/1.jpg", root="elsewhere")
    os.symlink(elsewhere / "Cem", root / "Cem")
    os.symlink(root, root / "Ann" / "up")
    os.symlink(root / "Bob" / "self", root / "Bob" / "self")
    os.symlink(elsewhere / "nothing", root / "broken.jpg")
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == [
        "Ann/1.jpg",
        "Bob/1.jpg",
        "Cem/1.jpg",
        "broken.jpg",
    ]
    assert rejected == [
        Rejected("Ann/up", "the link leads to a folder that contains it"),
        Rejected("Bob/self", "the link is broken: Too many levels of symbolic links"),
    ]


def test_a_folder_that_cannot_be_read(write_photos, monkeypatch):
    root = write_photos("Ann/1.jpg", "Bob/1.jpg")
    scan = os.scandir

    def deny(folder):
        if os.path.basename(folder) == "Bob":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == ["Ann/1.jpg"]
    assert rejected == [Rejected("Bob", "the folder cannot be read: Permission denied")]


def test_a_name_that_is_not_utf8(write_photos):
    root = write_photos("Ann/1.jpg")
    raw = os.fsencode(root) + b"/Ann/\xff.jpg"
    with open(raw, "wb") as file:
        file.write(b"x")
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == ["Ann/1.jpg"]
    assert rejected == [Rejected("Ann/\\xff.jpg", "its name is not UTF-8")]


def test_nothing_to_find(tmp_path, write_photos):
    with pytest.raises(DataError, match="does not exist"):
        scan_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty' contains no photographs \(\.bmp, \.gif"):
        scan_folder(tmp_path / "empty")
