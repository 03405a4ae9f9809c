import dataclasses
import shutil

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.config import AugmentationConfig
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import Manifest, StreamOptions, training_dataset, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.stream import record_stream
from tests.data.conftest import EVERYTHING, uneven

PLAIN = AugmentationConfig(flip=False)

#: Arguments of balanced batches of two people, and of the plain shuffle.
BALANCED = {"images_per_identity": 4, "global_batch_size": 8}
SHUFFLED = {}

both_streams = pytest.mark.parametrize("stream", [SHUFFLED, BALANCED], ids=["shuffled", "balanced"])


OPTIONS = {field.name for field in dataclasses.fields(StreamOptions)}


def dataset_of(directory, batch_size=8, seed=1, **arguments):
    """Training dataset of flat keyword arguments, those of `StreamOptions` among them."""
    options = {name: arguments.pop(name) for name in OPTIONS & arguments.keys()}
    options = StreamOptions(directory, seed=seed, **options)
    return training_dataset(options, batch_size=batch_size, **arguments)


def take(directory, batches, **arguments):
    return list(dataset_of(directory, **arguments).take(batches).as_numpy_iterator())


def assert_equal(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        for key in ("image", "label", "position"):
            np.testing.assert_array_equal(one[key], other[key])


def names(directory, count, seed=1, **options):
    stream = record_stream(StreamOptions(directory, seed=seed, **options)).take(count)
    return [record["filename"].decode() for _, record in stream.as_numpy_iterator()]


@both_streams
def test_batches_have_static_shapes(records_dir, stream):
    dataset = dataset_of(records_dir, **stream)
    assert dataset.element_spec == {
        "image": tf.TensorSpec((8, 112, 112, 3), tf.uint8),
        "label": tf.TensorSpec((8,), tf.int32),
        "position": tf.TensorSpec((8,), tf.int64),
    }


@both_streams
def test_images_and_labels_belong_together(records_dir, records, stream):
    by_name = {record.filename: record for record in records()}
    order = names(records_dir, 40, **stream)
    for batch in take(records_dir, 5, augmentation=PLAIN, **stream):
        for image, label, position in zip(*batch.values(), strict=True):
            record = by_name[order[position]]
            assert label == record.label
            np.testing.assert_array_equal(image, decode_photo(record.encoded))


def test_every_epoch_holds_every_record_once_in_another_order(records_dir, records):
    order = names(records_dir, 120)
    expected = sorted(record.filename for record in records())
    epochs = [order[:40], order[40:80], order[80:]]
    for epoch in epochs:
        assert sorted(epoch) == expected
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_balanced_batches_hold_k_images_of_each_of_p_people(records_dir, records):
    labels = {record.filename: record.label for record in records()}
    order = names(records_dir, 200, **BALANCED)
    for batch in take(records_dir, 25, **BALANCED):
        people = batch["label"].reshape(2, 4)
        assert (people == people[:, :1]).all()
        assert people[0, 0] != people[1, 0]
        shown = [order[position] for position in batch["position"]]
        assert len(set(shown)) == 8
        assert [labels[name] for name in shown] == people.ravel().tolist()
    assert set(order) == set(labels)


def test_balanced_batches_repeat_images_of_a_person_with_few(write, records):
    directory = write(uneven)
    labels = {record.filename: record.label for record in records()}
    order = names(directory, 80, **BALANCED)
    shown = {label: set() for label in range(4)}
    for begin in range(0, 80, 4):
        own = order[begin : begin + 4]
        (label,) = {labels[name] for name in own}
        assert len(set(own)) == {0: 4, 1: 3, 2: 1, 3: 4}[label]
        shown[label] |= set(own)
    assert [len(shown[label]) for label in range(4)] == [10, 3, 1, 10]


def test_repeated_images_are_augmented_differently(write):
    batches = take(write(uneven), 10, augmentation=AugmentationConfig(shift=0.2), **BALANCED)
    alone = [b["image"][b["label"] == 2] for b in batches if (b["label"] == 2).any()]
    assert len({image.tobytes() for images in alone for image in images}) == 4 * len(alone) > 0


@both_streams
def test_positions_count_on_over_epochs(records_dir, stream):
    positions = np.concatenate([batch["position"] for batch in take(records_dir, 12, **stream)])
    np.testing.assert_array_equal(positions, np.arange(96))


@pytest.mark.parametrize("steps", [1, 3, 5, 7, 11])
@both_streams
def test_resumes_bit_equal(records_dir, steps, stream):
    """The epoch has 40 images: steps of 8 end inside, at and after its edge."""
    arguments = {"augmentation": EVERYTHING, "shuffle_buffer": 16, **stream}
    whole = take(records_dir, steps + 3, **arguments)
    assert_equal(take(records_dir, 3, start=8 * steps, **arguments), whole[steps:])


def test_batches_cross_the_edge_of_an_epoch(records_dir):
    whole = take(records_dir, 9, batch_size=12, augmentation=EVERYTHING)
    part = take(records_dir, 3, batch_size=12, start=72, augmentation=EVERYTHING)
    assert_equal(part, whole[6:])


def test_augmentation_does_not_depend_on_the_batch_size(records_dir):
    small = take(records_dir, 4, batch_size=4, augmentation=EVERYTHING)
    (large,) = take(records_dir, 1, batch_size=16, augmentation=EVERYTHING)
    np.testing.assert_array_equal(
        np.concatenate([batch["image"] for batch in small]), large["image"]
    )


@both_streams
def test_seed_decides(records_dir, stream):
    one, again, other = (names(records_dir, 40, seed=seed, **stream) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    first, second = (
        take(records_dir, 1, augmentation=EVERYTHING, seed=seed, **stream)[0] for seed in (1, 2)
    )
    assert not np.array_equal(first["image"], second["image"])


def test_augmentation_differs_between_epochs(write, records):
    """One record over and over: only the position changes."""
    same = [record._replace(encoded=records()[0].encoded) for record in records()]
    batches = take(write(lambda _: same), 10, augmentation=AugmentationConfig(shift=0.2))
    images = np.concatenate([batch["image"] for batch in batches])
    assert len({image.tobytes() for image in images}) == 80


@pytest.mark.parametrize("global_seed", [0, 1234])
@both_streams
def test_global_seed_does_not_matter(records_dir, global_seed, stream):
    expected = take(records_dir, 6, augmentation=EVERYTHING, **stream)
    try:
        tf.random.set_seed(global_seed)
        np.random.seed(global_seed)
        assert_equal(take(records_dir, 6, augmentation=EVERYTHING, **stream), expected)
    finally:
        tf.random.set_seed(1)


@pytest.mark.parametrize("pipelines", [2, 4])
@both_streams
def test_pipelines_see_together_what_one_sees(records_dir, pipelines, stream):
    """Balanced, 16 images are of all four people, the pipelines' parts of one or two."""
    arguments = {"augmentation": EVERYTHING, "start": 16, **stream}
    if stream:
        arguments["global_batch_size"] = 16
    (one, two) = take(records_dir, 2, batch_size=16, **arguments)
    parts = [
        take(
            records_dir,
            2,
            batch_size=16 // pipelines,
            input_pipeline_id=number,
            num_input_pipelines=pipelines,
            **arguments,
        )
        for number in range(pipelines)
    ]
    for step, expected in enumerate((one, two)):
        for key in ("image", "label", "position"):
            together = np.concatenate([part[step][key] for part in parts])
            np.testing.assert_array_equal(together, expected[key])


@pytest.mark.parametrize("pipelines", [1, 2])
def test_replicas_see_together_one_balanced_batch(records_dir, pipelines):
    """Of a batch of 16, two replicas of each pipeline take a part one after the other."""
    arguments = {"augmentation": EVERYTHING, **BALANCED, "global_batch_size": 16}
    expected = take(records_dir, 3, batch_size=16, **arguments)
    size = 8 // pipelines
    parts = [
        take(
            records_dir,
            6,
            batch_size=size,
            input_pipeline_id=number,
            num_input_pipelines=pipelines,
            **arguments,
        )
        for number in range(pipelines)
    ]
    turns = [part[turn] for turn in range(6) for part in parts]
    for key in ("image", "label", "position"):
        np.testing.assert_array_equal(
            np.concatenate([batch[key] for batch in turns]),
            np.concatenate([batch[key] for batch in expected]),
        )


def test_min_images_leaves_people_out_of_balanced_batches(write, records):
    directory = write(uneven)
    arguments = {"min_images": 3, **BALANCED}
    labels = {record.filename: {0: 0, 1: 1, 3: 2}.get(record.label) for record in records()}
    order = names(directory, 240, **arguments)
    found = np.concatenate([batch["label"] for batch in take(directory, 30, **arguments)])
    assert [labels[name] for name in order] == found.tolist()
    assert np.bincount(found).tolist() == [80, 80, 80]
    assert len(set(order)) == 23


def test_min_images_leaves_people_out_and_renumbers(write):
    def thin(records):  # Leaves one image of label 1.
        return [r for r in records if r.label != 1 or r.filename.endswith("001.jpg")]

    directory = write(thin)
    assert Manifest.load(directory).num_images == 31
    order = names(directory, 60, min_images=2)
    assert len(set(order[:30])) == 30
    assert sorted(order[:30]) == sorted(order[30:])
    labels = np.concatenate([b["label"] for b in take(directory, 6, min_images=2)])
    assert set(labels) == {0, 1, 2}
    for name, label in zip(order, labels, strict=False):
        old = int(name[4:7]) % 4
        assert label == {0: 0, 2: 1, 3: 2}[old]


def damage(*places, encoded=None):
    def change(records):
        for place in places:
            broken = records[place].encoded[:500] if encoded is None else encoded
            records[place] = records[place]._replace(encoded=broken)
        return records

    return change


@pytest.mark.parametrize("encoded", [None, b"", b"\xff", b"hello", b"\xff\xd8 nonsense \xff\xd9"])
@both_streams
def test_damaged_images_are_replaced_and_reported(tmp_path, records, encoded, stream):
    sound, broken = tmp_path / "sound", tmp_path / "broken"
    write_records(sound, records())
    write_records(broken, damage(7, 20, encoded=encoded)(records()))
    order = names(sound, 80, **stream)
    assert names(broken, 80, **stream) == order
    bad = [place for place, name in enumerate(order) if name in ("Zoë/007.jpg", "Zoë/020.jpg")]
    assert bad
    expected = take(sound, 10, augmentation=PLAIN, **stream)
    reported = {}
    found = take(
        broken,
        10,
        augmentation=PLAIN,
        **stream,
        on_damaged=lambda position, filename, fault: reported.update({position: (filename, fault)}),
    )
    assert sorted(place for place in reported if place < 80) == bad
    for place, (filename, fault) in reported.items():
        assert place >= 80 or filename == order[place]
        assert fault.startswith("the image ")
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(other["position"], one["position"])
        for place, position in enumerate(other["position"]):
            if position not in bad:
                np.testing.assert_array_equal(other["image"][place], one["image"][place])
                assert other["label"][place] == one["label"][place]
            else:
                matches = [
                    np.array_equal(other["image"][place], image) and label == other["label"][place]
                    for image, label in zip(one["image"], one["label"], strict=True)
                ]
                assert any(matches)
                assert not matches[place]


@both_streams
def test_resumes_bit_equal_past_damaged_images(write, stream):
    directory = write(damage(3, 5, 7, 30))
    whole = take(directory, 10, augmentation=EVERYTHING, **stream)
    assert_equal(take(directory, 4, start=48, augmentation=EVERYTHING, **stream), whole[6:])


def test_damaged_images_are_logged_unless_someone_listens(write, caplog):
    take(write(damage(3)), 5)
    assert "Zoë/003.jpg" in caplog.text


@both_streams
def test_an_image_of_another_size_stops(write, image, stream):
    directory = write(damage(7, encoded=encode_jpeg(image(7, size=96))))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"'Zoë/007\.jpg' is 96x96 pixels"):
        take(directory, 10, **stream)


@both_streams
def test_a_batch_without_a_sound_image_stops(write, stream):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Dataset was empty"):
        take(write(damage(*range(40))), 1, **stream)


@both_streams
def test_order_does_not_depend_on_where_the_folder_lies(records_dir, tmp_path, stream):
    expected = names(records_dir, 40, **stream)
    (tmp_path / "elsewhere").mkdir()
    shutil.move(records_dir, tmp_path / "elsewhere" / "deeper")
    assert names(tmp_path / "elsewhere" / "deeper", 40, **stream) == expected


def test_balanced_batches_of_corrupt_shards_are_refused(records_dir):
    path = records_dir / "train-00001-of-00003.tfrecord"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"Record 6 of '.*{path.name}' is corrupt"):
        dataset_of(records_dir, **BALANCED)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"start": -8}, "start"),
        ({"start": 4}, "'start' must be a multiple of 8"),
        ({"input_pipeline_id": 2, "num_input_pipelines": 2}, "input_pipeline_id"),
        ({"shuffle_buffer": 0}, "shuffle_buffer"),
        ({"images_per_identity": 3}, "'batch_size' must be a multiple of images_per_identity=3"),
        ({"images_per_identity": 1}, "'images_per_identity' must be an integer of at least 2"),
        (
            {"images_per_identity": 2, "batch_size": 10},
            "'batch_size' must be at most 8, images_per",
        ),
        ({"images_per_identity": 4, "batch_size": 80}, "'batch_size' must be at most 40, all"),
        ({**BALANCED, "start": -8}, "start"),
        ({**BALANCED, "global_batch_size": 12}, "'global_batch_size' must be a multiple of 8"),
        (
            {"images_per_identity": 2, "batch_size": 6, "num_input_pipelines": 2},
            "'batch_size' must be at most 8, .* Received: batch_size=12",
        ),
    ],
)
def test_refuses_bad_arguments(records_dir, arguments, words):
    with pytest.raises(ArgumentError, match=words):
        dataset_of(records_dir, **arguments)


def test_a_record_stream_of_balanced_batches_needs_the_global_batch_size(records_dir):
    options = StreamOptions(records_dir, seed=0, images_per_identity=4)
    with pytest.raises(ArgumentError, match="Received: images_per_identity=4, global_batch_size=N"):
        record_stream(options)


def test_missing_manifest(tmp_path):
    with pytest.raises(DataError, match=r"manifest\.json"):
        dataset_of(tmp_path)
