import os
import subprocess
import sys
from pathlib import Path

import pytest

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data import Manifest, write_records
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


def test_leaves_only_shards_and_manifest(tmp_path, records):
    write_records(tmp_path / "data", records(3, 3), num_shards=16)
    names = sorted(os.listdir(tmp_path / "data"))
    assert names == ["manifest.json", *(f"train-0000{i}-of-00003.tfrecord" for i in range(3))]


def test_a_failure_leaves_nothing(tmp_path, records):
    def failing():
        yield from records()
        raise DataError("image 41 is damaged")

    with pytest.raises(DataError, match="image 41"):
        write_records(tmp_path / "data", failing())
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
