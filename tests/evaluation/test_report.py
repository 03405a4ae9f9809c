"""The table a person reads and the JSON a program reads."""

import json

import numpy as np
import pytest

from facerec_tf.evaluation import format_accuracy, table, to_json, verify


@pytest.fixture(scope="module")
def verification():
    random = np.random.default_rng(0)
    same = np.arange(4000) % 2 == 0
    scores = random.normal(0.3, 0.15, 4000) + 0.4 * same
    return verify(scores.astype(np.float32), same, np.arange(4000) // 400)


def test_json_survives_a_round_trip(verification):
    report = to_json(verification, "lfw_view2", "data/pairs/lfw_view2", "ab12")
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_json_has_the_promised_keys(verification):
    report = to_json(verification, "lfw_view2", "data/pairs/lfw_view2", "ab12")
    assert report["protocol"] == "lfw_view2"
    assert report["pairs"] == 4000
    assert report["genuine"] + report["impostor"] == 4000
    for key in ("accuracy", "accuracy_std", "threshold", "auc", "eer"):
        assert report[key] == getattr(verification, key)
        assert type(report[key]) is float
    assert report["tar_at_far"] == {
        "1e-1": verification.tar_at_far[1e-1],
        "1e-2": verification.tar_at_far[1e-2],
        "1e-3": verification.tar_at_far[1e-3],
        "1e-4": "not measurable",
    }
    assert report["fold_accuracies"] == list(verification.fold_accuracies)


def test_a_threshold_tells_where_it_comes_from(verification):
    origin = to_json(verification, "lfw_view2", "data/pairs/lfw_view2", "ab12")["threshold_origin"]
    assert origin["value"] == verification.threshold
    assert origin["model"] == "ab12"
    assert "4000 pairs of data/pairs/lfw_view2" in origin["chosen_on"]
    assert "accuracy" in origin["criterion"]


def test_table_is_aligned_and_says_what_cannot_be_measured(verification):
    head, *rows = table(verification).splitlines()
    assert head == "4,000 pairs: 2,000 genuine, 2,000 impostor; 10 folds"
    column = {row.index(row[2:].split("  ", 1)[1].strip()) for row in rows}
    assert len(column) == 1
    assert format_accuracy(verification.accuracy, verification.accuracy_std) in rows[0]
    assert rows[-1] == "  TAR at FAR 1e-4   not measurable (takes 10,000 impostor pairs)"
    assert f"TAR at FAR 1e-2   {verification.tar_at_far[1e-2]:.2%}" in table(verification)


def test_an_accuracy_is_printed_in_one_format():
    assert format_accuracy(0.674, 0.021) == "67.40 ± 2.10 %"
    assert format_accuracy(1.0, 0.0) == "100.00 ± 0.00 %"
    assert format_accuracy(0.674) == format_accuracy(0.674, float("nan")) == "67.40 %"
