"""The sample of training images: whom it shows, how far it reads, and that it never changes."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import Manifest, Record
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.images import decode_any
from facerec_tf.data.records import read_shard
from facerec_tf.data.sample import sample_images
from tests.data.conftest import make_image, uneven


def counts(sample):
    labels, images = np.unique(sample.labels, return_counts=True)
    return dict(zip(labels.tolist(), images.tolist(), strict=True))


def of_people(labels):
    """Returns a change of records that gives them these labels."""

    def change(records):
        return [
            record._replace(label=int(label), text=f"{label}")
            for record, label in zip(records, labels, strict=True)
        ]

    return change


def assert_same(one, two):
    for ours, theirs in zip(one, two, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_images_are_those_of_the_records_and_not_augmented(records_dir):
    sample = sample_images(records_dir, seed=0, identities=3, images=4)
    assert sample.images.shape == (12, 112, 112, 3)
    assert (sample.images.dtype, sample.labels.dtype) == (np.uint8, np.int32)
    assert sorted(sample.labels.tolist()) == sample.labels.tolist()
    of_label = {}
    for path in sorted(records_dir.glob("*.tfrecord")):
        for record in read_shard(path):
            of_label.setdefault(record.label, []).append(decode_any(record.encoded).numpy())
    for label in set(sample.labels.tolist()):
        images = sample.images[sample.labels == label]
        np.testing.assert_array_equal(images, of_label[label][:4])


def test_is_the_same_every_time_and_another_with_another_seed(write):
    directory = write(of_people(np.arange(60) % 20), count=60)
    first = sample_images(directory, seed=5, identities=4)
    tf.random.set_seed(9)
    assert_same(sample_images(directory, seed=5, identities=4), first)
    people = {tuple(counts(sample_images(directory, seed=s, identities=4))) for s in range(6)}
    assert len(people) > 1


def test_takes_all_there_are_where_they_are_few(records_dir):
    assert counts(sample_images(records_dir, seed=0)) == dict.fromkeys(range(4), 8)
    assert counts(sample_images(records_dir, seed=0, images=20)) == dict.fromkeys(range(4), 10)


def test_people_with_several_images_come_first_others_fill_up(write):
    directory = write(uneven)  # 10, 3, 1 and 10 images.
    for seed in range(5):
        assert 2 not in counts(sample_images(directory, seed=seed, identities=3))
    assert counts(sample_images(directory, seed=0, identities=4)) == {0: 8, 1: 3, 2: 1, 3: 8}


def test_labels_are_those_of_the_identities_kept(write):
    directory = write(uneven)
    sample = sample_images(directory, seed=0, min_images=4)
    assert counts(sample) == {0: 8, 1: 8}
    assert Manifest.load(directory).select(4).class_names == ("Zoë 0", "Zoë 3")
    everyone = sample_images(directory, seed=0)
    np.testing.assert_array_equal(
        sample.images[sample.labels == 1], everyone.images[everyone.labels == 3]
    )


def test_reads_no_further_than_asked(write):
    directory = write(of_people(np.arange(300) % 60), count=300, num_shards=4)
    near = sample_images(directory, seed=0, identities=60, images=9, records=40)
    assert len(near.labels) == 40
    for shard in directory.glob("*.tfrecord"):
        whole = shard.read_bytes()
        shard.write_bytes(whole[: len(whole) // 2])
    assert_same(sample_images(directory, seed=0, identities=60, images=9, records=40), near)
    with pytest.raises(DataError, match=r"Record \d+ of '.*tfrecord' is corrupt"):
        sample_images(directory, seed=0)


def test_of_large_data_most_people_are_found_twice_if_at_all(write):
    directory = write(of_people(np.arange(400) % 100), count=400, num_shards=4)
    found = counts(sample_images(directory, seed=0, identities=10, records=60))
    assert len(found) == 10
    assert min(found.values()) >= 2


def test_damaged_images_are_left_out(write):
    def damage(records):
        return [
            r._replace(encoded=r.encoded[:300]) if r.label == 1 and i < 20 else r
            for i, r in enumerate(records)
        ]

    assert counts(sample_images(write(damage), seed=0, images=10)) == {0: 10, 1: 5, 2: 10, 3: 10}


def test_an_image_of_another_size_is_named(write):
    def shrink(records):
        odd = Record(encode_jpeg(make_image(1, size=96)), 1, "Zoë 1", "odd.jpg")
        return [odd, *records]

    with pytest.raises(DataError, match=r"'odd\.jpg' is 96x96 pixels, expected 112x112"):
        sample_images(write(shrink), seed=0, images=20)


def test_it_is_empty_where_none_is_found(write):
    labels = np.append(np.repeat([0, 1], 3), np.repeat(np.arange(2, 99), 2))
    directory = write(of_people(labels), count=200)
    sample = sample_images(directory, seed=0, min_images=3, records=3)
    assert sample.images.shape == (0, 112, 112, 3)
    assert sample.labels.shape == (0,)
    assert counts(sample_images(directory, seed=0, min_images=3)) == {0: 3, 1: 3}


def test_a_missing_shard_is_named(records_dir):
    shard = sorted(records_dir.glob("*.tfrecord"))[1]
    shard.unlink()
    with pytest.raises(DataError, match=f"{shard.name}' is missing"):
        sample_images(records_dir, seed=0)


@pytest.mark.parametrize("name", ["identities", "images", "records"])
def test_numbers_are_counts(records_dir, name):
    with pytest.raises(ArgumentError, match=f"'{name}' must be an integer of at least 1"):
        sample_images(records_dir, seed=0, **{name: 0})
