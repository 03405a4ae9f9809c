"""The centres of a head that is kept, by the names of the identities."""

import keras
import numpy as np
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError
from facerec_tf.data import Manifest, Record, Selection, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.experiment import RunFolder
from facerec_tf.experiment.pretrained import copy_head, match_identities, new_identities
from facerec_tf.margins import MARGINS
from facerec_tf.models import Recognizer


def recognizer(loss, num_classes, seed):
    """A recognizer whose weights are all random, so that every one shows where it came from."""
    backbone = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Flatten()])
    made = Recognizer(backbone, MARGINS[loss](num_classes))
    generator = np.random.default_rng(seed)
    for weight in made.head.weights:
        value = generator.normal(size=weight.shape) * 10
        weight.assign(value.astype(weight.dtype))
    return made


def selection(*names):
    count = len(names)
    return Selection(np.arange(count), names, np.full(count, 2, np.int64))


@pytest.mark.parametrize("loss", MARGINS)
def test_known_centres_move_to_their_new_labels(loss):
    before, after = recognizer(loss, 3, 0), recognizer(loss, 4, 1)
    fresh = after.head.centres.numpy()
    copy_head(before, after, np.array([2, 0, -1, 1]))
    per_class = after.head.centres_per_class
    theirs = before.head.centres.numpy().reshape(12, per_class, 3)
    ours = after.head.centres.numpy().reshape(12, per_class, 4)
    np.testing.assert_array_equal(ours[..., [0, 1, 3]], theirs[..., [2, 0, 1]])
    # The new one keeps its random direction, at the mean length of the known centres.
    fresh = fresh.reshape(12, per_class, 4)[..., 2]
    length = np.linalg.norm(theirs, axis=0).mean()
    expected = fresh / np.linalg.norm(fresh, axis=0) * length
    np.testing.assert_allclose(ours[..., 2], expected, rtol=1e-5)


@pytest.mark.parametrize("loss", MARGINS)
def test_what_does_not_belong_to_a_class_is_copied(loss):
    before, after = recognizer(loss, 3, 0), recognizer(loss, 4, 1)
    copy_head(before, after, np.array([2, 0, -1, 1]))
    for ours, theirs in zip(after.head.weights, before.head.weights, strict=True):
        if ours.shape == theirs.shape:
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("loss", MARGINS)
def test_the_same_identities_keep_every_bit(loss):
    before, after = recognizer(loss, 3, 0), recognizer(loss, 3, 1)
    copy_head(before, after, np.arange(3))
    for ours, theirs in zip(after.head.weights, before.head.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_bias_of_a_new_class_is_the_mean():
    before, after = recognizer("softmax", 3, 0), recognizer("softmax", 4, 1)
    copy_head(before, after, np.array([2, 0, -1, 1]))
    bias = before.head.bias.numpy()
    expected = [bias[2], bias[0], bias.mean(), bias[1]]
    np.testing.assert_allclose(after.head.bias, expected, rtol=1e-6)


def test_another_kind_of_head_is_refused():
    expected = "the same kind of head: --pretrained has ArcFace, this run SubCenterArcFace"
    with pytest.raises(ArgumentError, match=expected):
        copy_head(recognizer("arcface", 3, 0), recognizer("subcenter_arcface", 3, 0), np.arange(3))


@pytest.fixture
def pretrained(tmp_path):
    """Writes a run folder with these names; returns a configuration that fine-tunes from it."""

    def write(*names):
        encoded = encode_jpeg(np.zeros((112, 112, 3), np.uint8))
        records = [Record(encoded, i, name, f"{i}.jpg") for i, name in enumerate(names)]
        write_records(tmp_path / "data", records, num_shards=1)
        folder = RunFolder(tmp_path / "run")
        made = recognizer("arcface", len(names), 0)
        folder.begin(ExperimentConfig(), Manifest.load(tmp_path / "data"), made)
        made.save(folder.recognizer)
        values = {
            "finetuning.pretrained": str(folder.recognizer),
            "finetuning.keep_head": True,
        }
        return ExperimentConfig().override(values)

    return write


def test_identities_are_matched_by_name(pretrained):
    config = pretrained("Ann", "Bob", "Ren\u00e9e")
    chosen = selection("Zoe", "Rene\u0301e", "Ann")  # The same name, composed and decomposed.
    assert match_identities(config, chosen, 3).tolist() == [-1, 2, 0]
    assert new_identities(config, chosen).tolist() == [0]
    same = selection("Ann", "Bob", "Ren\u00e9e")
    assert match_identities(config, same, 3).tolist() == [0, 1, 2]
    assert new_identities(config, same).tolist() == []


def test_no_name_in_common_is_refused(pretrained):
    config = pretrained("Ann", "Bob")
    expected = r"identities in common: --pretrained has 2, for example 'Ann', .* example 'Cid'"
    with pytest.raises(ArgumentError, match=expected):
        match_identities(config, selection("Cid", "Dan"), 2)


def test_numbers_are_not_names(pretrained):
    config = pretrained("0", "1", "2")
    assert match_identities(config, selection("0", "1", "2"), 3).tolist() == [0, 1, 2]
    for other in (selection("0", "1"), selection("0", "1", "2", "3"), selection("Ann", "Bob")):
        assert new_identities(config, other).tolist() == []
        expected = "cannot be matched by name, because the identities of one are numbers"
        with pytest.raises(ArgumentError, match=expected):
            match_identities(config, other, 3)


def test_names_of_folders_may_look_like_numbers(pretrained):
    config = pretrained("0000045", "0000099")
    chosen = selection("0000045", "0000099", "0000100")
    assert match_identities(config, chosen, 2).tolist() == [0, 1, -1]
