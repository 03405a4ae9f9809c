"""One model scores the same from wherever it is loaded."""

import json

import numpy as np
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.data import CropFormat, Pair, PairSet, Record, write_pair_set
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.models import Recognizer
from facerec_tf.runs import RunFolder
from facerec_tf.serving import EXPORT_FORMATS, Embedder, export, verify_pairs
from tests.serving.networks import SIZE, images, small_iresnet


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(small_iresnet())


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    records = [
        Record(encode_jpeg(image), i % 4, f"P{i % 4}", f"{i}.jpg")
        for i, image in enumerate(images(16))
    ]
    listed = [
        Pair(i % 2, f"{i}.jpg", f"{j}.jpg", i % 4 == j % 4) for i in range(16) for j in range(i)
    ]
    folder = tmp_path_factory.mktemp("pairs") / "p"
    write_pair_set(folder, records, listed, name="p", crop_format=CropFormat((SIZE, SIZE)))
    return PairSet.load(folder)


def load_from(form, recognizer, folder):
    if form == "memory":
        return Embedder.of_recognizer(recognizer)
    if form == "file":
        recognizer.save(folder / "model.keras")
        return Embedder(folder / "model.keras")
    if form == "run":
        run = RunFolder(folder)
        (folder / "config.json").write_text(ExperimentConfig().to_json())
        (folder / "architecture.json").write_text(recognizer.to_json())
        state = {f"model/{i:04d}": v.numpy() for i, v in enumerate(recognizer.variables)}
        run.checkpoints().save(state, step=1)
        return Embedder(folder, checkpoint="latest")
    for module in EXPORT_FORMATS[form].modules:
        pytest.importorskip(module)
    export(recognizer.backbone, folder / "export", form=form)
    return Embedder(folder / "export")


@pytest.mark.parametrize("flip_fusion", [False, True])
@pytest.mark.parametrize("form", ["memory", "file", "run", *EXPORT_FORMATS])
def test_scores_do_not_depend_on_the_form(form, flip_fusion, recognizer, pairs, tmp_path):
    expected, scores = verify_pairs(Embedder.of_finished(recognizer), pairs, flip_fusion)
    embedder = load_from(form, recognizer, tmp_path)
    assert not embedder.unit_length
    found, of_form = verify_pairs(embedder, pairs, flip_fusion)
    np.testing.assert_allclose(of_form, scores, atol=1e-5)
    assert np.ptp(scores) > 0.1
    assert found.operating_point.model_digest == recognizer.digest()
    assert found.operating_point.data_digest == expected.operating_point.data_digest
    assert found.operating_point.flip_fusion is flip_fusion


def test_an_averaged_checkpoint_loads_its_average(recognizer, tmp_path):
    (tmp_path / "config.json").write_text(ExperimentConfig().to_json())
    (tmp_path / "architecture.json").write_text(recognizer.to_json())
    state = {f"model/{i:04d}": v.numpy() for i, v in enumerate(recognizer.variables)}
    weights = recognizer.backbone.weights
    state |= {f"average/{i:04d}": w.numpy() * 0.5 for i, w in enumerate(weights)}
    RunFolder(tmp_path).checkpoints().save(state, step=1)
    found = Embedder(tmp_path, checkpoint="latest")
    half = Recognizer(small_iresnet())
    half.backbone.set_weights([w.numpy() * 0.5 for w in weights])
    np.testing.assert_allclose(
        found.embed(images(3)), Embedder.of_finished(half).embed(images(3)), atol=1e-5
    )


def test_exports_without_a_norm_state_unit_length(recognizer, pairs, tmp_path, monkeypatch):
    """As version 0 wrote them: the mirrored unit vectors are added."""
    export(recognizer.backbone, tmp_path / "export")
    described = json.loads((tmp_path / "export" / "model.json").read_text())
    old = {k: v for k, v in described.items() if k not in ("norm", "files", "checksum")}
    (tmp_path / "export" / "model.json").write_text(json.dumps(old))
    loaded = EXPORT_FORMATS["saved_model"].load(tmp_path / "export")
    monkeypatch.setattr(
        EXPORT_FORMATS["saved_model"], "load", lambda folder: lambda x: (loaded(x)[0], None)
    )
    embedder = Embedder(tmp_path / "export")
    assert embedder.unit_length
    norms = np.linalg.norm(embedder.vectors(images(3)), axis=1)
    np.testing.assert_allclose(norms, 1.0, rtol=1e-5)
