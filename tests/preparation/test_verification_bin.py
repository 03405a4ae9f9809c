"""Verification sets as InsightFace packs them, as NumPy may write them, and as nobody should."""

import os
import pickle
import struct

import cv2
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import PairSet, find_pairs
from facerec_tf.data.records import read_shard
from facerec_tf.preparation.verification_bin import import_verification_bin, read_bin
from tests.preparation.conftest import draw

PAIRS = 23


def encode(seed, side=112, kind=".jpg"):
    return cv2.imencode(kind, draw(seed, side, side))[1].tobytes()


@pytest.fixture(scope="module")
def images():
    """Of 23 pairs; image 3 is image 0 again, image 7 a PNG."""
    found = [encode(seed) for seed in range(2 * PAIRS)]
    found[3] = found[0]
    found[7] = encode(7, kind=".png")
    return found


@pytest.fixture(scope="module")
def same():
    return [pair % 3 == 0 for pair in range(PAIRS)]


@pytest.fixture
def write(tmp_path):
    def write(content, protocol=2):
        path = tmp_path / "lfw.bin"
        raw = content if isinstance(content, bytes) else pickle.dumps(content, protocol)
        path.write_bytes(raw)
        return path

    return write


def fails(path, *words):
    with pytest.raises(DataError) as caught:
        import_verification_bin(path, path.parent / "out")
    for word in (str(path), *words):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (path.parent / "out").exists()


def python2(images, same):
    """The pickle of protocol 2 that Python 2 writes: bytes are plain strings."""

    def memo(number):
        return b"r" + struct.pack("<I", number)

    strings = b"".join(b"T" + struct.pack("<i", len(i)) + i + memo(n) for n, i in enumerate(images))
    labels = b"".join(b"\x88" if label else b"\x89" for label in same)
    return b"\x80\x02](" + strings + b"e](" + labels + b"e\x86."


def python2_text(images, same):
    """The same of protocol 0, its default: escaped text."""
    strings = "".join(f"S{repr(i)[1:]}\na" for i in images)
    labels = "".join("I01\na" if label else "I00\na" for label in same)
    return f"((lp0\n{strings}(lp1\n{labels}t.".encode()


def old_numpy(raw):
    """As NumPy 1 wrote them."""
    return raw.replace(b"numpy._core", b"numpy.core")


def test_imports_as_a_pair_set(write, images, same, tmp_path):
    output = tmp_path / "data" / "pairs" / "lfw"
    summary = import_verification_bin(write((images, same)), output)
    assert summary["lfw"] == "23 pairs, 8 of them of one person"
    assert summary["images"] == "45 of 112x112 pixels, 46 with repeats"
    assert find_pairs(tmp_path / "data", "lfw") == output
    found = PairSet.load(output)
    assert found.manifest.alignment == "arcface-112"
    assert found.manifest.image_size == (112, 112)
    np.testing.assert_array_equal(found.same, same)
    # scikit-learn's KFold: the first three of ten folds have one pair more.
    np.testing.assert_array_equal(found.folds, np.repeat(np.arange(10), [3] * 3 + [2] * 7))

    records = {r.filename: r for s in found.manifest.shards for r in read_shard(output / s.file)}
    assert len(records) == 45
    assert "000003.jpg" not in records
    assert "000007.png" in records
    assert all(r.text == name for name, r in records.items())
    for pair in range(PAIRS):
        first = records[found.filenames[found.first[pair]]]
        second = records[found.filenames[found.second[pair]]]
        assert [first.encoded, second.encoded] == images[2 * pair : 2 * pair + 2]
    assert records[found.filenames[found.second[1]]].filename == "000000.jpg"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("form", ["bytes", "arrays", "columns", "scalars", "label array", "tuples"])
def test_every_way_to_write_it(write, images, same, protocol, form):
    rows = [np.frombuffer(i, np.uint8) for i in images]
    forms = {
        "bytes": (images, same),
        "arrays": ([row.copy() for row in rows], same),
        "columns": ([np.asfortranarray(row[:, None]) for row in rows], same),
        "scalars": (images, [np.bool_(label) for label in same]),
        "label array": (images, np.array(same)),
        "tuples": [tuple(images), tuple(same)],
    }
    raw = pickle.dumps(forms[form], protocol)
    assert read_bin(write(raw)) == (images, same)
    assert read_bin(write(old_numpy(raw) if protocol < 4 else raw)) == (images, same)


def test_names_of_old_numpy(write, images, same):
    raw = pickle.dumps(([np.frombuffer(images[0], np.uint8)], np.array(same)), 2)
    assert old_numpy(raw) != raw or b"numpy.core" in raw
    images, _ = images[:1], None
    with pytest.raises(DataError, match="has 1 images and 23 booleans"):
        read_bin(write(old_numpy(raw)))


@pytest.mark.parametrize("form", [python2, python2_text])
def test_python_2(write, images, same, form):
    assert read_bin(write(form(images, same))) == (images, same)


def test_numpy_of_python_2(write, same):
    """Its strings, also those that name types, are bytes here."""
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01btR"
        b"(K\x01K\x03\x85cnumpy\ndtype\n(U\x02u1K\0K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ"
        b"\xff\xff\xff\xffK\0tb\x89U\x03abctb"
    )
    assert read_bin(write(b"\x80\x02](" + array * 2 + b"e]\x88a\x86.")) == ([b"abc"] * 2, [True])


class Call:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Plain:
    pass


def touch(path):
    open(path, "w").close()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("nested", [False, True])
def test_nothing_is_run(write, images, same, tmp_path, protocol, nested):
    trace = tmp_path / "ran"
    calls = {
        "system": Call(os.system, f"touch '{trace}'"),
        "eval": Call(eval, f"open({str(trace)!r}, 'w')"),
        "test_verification_bin.touch": Call(touch, trace.as_posix()),
        "Plain": Plain(),
        "getattr": Call(getattr, "", "join"),
    }
    for name, call in calls.items():
        content = ([*images[:-1], call], same) if nested else call
        path = write(content, protocol)
        with pytest.raises(DataError, match=r"lfw.bin' is refused: it") as caught:
            read_bin(path)
        assert name in str(caught.value) or "_reconstructor" in str(caught.value)
        assert not trace.exists()


def reduced(function, arguments):
    """A pickle of `function(*arguments)`, both given as operations."""
    return b"\x80\x02" + function + arguments + b"R."


ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n"
DTYPE = b"cnumpy\ndtype\n"
BYTE = DTYPE + b"X\x02\0\0\0u1\x85R"
ENCODE = b"c_codecs\nencode\n"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (pickle.dumps(np.array([Plain()], object), 2), "of type 'O8'"),
        (pickle.dumps(np.array([1.5]), 4), "of type 'f8'"),
        (pickle.dumps(np.zeros(2, [("x", "u1")]), 4), "of type 'V1'"),
        (reduced(DTYPE, b"X\x01\0\0\0O\x85"), "of type 'O'"),
        (reduced(DTYPE, b"]\x85"), "a type that has no name"),
        (reduced(b"cnumpy\nndarray\n", b"J\xff\xff\xff\x7f\x85\x85"), "array without data"),
        (reduced(b"cnumpy\nfromfile\n", b"X\x0b\0\0\0/etc/passwd\x85"), "numpy.fromfile"),
        (reduced(b"cnumpy.core.multiarray\nfrombuffer\n", b")"), "multiarray.frombuffer"),
        (reduced(b"cnumpy\ncore.os.system\n", b")"), "numpy.core.os.system"),
        (reduced(ENCODE, b"X\x01\0\0\0aX\x03\0\0\0zip\x86"), "encodes"),
        (reduced(ENCODE, b"]X\x06\0\0\0latin1\x86"), "encodes"),
        (b"\x80\x02" + ENCODE + b"K\x01b.", "changes a function"),
        (b"\x80\x02" + DTYPE + b"}b.", "lists, tuples, bytes"),
        (b"\x80\x02" + DTYPE + b"X\x02\0\0\0u1\x81.", "lists, tuples, bytes"),
        (b"cos\nsystem\n(S'ls'\ntR.", "os.system"),
        (b"(S'ls'\nios\nsystem\n.", "lists, tuples, bytes"),
        (b"(cos\nsystem\nS'ls'\no.", "os.system"),
        (b"Pid\n.", "lists, tuples, bytes"),
        (b"\x80\x02\x82\x01.", "lists, tuples, bytes"),
        (b"\x80\x02]}\x86.", "lists, tuples, bytes"),
        (b"\xff\xd8\xff\xe0 a photograph", "is no pickle"),
        # An array of other bytes than its shape says, of 2^40 bytes, of a product of bytes.
        (reduced(b"cnumpy.core.numeric\n_frombuffer\n", b"(U\x01a" + BYTE + b"K\x02\x85t"), "size"),
        (
            b"\x80\x02" + ARRAY + b")R(K\x01\x8a\x06\0\0\0\0\0\x01\x85" + BYTE + b"\x89U\x01atb.",
            "declares an array of another size than its 1 bytes",
        ),
        (
            b"\x80\x02" + ARRAY + b")R(K\x01U\x01aJ\0\0\0\x7f\x86" + BYTE + b"\x89U\x01atb.",
            "declares an array of another size than its 1 bytes",
        ),
    ],
)
def test_refused(write, raw, words):
    fails(write(raw), "is refused: it", words)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f",
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 45) + b"abc",
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"abc",
        b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"]",
        b"\x80\x03B\xff\xff\xff\xff",
        b"\x80\x02]r\xff\xff\xff\xff",
    ],
)
def test_gigantic_sizes_take_no_memory(write, raw):
    fails(write(raw), "is cut short")


@pytest.mark.parametrize(
    "raw", [b"\x80\x04\x8e" + b"\xff" * 8, b"\x80\x02a.", b"\x80\x63.", b"Ix\n.", b"h\x05.", b"."]
)
def test_damaged(write, raw):
    fails(write(raw), "is damaged, or no pickle")


def test_deep_nesting_takes_no_time(write):
    """Tuples of the same tuple twice: to hash or print them takes 2^n steps."""
    deep = b")" + b"2\x86" * 100
    fails(write(reduced(DTYPE, deep + b"\x85")), "a type that has no name")
    fails(write(reduced(ENCODE, deep + b"X\x06\0\0\0latin1\x86")), "encodes")
    fails(write(b"\x80\x02" + deep + b"."), "a tuple of 0 as")


def test_text_encoded_again_is_the_same_bytes(write):
    """A pickle that asks for a long text a million times would fill the memory."""
    text = b"X\x02\0\0\0abq\1X\x06\0\0\0latin1\x86R"
    again = ENCODE + b"h\1X\x06\0\0\0latin1\x86R"
    images, _ = read_bin(write(b"\x80\x02](" + ENCODE + text + again + b"e]\x88a\x86."))
    assert images[0] is images[1]


def test_missing_empty_truncated(write, images, same, tmp_path):
    fails(tmp_path / "none.bin", "Cannot read", "No such file")
    fails(write(b""), "is empty")
    for protocol in (2, 4):
        raw = pickle.dumps((images, same), protocol)
        for end in (1, len(raw) // 2, len(raw) - 1):
            fails(write(raw[:end]), "lfw.bin' is")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda i, s: [i, s, s], "but is a list of 3"),
        (lambda i, s: b"images", "but is a value of type bytes"),
        (lambda i, s: (i, True), "has a value of type bool in place of a list"),
        (lambda i, s: (np.frombuffer(i[0], np.uint8), s), "an array of type 'u1' in place of"),
        (lambda i, s: (i[:-1], s), "has 45 images and 23 booleans"),
        (lambda i, s: (i, s + s), "has 46 images and 46 booleans"),
        (lambda i, s: ([], []), "holds 0 pairs"),
        (lambda i, s: (i, [*s[:-1], 2]), "has the integer 2 as label 22"),
        (lambda i, s: (i, [*s[:-1], 1 << 99]), "has a large integer as label 22"),
        (lambda i, s: (i, [*s[:-1], None]), "has a value of type NoneType as label 22"),
        (lambda i, s: (i, np.array(s, np.uint8)), "an array of type 'u1' in place of a list"),
        (lambda i, s: ([*i[:-1], "x"], s), "has a value of type str as image 45"),
        (lambda i, s: ([*i[:-1], np.array([True])], s), "an array of type 'b1' as image 45"),
        (lambda i, s: (i[:18], s[:9]), "holds 9 pairs, too few for 10 folds"),
        (lambda i, s: (i, [True] * 23), "holds 0 pairs of different people, too few"),
        (lambda i, s: (i, [True] * 2 + [False] * 21), "holds 2 pairs of one person, too few"),
        (lambda i, s: ([b"no image", *i[1:]], s), "Image 0 (pair 0)"),
        (lambda i, s: ([*i[:9], i[9][:-40], *i[10:]], s), "image 9 (pair 4) for one: the image is"),
        (lambda i, s: ([*i[:9], encode(9, 96), *i[10:]], s), "9 (pair 4)"),
        (lambda i, s: ([encode(n, 96) for n in range(46)], s), "are 96x96 pixels, those of"),
        (lambda i, s: ([*i[:9], cv2.imencode(".bmp", draw(9))[1].tobytes(), *i[10:]], s), "1 of"),
    ],
)
def test_wrong_content(write, images, same, change, words):
    fails(write(change(list(images), list(same)), 3), words)


def test_another_alignment(write, same, tmp_path):
    path = write(([encode(seed, 96) for seed in range(46)], same))
    with pytest.raises(ArgumentError, match="'alignment' must be one of"):
        import_verification_bin(path, tmp_path / "out", alignment="arcface")
    import_verification_bin(path, tmp_path / "out", alignment="unknown")
    assert PairSet.load(tmp_path / "out").manifest.image_size == (96, 96)
