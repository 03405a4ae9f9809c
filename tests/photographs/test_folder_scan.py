"""What is found in folders, and what is left out of them."""

import inspect
import os
import sys
import unicodedata

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.folder_scan import scan_folder
from facerec_tf.photographs.rejected import OTHER, Rejected

ODD = ["Zoë Ångström", "two words", 'with "quotes"', "it's, here", "日本語", "(1)", "a" * 100]


def names(found):
    return [photo.name for photo in found[0]]


def test_finds_all_photographs_sorted(write_photos):
    expected = ["Ann/1.jpg", "Ann/b/c/2.PNG", "Ann/b/c/3.Tiff", "Bob/1.jpeg", "top.webp"]
    root = write_photos(*reversed(expected))
    (root / "Empty").mkdir()
    (root / "Ann" / "notes.txt").write_text("BM, P5 and II*")
    (root / "Ann" / "README").write_text("x")
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == expected
    assert [photo.person for photo in photos] == ["Ann", "c", "c", "Bob", "photos"]
    assert [photo.path for photo in photos] == [str(root / name) for name in expected]
    assert rejected == [
        Rejected("Ann/README", "it is not an image", OTHER),
        Rejected("Ann/notes.txt", "it is not an image", OTHER),
    ]


@pytest.mark.parametrize("name", ["1.jfif", "1.jpe", "1", "1.jpg_large", "IMG.JPG.tmp"])
def test_a_jpeg_of_any_name_is_a_photograph(write_photos, name):
    root = write_photos(f"Ann/{name}")
    assert names(scan_folder(root)) == [f"Ann/{name}"]


@pytest.mark.parametrize("suffix", [".avif", ".heic", ".HEIF", ".jp2", ".jpe", ".jfif"])
def test_suffixes_of_photographs(write_photos, suffix):
    root = write_photos("Ann/1.jpg")
    (root / "Ann" / f"2{suffix}").write_bytes(b"damaged")
    assert names(scan_folder(root)) == ["Ann/1.jpg", f"Ann/2{suffix}"]


def test_the_files_of_camera_sensors_are_not_photographs(write_photos):
    root = write_photos("Ann/1.jpg")
    (root / "Ann" / "1.nef").write_bytes(b"II*\0" + bytes(100))
    photos, rejected = scan_folder(root)
    assert names((photos,)) == ["Ann/1.jpg"]
    assert rejected == [Rejected("Ann/1.nef", "it is not an image", OTHER)]


@pytest.mark.parametrize("name", ["1.jpg", "1"])
def test_pipes_devices_and_sockets_are_left_out_at_once(write_photos, name):
    root = write_photos("Ann/1.jpg", "Bob/1.jpg")
    os.mkfifo(root / "Ann" / f"pipe {name}")
    os.symlink("/dev/zero", root / "Ann" / f"zero {name}")
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == ["Ann/1.jpg", "Bob/1.jpg"]
    assert [item.file for item in rejected] == [f"Ann/pipe {name}", f"Ann/zero {name}"]


def test_names_are_composed(write_photos):
    """macOS writes an accent as a character of its own."""
    composed, decomposed = (unicodedata.normalize(form, "Renée") for form in ("NFC", "NFD"))
    root = write_photos(f"{composed}/1.jpg", f"{decomposed}/1.jpg", f"{decomposed}/2.jpg")
    photos, _ = scan_folder(root)
    assert {photo.person for photo in photos} == {composed}
    # Only where that would give two photographs one name, the name stays.
    expected = [f"{composed}/1.jpg", f"{composed}/2.jpg", f"{decomposed}/1.jpg"]
    assert sorted(photo.name for photo in photos) == sorted(expected)
    assert all(photo.read() for photo in photos)


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
        Rejected("Ann/up", "the link leads to a folder that is found in another way"),
        Rejected("Bob/self", "the link is broken: Too many levels of symbolic links"),
    ]


def test_links_that_multiply(write_photos):
    """Each of 30 folders has two links to the next: a billion ways to the last."""
    root = write_photos("30/1.jpg")
    for number in range(30):
        folder = root / str(number)
        folder.mkdir()
        for side in "ab":
            os.symlink(root / str(number + 1), folder / side)
    photos, rejected = scan_folder(root)
    assert [photo.name for photo in photos] == ["30/1.jpg"]
    assert len(rejected) == 60


def test_folders_within_folders(write_photos):
    """A path has up to 4,096 characters, more than Python's limit of recursion."""
    root = write_photos("/".join(["d"] * 200) + "/1.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        photos, _ = scan_folder(root)
    finally:
        sys.setrecursionlimit(limit)
    assert len(photos) == 1


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
    with pytest.raises(DataError, match=r"empty' contains no photographs \(\.avif, \.bmp"):
        scan_folder(tmp_path / "empty")
    for name in ("a.txt", "b.TXT", "c"):
        (tmp_path / "empty" / name).write_text("x")
    with pytest.raises(DataError, match=r"Found: 2 \.txt, 1 without a suffix$"):
        scan_folder(tmp_path / "empty")
