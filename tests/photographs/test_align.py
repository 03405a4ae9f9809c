"""A folder of photographs → a folder of crops, in one run or resumed."""

import csv
import errno
import json
import os

import numpy as np
import pytest

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.photographs import align as module
from facerec_tf.photographs.align import align_folder
from facerec_tf.photographs.progress_file import PROGRESS_FILE
from tests.photo_fixtures import CORNER, SIDE

NAMES = ["Ann/1.jpg", "Ann/2.png", "Bob/1.jpg", "Bob/deep/er/2.jpg", "Zoë Å/it's.JPG"]
OPTIONS = {"detector": "corner", "margin": None}


def contents(folder):
    """Every file below `folder` and its bytes; a resumed run writes its lines in another order."""
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    return {
        name: sorted(path.read_text().splitlines()) if name == PROGRESS_FILE else path.read_bytes()
        for name, path in files.items()
    }


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Counting:
    """Crops photographs and lists them; fails at one of them."""

    def __init__(self, cropper, fail_at=None, error=KeyboardInterrupt):
        self.cropper, self.fail_at, self.error = cropper, fail_at, error
        self.seen = []

    def __call__(self, photo):
        if photo.name == self.fail_at:
            raise self.error()
        self.seen.append(photo.name)
        return self.cropper(photo)


@pytest.fixture
def images(write_photos):
    root = write_photos(*NAMES)
    (root / "Bob" / "cut.jpg").write_bytes((root / "Bob" / "1.jpg").read_bytes()[:-900])
    (root / "Bob" / "empty.jpg").write_bytes(b"")
    (root / "Bob" / ".hidden.jpg").write_bytes(b"")
    return root


@pytest.fixture
def expected(images, tmp_path, cropper):
    align_folder(images, tmp_path / "expected", cropper, OPTIONS)
    return contents(tmp_path / "expected")


def test_writes_crops_and_lists(images, tmp_path, cropper, photo_of):
    out = tmp_path / "out"
    summary = align_folder(images, out, cropper, OPTIONS)
    assert summary["crops"].startswith("5;")
    assert "0 without a usable face, 2 unreadable, 1 hidden" in summary["rejected"]
    crops = [name if name.lower().endswith("jpg") else f"{name}.jpg" for name in NAMES]
    x, y = CORNER.astype(int)
    for seed, name in enumerate(crops, start=1):
        found = decode_photo((out / name).read_bytes()).astype(int)
        assert np.abs(found - photo_of(seed)[y : y + SIDE, x : x + SIDE]).mean() < 3
    faces = rows(out / "faces.csv")
    assert [(row["crop"], row["photo"]) for row in faces] == list(zip(crops, NAMES, strict=True))
    assert [float(faces[0][key]) for key in ("x", "y", "width", "score")] == [40, 30, 112, 0.9]
    assert float(faces[0]["nose_x"]) == pytest.approx(96.0252)
    reasons = {row["file"]: row["reason"] for row in rows(out / "rejected.csv")}
    assert list(reasons) == ["Bob/.hidden.jpg", "Bob/cut.jpg", "Bob/empty.jpg"]
    assert "cannot be decoded" in reasons["Bob/cut.jpg"]
    assert reasons["Bob/empty.jpg"] == "the file is empty"
    assert decode_photo((out / "contact_sheet.png").read_bytes()).shape[1] == 5 * 114 + 2


def test_what_is_done_is_not_done_again(images, tmp_path, cropper, expected):
    again = Counting(cropper)
    summary = align_folder(images, tmp_path / "expected", again, OPTIONS)
    assert set(again.seen) == {"Bob/cut.jpg", "Bob/empty.jpg"}  # They may have been mended.
    assert summary["photographs"] == "7, of which 5 were done before"
    found = contents(tmp_path / "expected")
    del found[PROGRESS_FILE], expected[PROGRESS_FILE]
    assert found == expected


@pytest.mark.parametrize("fail_at", [*NAMES, "Bob/empty.jpg"])
def test_stopped_anywhere_it_ends_with_the_same_files(images, tmp_path, cropper, expected, fail_at):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        align_folder(images, out, Counting(cropper, fail_at), OPTIONS, threads=1)
    done = json_lines(out)
    again = Counting(cropper)
    align_folder(images, out, again, OPTIONS)
    assert not {name for name, *_, is_damaged in done if not is_damaged} & set(again.seen)
    assert contents(out).keys() == expected.keys()
    found = contents(out)
    del found[PROGRESS_FILE], expected[PROGRESS_FILE]
    assert found == expected


def json_lines(out):
    return [json.loads(line) for line in (out / PROGRESS_FILE).read_text().splitlines()[1:]]


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_of_the_progress_file_that_was_cut_short(images, tmp_path, cropper, expected, cut):
    progress = tmp_path / "expected" / PROGRESS_FILE
    progress.write_bytes(progress.read_bytes()[:-cut])
    for name in ("faces.csv", "rejected.csv", "contact_sheet.png"):
        (tmp_path / "expected" / name).unlink()
    align_folder(images, tmp_path / "expected", cropper, OPTIONS)
    assert contents(tmp_path / "expected") == expected


def test_photographs_that_changed_came_or_lost_their_crop(
    images, tmp_path, cropper, expected, write_photos
):
    out = tmp_path / "expected"
    (out / "Ann" / "1.jpg").unlink()
    os.utime(images / "Bob" / "1.jpg", ns=(0, 0))
    write_photos("Dan/new.jpg")
    black = encode_jpeg(np.zeros((50, 50, 3), np.uint8))
    (images / "Bob" / "deep" / "er" / "2.jpg").write_bytes(black)
    again = Counting(cropper)
    align_folder(images, out, again, OPTIONS)
    damaged = {"Bob/cut.jpg", "Bob/empty.jpg"}
    changed = {"Ann/1.jpg", "Bob/1.jpg", "Bob/deep/er/2.jpg", "Dan/new.jpg"}
    assert set(again.seen) - damaged == changed
    assert not (out / "Bob/deep/er/2.jpg").exists()  # It shows no one any more.
    assert "Bob/deep/er/2.jpg" in [row["file"] for row in rows(out / "rejected.csv")]
    assert [row["photo"] for row in rows(out / "faces.csv")] == [
        "Ann/1.jpg",
        "Ann/2.png",
        "Bob/1.jpg",
        "Dan/new.jpg",
        "Zoë Å/it's.JPG",
    ]


def test_a_full_disk_stops_it_clean(images, tmp_path, cropper, expected, monkeypatch):
    out, left = tmp_path / "out", [2]
    write = module.Path.write_bytes

    def fill(path, content):
        left[0] -= 1
        if left[0] < 0:
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")  # Without a name.
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(module.Path, "write_bytes", fill)
        with pytest.raises(UserError, match=r"Cannot write '.*out/.*jpg': No space left on device"):
            align_folder(images, out, cropper, OPTIONS)
    found = contents(out)
    del found[PROGRESS_FILE]
    assert len(found) == 2
    assert all(expected[name] == content for name, content in found.items())
    align_folder(images, out, cropper, OPTIONS)
    assert contents(out).keys() == expected.keys()


def test_other_options_are_refused(images, tmp_path, cropper, expected):
    with pytest.raises(UserError, match=r"started with margin None \(now 32\): use the same"):
        align_folder(images, tmp_path / "expected", cropper, {**OPTIONS, "margin": 32})
    assert contents(tmp_path / "expected") == expected


def test_a_damaged_progress_file(images, tmp_path, cropper, expected):
    progress = tmp_path / "expected" / PROGRESS_FILE
    progress.write_text("{}\n[1, 2\n")
    with pytest.raises(
        DataError, match=r"Progress file '.*\.journal' is damaged: .* Remove folder"
    ):
        align_folder(images, tmp_path / "expected", cropper, OPTIONS)


def test_folders_that_are_refused(images, tmp_path, cropper):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file.txt").write_text("keep")
    with pytest.raises(UserError, match="mine' is not empty"):
        align_folder(images, tmp_path / "mine", cropper, OPTIONS)
    with pytest.raises(UserError, match="must not be inside --images"):
        align_folder(images, images / "crops", cropper, OPTIONS)
    with pytest.raises(UserError, match=r"file.txt' is a file"):
        align_folder(images, tmp_path / "mine" / "file.txt", cropper, OPTIONS)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["file.txt"]


@pytest.mark.parametrize(
    "names",
    [
        ("Ann/1.jpg", "ann/2.jpg"),
        ("Ann/1.jpg", "Ann/1.JPG"),
        ("Ann/1.png", "Ann/1.png.jpg"),
        ("Ann/x/1.jpg", "Ann/X/2.jpg"),
    ],
)
def test_names_that_would_become_one(write_photos, tmp_path, cropper, names):
    with pytest.raises(DataError, match="the same output on a case-insensitive file system"):
        align_folder(write_photos(*names), tmp_path / "out", cropper, OPTIONS)
    assert not (tmp_path / "out").exists()


def test_not_one_face(tmp_path, cropper):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"words")
    with pytest.raises(
        DataError, match=r"None of the 1 photographs gave a crop. '1.jpg': it is not an image"
    ):
        align_folder(tmp_path / "photos", tmp_path / "out", cropper, OPTIONS)
