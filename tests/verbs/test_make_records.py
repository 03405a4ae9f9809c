import csv
import io
import os
import signal
import struct
import subprocess
import sys
import tarfile
import time
import unicodedata

import cv2
import numpy as np
import pytest
from PIL import Image

from facerec_tf.alignment import crop
from facerec_tf.data import Manifest, PairSet, find_pairs
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.records import read_shard
from facerec_tf.photographs.landmark_cropper import read_landmarks
from tests.conftest import ROOT
from tests.verbs.conftest import smooth_image


def turned(encoded):
    """The JPEG with an Exif tag that asks for a turn by 180 degrees."""
    tiff = b"II*\0" + struct.pack("<IHHHIIi", 8, 1, 0x0112, 3, 1, 3, 0)
    exif = b"Exif\0\0" + tiff
    return encoded[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + encoded[2:]


@pytest.fixture
def photos(tmp_path, image):
    """110 images of 11 people, of all kinds that users have."""
    root = tmp_path / "photos"
    for person in range(11):
        folder = root / ("Zoë Ångström" if person == 0 else f"person {person:02d}")
        folder.mkdir(parents=True)
        for number in range(10):
            encoded = encode_jpeg(image(100 * person + number, 112), quality=90)
            (folder / f"{number}.jpg").write_bytes(encoded)
    return root


def read_all(directory):
    shards = Manifest.load(directory).shards
    records = [r for shard in shards for r in read_shard(directory / shard.file)]
    return {record.filename: record for record in records}


def test_all_kinds_of_files(photos, tmp_path, run_verb, image):
    zoe = photos / "Zoë Ångström"
    cv2.imwrite(str(zoe / "lossless.PNG"), image(1, 112)[..., ::-1])
    (zoe / "padded.jpeg").write_bytes(encode_jpeg(image(2, 112)) + b"\0\0\n")
    (zoe / "turned.jpg").write_bytes(turned(encode_jpeg(image(3, 112))))
    (zoe / "notes.txt").write_text("no image")
    (zoe / ".hidden.jpg").write_bytes(b"")
    (photos / ".thumbnails").mkdir()
    (photos / "few").mkdir()
    (photos / "few" / "1.jpg").write_bytes(encode_jpeg(image(9, 112)))
    (photos / "person 03" / "0.jpg").write_bytes(encode_jpeg(image(5, 112))[:-40])
    done = run_verb("make-records", images=photos, output=tmp_path / "out", shards=3, min_images=2)
    assert done.returncode == 0, done.stderr
    assert "training: 112 images of 11 people" in done.stdout
    assert "rejected: 3 files, listed in" in done.stdout
    assert "(2 × it is hidden, 1 × it is truncated)" in done.stdout
    assert "people left out: 1, listed in" in done.stdout
    assert "(1 .txt)" in done.stdout
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        assert list(csv.reader(file))[1:] == [
            [".thumbnails", "it is hidden: its name begins with a dot"],
            ["Zoë Ångström/.hidden.jpg", "it is hidden: its name begins with a dot"],
            ["Zoë Ångström/notes.txt", "it is not an image"],
            ["few", "too few images: 1, fewer than 2"],
            ["person 03/0.jpg", "it is truncated"],
        ]

    manifest = Manifest.load(tmp_path / "out")
    manifest.verify(tmp_path / "out")
    assert len(manifest.shards) == 3
    found = read_all(tmp_path / "out")
    assert {record.text for record in found.values()} == {e.name for e in manifest.classes}
    as_it_was = (zoe / "4.jpg").read_bytes()
    assert found["Zoë Ångström/4.jpg"].encoded == as_it_was
    assert found["Zoë Ångström/padded.jpeg"].encoded == encode_jpeg(image(2, 112))
    lossless = decode_photo(found["Zoë Ångström/lossless.PNG"].encoded)
    assert np.abs(lossless.astype(int) - image(1, 112)).mean() < 3
    upright = decode_photo(found["Zoë Ångström/turned.jpg"].encoded)
    assert np.abs(upright.astype(int) - image(3, 112)[::-1, ::-1]).mean() < 4
    assert b"Exif" not in found["Zoë Ångström/turned.jpg"].encoded


def test_holdout(photos, tmp_path, run_verb):
    done = run_verb(
        "make-records", images=photos, output=tmp_path / "out", holdout_identities=4, pairs=200
    )
    assert done.returncode == 0, done.stderr
    trained = {entry.name for entry in Manifest.load(tmp_path / "out").classes}
    pair_set = PairSet.load(find_pairs(tmp_path / "out", "pairs"))
    judged = {entry.name for entry in pair_set.manifest.classes}
    assert len(trained) == 7
    assert len(judged) == 4
    assert trained.isdisjoint(judged)
    assert len(pair_set) == 200
    assert pair_set.same.sum() == 100


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"holdout_identities": 2}, "too few images"),
        ({"holdout_identities": 4, "pairs": 30}, "'pairs' must be a positive multiple of 20"),
        ({"seed": -1}, "'seed' must be an integer of at least 0"),
    ],
)
def test_what_cannot_be_done_is_said_before_images_are_read(
    photos, tmp_path, run_verb, one_line_error, flags, words
):
    (photos / "person 05" / "0.jpg").write_bytes(b"no image")
    (photos / "person 05" / "1.jpg").write_bytes(b"no image")  # Reading would end with these.
    done = run_verb("make-records", images=photos, output=tmp_path / "out", **flags)
    one_line_error(done, words)
    assert not (tmp_path / "out").exists()


def test_a_file_is_not_a_folder_to_write_to(photos, tmp_path, run_verb, one_line_error):
    (tmp_path / "out").write_text("mine")
    done = run_verb("make-records", images=photos, output=tmp_path / "out")
    one_line_error(done, "is a file")
    assert (tmp_path / "out").read_text() == "mine"


def test_wrong_size(photos, tmp_path, run_verb, one_line_error, image):
    (photos / "person 04" / "big.jpg").write_bytes(encode_jpeg(image(1, 250)))
    done = run_verb("make-records", images=photos, output=tmp_path / "out")
    one_line_error(done, "person 04/big.jpg", "is 250x250 pixels, expected 112x112")
    assert not (tmp_path / "out").exists()


def test_too_many_damaged(photos, tmp_path, run_verb, one_line_error):
    for number in (3, 4):
        (photos / "person 05" / f"{number}.jpg").write_bytes(b"")
    done = run_verb("make-records", images=photos, output=tmp_path / "out")
    one_line_error(done, "2 of 110 images, more than 1 %", "person 05/3.jpg")
    assert not (tmp_path / "out").exists()


def test_a_table(photos, tmp_path, run_verb):
    rows = [
        (f"{folder.name}/{number}.jpg", 100 + place)
        for place, folder in enumerate(sorted(photos.iterdir()))
        for number in range(10)
    ]
    lines = "".join(f"{label},{path}\r\n" for path, label in rows)
    (tmp_path / "labels.csv").write_text("\ufeffid,file\r\n" + lines, encoding="utf-8")
    done = run_verb(
        "make-records",
        table=tmp_path / "labels.csv",
        path_column="file",
        label_column="id",
        images=photos,
        output=tmp_path / "out",
        min_images=2,
    )
    assert done.returncode == 0, done.stderr
    assert "training: 110 images of 11 people" in done.stdout
    assert [entry.name for entry in Manifest.load(tmp_path / "out").classes] == [
        str(label) for label in range(100, 111)
    ]
    found = read_all(tmp_path / "out")
    for path, label in rows:
        record = found[f"{label}/{path.split('/')[1]}"]
        assert record.encoded == (photos / path).read_bytes()
        assert (record.text, record.label) == (str(label), label - 100)


def test_vggface2(photos, tmp_path, run_verb, one_line_error):
    names = [f"Name,_{number:02d}" for number in range(11)]
    root = tmp_path / "vggface2"
    lines = ["Class_ID, Name, Sample_Num, Flag, Gender"]
    (root / "train").mkdir(parents=True)
    for number, folder in enumerate(sorted(photos.iterdir())):
        folder.rename(root / "train" / f"n{number:06d}")
        lines.append(f'n{number:06d}, "{names[number]}",10,1, m,')
    (root / "identity_meta.csv").write_text("\n".join(lines))
    (root / "train" / "n000100").mkdir()
    flags = {"images": root, "layout": "vggface2", "output": tmp_path / "out"}
    done = run_verb("make-records", **flags)
    assert done.returncode == 0, done.stderr
    assert [entry.name for entry in Manifest.load(tmp_path / "out").classes] == names
    record = read_all(tmp_path / "out")["n000004/7.jpg"]
    assert record.text == "Name,_04"
    assert record.encoded == (root / "train" / "n000004" / "7.jpg").read_bytes()
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        assert list(csv.reader(file))[1:] == [["n000100", "the folder contains no photographs"]]
    (root / "test").mkdir()
    one_line_error(run_verb("make-records", **flags), "both parts", f"give '{root}/train' or")


def test_detector_on_real_photographs(tmp_path, run_verb, shared_dir):
    """A dozen of LFW, of which some are PNG, against crops at the published landmarks."""
    lfw = shared_dir / "data" / "lfw"
    points = read_landmarks(lfw / "landmarks.csv")
    expected = {}
    with tarfile.open(lfw / "lfw-deepfunneled.tar", "r|") as tar:
        for member in (member for member in tar if member.isfile()):
            person, file = member.name.split("/")[-2:]
            image = decode_photo(tar.extractfile(member).read())
            name = f"{person}/{file[:-4]}.png" if len(expected) % 3 == 0 else f"{person}/{file}"
            path = tmp_path / "photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
            crop_name = f"{name}.jpg" if name.endswith("png") else name
            expected[crop_name] = (person, crop(image, points[f"{person}/{file}"]))
            if len(expected) == 12:
                break
    (tmp_path / "photos" / person / "blank.png").write_bytes(
        cv2.imencode(".png", np.zeros((250, 250, 3), np.uint8))[1].tobytes()
    )
    done = run_verb(
        "make-records",
        images=tmp_path / "photos",
        detector="yunet",
        detector_model=shared_dir / "data" / "models" / "yunet_n_320_320.onnx",
        output=tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    manifest = Manifest.load(tmp_path / "out")
    assert (manifest.alignment, manifest.image_size) == ("arcface-112", (112, 112))
    found = read_all(tmp_path / "out")
    assert found.keys() == expected.keys()
    for name, (person, aligned) in expected.items():
        assert found[name].text == person
        difference = decode_photo(found[name].encoded).astype(int) - aligned
        assert np.abs(difference).mean() < 4
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        (row,) = list(csv.reader(file))[1:]
    assert row[0] == f"{person}/blank.png"
    assert "no face" in row[1]


def test_names_formats_and_kinds_of_files(tmp_path, run_verb):
    """Six people of two images each, as users name and store them."""
    root = tmp_path / "photos"
    composed, decomposed = (unicodedata.normalize(form, "Renée") for form in ("NFC", "NFD"))

    def put(name, content):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

    image = [smooth_image(seed, 112) for seed in range(12)]
    jpeg = [encode_jpeg(pixels) for pixels in image]
    put("jfif/1.jfif", jpeg[0])
    put("jfif/2.jpe", jpeg[1])
    put("bare/1", jpeg[2])
    put("bare/2.JPG", jpeg[3])
    put("avif/1.avif", saved(image[4], "AVIF"))
    put("avif/2.jp2", saved(image[5], "JPEG2000"))
    put(f"{composed}/1.jpg", jpeg[6])
    put(f"{decomposed}/2.jpg", jpeg[7])
    grey = cv2.cvtColor(image[8], cv2.COLOR_RGB2GRAY)
    put("grey/1.tif", saved(grey.astype(np.int32), "TIFF"))
    put("grey/2.jpg", jpeg[9])
    put("turned/1.jpg", turned(jpeg[10]))
    put("turned/2.jpg", jpeg[11])
    put("turned/Thumbs.db", b"\xd0\xcf\x11\xe0" + bytes(100))
    os.mkfifo(root / "turned" / "pipe.jpg")
    with open(root / "turned" / "sparse.jpg", "wb") as file:
        file.truncate(1 << 32)
    put("nobody/notes.txt", b"x")
    done = run_verb("make-records", images=root, output=tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "training: 12 images of 6 people" in done.stdout
    assert f"one person: '{composed}'" in done.stderr
    assert "people left out: 1, listed in" in done.stdout
    assert "not images: 2 files, listed in" in done.stdout
    assert "(1 .db, 1 .txt)" in done.stdout
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        assert dict(list(csv.reader(file))[1:]) == {
            "nobody": "the folder contains no photographs",
            "nobody/notes.txt": "it is not an image",
            "turned/Thumbs.db": "it is not an image",
            "turned/pipe.jpg": "it is a named pipe, a socket or a device, not a file",
            "turned/sparse.jpg": "too large: the file has 4,295 MB, more than 500",
        }
    found = read_all(tmp_path / "out")
    assert sum(record.text == composed for record in found.values()) == 2
    for name, pixels in (
        ("bare/1", image[2]),
        ("avif/1.avif", image[4]),
        ("avif/2.jp2", image[5]),
        ("grey/1.tif", np.repeat(grey[..., None], 3, axis=2)),
        ("turned/1.jpg", image[10][::-1, ::-1]),
    ):
        assert np.abs(decode_photo(found[name].encoded).astype(int) - pixels).mean() < 5, name


def saved(pixels, kind):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.mark.usefixtures("heed_interrupts")
@pytest.mark.slow
def test_an_interruption_ends_it_at_once_and_leaves_nothing(photos, tmp_path):
    for copy in range(60):
        folder = photos / f"copy {copy}"
        folder.mkdir()
        for number, path in enumerate(sorted(photos.glob("person*/*.jpg"))):
            os.link(path, folder / f"{number}.jpg")
    flags = [f"--images={photos}", f"--output={tmp_path / 'out'}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "facerec_tf", "make-records", *flags],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not list(tmp_path.glob(".*/.scattered*")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - begin < 10
    assert (process.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in stderr
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_limits_of_size_apply_to_crops(photos, tmp_path, run_verb):
    largest = max(path.stat().st_size for path in photos.glob("*/*.jpg"))
    limit = {"max_file_mb": (largest - 1) / 1e6, "output": tmp_path / "out"}
    done = run_verb("make-records", images=photos, **limit)
    assert done.returncode == 0, done.stderr
    assert "× too large)" in done.stdout


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "Missing flag: --images=DIR or --table=FILE"),
        ({"table": "t.csv", "layout": "folders"}, "Flag --layout is not used with --table."),
        ({"images": ".", "label_column": "id"}, "Flag --label_column is not used with --images"),
        ({"images": ".", "size": 96, "alignment": "arcface-112"}, "Flag --size is not used with"),
        ({"images": ".", "pairs": 200}, "Flag --pairs is not used with --holdout_identities=0"),
        ({"images": ".", "try_rotations": True}, "Flag --try_rotations is used with a --detector"),
        ({"images": ".", "max_megapixels": 0}, "'max_megapixels' must be positive"),
        ({"images": ".", "layout": "casia"}, "Did you mean 'casia_webface'?"),
        ({"table": "t.tsv"}, "must end in .csv or .parquet"),
    ],
)
def test_flags_that_do_not_fit(tmp_path, run_verb, one_line_error, flags, words):
    one_line_error(run_verb("make-records", output=tmp_path / "out", **flags), words)
    assert not (tmp_path / "out").exists()


def test_people_told_apart_by_letters_case_only(photos, tmp_path, run_verb, one_line_error):
    (photos / "person 01").rename(photos / "Person 02")
    done = run_verb("make-records", images=photos, output=tmp_path / "out")
    one_line_error(done, "'Person 02' and 'person 02' differ only in case")
    assert not (tmp_path / "out").exists()
