"""Every form of an export: real values there and back, names, missing packages, damage."""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.serving import EXPORT_FORMATS, Embedder, export
from facerec_tf.serving.saved_model import SavedModel
from facerec_tf.serving.xla import XlaSavedModel
from tests.serving.networks import images, small_iresnet, small_mobilefacenet, unit
from tests.tolerance import LAYER, assert_close


@pytest.fixture(params=list(EXPORT_FORMATS))
def form(request):
    for module in EXPORT_FORMATS[request.param].modules:
        pytest.importorskip(module)
    return request.param


@pytest.mark.parametrize(
    ("build", "flip_fusion"), [(small_iresnet, True), (small_mobilefacenet, False)]
)
def test_embeddings_are_the_models(form, build, flip_fusion, tmp_path):
    model, crops = build(), images(5)
    pixels = crops.astype(np.float32)
    expected = model(pixels, training=False).numpy()
    if flip_fusion:
        expected += model(pixels[:, :, ::-1], training=False)

    export(model, tmp_path / "export", form=form, flip_fusion=flip_fusion)
    embedder = Embedder(tmp_path / "export", batch_size=3)
    assert embedder.metadata["form"] == form
    embeddings = embedder.embed(crops)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, unit(expected), atol=1e-5)


def test_onnx_says_names_and_types(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    export(small_iresnet(), tmp_path / "export", form="onnx")
    session = onnxruntime.InferenceSession(tmp_path / "export" / "model.onnx")
    (image,), (embedding, norm) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape[1:]) == ("images", "tensor(uint8)", [16, 16, 3])
    assert (embedding.name, embedding.type) == ("embedding", "tensor(float)")
    assert (norm.name, norm.type, len(norm.shape)) == ("norm", "tensor(float)", 1)


def test_litert_runs_without_its_package_while_tensorflow_has_an_interpreter(tmp_path, monkeypatch):
    export(small_iresnet(), tmp_path / "export", form="litert")
    expected = Embedder(tmp_path / "export").embed(images(2))
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    np.testing.assert_allclose(Embedder(tmp_path / "export").embed(images(2)), expected, atol=1e-5)
    monkeypatch.delattr(tf.lite, "Interpreter")
    with pytest.raises(UserError, match=r"'ai_edge_litert': pip install 'facerec_tf\[litert\]'"):
        export(small_iresnet(), tmp_path / "other", form="litert")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("module", ["tf2onnx", "onnxruntime"])
def test_a_missing_package_is_named_before_anything_is_written(module, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install 'facerec_tf\[onnx\]'"):
        export(small_iresnet(), tmp_path / "export", form="onnx")
    assert not (tmp_path / "export").exists()


def test_an_unknown_form_is_named(tmp_path):
    with pytest.raises(ArgumentError, match="form='tflite'"):
        export(small_iresnet(), tmp_path / "export", form="tflite")


def test_damage_is_named(form, tmp_path):
    (tmp_path / EXPORT_FORMATS[form].file).write_bytes(b"no network")
    with pytest.raises(DataError, match="holds no exported recognizer"):
        Embedder(tmp_path)
    described = {"form": form, "embedding_size": 4, "image_size": [16, 16], "digest": ""}
    (tmp_path / "model.json").write_text(json.dumps(described))  # As versions without digests did.
    with pytest.raises(DataError, match="is damaged: "):
        Embedder(tmp_path)


CONVOLUTIONS = {
    "depthwise": layers.DepthwiseConv2D(3),
    "strided": layers.DepthwiseConv2D((2, 3), strides=2, padding="same"),
    "multiplied": layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
    "dilated": layers.DepthwiseConv2D(3, dilation_rate=2, padding="same", activation="relu"),
    "whole_map": layers.DepthwiseConv2D((8, 7), use_bias=False),
    "grouped": GroupedConv2D(12, 3, groups=3, padding="same"),
    "grouped_strided": GroupedConv2D(6, 3, groups=2, strides=2),
    "two_groups_of_many": GroupedConv2D(4, 1, groups=2),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_sums_of_shifted_images_convolve(name):
    channels = 18 if name == "two_groups_of_many" else 6
    layer = CONVOLUTIONS[name]
    inputs = np.random.default_rng(0).normal(size=(2, 8, 7, channels)).astype(np.float32)
    layer.build(inputs.shape)
    summed = XlaSavedModel.replacements[type(layer)].from_config(layer.get_config())
    summed.build(inputs.shape)
    summed.set_weights(
        [*layer.get_weights()[:1], *(np.arange(len(b)) for b in layer.get_weights()[1:])]
    )
    layer.set_weights(summed.get_weights())
    assert_close(summed(inputs), layer(inputs), LAYER)


def test_few_batch_sizes_are_compiled(monkeypatch):
    sizes = set()

    def embed(batch):
        sizes.add(len(batch))
        return batch.mean((1, 2, 3)), None

    monkeypatch.setattr(SavedModel, "load", lambda self, folder: embed)
    filled = XlaSavedModel().load(None)
    for count in range(1, 20):
        np.testing.assert_allclose(filled(images(count))[0], images(count).mean((1, 2, 3)))
    assert sizes == {1, 2, 4, 8, 16, 32}
