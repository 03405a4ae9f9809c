"""Exported models: every signature, every precision, and what is wrong with damaged ones."""

import io
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import ExifTags, Image, ImageOps

from facerec_tf.alignment import TEMPLATES, crop
from facerec_tf.backbones import iresnet
from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.models import Recognizer, weights_digest
from facerec_tf.serving import Embedder, export
from tests.serving.networks import unit

SIZE = 16
IMAGES = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)


def make_backbone(policy="float32"):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = iresnet((1,), (8,), embedding_size=4, input_shape=(SIZE, SIZE, 3))
    finally:
        keras.config.set_dtype_policy(previous)
    rng = np.random.default_rng(1)
    for weight in model.weights:  # An untrained head embeds everything at nearly one point.
        if weight.dtype == "float32":
            weight.assign(weight + 0.1 * rng.random(weight.shape))
    return model


@pytest.fixture(scope="module")
def backbone():
    return make_backbone()


@pytest.fixture(scope="module")
def exported(backbone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving") / "export"
    export(backbone, folder)
    return folder


def test_embeddings_are_the_models_and_of_unit_length(backbone, exported):
    embeddings = Embedder(exported, batch_size=2).embed(IMAGES)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, unit(backbone(IMAGES.astype(np.float32))), atol=1e-5)


def test_metadata_says_what_it_is(backbone, exported):
    embedder = Embedder(exported)
    assert embedder.metadata["digest"] == weights_digest(backbone)
    assert embedder.metadata["backbone"] == "iresnet"
    assert embedder.embedding_size == 4
    assert embedder.image_size == (SIZE, SIZE)


def test_encoded_crops_embed_as_their_pixels(exported):
    embedder = Embedder(exported, batch_size=2)
    jpegs = [encode_jpeg(image) for image in IMAGES]
    jpegs[1] += b"\0\0\n"
    pixels = np.stack([decode_photo(jpeg) for jpeg in jpegs])
    np.testing.assert_allclose(embedder.embed_jpegs(jpegs), embedder.embed(pixels), atol=1e-5)
    signature = tf.saved_model.load(str(exported)).signatures["embed_jpeg"]
    embeddings = signature(jpegs=tf.constant(jpegs))["embedding"]
    np.testing.assert_allclose(embeddings, embedder.embed(pixels), atol=1e-5)


@pytest.mark.parametrize("name", ["arcface-112", "arcface-112x96"])
def test_photographs_embed_as_their_crops(name, tmp_path):
    template = TEMPLATES[name]
    export(iresnet((1,), (8,), embedding_size=4, input_shape=(*template.size, 3)), tmp_path / "e")
    signatures = tf.saved_model.load(str(tmp_path / "e")).signatures
    rng = np.random.default_rng(0)
    for height, width in ((150, 170), (90, 240)):
        small = rng.integers(0, 256, (3, 9, 9, 3), np.uint8)
        photos = tf.image.resize(small, (height, width)).numpy().astype(np.uint8)
        landmarks = template.points * rng.uniform(0.8, 1.5, (3, 1, 1)) + rng.normal(size=(3, 5, 2))
        crops = np.stack([crop(*face, template) for face in zip(photos, landmarks, strict=True)])
        expected = signatures["serving_default"](images=tf.constant(crops))["embedding"]
        found = signatures["embed_photo"](
            photos=tf.constant(photos), landmarks=tf.constant(landmarks, tf.float32)
        )
        np.testing.assert_allclose(found["embedding"], expected, atol=2e-3)
        assert np.ptp(expected, axis=0).max() > 0.02


def test_without_a_template_of_its_size_a_network_takes_no_photographs(exported):
    signatures = tf.saved_model.load(str(exported)).signatures
    assert set(signatures) == {"serving_default", "embed_jpeg"}


def test_flip_fusion_adds_what_is_not_yet_normalised(backbone, tmp_path):
    export(backbone, tmp_path / "export", flip_fusion=True)
    images = IMAGES.astype(np.float32)
    total = backbone(images).numpy() + backbone(images[:, :, ::-1]).numpy()
    embedder = Embedder(tmp_path / "export")
    assert embedder.metadata["flip_fusion"] is True
    np.testing.assert_allclose(embedder.embed(IMAGES), unit(total), atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_precision_model_is_served_in_float32(policy, tmp_path):
    mixed, plain = make_backbone(policy), make_backbone()
    plain.set_weights(mixed.get_weights())
    export(mixed, tmp_path / "export")
    embeddings = Embedder(tmp_path / "export").embed(IMAGES)
    np.testing.assert_allclose(embeddings, unit(plain(IMAGES.astype(np.float32))), atol=1e-5)
    coarse = unit(mixed(IMAGES.astype(np.float32)).numpy())
    assert np.abs(coarse - embeddings).max() > 1e-5


def test_no_images_give_no_embeddings(exported):
    embedder = Embedder(exported)
    assert embedder.embed(IMAGES[:0]).shape == (0, 4)
    assert embedder.embed_jpegs([]).shape == (0, 4)
    assert embedder.vectors(IMAGES[:0]).shape == (0, 4)


def test_signatures_take_no_images(tmp_path):
    """Of a network with flip fusion, whose reshape must not guess the number of images."""
    export(make_backbone(), tmp_path / "export", flip_fusion=True)
    signatures = tf.saved_model.load(str(tmp_path / "export")).signatures
    for outputs in (
        signatures["embed_jpeg"](jpegs=tf.constant([], tf.string)),
        signatures["serving_default"](images=tf.constant(IMAGES[:0])),
    ):
        assert (outputs["embedding"].shape, outputs["norm"].shape) == ((0, 4), (0,))


@pytest.mark.parametrize(
    ("images", "received"),
    [
        (IMAGES.astype(np.float32), r"float32 \[5, 16, 16, 3\]"),
        (IMAGES / 255.0, r"float64 \[5, 16, 16, 3\]"),
        (IMAGES.astype(np.int64), r"int64 \[5, 16, 16, 3\]"),
        (IMAGES[0], r"uint8 \[16, 16, 3\]"),
        (IMAGES[:, :8], r"uint8 \[5, 8, 16, 3\]"),
        (IMAGES[..., :1], r"uint8 \[5, 16, 16, 1\]"),
        (IMAGES[..., 0], r"uint8 \[5, 16, 16\]"),
        (np.concatenate([IMAGES, IMAGES[..., :1]], axis=-1), r"uint8 \[5, 16, 16, 4\]"),
        ([IMAGES[0], IMAGES[0, :8]], "a list of arrays of different shapes"),
        ([], r"float64 \[0\]"),
        ("a.jpg", r"str\d+ \[\]"),
        (None, r"object \[\]"),
    ],
)
def test_other_arrays_are_refused(exported, images, received):
    message = rf"'images' must be uint8 of shape \[n, 16, 16, 3\]: RGB .*'{received}'"
    with pytest.raises(ArgumentError, match=message):
        Embedder(exported).embed(images)


def test_vectors_takes_crops_only(backbone, exported):
    """Floats from 0 to 1 would become black images, and other sizes other embeddings."""
    for embedder in (Embedder(exported), Embedder.of_recognizer(Recognizer(backbone))):
        for wrong in (IMAGES / np.float32(255), IMAGES[:, :8], IMAGES.tolist()):
            with pytest.raises(ArgumentError, match=r"'images' must be uint8 of shape \[n, 16, 1"):
                embedder.vectors(wrong)


@pytest.mark.parametrize(
    ("jpegs", "received"),
    [
        ("a.jpg", "one str"),
        (b"...", "one bytes"),
        (["a.jpg"], "a list with a str"),
        ([encode_jpeg(IMAGES[0]), IMAGES[0]], "a list with a ndarray"),
    ],
)
def test_what_is_not_encoded_is_refused(exported, jpegs, received):
    message = rf"'jpegs' must be a list of the bytes of JPEG or PNG .* Received: {received}"
    with pytest.raises(ArgumentError, match=message):
        Embedder(exported).embed_jpegs(jpegs)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_crops_are_turned_upright_as_their_exif_tag_says(exported, orientation):
    upright = np.repeat(np.repeat(IMAGES[0, ::8, ::8], 8, 0), 8, 1)
    back = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    stored = Image.fromarray(upright)
    stored.getexif()[ExifTags.Base.Orientation] = back
    stored = ImageOps.exif_transpose(stored)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    embedder = Embedder(exported)
    for kind in ("jpeg", "png"):
        file = io.BytesIO()
        stored.save(file, kind, exif=exif, quality=100, subsampling=0)
        cosine = embedder.embed_jpegs([file.getvalue()]) @ embedder.embed(upright[None]).T
        assert cosine > 0.9999


@pytest.mark.parametrize(
    ("jpeg", "words"),
    [
        (b"", "Image 1 cannot be embedded: it is empty"),
        (encode_jpeg(IMAGES[0])[:-20], "Image 1 cannot be embedded: it is truncated"),
        (b"\xff\xd8 nonsense \xff\xd9", "Image 1 cannot be embedded: it is not an image"),
        (encode_jpeg(IMAGES[0, :8]), "Image 1 is 8x16 pixels, expected 16x16"),
    ],
)
def test_damaged_crops_are_named_by_number(exported, jpeg, words):
    with pytest.raises(DataError, match=words):
        Embedder(exported).embed_jpegs([encode_jpeg(IMAGES[0]), jpeg])


def test_a_damaged_export_is_named(exported, tmp_path):
    with pytest.raises(DataError, match="holds no exported recognizer"):
        Embedder(tmp_path)
    exported = shutil.copytree(exported, tmp_path / "copy")
    index = exported / "variables" / "variables.index"
    content = index.read_bytes()
    index.write_bytes(content[:-1] + b"?")
    with pytest.raises(DataError, match=r"variables\.index': its SHA-256 differs from that in"):
        Embedder(exported)
    index.unlink()
    with pytest.raises(DataError, match=r"variables\.index': it is missing"):
        Embedder(exported)
    (exported / "model.json").write_text("{")
    with pytest.raises(DataError, match=r"model\.json' is not valid JSON"):
        Embedder(exported)


@pytest.mark.parametrize("name", ["form", "embedding_size", "norm", "files", "checksum"])
def test_a_changed_description_is_refused(exported, tmp_path, name):
    exported = shutil.copytree(exported, tmp_path / "copy")
    described = json.loads((exported / "model.json").read_text())
    for changed in ({**described, name: 5}, {k: v for k, v in described.items() if k != name}):
        (exported / "model.json").write_text(json.dumps(changed))
        with pytest.raises(DataError, match=r"model\.json': its content does not match its check"):
            Embedder(exported)


def test_every_file_has_a_digest_and_no_file_a_path_of_this_machine(exported):
    described = json.loads((exported / "model.json").read_text())
    files = [path for path in exported.rglob("*") if path.is_file()]
    names = {path.relative_to(exported).as_posix() for path in files}
    assert described["files"].keys() == names - {"model.json"}
    for path in files:
        assert str(exported.parent).encode() not in path.read_bytes()


def test_exports_of_versions_without_digests_are_read(exported, tmp_path):
    expected = Embedder(exported).embed(IMAGES)
    exported = shutil.copytree(exported, tmp_path / "copy")
    described = json.loads((exported / "model.json").read_text())
    del described["files"], described["checksum"]
    (exported / "model.json").write_text(json.dumps(described))
    np.testing.assert_array_equal(Embedder(exported).embed(IMAGES), expected)
    for name, value in {"image_size": [112], "embedding_size": "8", "form": 1}.items():
        (exported / "model.json").write_text(json.dumps({**described, name: value}))
        with pytest.raises(DataError, match=rf"model\.json': '{name}' must be"):
            Embedder(exported)
    (exported / "model.json").write_text(json.dumps({**described, "form": "tensorrt"}))
    with pytest.raises(DataError, match=r"has the format 'tensorrt'\. Known: saved_model, xla"):
        Embedder(exported)


def test_nothing_is_overwritten_and_nothing_broken_is_written(backbone, exported, tmp_path):
    with pytest.raises(UserError, match="not empty"):
        export(backbone, exported)
    backbone = keras.models.clone_model(backbone)
    backbone.weights[0].assign(np.full(backbone.weights[0].shape, np.nan))
    with pytest.raises(DataError, match="contains NaN or infinity"):
        export(backbone, tmp_path / "other")
    assert not (tmp_path / "other").exists()
