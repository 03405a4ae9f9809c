import cv2
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data.codec import encode_jpeg, is_truncated, is_whole
from facerec_tf.data.images import check_image, decode, looks_whole
from facerec_tf.data.photo import decode_photo

SIZE = (112, 112)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


def test_decode_equals_libjpeg(image):
    encoded = encode_jpeg(image(1))
    ours = decode(tf.constant(encoded), tf.constant("a.jpg"), SIZE)
    np.testing.assert_array_equal(ours, decode_photo(encoded))
    assert np.abs(ours.numpy().astype(int) - image(1)).mean() < 3


def test_decode_reads_png_exactly(image):
    np.testing.assert_array_equal(decode(png(image(1)), tf.constant("a.png"), SIZE), image(1))


def test_decode_refuses_another_size(image):
    encoded = encode_jpeg(image(1, size=96))
    decode_in_graph = tf.function(lambda encoded, name: decode(encoded, name, SIZE))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[a.jpg\] \[96 96\] \[112 112\]"):
        decode_in_graph(tf.constant(encoded), tf.constant("a.jpg"))


def cases():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (112, 112, 3), dtype=np.uint8)
    jpeg, lossless = encode_jpeg(image), png(image)
    return [
        (jpeg, True),
        (lossless, True),
        (jpeg[:-1], False),
        (jpeg[: len(jpeg) // 2], False),
        (lossless[:-3], False),
        (jpeg[1:], False),
        (b"", False),
        (b"\xff", False),
        (b"<html>not found</html>", False),
    ]


@pytest.mark.parametrize(("encoded", "expected"), cases())
def test_truncation_shows(encoded, expected):
    assert bool(looks_whole(tf.constant(encoded))) is expected
    assert is_whole(encoded) is expected


def test_truncated_is_not_another_format(image):
    assert is_truncated(encode_jpeg(image(1))[:-1])
    assert is_truncated(png(image(1))[:-1])
    assert not is_truncated(encode_jpeg(image(1)))
    assert not is_truncated(b"BM bitmap")


def test_check_image_says_what_is_wrong(image):
    encoded = encode_jpeg(image(1))
    assert check_image(encoded, SIZE, "1") is None
    assert "empty" in check_image(b"", SIZE, "1")
    assert "truncated" in check_image(encoded[:-9], SIZE, "1")
    assert "cannot be decoded" in check_image(b"\xff\xd8 nonsense \xff\xd9", SIZE, "1")
    with pytest.raises(DataError, match="Image 1 is 112x112 pixels, expected 112x96"):
        check_image(encoded, (112, 96), "1")
