"""The Beam pipeline against the local tool."""

import csv
import io
import itertools
import tarfile
from typing import ClassVar

import cv2
import numpy as np
import pytest

pytest.importorskip("apache_beam")

from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.files import sha256
from facerec_tf.data import CropFormat, Manifest
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.records import read_shard
from facerec_tf.photographs.beam_records import beam_make_records, find_remote_photos
from facerec_tf.photographs.crop_reader import CropReader
from facerec_tf.photographs.folder_scan import scan_folder
from facerec_tf.photographs.make_records import make_records
from tests.forked import run_forked
from tests.photo_fixtures import draw

COMMON = {"crop_format": CropFormat((112, 112), "arcface-112"), "num_shards": 3}


def read_crops():
    return CropReader((112, 112))


@pytest.fixture
def images(tmp_path):
    """Crops of 10 people, 200 in all, of which one is damaged, and one more person."""
    for seed in range(200):
        path = tmp_path / "images" / f"Zoë {seed % 10}" / f"{seed}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_jpeg(draw(seed, 112, 112)))
    path.write_bytes(b"no image")
    (tmp_path / "images" / "Zoë 3" / ".hidden.jpg").write_bytes(b"")
    (tmp_path / "images" / "Few").mkdir()
    (tmp_path / "images" / "Few" / "1.jpg").write_bytes(encode_jpeg(draw(200, 112, 112)))
    return tmp_path / "images"


def read_all(directory):
    manifest = Manifest.load(directory)
    manifest.verify(directory)
    return sorted(r for shard in manifest.shards for r in read_shard(directory / shard.file))


def read_rejected(directory):
    with open(directory / "rejected.csv", newline="") as file:
        return list(csv.reader(file))


def test_equals_the_local_tool(images, tmp_path):
    photos, rejected = scan_folder(images)
    options = {**COMMON, "rejected": rejected, "min_images": 2, "name": "people"}
    make_records(tmp_path / "local", photos, read_crops(), **options)
    beam_make_records(str(tmp_path / "beam"), photos, read_crops, **options)
    assert read_all(tmp_path / "beam") == read_all(tmp_path / "local")
    one, two = (Manifest.load(tmp_path / name) for name in ("beam", "local"))
    assert (one.classes, one.image_size, one.alignment, one.name) == (
        two.classes,
        two.image_size,
        two.alignment,
        two.name,
    )
    assert read_rejected(tmp_path / "beam") == read_rejected(tmp_path / "local")
    assert len(read_rejected(tmp_path / "beam")) == 4
    assert ["Few", "too few images: 1, fewer than 2"] in read_rejected(tmp_path / "beam")
    names = sorted(path.name for path in (tmp_path / "beam").iterdir())
    shards = [shard.file for shard in one.shards]
    assert names == sorted(["image_hashes.npy", "manifest.json", "rejected.csv", *shards])
    assert one.image_hashes == two.image_hashes
    assert one.image_hashes.sha256 == sha256(tmp_path / "beam" / "image_hashes.npy")


def test_writes_the_same_every_time_and_shuffled(images, tmp_path):
    photos, _ = scan_folder(images)
    for name in ("one", "two"):
        beam_make_records(str(tmp_path / name), photos[::-1], read_crops, **COMMON)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    shard = Manifest.load(tmp_path / "one").shards[0]
    labels = [record.label for record in read_shard(tmp_path / "one" / shard.file)]
    assert np.mean(np.diff(labels) == 0) < 0.4  # Not one identity after the other.
    beam_make_records(str(tmp_path / "seeded"), photos, read_crops, seed=1, **COMMON)
    other = [record.label for record in read_shard(tmp_path / "seeded" / shard.file)]
    assert other != labels
    assert sorted(other) == sorted(labels)


def test_too_many_damaged_leave_nothing(images, tmp_path):
    for path in list((images / "Zoë 1").iterdir())[:3]:
        path.write_bytes(b"no image")
    photos, _ = scan_folder(images)
    with pytest.raises(UserError, match=r"4 of 201 images, more than 1 %, are damaged\. 'Zoë"):
        beam_make_records(str(tmp_path / "beam"), photos, read_crops, **COMMON)
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_what_a_worker_finds_wrong_is_one_line(images, tmp_path):
    (images / "Zoë 1" / "large.jpg").write_bytes(encode_jpeg(draw(1, 150, 150)))
    photos, _ = scan_folder(images)
    with pytest.raises(UserError) as caught:
        beam_make_records(str(tmp_path / "beam"), photos, read_crops, **COMMON)
    assert str(caught.value).startswith("Image 'Zoë 1/large.jpg' is 150x150 pixels, expected")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "beam").exists()


def test_what_is_refused_before_workers_start(images, tmp_path):
    photos, _ = scan_folder(images)

    def fail():
        raise DataError("there is no detector")

    with pytest.raises(DataError, match="there is no detector"):
        beam_make_records(str(tmp_path / "beam"), photos, fail, **COMMON)
    flags = ["--runner=Nonsense"]
    with pytest.raises(UserError, match="Unexpected pipeline runner: Nonsense"):
        beam_make_records(str(tmp_path / "beam"), photos, read_crops, beam_flags=flags, **COMMON)
    with pytest.raises(UserError, match="images' is not empty"):
        beam_make_records(str(images), photos, read_crops, **COMMON)
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


class Bucket(FileSystem):
    """Files at bucket://…, held in memory, which Beam treats like a cloud's."""

    files: ClassVar[dict[str, bytes]] = {}

    @classmethod
    def scheme(cls):
        return "bucket"

    def join(self, basepath, *paths):
        return "/".join([basepath, *paths])

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, content in list(self.files.items()):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(content))

    def create(self, path, mime_type="", compression_type=None):
        files = self.files

        class File(io.BytesIO):
            def close(self):
                if not self.closed:
                    files[path] = self.getvalue()
                super().close()

        return File()

    def open(self, path, mime_type="", compression_type=None):
        if path not in self.files:
            raise BeamIOError(f"{path} is gone")
        return io.BytesIO(self.files[path])

    def exists(self, path):
        return path in self.files

    def size(self, path):
        return len(self.files[path])

    def last_updated(self, path):
        return 0.0

    def checksum(self, path):
        return ""

    def metadata(self, path):
        return FileMetadata(path, self.size(path))

    def delete(self, paths):
        for path in paths:
            del self.files[path]

    def copy(self, source_file_names, destination_file_names):
        raise NotImplementedError

    def rename(self, source_file_names, destination_file_names):
        raise NotImplementedError


def test_from_an_address_to_an_address(images, tmp_path):
    photos, rejected = scan_folder(images)
    for photo in photos:
        Bucket.files[f"bucket://photos/{photo.name}"] = photo.read()
    Bucket.files["bucket://photos/Zoë 3/.hidden.jpg"] = b""
    Bucket.files["bucket://photos/Zoë 3/notes.txt"] = b""
    Bucket.files["bucket://photos/Few/1"] = Bucket.files.pop("bucket://photos/Few/1.jpg")
    (images / "Few" / "1.jpg").rename(images / "Few" / "1")
    (images / "Zoë 3" / "notes.txt").write_bytes(b"")
    photos, rejected = scan_folder(images)
    remote, left_out = find_remote_photos("bucket://photos/")
    assert [(p.name, p.person) for p in sorted(remote)] == [(p.name, p.person) for p in photos]
    assert left_out == rejected
    options = {**COMMON, "rejected": left_out}
    beam_make_records("bucket://records", remote, read_crops, **options)
    for path, content in Bucket.files.items():
        if path.startswith("bucket://records/"):
            copy = tmp_path / "copy" / path.removeprefix("bucket://records/")
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(content)
    make_records(tmp_path / "local", photos, read_crops(), **options)
    assert read_all(tmp_path / "copy") == read_all(tmp_path / "local")
    assert not (tmp_path / "copy" / ".photos.jsonl").exists()

    with pytest.raises(UserError, match="'bucket://records' is not empty"):
        beam_make_records("bucket://records", remote, read_crops, **options)
    with pytest.raises(DataError, match="'bucket://nothing' contains no photographs"):
        find_remote_photos("bucket://nothing")
    with pytest.raises(DataError, match="Cannot list 'nowhere://x'"):
        find_remote_photos("nowhere://x")


@pytest.mark.slow
def test_two_processes_and_a_detector_as_a_user_types_it(tmp_path, shared_dir):
    data = shared_dir / "data"
    photos = tmp_path / "photos"
    with tarfile.open(data / "lfw" / "lfw-deepfunneled.tar", "r|") as tar:
        members = (member for member in tar if member.isfile())
        for member in itertools.islice(members, 40):
            path = photos / "/".join(member.name.split("/")[-2:])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tar.extractfile(member).read())
    (path.parent / "noise.png").write_bytes(cv2.imencode(".png", draw(0))[1].tobytes())
    flags = [f"--detector_model={data}/models/yunet_n_320_320.onnx", "--detector=yunet"]
    done = run_forked(
        "facerec_tf",
        "make-records-beam",
        *flags,
        f"--images={photos}",
        f"--output={tmp_path / 'beam'}",
        "--",
        "--direct_num_workers=2",
        "--direct_running_mode=multi_processing",
    )
    assert done.returncode == 0, done.stderr
    done = run_forked(
        "facerec_tf",
        "make-records",
        *flags,
        f"--images={photos}",
        f"--output={tmp_path / 'local'}",
    )
    assert done.returncode == 0, done.stderr
    assert "training: 40 images" in done.stdout
    assert read_all(tmp_path / "beam") == read_all(tmp_path / "local")
    assert read_rejected(tmp_path / "beam") == read_rejected(tmp_path / "local")
    assert read_rejected(tmp_path / "beam")[1][1] == "no face was found"
