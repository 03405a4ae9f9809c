import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data import Manifest, Record, write_records
from facerec_tf.data.records import read_shard

ROOT = Path(__file__).resolve().parents[2]


def read_all(directory):
    shards = Manifest.load(directory).shards
    return [list(read_shard(directory / shard.file)) for shard in shards]


def test_writes_every_record_once(records_dir, records):
    found = [record for shard in read_all(records_dir) for record in shard]
    assert sorted(found, key=lambda record: record.filename) == records()
    assert found != records()


def test_spreads_sorted_people_over_all_shards(write):
    shards = read_all(write(lambda records: sorted(records, key=lambda record: record.label)))
    assert [len(shard) for shard in shards] == [14, 13, 13]
    for shard in shards:
        labels = [record.label for record in shard]
        assert set(labels) == {0, 1, 2, 3}
        assert labels != sorted(labels)


def test_spreads_people_who_come_in_turn(tmp_path, records):
    """Three people in turn to three shards: dealing them out would give each a shard."""
    write_records(tmp_path / "data", records(42, 3), num_shards=3)
    for shard in read_all(tmp_path / "data"):
        assert {record.label for record in shard} == {0, 1, 2}


def test_same_seed_same_files(tmp_path, records):
    manifests = [
        write_records(tmp_path / str(run), records(), num_shards=3, seed=seed)
        for run, seed in enumerate([5, 5, 6])
    ]
    assert manifests[0] == manifests[1]
    assert manifests[0] != manifests[2]


def test_leaves_only_shards_manifest_and_hashes(tmp_path, records):
    write_records(tmp_path / "data", records(3, 3), num_shards=16)
    names = sorted(os.listdir(tmp_path / "data"))
    assert names == [
        "image_hashes.npy",
        "manifest.json",
        *(f"train-0000{i}-of-00003.tfrecord" for i in range(3)),
    ]


def test_a_failure_leaves_nothing(tmp_path, records):
    def failing():
        yield from records()
        raise DataError("image 41 is damaged")

    with pytest.raises(DataError, match="image 41"):
        write_records(tmp_path / "data", failing())
    assert os.listdir(tmp_path) == []


def test_an_interruption_leaves_nothing(tmp_path, records):
    def interrupted():
        yield from records()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(tmp_path / "data", interrupted())
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_killed_run_leaves_the_name_free(tmp_path, records):
    """Killed with its first shard done: nothing at the target, and the same command works again."""
    code = f"""
import os, signal
from facerec_tf.data import Record, writer
writer.sha256 = lambda path: os.kill(os.getpid(), signal.SIGKILL)
writer.write_records({str(tmp_path / "data")!r}, [Record(b"x", 0, "a", "1.jpg")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=False)
    assert done.returncode == -9, done.stderr
    folder, lock = sorted(os.listdir(tmp_path))
    assert folder.startswith(".data-")
    assert lock == f"{folder}.owner"
    write_records(tmp_path / "data", records())
    assert sum(map(len, read_all(tmp_path / "data"))) == len(records())
    assert os.listdir(tmp_path) == ["data"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        tf.errors.ResourceExhaustedError(None, None, "No space left on device"),
    ],
)
def test_full_disk_in_the_second_pass(tmp_path, records, monkeypatch, error):
    class FullDisk(tf.io.TFRecordWriter):
        def write(self, record):
            raise error

    monkeypatch.setattr(tf.io, "TFRecordWriter", FullDisk)
    with pytest.raises(UserError, match=r"^Cannot write '.*data': No space left on device.?$"):
        write_records(tmp_path / "data", records())
    assert os.listdir(tmp_path) == []


def test_refuses_a_folder_in_use(tmp_path, records):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="is not empty"):
        write_records(tmp_path, records())
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda records: [], "no images"),
        (lambda records: [r._replace(label=2 * r.label) for r in records], "without a gap"),
        (lambda records: [*records, records[0]._replace(text="Ann")], "'Zoë 0' and 'Ann'"),
        (lambda records: [*records, records[0]._replace(label=-1)], r"has label -1, expected 0 to"),
        (lambda records: [*records, records[0]._replace(label=10**12)], "has label 1000000000000"),
    ],
)
def test_refuses_inconsistent_records(write, change, words):
    with pytest.raises(DataError, match=words):
        write(change)


def test_no_way_to_the_folder(tmp_path, records):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"Cannot write '.*file/data'"):
        write_records(tmp_path / "file" / "data", records())


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_full_disk(tmp_path):
    code = f"""
import resource, sys
from facerec_tf.core.errors import UserError
from facerec_tf.data import Record, write_records
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    records = [Record(bytes(9000), 0, "a", str(i)) for i in range(9999)]
    write_records({str(tmp_path / "data")!r}, records)
except UserError as error:
    sys.exit(f"error: {{error}}")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert f"error: Cannot write '{tmp_path / 'data'}'" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"'a\\udcff.jpg' of 'a' has a name that is not valid"):
        write_records(tmp_path / "data", [Record(b"x", 0, "a", "a\udcff.jpg")])
    assert os.listdir(tmp_path) == []


def test_an_error_of_another_file_names_it(tmp_path):
    def unreadable():
        yield Record(b"x", 0, "a", "a.jpg")
        (tmp_path / "none.jpg").read_bytes()

    with pytest.raises(UserError, match=r"Cannot write '.*data': No such file .*: '.*none.jpg'\.$"):
        write_records(tmp_path / "data", unreadable())


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_permissions_of_records_follow_the_umask(tmp_path, records, umask):
    before = os.umask(umask)
    try:
        write_records(tmp_path / "new" / "data", records())
    finally:
        os.umask(before)
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in (tmp_path / "new").rglob("*")}
    assert modes == {True: 0o777 & ~umask, False: 0o666 & ~umask}
