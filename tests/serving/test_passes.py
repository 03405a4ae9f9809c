"""Scores of an encoder, recomputed from single images."""

import cv2
import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.data import Pair, PairSet, Record, write_pair_set
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.reading import Image
from facerec_tf.serving import Embedder, embed_records, passes, verify_pairs

PEOPLE, IMAGES = 4, 5

METADATA = {"image_size": (112, 112), "embedding_size": 192, "digest": ""}


def encode(images):
    """Returns means of blocks: an embedding that mirrored images do not share."""
    blocks = images.reshape(-1, 8, 14, 8, 14, 3).astype(np.float32).mean(axis=(2, 4))
    return blocks.reshape(len(images), -1) - 100


def broken_image(filename, fault):
    return Image(Record(b"", 0, "P0", filename), None, fault)


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def records():
    rng = np.random.default_rng(0)
    found = []
    for number in range(PEOPLE * IMAGES):
        small = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        jpeg = encode_jpeg(cv2.resize(small, (112, 112)))
        person = number % PEOPLE
        found.append(Record(jpeg, person, f"P{person}", f"P{person}/{number:02d}.jpg"))
    return found


@pytest.fixture
def load(tmp_path, records):
    """Writes a pair set of all pairs of `names`, and loads it."""

    def make(names, templates=None):
        pairs = [
            Pair(place % 2, a, b, a[:2] == b[:2])
            for place, (a, b) in enumerate((a, b) for a in names for b in names if a < b)
        ]
        write_pair_set(tmp_path / "set", records, pairs, name="x", templates=templates)
        return PairSet.load(tmp_path / "set"), pairs

    return make


@pytest.mark.parametrize("flip_fusion", [False, True])
def test_templates_are_means_of_unit_embeddings(load, records, flip_fusion):
    """Two templates for each person: of images 0 to 2, and of 3 and 4."""
    templates = {r.filename: f"{r.text}/{int(r.filename[3:5]) // 12}" for r in records}
    pair_set, pairs = load(sorted(set(templates.values())), templates)
    _, scores = verify_pairs(Embedder.of_function(encode, METADATA), pair_set, flip_fusion)
    frames = {}
    for record in records:
        image = decode_photo(record.encoded)[None]
        embedding = encode(image)[0].astype(np.float64)
        if flip_fusion:
            embedding += encode(image[:, :, ::-1])[0]
        frames.setdefault(templates[record.filename], []).append(unit(embedding))
    assert {len(own) for own in frames.values()} == {2, 3}
    means = {name: unit(np.mean(own, axis=0)) for name, own in frames.items()}
    expected = [means[pair.first] @ means[pair.second] for pair in pairs]
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_single_images_score_as_they_are(load, records):
    """And not as means: to the bit as cosines of the embeddings themselves."""
    pair_set, pairs = load([record.filename for record in records])
    _, scores = verify_pairs(Embedder.of_function(encode, METADATA), pair_set, flip_fusion=False)
    embeddings = {r.filename: encode(decode_photo(r.encoded)[None]) for r in records}
    units = {
        name: row.astype(np.float64) / np.linalg.norm(row.astype(np.float64), axis=1, keepdims=True)
        for name, row in embeddings.items()
    }
    expected = [np.einsum("pd,pd->p", units[p.first], units[p.second])[0] for p in pairs]
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize("flip_fusion", [False, True])
def test_records_are_embedded_in_order_without_the_damaged_ones(records, monkeypatch, flip_fusion):
    monkeypatch.setattr(passes, "BATCH", 3)
    images = [Image(record, decode_photo(record.encoded), None) for record in records]
    images.insert(4, broken_image("broken.jpg", "Image 'broken.jpg' in 'x': it is empty."))
    options = {"total": len(images), "source": "x", "flip_fusion": flip_fusion}
    embedder = Embedder.of_function(encode, METADATA)
    batches = list(embed_records(embedder, images, max_damaged=0.1, **options))
    assert [r.filename for b in batches for r in b.records] == [r.filename for r in records]
    assert [label for b in batches for label in b.labels] == [r.label for r in records]
    pixels = np.stack([image.pixels for image in images if image.pixels is not None])
    expected = encode(pixels)
    if flip_fusion:
        expected += encode(pixels[:, :, ::-1])
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = np.concatenate([batch.embeddings for batch in batches])
    np.testing.assert_allclose(found, expected, rtol=1e-5)

    message = (
        r"1 of 21 images in 'x', more than 1 %, are damaged\. Image 'broken\.jpg' in 'x': it is"
    )
    with pytest.raises(DataError, match=message):
        list(embed_records(embedder, images, **options))


def test_a_batch_may_hold_values_that_are_not_finite_and_a_pass_may_not(records):
    embedder = Embedder.of_function(lambda images: encode(images) * np.nan, METADATA)
    images = [Image(record, decode_photo(record.encoded), None) for record in records]
    assert np.isnan(embedder.vectors(images[0].pixels[None])).all()
    with pytest.raises(DataError, match="Embeddings are not finite"):
        list(embed_records(embedder, images, total=len(images), source="x"))
