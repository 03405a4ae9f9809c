import pytest
import tensorflow as tf

from facerec_tf.data import Manifest
from facerec_tf.data.codec import encode_jpeg


def bytes_feature(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


@pytest.fixture
def shards(tmp_path, image):
    for person in (7, 3):
        with tf.io.TFRecordWriter(str(tmp_path / f"ms1m-{person}.tfrecord")) as writer:
            features = {
                "image/source_id": tf.train.Feature(int64_list=tf.train.Int64List(value=[person])),
                "image/filename": bytes_feature(f"{person}/1.jpg".encode()),
                "image/encoded": bytes_feature(encode_jpeg(image(person, 112))),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    return tmp_path


def test_imports_as_typed(shards, run_verb):
    done = run_verb("import-arcface-tf2", records=shards / "ms1m-*", output=shards / "out")
    assert done.returncode == 0, done.stderr
    assert "training: 2 images of 2 people\n" in done.stdout
    manifest = Manifest.load(shards / "out")
    assert [entry.name for entry in manifest.classes] == ["3", "7"]
    assert manifest.alignment == "arcface-112"


def test_another_size(shards, run_verb, one_line_error):
    names = f"{shards}/ms1m-3.tfrecord,{shards}/ms1m-7.tfrecord"
    options = {"records": names, "output": shards / "out", "size": 128}
    done = run_verb("import-arcface-tf2", **options)
    one_line_error(done, "--alignment=arcface-112 are 112x112", "--alignment=unknown")
    done = run_verb("import-arcface-tf2", alignment="unknown", **options)
    one_line_error(done, "is 112x112 pixels, expected 128x128")
