"""Every kind of damage, before training or in its middle, ends in one line naming the thing."""

import json
import re
import shutil

import pytest
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data import (
    StreamOptions,
    describe_error,
    explain,
    name_bad_records,
    preflight,
    training_dataset,
)
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.stream import record_stream

SHARD = "train-00001-of-00003.tfrecord"
BALANCED = {"images_per_identity": 4, "global_batch_size": 8}


def replace(place, **fields):
    def change(records):
        records[place] = records[place]._replace(**fields)
        return records

    return change


def truncate(place):
    return lambda records: replace(place, encoded=records[place].encoded[:700])(records)


def explanation(directory, batches=5, meanwhile=lambda: None, **stream):
    """Message of `explain` for the first error that the pipeline raises."""
    options = StreamOptions(directory, seed=0, **stream)
    position = 0
    try:
        for _ in training_dataset(options, batch_size=8).take(batches):
            meanwhile()
            position += 8
    except tf.errors.OpError as error:
        return str(explain(error, options, first=position, last=position + 7))
    return None


def rewrite_shard(directory, change):
    """Rewrites one shard behind the manifest's back, its records changed by place."""
    path = directory / SHARD
    serialized = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in change(serialized):
            writer.write(record)


def test_sound_records_pass(records_dir):
    assert preflight(records_dir) == []
    assert explanation(records_dir) is None


def test_wrong_size(write, image):
    directory = write(replace(7, encoded=encode_jpeg(image(7, size=96))))
    with pytest.raises(DataError, match=r"'Zoë/007.jpg' in .* is 96x96 pixels, expected 112x112"):
        preflight(directory)
    assert explanation(directory) == ("Image 'Zoë/007.jpg' is 96x96 pixels, expected 112x112.")


def test_label_outside_the_manifest(records_dir):
    path = records_dir / "manifest.json"
    fields = json.loads(path.read_text())
    fields["classes"] = [{"name": f"Zoë {i}", "images": n} for i, n in enumerate((20, 10, 10))]
    path.write_text(json.dumps(fields))
    with pytest.raises(DataError, match=r"'Zoë/\d+.jpg' in .* has label 3, outside .* 0 to 2"):
        preflight(records_dir)
    assert "has label 3, but the manifest names 3 identities" in explanation(records_dir)


def test_manifest_of_other_records(records_dir):
    path = records_dir / "manifest.json"
    path.write_text(path.read_text().replace("Zoë 2", "Ann"))
    with pytest.raises(DataError, match="shows 'Zoë 2', but the manifest calls label 2 'Ann'"):
        preflight(records_dir)


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "lacks one of the features"), (b"junk", r"tf\.train\.Example")]
)
def test_empty_and_unparsable_record(records_dir, content, words):
    rewrite_shard(records_dir, lambda records: [*records[:4], content, *records[5:]])
    with pytest.raises(DataError, match=f"'.*{SHARD}' does not match the manifest"):
        preflight(records_dir)
    path = records_dir / "manifest.json"
    fields = json.loads(path.read_text())
    fields["shards"][1]["bytes"] = (records_dir / SHARD).stat().st_size
    path.write_text(json.dumps(fields))
    expected = rf"Record 4 of '.*{SHARD}' cannot be read: .*{words}"
    with pytest.raises(DataError, match=expected):
        preflight(records_dir, digests=False)
    with pytest.raises(DataError, match=expected):
        raise DataError(explanation(records_dir))


def test_corrupt_record(records_dir):
    path = records_dir / SHARD
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"'.*{SHARD}' does not match the manifest"):
        preflight(records_dir)
    with pytest.raises(DataError, match=f"Record 6 of '.*{SHARD}' is corrupt"):
        preflight(records_dir, digests=False)
    assert f"{SHARD}' is corrupt" in explanation(records_dir)


def test_shard_cut_short(records_dir):
    path = records_dir / SHARD
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"'.*{SHARD}' does not match the manifest"):
        preflight(records_dir, digests=False)
    assert f"Record 12 of '{path}' is corrupt" in explanation(records_dir)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), f"Shard '.*{SHARD}' is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:2000]), f"'.*{SHARD}' is corrupt"),
        (lambda path: path.write_bytes(bytes(path.stat().st_size)), f"'.*{SHARD}' is corrupt"),
    ],
    ids=["removed", "cut short", "overwritten"],
)
def test_a_shard_that_changes_under_balanced_batches_is_named(records_dir, change, words):
    path = records_dir / SHARD
    content = path.read_bytes()

    def meanwhile():
        if path.exists() and path.read_bytes() == content:
            change(path)

    assert re.search(words, explanation(records_dir, 100, meanwhile, **BALANCED))


def test_a_shard_back_in_place_is_named_all_the_same(records_dir):
    path = records_dir / SHARD
    content = path.read_bytes()
    options = StreamOptions(records_dir, seed=0, **BALANCED)
    dataset = training_dataset(options, batch_size=8)
    path.unlink()
    with pytest.raises(tf.errors.OpError) as caught:
        list(dataset.take(50))
    path.write_bytes(content)
    error = explain(caught.value, options, first=0, last=7)
    assert re.fullmatch(f"Shard '.*{SHARD}' was lost during the run: No such file.*", str(error))


@pytest.mark.parametrize("stream", [{}, BALANCED], ids=["shuffled", "balanced"])
def test_a_batch_of_damaged_images_is_named(write, stream):
    directory = write(lambda records: [r._replace(encoded=b"\xff\xd8 \xff\xd9") for r in records])
    assert re.fullmatch(
        r"All images of a batch are damaged\. "
        r"Image 'Zoë/\d+\.jpg': the image cannot be decoded \(5 bytes\)\.",
        explanation(directory, **stream),
    )


def test_more_than_one_percent_damaged(write):
    with pytest.raises(
        DataError,
        match=r"1 of 40 images checked in .*, more than 1 %, are damaged. Image 'Zoë/003.jpg'",
    ):
        preflight(write(truncate(3)))


def test_few_damaged_images_are_named(write):
    (line,) = preflight(write(truncate(3), count=120))
    assert line.startswith("Image 'Zoë/003.jpg' in '")
    assert "truncated" in line


def test_sample_is_spread_over_the_shards(write):
    directory = write(lambda records: [r._replace(encoded=b"") for r in records], count=120)
    with pytest.raises(DataError, match="12 of 12 images"):
        preflight(directory, sample=12)


@pytest.mark.parametrize("stream", [{}, BALANCED], ids=["shuffled", "balanced"])
def test_name_bad_records_in_a_range(write, stream):
    directory = write(lambda records: truncate(9)(truncate(22)(records)))
    options = StreamOptions(directory, seed=0, **stream)
    order = [
        record["filename"].decode()
        for _, record in record_stream(options).take(80).as_numpy_iterator()
    ]
    bad = ("Zoë/009.jpg", "Zoë/022.jpg")
    for name in bad:
        place = order.index(name)
        (line,) = name_bad_records(options, first=place, last=place)
        assert line.startswith(f"Image '{name}': the image is truncated")
    found = name_bad_records(options, first=40, last=79)
    assert len(found) == sum(name in bad for name in order[40:])


@pytest.mark.parametrize("options", [{"shuffle_buffer": 2}, BALANCED])
def test_a_folder_removed_during_the_run_is_named(records_dir, options):
    def remove():
        shutil.rmtree(records_dir, ignore_errors=True)

    message = explanation(records_dir, batches=60, meanwhile=remove, **options)
    lost = rf"Shard '{records_dir}/train-0000.-of-00003.tfrecord' was lost during the run: "
    assert re.fullmatch(f"{lost}No such file or directory.", message)


def test_other_errors_are_not_explained():
    error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
    assert describe_error(error) is None
    assert explain(error, StreamOptions("nowhere", seed=0), first=0, last=7) is None
