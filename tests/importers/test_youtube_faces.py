"""YouTube Faces: a fabricated database under split files of the official size."""

import csv
import itertools
import os
import tarfile

import numpy as np
import pytest

from facerec_tf.alignment import crop
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import CropFormat, PairSet
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.records import read_shard
from facerec_tf.importers.youtube_faces import (
    find_frames,
    import_youtube_faces,
    read_splits,
)
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.photographs.crop_reader import CropReader
from facerec_tf.photographs.landmark_cropper import read_landmarks
from tests.photo_fixtures import CORNER, SIDE, draw

TO_CROP = {"crop_format": CropFormat((112, 112), "arcface-112")}

#: Video → its frames, by number.
VIDEOS = {
    "Ann_A/0": (98, 99, 100, 1001),
    "Ann_A/3": (7,),
    "Zoë_Å/1": (1, 2, 3),
    "Zoë_Å/2": (1, 20),
    "Bob_B/0": (5, 6),
}
HEADER = "split number, pair number, first name, second name, is same"


def split_lines(videos=tuple(VIDEOS), corrected=False):
    """500 pairs a fold, as the official file has them, over a few videos again and again."""
    pairs = itertools.cycle(itertools.combinations(videos, 2))
    for fold in range(1, 11):
        for number, (first, second) in zip(range(1, 501), pairs, strict=False):
            same = int(first.split("/")[0] == second.split("/")[0])
            middle = f" {1 - same}," if corrected else ""
            yield f"{fold}, {number}, {first}, {second},{middle} {same}"


@pytest.fixture
def write_splits(tmp_path):
    def write(lines, header=HEADER):
        path = tmp_path / "splits.txt"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def splits(write_splits):
    return write_splits(split_lines())


def write_frames(root, encode, videos=VIDEOS):
    """Writes every frame, `encode` of a seed; returns name → bytes."""
    frames = {}
    for video, numbers in videos.items():
        (root / video).mkdir(parents=True)
        for number in numbers:
            name = f"{video}/aligned_detect_{video.split('/')[1]}.{number}.jpg"
            frames[name] = encode(len(frames) + 1)
            (root / name).write_bytes(frames[name])
    return frames


@pytest.fixture
def crops(tmp_path):
    """A database of aligned crops."""
    return write_frames(tmp_path / "db", lambda seed: encode_jpeg(draw(seed, 112, 112)))


def run(tmp_path, splits, cropper=None, **options):
    cropper = cropper or CropReader((112, 112))
    arguments = (tmp_path / "db", splits, cropper, tmp_path / "out")
    return import_youtube_faces(*arguments, **TO_CROP, **options)


def read_all(directory):
    shards = PairSet.load(directory).manifest.shards
    return [r for shard in shards for r in read_shard(directory / shard.file)]


def test_videos_are_templates(crops, splits, tmp_path):
    (tmp_path / "db" / "Ann_A" / "0" / ".hidden.jpg").write_bytes(b"")
    (tmp_path / "db" / "Ann_A" / "0" / "notes.txt").write_text("no frame")
    (tmp_path / "db" / "Ann_A" / "9").mkdir()
    output = tmp_path / "out"
    assert run(tmp_path, splits) == {"ytf": "5,000 pairs of 5 videos, 12 frames"}
    records = read_all(output)
    assert {record.filename: record.encoded for record in records} == crops
    assert {(r.label, r.text) for r in records} == {(0, "Ann_A"), (1, "Bob_B"), (2, "Zoë_Å")}
    assert all(record.filename.startswith(record.text) for record in records)

    pair_set = PairSet.load(output)
    assert pair_set.manifest.alignment == "arcface-112"
    video = {}
    for name, template in zip(pair_set.filenames, pair_set.templates.tolist(), strict=True):
        assert video.setdefault(template, os.path.dirname(name)) == os.path.dirname(name)
    assert sorted(video.values()) == sorted(VIDEOS)
    found = [
        f"{fold + 1}, {place % 500 + 1}, {video[first]}, {video[second]}, {int(same)}"
        for place, (fold, first, second, same) in enumerate(
            zip(
                *(
                    a.tolist()
                    for a in (pair_set.folds, pair_set.first, pair_set.second, pair_set.same)
                ),
                strict=True,
            )
        )
    ]
    assert found == list(split_lines())


def test_the_corrected_answer_is_the_last(write_splits):
    corrected = read_splits(write_splits(split_lines(corrected=True), HEADER + ", corrected"))
    assert corrected == read_splits(write_splits(split_lines()))


@pytest.mark.parametrize(("most", "taken"), [(1, 1), (3, 3), (4, 4), (100, 4), (0, 4)])
def test_the_first_frames_by_number(crops, tmp_path, most, taken):
    numbers = {}
    for photo in find_frames(tmp_path / "db", VIDEOS, most):
        numbers.setdefault(os.path.dirname(photo.name), []).append(int(photo.name.split(".")[-2]))
        assert photo.read() == crops[photo.name]
    # By name, 100 and 1001 would come before 98.
    assert numbers["Ann_A/0"] == [98, 99, 100, 1001][:taken]
    assert numbers == {video: list(own)[: most or None] for video, own in VIDEOS.items()}


def test_frames_without_a_face_are_left_out(splits, tmp_path, cropper):
    black = {2, 7, 11}  # The second of Ann_A/0, of Zoë_Å/1, and the first of Bob_B/0.

    def encode(seed):
        return encode_jpeg(np.zeros((180, 200, 3), np.uint8) if seed in black else draw(seed))

    frames = write_frames(tmp_path / "db", encode)
    assert run(tmp_path, splits, cropper)["rejected"].startswith("3 frames, listed in")
    with open(tmp_path / "out" / "rejected.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    expected = [name for seed, name in enumerate(frames, start=1) if seed in black]
    assert rows == [[name, "no face was found"] for name in sorted(expected)]
    records = {record.filename: record.encoded for record in read_all(tmp_path / "out")}
    assert records.keys() == frames.keys() - set(expected)
    x, y = CORNER.astype(int)
    for name, encoded in records.items():
        cut = decode_photo(frames[name])[y : y + SIDE, x : x + SIDE]
        assert np.abs(decode_photo(encoded).astype(int) - cut).mean() < 3


def test_a_video_without_any_face(splits, tmp_path, cropper):
    def encode(seed):
        return encode_jpeg(np.zeros((180, 200, 3), np.uint8) if seed in (9, 10) else draw(seed))

    frames = write_frames(tmp_path / "db", encode)
    with pytest.raises(DataError) as caught:
        run(tmp_path, splits, cropper)
    assert "Video 'Zoë_Å/2' gives no crop" in str(caught.value)
    assert f"('{list(frames)[8]}': no face was found)" in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["db", "splits.txt"]


def remove_a_video(root):
    os.rename(root / "Zoë_Å" / "2", root / "Zoë_Å" / "4")


def empty_a_video(root):
    for path in (root / "Bob_B" / "0").iterdir():
        path.unlink()


def break_a_frame(root):
    (root / "Ann_A" / "0" / "aligned_detect_0.99.jpg").write_bytes(b"\xff\xd8 no frame")


def enlarge_a_frame(root):
    path = root / "Ann_A" / "3" / "aligned_detect_3.7.jpg"
    path.write_bytes(encode_jpeg(draw(1, 320, 240)))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (remove_a_video, "lacks 1 of the 5 videos of the split file, for example 'Zoë_Å/2'"),
        (empty_a_video, "lacks 1 of the 5 videos .* for example 'Bob_B/0'"),
        (break_a_frame, r"1 of 12 images, more than 1 %.*aligned_detect_0\.99\.jpg"),
        (enlarge_a_frame, r"aligned_detect_3\.7\.jpg' is 320x240 pixels, expected 112x112"),
    ],
)
def test_bad_frames_are_named_and_leave_nothing(crops, splits, tmp_path, damage, words):
    damage(tmp_path / "db")
    with pytest.raises(DataError, match=words):
        run(tmp_path, splits)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["db", "splits.txt"]


def test_what_cannot_be_done_is_said_first(tmp_path, splits):
    with pytest.raises(DataError, match=r"Folder '.*db' does not exist"):
        run(tmp_path, splits)
    with pytest.raises(ArgumentError, match="'max_frames' must be an integer of at least 0"):
        run(tmp_path, splits, max_frames=-1)
    with pytest.raises(DataError, match=r"Cannot read split file '.*none.txt': No such file"):
        read_splits(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("place", "line", "words"),
    [
        (4999, "", r"must have a header, then 10 folds of 500 pairs\. Found: .*500, 499 pairs\."),
        (600, "1, 1, Ann_A/0, Ann_A/3, 1", r"Found: folds of 501, 499, 500"),
        (1, "11, 1, Ann_A/0, Ann_A/3, 1", "Line 3 of .*: 11, 1, Ann_A/0"),
        (1, "0, 1, Ann_A/0, Ann_A/3, 1", "Line 3 of .*fold"),
        (7, "1, 8, Ann_A, Ann_A/3, 1", "Line 9 of .*PERSON/VIDEO"),
        (7, "1, 8, Ann_A/0, ../etc, 1", "Line 9 of"),
        (7, "1, 8, Ann_A/0, Ann_A/0/1, 1", "Line 9 of"),
        (7, "1, 8, Ann_A/0, Ann_A/3, yes", "Line 9 of .*0 or 1"),
        (7, "1, 8, Ann_A/0, Ann_A/3", "Line 9 of"),
        (7, "1 Ann_A/0 Ann_A/3 1", "Line 9 of"),
    ],
)
def test_bad_splits(write_splits, place, line, words):
    lines = list(split_lines())
    lines[place] = line
    with pytest.raises(DataError, match=words):
        read_splits(write_splits(lines))


def test_splits_of_another_kind(tmp_path, write_splits):
    path = tmp_path / "splits.txt"
    path.write_bytes("Zoë".encode("utf-16"))
    with pytest.raises(DataError, match="is not valid UTF-8"):
        read_splits(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="Found: folds of 0, 0"):
        read_splits(path)
    first, *lines = split_lines()
    with pytest.raises(DataError, match="Found: folds of 499, 500"):
        read_splits(write_splits(lines, header=first))


def test_real_faces(tmp_path, shared_dir, splits):
    """LFW's photographs as frames, cut out where YuNet finds the face."""
    lfw = shared_dir / "data" / "lfw"
    contents = {}
    with tarfile.open(lfw / "lfw-deepfunneled.tar", "r|") as tar:
        for member in tar:
            if member.isfile():
                contents["/".join(member.name.split("/")[-2:])] = tar.extractfile(member).read()
            if len(contents) == 12:
                break
    points = read_landmarks(lfw / "landmarks.csv")
    photos = [(content, points[name]) for name, content in contents.items()]
    frames = write_frames(tmp_path / "db", lambda seed: photos[seed - 1][0])
    model = shared_dir / "data" / "models" / "yunet_n_320_320.onnx"
    cropper = AlignmentOptions(detector_model=str(model)).make_cropper()
    assert "rejected" not in run(tmp_path, splits, cropper)
    expected = {
        name: crop(decode_photo(content), landmarks)
        for name, (content, landmarks) in zip(frames, photos, strict=True)
    }
    for record in read_all(tmp_path / "out"):
        found = decode_photo(record.encoded).astype(int)
        assert np.abs(found - expected[record.filename]).mean() < 4
