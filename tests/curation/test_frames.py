"""TFRecords as TensorFlow writes them, then damaged byte by byte."""

import pytest
import tensorflow as tf

from facerec_tf.curation import frames
from facerec_tf.curation.frames import Frame, read_frame, read_frames

CONTENT = [bytes([65 + i]) * (50 + 7 * i) for i in range(10)]
STARTS = [sum(16 + len(data) for data in CONTENT[:i]) for i in range(11)]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for data in CONTENT:
            writer.write(data)
    return path


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)


def sound(first, last, lost=0):
    return [Frame(i - lost, STARTS[i], CONTENT[i]) for i in range(first, last)]


@pytest.mark.parametrize("verify", [True, False])
def test_sound_shards(shard, verify):
    assert list(read_frames(shard, verify)) == sound(0, 10)
    assert [read_frame(shard, start) for start in STARTS[:10]] == CONTENT


def test_damaged_data_is_one_record_lost(shard):
    flip(shard, STARTS[4] + 20)
    damaged = Frame(4, STARTS[4], None, "its checksum does not match")
    assert list(read_frames(shard)) == [*sound(0, 4), damaged, *sound(5, 10)]
    assert next(f for f in read_frames(shard, verify=False) if f.index == 4).data != CONTENT[4]


def test_a_damaged_data_checksum(shard):
    flip(shard, STARTS[5] - 1)
    faults = {frame.index: frame.fault for frame in read_frames(shard) if frame.fault}
    assert faults == {4: "its checksum does not match"}


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("place", [0, 1, 7, 8, 11], ids="byte {}".format)
def test_after_a_damaged_length_the_next_record_is_found(shard, place, verify):
    flip(shard, STARTS[4] + place)
    damaged = Frame(4, STARTS[4], None, "its length is damaged")
    assert list(read_frames(shard, verify)) == [*sound(0, 4), damaged, *sound(5, 10)]


def test_records_lost_without_a_trace_are_not_counted(shard):
    content = shard.read_bytes()
    shard.write_bytes(content[: STARTS[3]] + b"junk" * 30 + content[STARTS[5] + 2 :])
    found = list(read_frames(shard))
    assert found[3] == Frame(3, STARTS[3], None, "its length is damaged")
    assert [frame.data for frame in found[4:]] == CONTENT[6:]
    assert [frame.index for frame in found] == list(range(8))


@pytest.mark.parametrize("cut", [1, 4, 5, 60, 100])
def test_cut_short(shard, cut):
    shard.write_bytes(shard.read_bytes()[:-cut])
    cut_short = Frame(9, STARTS[9], None, "the file is cut short")
    assert list(read_frames(shard)) == [*sound(0, 9), cut_short]


def test_cut_within_a_header(shard):
    shard.write_bytes(shard.read_bytes()[: STARTS[9] + 5])
    assert list(read_frames(shard))[9] == Frame(9, STARTS[9], None, "the file is cut short")


@pytest.mark.parametrize(("content", "count"), [(b"", 0), (b"\0" * 1000, 1), (b"x" * 1000, 1)])
def test_no_records_at_all(shard, content, count):
    shard.write_bytes(content)
    found = list(read_frames(shard))
    assert len(found) == count
    assert all(frame.data is None for frame in found)


def test_checksums_are_those_of_crc_32c():
    """The check value of CRC-32C (RFC 3720), masked as TFRecords do."""
    crc = 0xE3069283
    masked = ((crc >> 15 | crc << 17 & 0xFFFFFFFF) + 0xA282EAD8) % 2**32
    assert frames._checksum(b"123456789") == masked


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(read_frames(tmp_path / "none"))
