"""Bit flips and truncations of every file kind that importers and records are read from.

Each variant must give one line that names the file, or a result: the undamaged one where the format
has checksums.
"""

import gzip
import pickle
import random
import shutil

import pytest
import tensorflow as tf

from facerec_tf.core.errors import UserError
from facerec_tf.data import Manifest, Pair, PairSet, Record, write_pair_set
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.records import read_shard
from facerec_tf.importers.arcface_tf2 import _images
from facerec_tf.importers.lfw import read_pairs, read_people
from facerec_tf.importers.mxnet import locate, read_list, read_property
from facerec_tf.importers.mxnet_file import MXRecordFile
from facerec_tf.importers.photo_archive import read_photos
from facerec_tf.importers.verification_bin import read_bin
from facerec_tf.photographs.landmark_cropper import read_landmarks
from tests.importers.mxnet_record_files import pack, write_rec
from tests.importers.test_photo_archive import write as write_tar
from tests.photo_fixtures import draw

#: Variants of each kind: this many bit flips, and as many truncations.
VARIANTS = 15


@pytest.fixture(scope="module")
def jpegs():
    return [encode_jpeg(draw(seed, 112, 112), quality=20) for seed in range(8)]


def archive(folder, jpegs):
    members = [(f"lfw/P/P_{n:04d}.jpg", jpeg) for n, jpeg in enumerate(jpegs)]
    return write_tar(folder / "lfw.tar", *members)


def zipped_archive(folder, jpegs):
    path = folder / "lfw.tar.gz"
    path.write_bytes(gzip.compress(archive(folder, jpegs).read_bytes(), mtime=0))
    return path


def record_file(folder, jpegs):
    write_rec(folder / "a.rec", [pack(label, jpeg) for label, jpeg in enumerate(jpegs)])
    return folder / "a.rec"


def index_file(folder, jpegs):
    record_file(folder, jpegs)
    return folder / "a.idx"


def list_file(folder, jpegs):
    (folder / "a.lst").write_text("".join(f"{n}\t0\tP/{n}.jpg\n" for n in range(20)))
    return folder / "a.lst"


def property_file(folder, jpegs):
    (folder / "property").write_text("85742,112,112\n")
    return folder / "property"


def verification_set(folder, jpegs):
    (folder / "a.bin").write_bytes(pickle.dumps((jpegs, [True, False] * 2), protocol=2))
    return folder / "a.bin"


def tfrecords(folder, jpegs):
    path = folder / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number, jpeg in enumerate(jpegs):
            feature = {
                "image/source_id": tf.train.Feature(int64_list={"value": [number]}),
                "image/filename": tf.train.Feature(
                    bytes_list={"value": [f"{number}/0.jpg".encode()]}
                ),
                "image/encoded": tf.train.Feature(bytes_list={"value": [jpeg]}),
            }
            features = tf.train.Features(feature=feature)
            writer.write(tf.train.Example(features=features).SerializeToString())
    return path


def people(folder, jpegs):
    (folder / "peopleDevTrain.txt").write_text("3\nAnn_A\t3\nBob_B\t1\nCem_C\t2\n")
    return folder / "peopleDevTrain.txt"


def pair_list(folder, jpegs):
    lines = "".join(f"Ann_A\t1\t{n}\nAnn_A\t1\tBob_B\t{n}\n" for n in range(2, 6))
    (folder / "pairs.txt").write_text(f"2\t2\n{lines}")
    return folder / "pairs.txt"


def landmarks(folder, jpegs):
    lines = "".join(f"P/{n}.jpg" + ",50.5" * 10 + "\n" for n in range(5))
    (folder / "a.csv").write_text("image" + ",x" * 10 + "\n" + lines)
    return folder / "a.csv"


def pair_set(folder, jpegs, name):
    records = [Record(jpeg, n, str(n), f"{n}.jpg") for n, jpeg in enumerate(jpegs)]
    pairs = [Pair(n % 2, f"{n}.jpg", f"{n + 1}.jpg", n < 4) for n in range(7)]
    write_pair_set(folder / "pairs", records, pairs, name="a")
    return next((folder / "pairs").glob(name))


def read_records(path):
    with MXRecordFile(path) as source:
        return [source.read(start) for start in source.starts().tolist()]


def read_index(path):
    with MXRecordFile(path.with_suffix(".rec")) as source:
        return [array.tolist() for array in locate(source, path)]


def read_pair_set(path):
    pairs = PairSet.load(path.parent)
    return pairs.filenames, pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist()


#: What writes a file, what reads it, and whether its content has checksums.
KINDS = {
    "tar": (archive, lambda path: list(read_photos(path)), False),
    "tar.gz": (zipped_archive, lambda path: list(read_photos(path)), True),
    "rec": (record_file, read_records, False),
    "idx": (index_file, read_index, False),
    "lst": (list_file, read_list, False),
    "property": (property_file, read_property, False),
    "bin": (verification_set, read_bin, False),
    "tfrecord": (tfrecords, lambda path: list(_images([path], None, (112, 112))), True),
    "people": (people, read_people, False),
    "pairs": (pair_list, read_pairs, False),
    "landmarks": (
        landmarks,
        lambda path: {k: v.tolist() for k, v in read_landmarks(path).items()},
        False,
    ),
    "pair set": (lambda *a: pair_set(*a, "pairs.csv"), read_pair_set, False),
    "shard": (lambda *a: pair_set(*a, "*.tfrecord"), lambda path: list(read_shard(path)), True),
    "verified shard": (lambda *a: pair_set(*a, "*.tfrecord"), read_pair_set, True),
    "manifest": (
        lambda *a: pair_set(*a, "manifest.json"),
        lambda path: Manifest.load(path.parent),
        False,
    ),
}


def damage(content, generator):
    """Yields `content` with one bit flipped, or cut."""
    for _ in range(VARIANTS):
        flipped = bytearray(content)
        flipped[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        yield bytes(flipped)
        yield content[: generator.randrange(len(content))]


@pytest.mark.parametrize("kind", KINDS)
def test_damage_gives_one_line_or_the_result(tmp_path, jpegs, kind):
    write, read, has_checksums = KINDS[kind]
    path = write(tmp_path, jpegs)
    content, expected = path.read_bytes(), read(path)
    refused = 0
    for variant in damage(content, random.Random(kind)):
        path.write_bytes(variant)
        try:
            found = read(path)
        except UserError as error:
            refused += 1
            message = str(error)
            assert path.name in message or path.parent.name in message, message
            assert len(message) < 2000
        else:
            assert found == expected or not has_checksums
    assert refused
    shutil.rmtree(tmp_path)
