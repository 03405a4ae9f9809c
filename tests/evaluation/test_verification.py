"""Verification figures against brute force over every threshold, and small cases by hand."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.evaluation import best_threshold, verify


def sample(seed, pairs=400, folds=10, decimals=None):
    random = np.random.default_rng(seed)
    same = random.random(pairs) < 0.5
    scores = np.where(same, random.normal(0.4, 0.2, pairs), random.normal(0.1, 0.2, pairs))
    scores = scores if decimals is None else scores.round(decimals)
    return scores, same, np.arange(pairs) % folds


def accuracy_at(threshold, scores, same):
    pairs = zip(scores.tolist(), same.tolist(), strict=True)
    return np.mean([(score >= threshold) == is_same for score, is_same in pairs])


def highest_accuracy(scores, same):
    return max(accuracy_at(t, scores, same) for t in [*scores, scores.max() + 1.0])


@pytest.mark.parametrize("decimals", [None, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_best_threshold_equals_trying_all(seed, decimals):
    scores, same, _ = sample(seed, pairs=120, decimals=decimals)
    threshold = best_threshold(scores, same)
    assert accuracy_at(threshold, scores, same) == highest_accuracy(scores, same)


def test_best_threshold_is_the_middle_of_the_widest_gap():
    # Accepting down to 0.8, or down to 0.3, both err once.
    scores = np.array([0.9, 0.8, 0.6, 0.3, 0.2])
    same = np.array([True, True, False, True, False])
    assert accuracy_at(0.7, scores, same) == accuracy_at(0.25, scores, same)
    assert best_threshold(scores, same) == pytest.approx(0.7)
    scores[4] = -0.1
    assert best_threshold(scores, same) == pytest.approx(0.1)


def test_best_threshold_does_not_depend_on_the_order_of_pairs():
    scores, same, _ = sample(1, decimals=1)
    mixed = np.random.default_rng(0).permutation(len(scores))
    assert best_threshold(scores, same) == best_threshold(scores[mixed], same[mixed])


def test_best_threshold_between_neighbouring_floats_still_parts_them():
    low = 0.5
    high = np.nextafter(low, 1.0)
    assert best_threshold(np.array([low, high]), np.array([False, True])) == high


def test_best_threshold_refuses_or_accepts_all_where_that_is_best():
    scores = np.array([0.9, 0.5, 0.4])
    assert best_threshold(scores, np.array([False, False, True])) > 0.9
    assert best_threshold(scores, np.array([False, True, True])) == 0.4


@pytest.mark.parametrize("decimals", [None, 2])
def test_accuracy_uses_thresholds_of_the_other_folds(decimals):
    scores, same, folds = sample(7, pairs=150, decimals=decimals)
    result = verify(scores, same, folds)
    for fold in range(10):
        inside = folds == fold
        threshold = result.fold_thresholds[fold]
        on_others = accuracy_at(threshold, scores[~inside], same[~inside])
        assert on_others == highest_accuracy(scores[~inside], same[~inside])
        held_out = accuracy_at(threshold, scores[inside], same[inside])
        assert result.fold_accuracies[fold] == pytest.approx(held_out, abs=0)
    assert result.accuracy == pytest.approx(np.mean(result.fold_accuracies))
    spread = np.sqrt(np.mean((np.array(result.fold_accuracies) - result.accuracy) ** 2))
    assert result.accuracy_std == pytest.approx(spread)


def test_a_fold_that_differs_is_not_flattered():
    # Fold 0 parts its pairs perfectly at 0.75, fold 1 at 0.25: each is judged at the other's.
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
    same = np.array([True, True, False, False, True, True, False, False])
    folds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    result = verify(scores, same, folds)
    assert result.fold_thresholds == (pytest.approx(0.25), pytest.approx(0.75))
    assert result.fold_accuracies == (0.5, 0.5)
    assert (result.accuracy, result.accuracy_std) == (0.5, 0.0)
    assert highest_accuracy(scores, same) == 0.75


def test_folds_weigh_equally_and_std_is_of_the_population():
    # Fold 0: two pairs, both right. Fold 1: four pairs, one wrong at fold 0's 0.5.
    scores = np.array([0.8, 0.2, 0.9, 0.45, 0.1, 0.0])
    same = np.array([True, False, True, True, False, False])
    result = verify(scores, same, np.array([3, 3, 8, 8, 8, 8]))
    assert result.fold_thresholds == (pytest.approx(0.275), pytest.approx(0.5))
    assert result.fold_accuracies == (1.0, 0.75)
    assert result.accuracy == pytest.approx(0.875)
    assert result.accuracy_std == pytest.approx(0.125)


def test_a_score_equal_to_the_threshold_is_accepted():
    # Ties at 0.5: one impostor there is swallowed by accepting both genuine pairs at 0.5.
    scores = np.array([0.5, 0.5, 0.5, 0.1])
    same = np.array([True, True, False, False])
    threshold = best_threshold(scores, same)
    assert 0.1 < threshold <= 0.5
    result = verify(np.tile(scores, 2), np.tile(same, 2), np.repeat([0, 1], 4))
    assert result.fold_accuracies == (0.75, 0.75)


@pytest.mark.parametrize("decimals", [None, 1])
def test_auc_equals_the_chance_of_right_order(decimals):
    scores, same, folds = sample(11, decimals=decimals)
    genuine, impostor = scores[same][:, None], scores[~same][None]
    chance = np.mean((genuine > impostor) + 0.5 * (genuine == impostor))
    result = verify(scores, same, folds)
    assert result.auc == pytest.approx(chance)
    assert result.auc == pytest.approx(roc_auc_score(same, scores))


def test_eer_by_hand():
    genuine, impostor = [0.9, 0.8, 0.7, 0.3], [0.6, 0.2, 0.1, 0.0]
    scores, same = np.array(genuine + impostor), np.arange(8) < 4
    # At 0.6: one of four impostors accepted, one of four genuine refused.
    assert verify(scores, same, np.arange(8) % 2).eer == pytest.approx(0.25)


def test_eer_between_two_thresholds_is_interpolated():
    genuine, impostor = [0.9, 0.5], [0.7, 0.4, 0.3]
    scores, same = np.array(genuine + impostor), np.arange(5) < 2
    # The curve runs (0, ½) – (⅓, ½) – (⅓, 1): it meets FRR = FAR at (⅓, ⅔).
    assert verify(scores, same, np.array([0, 1, 0, 1, 1])).eer == pytest.approx(1 / 3)
    tied, kind = np.array([0.9, 0.5, 0.5, 0.5, 0.1]), np.array([True, True, False, False, False])
    # The tie runs straight from (0, ½) to (⅔, 1): FAR = 1 − TAR at 2/7.
    assert verify(tied, kind, np.array([0, 1, 0, 1, 0])).eer == pytest.approx(2 / 7)


@pytest.mark.parametrize("decimals", [None, 2])
def test_tar_at_far_equals_trying_all(decimals):
    scores, same, folds = sample(5, pairs=3000, decimals=decimals)
    result = verify(scores, same, folds)
    genuine, impostor = np.sort(scores[same]), np.sort(scores[~same])
    thresholds = np.append(np.unique(scores), np.inf)
    far = 1 - np.searchsorted(impostor, thresholds) / len(impostor)
    tar = 1 - np.searchsorted(genuine, thresholds) / len(genuine)
    for rate in (1e-1, 1e-2, 1e-3):
        assert result.tar_at_far[rate] == pytest.approx(tar[far <= rate + 1e-12].max())
    assert result.tar_at_far[1e-4] is None


@pytest.mark.parametrize(("impostors", "measurable"), [(999, False), (1000, True)])
def test_a_rate_is_measurable_from_one_over_far_impostors_on(impostors, measurable):
    scores = np.concatenate([np.full(10, 0.9), np.linspace(0, 0.5, impostors)])
    result = verify(scores, np.arange(len(scores)) < 10, np.arange(len(scores)) % 2)
    assert result.tar_at_far[1e-3] == (1.0 if measurable else None)
    assert result.tar_at_far[1e-2] == 1.0


def test_far_may_be_met_exactly():
    # Ten impostors: FAR 0.1 admits the one at 0.8, and with it the genuine pairs down to 0.8.
    scores = np.concatenate([[0.9, 0.8, 0.7, 0.6], [0.8, 0.65], np.zeros(8)])
    result = verify(scores, np.arange(14) < 4, np.arange(14) % 2)
    assert result.tar_at_far[1e-1] == 0.75


def test_order_of_pairs_does_not_matter():
    scores, same, folds = sample(2, decimals=1)
    mixed = np.random.default_rng(1).permutation(len(scores))
    assert verify(scores, same, folds) == verify(scores[mixed], same[mixed], folds[mixed])


def test_counts():
    result = verify(*sample(4))
    _, same, _ = sample(4)
    assert (result.genuine, result.impostor) == (same.sum(), (~same).sum())
    assert result.pairs == 400
    assert len(result.fold_accuracies) == 10


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"same": np.ones(8, bool)}, DataError, "no impostor pair"),
        ({"same": np.zeros(8, bool)}, DataError, "no genuine pair"),
        ({"same": np.ones(7, bool)}, ArgumentError, "'same' must be of shape"),
        ({"same": np.ones(8)}, ArgumentError, "'same' must be an array of bool"),
        ({"folds": np.zeros(8, int)}, ArgumentError, "at least two folds"),
        ({"folds": np.arange(7)}, ArgumentError, "'folds' must be of shape"),
        ({"folds": np.arange(8) / 2}, ArgumentError, "'folds' must be an array of int"),
        ({"folds": np.repeat([0, 1], 4)}, DataError, "outside fold 0 have no genuine pair"),
        ({"scores": np.array([0, 1, np.nan, 0, 0, np.inf, 0, 0])}, DataError, "2 of 8 scores"),
        ({"scores": np.ones((8, 1))}, ArgumentError, "'scores' must be of shape"),
    ],
)
def test_input_that_cannot_be_judged_is_refused(change, error, message):
    given = {
        "scores": np.linspace(1, 0, 8),
        "same": np.arange(8) < 4,
        "folds": np.arange(8) % 2,
    }
    verify(**given)
    with pytest.raises(error, match=message):
        verify(**{**given, **change})
