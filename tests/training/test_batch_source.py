"""Batches of real records, and what happens to damaged ones."""

import shutil

import cv2
import numpy as np
import pytest

from facerec_tf.config import AugmentationConfig, DataConfig
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.training import BatchSource, make_strategy


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


def write_few(directory):
    """Writes 60 images: i + 1 of each of nine people, and 15 of the last."""
    rng = np.random.default_rng(0)
    encoded = encode_jpeg(rng.integers(0, 256, (112, 112, 3), dtype=np.uint8))
    labels = np.repeat(np.arange(10), [*range(1, 10), 15])
    records = (
        Record(encoded, int(label), f"person {label}", f"{index}.jpg")
        for index, label in enumerate(labels)
    )
    write_records(directory, records, num_shards=2)
    return directory


def make_source(directory, batch_size=20, **data):
    return BatchSource(
        directory,
        DataConfig(**data),
        AugmentationConfig(),
        batch_size=batch_size,
        seed=3,
        damaged_log=directory.parent / "damaged.log",
    )


def take_one_by_one(source, steps):
    for _ in range(steps):
        yield from take(source, 1)


def take(source, steps):
    batches = [next(source.iterator()) for _ in range(steps)]
    source.advance(steps)
    return batches


BALANCED = {"images_per_identity": 5}

both_streams = pytest.mark.parametrize("data", [{}, BALANCED], ids=["shuffled", "balanced"])


@both_streams
def test_seeking_continues_the_same_stream(tmp_path, data):
    directory = write(tmp_path / "data")
    straight = take(make_source(directory, **data), 13)
    source = make_source(directory, **data)
    source.seek(11)
    for ours, theirs in zip(take(source, 2), straight[11:], strict=True):
        for name in ("image", "label", "position"):
            np.testing.assert_array_equal(ours[name], theirs[name])
    again = source.batch_at(12)
    np.testing.assert_array_equal(again["image"], straight[12]["image"])


def test_balanced_batches_hold_k_images_of_each_of_p_people(tmp_path):
    source = make_source(write(tmp_path / "data"), **BALANCED)
    assert source.images_per_identity == 5
    for batch in take(source, 12):
        people = batch["label"].numpy().reshape(4, 5)
        assert (people == people[:, :1]).all()
        assert len(set(people[:, 0].tolist())) == 4


def test_replicas_share_one_balanced_batch(tmp_path):
    """Its 20 images are of five people; the replicas' halves end amid the third."""
    directory = write_few(tmp_path / "data")
    alone = take(make_source(directory, images_per_identity=4), 3)
    strategy = make_strategy("mirrored")
    with strategy.scope():
        shared = take(make_source(directory, images_per_identity=4), 3)
    for ours, theirs in zip(shared, alone, strict=True):
        for name in ("image", "label", "position"):
            parts = strategy.experimental_local_results(ours[name])
            np.testing.assert_array_equal(np.concatenate(parts), theirs[name])


def test_repeated_images_are_counted_also_by_a_resumed_run(tmp_path):
    directory = write_few(tmp_path / "data")
    straight = make_source(directory, images_per_identity=4)
    assert straight.repeated == 0
    few, counted = 0, []
    for batch in take_one_by_one(straight, 30):
        people = batch["label"].numpy()[::4]
        few += sum(max(4 - (label + 1), 0) for label in people)
        counted.append(straight.repeated)
        assert counted[-1] == few
    assert few > 0
    for step in (1, 7, 30):
        resumed = make_source(directory, images_per_identity=4)
        resumed.seek(step)
        assert resumed.repeated == counted[step - 1]


@pytest.mark.parametrize("data", [{}, {"images_per_identity": 0}])
def test_the_plain_shuffle_repeats_nothing(tmp_path, data):
    source = make_source(write_few(tmp_path / "data"), **data)
    assert source.images_per_identity is None
    epoch = np.concatenate([batch["label"] for batch in take(source, 3)])
    assert np.bincount(epoch).tolist() == [*range(1, 10), 15]
    assert source.repeated == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images_per_identity": 3}, "'batch_size' must be a multiple of images_per_identity=3"),
        ({"images_per_identity": 4, "batch_size": 64}, "'batch_size' must be at most 60, all"),
        ({"images_per_identity": 2, "batch_size": 22}, "'batch_size' must be at most 20, "),
        (
            {"images_per_identity": 4, "batch_size": 24, "min_images": 6},
            "'batch_size' must be at most 20, images_per_identity=4 images of each of 5 identities",
        ),
    ],
)
def test_batches_that_cannot_be_balanced_are_refused_before_a_shard_is_read(
    tmp_path, arguments, message
):
    directory = write_few(tmp_path / "data")
    for shard in directory.glob("*.tfrecord"):
        shard.unlink()
    with pytest.raises(ArgumentError, match=message):
        make_source(directory, **arguments)


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


@both_streams
def test_a_resumed_run_counts_damaged_images_as_one_never_stopped(tmp_path, data):
    directory = write(tmp_path / "data", truncated=[7])
    straight = make_source(directory, **data)
    take(straight, 40)
    assert straight.damaged == 4
    log = straight.damaged_log.read_text()
    resumed = make_source(directory, **data)
    resumed.seek(11)
    before = resumed.damaged
    assert before in (1, 2)
    take(resumed, 29)
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


def test_a_shard_lost_under_balanced_batches_is_named(tmp_path):
    directory = write(tmp_path / "data")
    source = make_source(directory, **BALANCED)
    take(source, 1)
    shard = sorted(directory.glob("*.tfrecord"))[1]
    shard.unlink()
    with pytest.raises(DataError, match=f"{shard.name}' is missing"), source.explained_errors(50):
        take(source, 50)


@both_streams
def test_an_error_of_the_pipeline_names_its_record(tmp_path, data):
    directory = write(tmp_path / "data")
    shard = sorted(directory.glob("*.tfrecord"))[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    source = make_source(directory, **data)
    with pytest.raises(DataError, match=shard.name), source.explained_errors(10):
        take(source, 10)
    with pytest.raises(DataError, match=shard.name):
        source.batch_at(0)


def test_records_that_are_removed_during_a_run_are_named(tmp_path):
    directory = write(tmp_path / "data")
    source = make_source(directory)
    take(source, 1)
    shutil.rmtree(directory)
    message = r"no longer be read: '.*data/train-0000\d.*': No such file or directory\. .*--resume"
    with pytest.raises(DataError, match=message), source.explained_errors(50):
        take(source, 50)


def test_a_damaged_log_is_named_and_its_last_line_may_be_cut(tmp_path):
    source = make_source(write(tmp_path / "data"))
    source.damaged_log.write_text("3\tone\n5\ttwo\n9")
    source.seek(2)
    assert (source.damaged, source.damaged_log.read_text()) == (2, "3\tone\n5\ttwo\n")
    source.damaged_log.write_text("\x00\n")
    with pytest.raises(DataError, match=r"'.*damaged\.log' is damaged: a line begins with"):
        source.seek(2)
