"""InsightFace's verification sets, and pickles that contain more than data."""

import builtins
import os
import pickle
import subprocess

import numpy as np
import pytest

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data import PairSet, find_pairs
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.records import read_shard
from facerec_tf.importers.safe_pickle import PickleError, load_plain
from facerec_tf.importers.verification_bin import import_bin, read_bin
from tests.photo_fixtures import draw

SAME = [True] * 12 + [False] * 11


@pytest.fixture(scope="module")
def images():
    """Two of each pair; the first image of pair 3 is that of pair 0 again."""
    found = [encode_jpeg(draw(seed, 112, 112)) for seed in range(2 * len(SAME))]
    found[6] = found[0]
    return found


def as_bytes(images):
    return images, SAME


def as_arrays(images):
    return [np.frombuffer(image, np.uint8) for image in images], SAME


def as_numpy_labels(images):
    return images, list(np.array(SAME))


def as_label_array(images):
    return images, np.array(SAME)


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("form", [as_bytes, as_arrays, as_numpy_labels, as_label_array])
def test_every_way_to_write_them(tmp_path, images, form, protocol):
    (tmp_path / "a.bin").write_bytes(pickle.dumps(form(images), protocol=protocol))
    assert read_bin(tmp_path / "a.bin") == (images, SAME)


def test_numpy_1_wrote_the_same_by_other_names(images):
    new = pickle.dumps(as_arrays(images), protocol=2)
    old = new.replace(b"cnumpy._core.multiarray", b"cnumpy.core.multiarray")
    assert list(load_plain(old)) == list(load_plain(new)) == [images, SAME]


def test_python_2_wrote_text(images):
    """A list of `str`, which Python 2 writes as BINSTRING, and its True as INT 01."""
    written = b"".join(b"T" + len(image).to_bytes(4, "little") + image for image in images)
    labels = b"".join(b"I01\n" if same else b"I00\n" for same in SAME)
    assert load_plain(b"(](" + written + b"e](" + labels + b"et.") == (images, SAME)


def test_pairs_are_found_by_evaluate(tmp_path, images):
    (tmp_path / "a.bin").write_bytes(pickle.dumps((images, SAME)))
    summary = import_bin(tmp_path / "a.bin", tmp_path / "data" / "pairs" / "lfw")
    assert summary == {
        "pairs": "23, of which 12 show the same person",
        "images": "45 unique of 46, 112x112 pixels",
    }
    pairs = PairSet.load(find_pairs(tmp_path / "data", "lfw"))
    assert pairs.same.tolist() == SAME
    assert pairs.folds.tolist() == sorted([*range(10), *range(10), 0, 1, 2])  # As KFold cuts.
    shard = pairs.directory / pairs.manifest.shards[0].file
    encoded = {record.filename: record.encoded for record in read_shard(shard)}
    for number in range(23):
        first, second = (pairs.filenames[of[number]] for of in (pairs.first, pairs.second))
        assert encoded[first] == images[2 * number]
        assert encoded[second] == images[2 * number + 1]
    assert pairs.first[0] == pairs.first[3]


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("evil", "named"),
    [
        (lambda mark: Evil(os.system, f"touch {mark}"), "posix.system"),
        (lambda mark: Evil(builtins.eval, f"open({str(mark)!r}, 'w')"), "builtins.eval"),
        (lambda mark: Evil(builtins.exec, f"open({str(mark)!r}, 'w')"), "builtins.exec"),
        (lambda mark: Evil(subprocess.check_output, ["touch", str(mark)]), "subprocess.check_out"),
        (lambda mark: Evil(builtins.getattr, mark, "touch"), "builtins.getattr"),
        (lambda mark: Evil(np.load, str(mark)), "numpy.*load"),
        (lambda mark: np.array([Evil(os.system, f"touch {mark}")], object), "array of 'O8'|posix"),
        (lambda mark: np.array([1.5]), "array of 'f8', not of bytes or booleans"),
        (lambda mark: np.zeros((2, 2), np.uint8), "not a row of bytes"),
        (lambda mark: np.ndarray, "contains more than data"),
        (
            lambda mark: Evil(np.dtype, ("deep",)),
            "something else where a name is expected|is not data",
        ),
        (lambda mark: PickleError, "asks for facerec_tf.importers.safe_pickle.PickleError"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_pickles_with_more_than_data_are_refused(tmp_path, evil, named, nested, images):
    mark = tmp_path / "it ran"
    content = ([*images, evil(mark)], SAME) if nested else evil(mark)
    path = tmp_path / "evil.bin"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=rf"Verification set '.*evil.bin' is refused: .*({named})"):
        read_bin(path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"words",
        b"hello(",
        b")u.",
        pickle.dumps(([b"a"] * 100, SAME))[:-20],
        b"\x80\x04\x8e" + (1 << 62).to_bytes(8, "little") + b".",  # Bytes without end.
        b"\x80\x04\x8e" + (1 << 40).to_bytes(8, "little") + b".",
        b"\x80\x02]r\xff\xff\xff\x7f.",  # A note at place two thousand million.
        b"\x80\x02cnumpy\nndarray\n)R.",
        b"\x80\x02cnumpy\ndtype\n)R.",
        b"\x80\x02cnumpy._core.multiarray\n_reconstruct\n)R}b.",
        b"\x80\x02U\x01xQ.",
    ],
)
def test_damaged_pickles_are_one_line(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(DataError, match=r"'.*a.bin' is (refused: it|not a verification)") as caught:
        read_bin(tmp_path / "a.bin")
    assert "\n" not in str(caught.value)
    assert "MARK" not in str(caught.value)


@pytest.mark.parametrize("store", [b"r" + (200_000_000).to_bytes(4, "little"), b"p200000000\n"])
def test_a_high_number_of_an_object_is_refused(store):
    """Python would reserve 3 GB for it."""
    with pytest.raises(PickleError, match="numbers an object 200000000, which would exhaust"):
        load_plain(b"\x80\x02]" + store + b".")


def test_pipes_devices_and_huge_files_are_refused(tmp_path):
    path = tmp_path / "a.bin"
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"Cannot read verification set .*: it is a named pipe"):
        read_bin(path)
    path.unlink()
    path.touch()
    os.truncate(path, 6 << 30)
    with pytest.raises(DataError, match=r"it has 6,442,450,944 bytes, and at most"):
        read_bin(path)


def test_lists_in_many_places_take_no_longer():
    """Each list holds the one before it twice: written out, a million million items."""
    content = b"\x80\x02]q\x00K\x01a" + b"".join(
        b"](" + b"h" + bytes([level]) + b"h" + bytes([level]) + b"e" + b"q" + bytes([level + 1])
        for level in range(40)
    )
    found = load_plain(content + b".")
    for _ in range(40):
        assert found[0] is found[1]
        found = found[0]
    assert found == [1]


def test_what_a_pickle_names_cannot_be_changed(images):
    """BUILD sets attributes of whatever it is given, also of what stands for NumPy's functions."""
    for name in (b"_codecs\nencode", b"numpy\ndtype", b"numpy\nndarray"):
        for state in (b"}U\x08__call__K\x01s", b"N}U\x08__call__K\x01s\x86"):
            with pytest.raises(PickleError):
                load_plain(b"\x80\x02c" + name + b"\n" + state + b"b.")
    assert list(load_plain(pickle.dumps(as_arrays(images), protocol=2))) == [images, SAME]


def test_an_array_is_as_long_as_its_bytes():
    dtype = b"cnumpy\ndtype\n(U\x02u1tR"
    for content in (b"J\xff\xff\xff\x7f", b"U\x03abc"):
        huge = b"cnumpy._core.numeric\n_frombuffer\n(" + content + dtype + b"K\x09\x85U\x01CtR."
        with pytest.raises(PickleError, match="not a row of bytes"):
            load_plain(b"\x80\x02" + huge)


@pytest.mark.parametrize(
    "content",
    [
        [],
        (1, 2),
        ([b"a", b"b"], [True, False]),
        ([b"a", b"b"], [3]),
        ([b"a", "b"], [True]),
        ([b"a", b"b"], True),
        {"images": []},
    ],
)
def test_other_data_is_refused(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=r"a.bin' is not a verification set: expected a list of"):
        read_bin(tmp_path / "a.bin")


def test_damaged_images_are_refused(tmp_path, images):
    def refuse(changed, same, words):
        (tmp_path / "a.bin").write_bytes(pickle.dumps((changed, same)))
        with pytest.raises(UserError, match=words):
            import_bin(tmp_path / "a.bin", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    small = encode_jpeg(draw(1, 96, 112))
    refuse(
        [*images[:5], small, *images[6:]], SAME, r"Image 5 of .* is 96x112 pixels, expected 112x112"
    )
    refuse([*images[:5], b"x", *images[6:]], SAME, "Image 5 of .*: it is truncated, or neither")
    refuse(images[:4], SAME[:2], "has 2 pairs, fewer than 10 folds need")
    refuse(images, [True] * 23, "needs pairs of the same and of different people")
    with pytest.raises(DataError, match=r"Cannot read verification set '.*none.bin'"):
        import_bin(tmp_path / "none.bin", tmp_path / "out")
