"""From one recognizer to the next: what is kept, what is frozen, what is forgotten."""

import csv
import shutil

import keras
import numpy as np
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import ArgumentError
from facerec_tf.data import Manifest, sample_images, write_synthetic
from facerec_tf.evaluation import format_accuracy
from facerec_tf.experiment import RunFolder, load_keras, train
from facerec_tf.models import Recognizer

STEPS = 3
SMALL = {
    "training.batch_size": 8,
    "training.log_every": 1,
    "training.max_steps": STEPS,
    "evaluation.angles_every": 0,
}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Folder of 4 drawn people, none of them in `faces`, with pairs of others."""
    directory = tmp_path_factory.mktemp("people") / "data"
    write_synthetic(directory, identities=4, images=6, holdout=8, pairs=20, workers=1, seed=7)
    return directory


def configure(finished_run, people, **options):
    return ExperimentConfig().override(
        {
            **SMALL,
            "data.directory": str(people),
            "finetuning.pretrained": str(finished_run / "recognizer.keras"),
            **options,
        }
    )


def changed(before, after):
    """Returns the stages of which a weight differs."""
    return {
        weight.path.split("/")[0].split("_")[0]
        for weight, other in zip(before.backbone.weights, after.backbone.weights, strict=True)
        if not np.array_equal(weight, other)
    }


def test_the_network_comes_from_the_file_and_the_accuracy_before_is_printed(
    finished_run, people, tmp_path, capsys
):
    train(configure(finished_run, people), tmp_path / "run", resume=False, verbose=2)
    said = capsys.readouterr().out
    before, after = load_keras(finished_run / "recognizer.keras"), RunFolder(tmp_path / "run")
    config = after.config()
    assert (config.model.backbone, config.model.embedding_size) == ("iresnet_mini", 16)
    assert load_keras(after.recognizer).head.num_classes == 4
    assert "stage4" in changed(before, load_keras(after.recognizer))
    with open(after.metrics, newline="") as file:
        first = next(csv.DictReader(file))
    assert first["step"] == "0"
    std = float(first["verification_accuracy_std"])
    accuracy = format_accuracy(float(first["verification_accuracy"]), std)
    assert f"Before fine-tuning: verification {accuracy}" in said
    assert f"verification  {accuracy} before fine-tuning, " in said


@pytest.mark.slow
def test_frozen_stages_stay_and_are_free_again_afterwards(finished_run, people, tmp_path):
    config = configure(finished_run, people, **{"finetuning.freeze": ("stem", "stage1", "stage2")})
    train(config, tmp_path / "run", resume=False, verbose=0)
    before = load_keras(finished_run / "recognizer.keras")
    after = load_keras(tmp_path / "run" / "recognizer.keras")
    assert changed(before, after) == {"stage3", "stage4", "head", "embedding"}
    again = configure(tmp_path / "run", people)
    train(again, tmp_path / "again", resume=False, verbose=0)
    assert "stem" in changed(after, load_keras(tmp_path / "again" / "recognizer.keras"))


@pytest.mark.slow
def test_batch_norms_may_keep_what_they_learned(finished_run, people, tmp_path):
    config = configure(finished_run, people, **{"finetuning.freeze_batch_norm": True})
    train(config, tmp_path / "run", resume=False, verbose=0)
    before = load_keras(finished_run / "recognizer.keras").backbone
    after = load_keras(tmp_path / "run" / "recognizer.keras").backbone
    for layer in before.layers:
        pairs = zip(layer.weights, after.get_layer(layer.name).weights, strict=True)
        same = [np.array_equal(weight, other) for weight, other in pairs]
        assert all(same) == (isinstance(layer, keras.layers.BatchNormalization) or not same)


@pytest.mark.slow
def test_the_head_alone_at_first_then_all_and_resuming_is_exact(finished_run, people, tmp_path):
    options = {
        "finetuning.head_warmup_steps": 2,
        "finetuning.layer_decay": 0.5,
        "finetuning.freeze": ("stem",),
        "training.checkpoint_every": 1,
        "training.keep_checkpoints": 9,
        "evaluation.eval_every": 100,
    }
    pretrained = tmp_path / "pretrained"
    pretrained.mkdir()
    shutil.copy(finished_run / "recognizer.keras", pretrained)
    config = configure(pretrained, people, **options)
    train(config, tmp_path / "run", resume=False, verbose=0)
    folder = RunFolder(tmp_path / "run")
    states = {c.step: c.load() for c in folder.checkpoints().all()}
    weights = len(load_keras(folder.recognizer).backbone.weights)

    def network(step):
        return [states[step][f"model/{place:04d}"] for place in range(weights)]

    assert all(np.array_equal(a, b) for a, b in zip(network(1), network(2), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(network(2), network(3), strict=True))

    for checkpoint in folder.checkpoints().all():
        if checkpoint.step > 1:
            for file in checkpoint.path.iterdir():
                file.unlink()
            checkpoint.path.rmdir()
    folder.recognizer.unlink()
    shutil.rmtree(pretrained)  # A resumed run does not read it again.
    train(folder.config(), tmp_path / "run", resume=True, verbose=0)
    resumed = {c.step: c.load() for c in folder.checkpoints().all()}
    for name, value in states[STEPS].items():
        np.testing.assert_array_equal(resumed[STEPS][name], value, err_msg=name)


@pytest.mark.slow
def test_class_means_are_the_centres(finished_run, people, tmp_path):
    options = {
        "finetuning.head_init": "class_means",
        "optimizer.lr": 1e-12,
        "optimizer.weight_decay": 0.0,
        "model.loss": "cosface",
    }
    train(configure(finished_run, people, **options), tmp_path / "run", resume=False, verbose=0)
    centres = load_keras(tmp_path / "run" / "recognizer.keras").head.centres.numpy().T
    encoder = load_keras(finished_run / "recognizer.keras")
    sample = sample_images(people, seed=0)
    embeddings = l2_normalize(encoder(sample.images, training=False)).numpy()
    for label in range(Manifest.load(people).num_classes):
        mean = embeddings[sample.labels == label].mean(axis=0)
        cosine = centres[label] @ mean / np.linalg.norm(mean) / np.linalg.norm(centres[label])
        assert cosine > 0.9999


def test_where_weights_came_from_is_kept(finished_run, people, tmp_path):
    pretrained = load_keras(finished_run / "recognizer.keras")
    origin = {"file": "their.pt", "sha256": "ab" * 32}
    Recognizer(pretrained.backbone, origin=origin).save(tmp_path / "imported.keras")
    config = configure(
        finished_run, people, **{"finetuning.pretrained": str(tmp_path / "imported.keras")}
    )
    train(config, tmp_path / "run", resume=False, verbose=0)
    assert load_keras(tmp_path / "run" / "recognizer.keras").origin == origin


@pytest.mark.slow
def test_half_precision_keeps_the_head_in_float32(finished_run, people, tmp_path):
    config = configure(finished_run, people, **{"training.precision": "mixed_bfloat16"})
    train(config, tmp_path / "run", resume=False, verbose=0)
    backbone = load_keras(tmp_path / "run" / "recognizer.keras").backbone
    assert backbone.get_layer("stage1_unit1_conv1").compute_dtype == "bfloat16"
    assert backbone.get_layer("embedding").compute_dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


STILL = {"finetuning.keep_head": True, "optimizer.lr": 1e-12, "optimizer.weight_decay": 0.0}


@pytest.mark.slow
def test_a_head_gains_an_identity(finished_run, tmp_path, capsys):
    """The first six of seven drawn people are those of the pretrained run."""
    more = tmp_path / "more"
    write_synthetic(more, identities=7, images=6, holdout=0, workers=1)
    train(configure(finished_run, more, **STILL), tmp_path / "run", resume=False, verbose=2)
    assert "head kept (6 identities; 1 new, which start at their class means)." in (
        capsys.readouterr().out
    )
    before = load_keras(finished_run / "recognizer.keras")
    centres = load_keras(tmp_path / "run" / "recognizer.keras").head.centres.numpy()
    np.testing.assert_allclose(centres[:, :6], before.head.centres, rtol=1e-5)
    sample = sample_images(more, seed=0)
    embeddings = l2_normalize(before(sample.images, training=False)).numpy()
    mean = embeddings[sample.labels == 6].mean(axis=0)
    new = centres[:, 6]
    assert new @ mean / np.linalg.norm(mean) / np.linalg.norm(new) > 0.9999
    length = np.linalg.norm(before.head.centres, axis=0).mean()
    assert np.linalg.norm(new) == pytest.approx(length, rel=1e-4)


@pytest.mark.slow
def test_a_head_loses_identities(finished_run, people, tmp_path, capsys):
    train(configure(finished_run, people, **STILL), tmp_path / "run", resume=False, verbose=2)
    assert "head kept (4 identities; 2 not in these records dropped)." in capsys.readouterr().out
    before = load_keras(finished_run / "recognizer.keras").head.centres.numpy()
    after = load_keras(tmp_path / "run" / "recognizer.keras").head.centres
    np.testing.assert_allclose(after, before[:, :4], rtol=1e-5)


def test_a_head_without_names_fits_the_same_number_only(finished_run, people, tmp_path):
    shutil.copy(finished_run / "recognizer.keras", tmp_path)
    config = configure(tmp_path, people, **{"finetuning.keep_head": True})
    expected = "--pretrained has 6 identities, this run 4, .* because its run folder is missing"
    with pytest.raises(ArgumentError, match=expected):
        train(config, tmp_path / "run", resume=False, verbose=0)
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model.backbone": "iresnet50"}, "'backbone' must be 'iresnet_mini', as in --pretrained"),
        ({"model.embedding_size": 8}, "'embedding_size' must be 16, as in --pretrained"),
        ({"finetuning.freeze": ("stage9",)}, "'freeze' must be one of head, stage1"),
        (
            {"finetuning.head_init": "class_means", "model.loss": "triplet"},
            "'head_init' requires a margin head; --loss=triplet has none",
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(finished_run, people, tmp_path, options, message):
    with pytest.raises(ArgumentError, match=message):
        train(configure(finished_run, people, **options), tmp_path / "run", resume=False, verbose=0)
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"finetuning.freeze": ("stem",)}, "'freeze' needs --pretrained"),
        ({"finetuning.layer_decay": 0.5}, "'layer_decay' needs --pretrained"),
        ({"finetuning.layer_decay": 0.0}, "'layer_decay' must be above 0"),
        ({"finetuning.head_init": "means"}, "'head_init' must be one of"),
        (
            {"finetuning.pretrained": "x.keras", "model.image_size": (160, 160)},
            "'image_size' must be left out with --pretrained",
        ),
    ],
    ids=str,
)
def test_contradictions_are_refused_before_anything_is_read(options, message):
    with pytest.raises(ArgumentError, match=message):
        ExperimentConfig().override(options)
