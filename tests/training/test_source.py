"""Batches of real records, and what happens to damaged ones."""

import cv2
import numpy as np
import pytest

from facerec_tf.config import AugmentationConfig, DataConfig
from facerec_tf.core.errors import DataError
from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.training import Source


def write(directory, truncated=(), garbled=()):
    """Writes 200 images of 4 people, some of them cut short or without a readable header."""
    rng = np.random.default_rng(0)

    def records():
        for index in range(200):
            small = rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)
            encoded = encode_jpeg(cv2.resize(small, (112, 112)))
            if index in truncated:
                encoded = encoded[: len(encoded) // 2]
            if index in garbled:
                encoded = encoded[:4] + bytes(600) + encoded[604:]
            yield Record(encoded, index % 4, f"person {index % 4}", f"{index}.jpg")

    write_records(directory, records(), num_shards=2)
    return directory


def make_source(directory):
    return Source(
        directory,
        DataConfig(),
        AugmentationConfig(),
        batch_size=20,
        seed=3,
        damaged_log=directory.parent / "damaged.log",
    )


def take(source, steps):
    batches = [next(source.iterator()) for _ in range(steps)]
    source.advance(steps)
    return batches


def test_seeking_continues_the_same_stream(tmp_path):
    directory = write(tmp_path / "data")
    straight = take(make_source(directory), 13)
    source = make_source(directory)
    source.seek(11)
    for ours, theirs in zip(take(source, 2), straight[11:], strict=True):
        for name in ("image", "label", "position"):
            np.testing.assert_array_equal(ours[name], theirs[name])
    again = source.batch_at(12)
    np.testing.assert_array_equal(again["image"], straight[12]["image"])


@pytest.mark.parametrize(
    ("damage", "fault"),
    [({"truncated": [7]}, "is truncated"), ({"garbled": [7]}, "cannot be decoded")],
)
def test_a_damaged_image_is_skipped_counted_and_named(tmp_path, damage, fault):
    source = make_source(write(tmp_path / "data", **damage))
    take(source, 10)
    assert source.damaged == 1
    (line,) = source.damaged_log.read_text().splitlines()
    assert "Image '7.jpg'" in line
    assert fault in line


def test_a_resumed_run_counts_damaged_images_as_one_never_stopped(tmp_path):
    directory = write(tmp_path / "data", truncated=[7])
    straight = make_source(directory)
    take(straight, 35)
    assert straight.damaged == 4
    log = straight.damaged_log.read_text()
    resumed = make_source(directory)
    resumed.seek(11)
    before = resumed.damaged
    assert before in (1, 2)
    take(resumed, 24)
    assert resumed.damaged == 4
    assert resumed.damaged_log.read_text() == log


def test_a_sample_is_not_counted(tmp_path):
    source = make_source(write(tmp_path / "data", truncated=range(0, 200, 20)))
    for step in range(10):
        source.batch_at(step)
    source.seek(10)
    source.advance(0)
    assert source.damaged == 0


def test_more_than_one_percent_stop_the_run(tmp_path):
    source = make_source(write(tmp_path / "data", truncated=range(0, 200, 20)))
    with pytest.raises(DataError, match=r"are damaged, more than 1 %.*damaged\.log"):
        take(source, 10)


def test_an_error_of_the_pipeline_names_its_record(tmp_path):
    directory = write(tmp_path / "data")
    shard = sorted(directory.glob("*.tfrecord"))[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    source = make_source(directory)
    with pytest.raises(DataError, match=shard.name), source.explained_errors(10):
        take(source, 10)
    with pytest.raises(DataError, match=shard.name):
        source.batch_at(0)
