"""A threshold states what it was chosen for, and survives a file."""

import dataclasses
import json

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.evaluation import Threshold, threshold_at_fmr

THRESHOLD = Threshold(0.25, "cosine", 0.001, "data/pairs/p", "da", "ab12", True, "2020-02-02")


def test_a_file_holds_all_of_it(tmp_path):
    THRESHOLD.save(tmp_path / "t.json")
    assert Threshold.load(tmp_path / "t.json") == THRESHOLD
    assert json.loads((tmp_path / "t.json").read_text()) == {
        "criterion": "FMR <= 0.001",
        "value": 0.25,
        "metric": "cosine",
        "target_fmr": 0.001,
        "data": "data/pairs/p",
        "data_digest": "da",
        "model_digest": "ab12",
        "flip_fusion": True,
        "date": "2020-02-02",
    }


def test_accepts_from_its_value_on():
    assert THRESHOLD.accepts([0.2, 0.25, 0.3]).tolist() == [False, True, True]


def test_scores_of_another_model_are_refused():
    THRESHOLD.require_model("ab12")
    with pytest.raises(DataError, match=r"chosen for another model: its digest is ab12, .* cd34"):
        THRESHOLD.require_model("cd34")
    with pytest.raises(DataError, match="its digest is unknown"):
        Threshold(0.25).require_model("cd34")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"value": float("nan")}, "'value' must be a finite float"),
        ({"metric": "euclidean"}, "'metric' must be 'cosine'"),
        ({"target_fmr": 1.0}, "'target_fmr' must be between 0 and 1"),
    ],
)
def test_invalid_fields(changes, words):
    with pytest.raises(ArgumentError, match=words):
        dataclasses.replace(THRESHOLD, **changes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is not valid JSON"),
        (b"\xff", "is not valid UTF-8"),
        (b"[]", r"must hold a JSON object. Found: list"),
        (b"{}", "is invalid: .*'value'"),
        (
            b'{"value": 1.0, "criterion": "FMR <= 0.1"}',
            "is invalid: 'criterion' must be 'best accuracy'",
        ),
    ],
)
def test_a_damaged_file(content, words, tmp_path):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(DataError, match=rf"Threshold file '.*t\.json' {words}"):
        Threshold.load(tmp_path / "t.json")
    with pytest.raises(DataError, match=r"Cannot read threshold file '.*none.json'"):
        Threshold.load(tmp_path / "none.json")


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.255])
def test_a_false_match_rate_is_kept_and_used_up(rate):
    rng = np.random.default_rng(0)
    same, scores = np.arange(400) % 2 == 0, rng.normal(size=400)
    threshold = threshold_at_fmr(scores, same, rate)
    assert threshold.target_fmr == rate
    accepted = int(threshold.accepts(scores[~same]).sum())
    assert accepted == int(rate * 200 + 1e-9)


def test_tied_impostors_are_refused_together():
    same = np.array([True] + [False] * 10)
    threshold = threshold_at_fmr(np.array([0.9] + [0.5] * 10), same, 0.3)
    assert threshold.accepts([0.5, 0.9]).tolist() == [False, True]
    with pytest.raises(DataError, match=r"needs 100 impostor pairs or more. Received: 10"):
        threshold_at_fmr(np.array([0.9] + [0.5] * 10), same, 0.01)
