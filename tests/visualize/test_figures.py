"""Figures drawn to real PNG files, and what they show read back from their axes."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import (
    example_pairs,
    pairs_sheet,
    report_figure,
    training_figure,
    verification_figure,
)
from tests.visualize.picture import picture

RANDOM = np.random.default_rng(0)
SAME = np.arange(600) < 300
SCORES = RANDOM.normal(0.1, 0.12, 600) + 0.5 * SAME
FACES = RANDOM.integers(0, 256, (12, 112, 112, 3), np.uint8)


def metrics(steps=100, evaluations=5):
    accuracy = np.full(steps, np.nan)
    accuracy[steps // evaluations - 1 :: steps // evaluations] = np.linspace(0.6, 0.95, evaluations)
    return {
        "step": np.arange(1, steps + 1) * 10.0,
        "loss": 20 * np.exp(-np.arange(steps) / 30),
        "verification_accuracy": accuracy,
        "learning_rate": np.linspace(0.1, 0, steps),
    }


def report(**change):
    examples = np.concatenate(example_pairs(SCORES, SAME, 6))
    given = {
        "metrics": metrics(),
        "scores": SCORES,
        "same": SAME,
        "threshold": 0.35,
        "examples": examples,
        "images_a": FACES,
        "images_b": FACES[::-1],
        "title": "93.1% verification accuracy",
        "subtitle": "arcface",
    }
    return report_figure(**{**given, **change})


def test_verification_figure(tmp_path):
    figure = verification_figure(SCORES, SAME, "LFW", threshold=0.35)
    assert picture(figure, tmp_path / "verification.png").shape == (500, 1200, 3)


def test_roc_shows_what_was_measured():
    scores = np.array([0.9, 0.8, 0.6, 0.5, 0.7, 0.4, 0.3, 0.2])
    same = np.arange(8) < 4
    axes = verification_figure(scores, same).axes[0]
    far, tar = axes.lines[0].get_data()
    # One impostor of four lets all genuine pairs in; the other way round it lets in none.
    np.testing.assert_allclose(far, [0.25, 0.5, 0.75, 1.0])
    np.testing.assert_allclose(tar, [1.0, 1.0, 1.0, 1.0])
    axes = verification_figure(scores, ~same).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_data()[1], [0.0, 0.25, 0.25, 1.0])
    assert axes.get_xlim() == (0.25, 1.0)


def test_roc_marks_only_rates_that_can_be_measured():
    marks = [line.get_xdata()[0] for line in verification_figure(SCORES, SAME).axes[0].lines[1:]]
    assert marks == [1e-1, 1e-2]


def test_training_figure_has_a_panel_for_each_curve(tmp_path):
    figure = training_figure(metrics())
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Loss", "Verification accuracy", "Learning rate"]
    picture(figure, tmp_path / "training.png")


def test_training_figure_leaves_out_what_was_never_measured(tmp_path):
    never = {**metrics(), "verification_accuracy": np.full(100, np.nan)}
    del never["learning_rate"]
    figure = training_figure(never)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Loss"]
    picture(figure, tmp_path / "training.png")


ANGLES = ("target_angle", "w_ec", "intra", "w_inter", "inter")


@pytest.mark.parametrize("measured", [ANGLES, ("intra", "inter")])
def test_angles_have_a_panel_with_what_was_measured(tmp_path, measured):
    given = {**metrics(), **{f"{name}_degrees": np.full(100, np.nan) for name in ANGLES}}
    for place, name in enumerate(measured):
        given[f"{name}_degrees"][19::20] = np.linspace(90, 20 + 10 * place, 5)
    figure = training_figure(given)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Loss", "Verification accuracy", "Angles", "Learning rate"]
    lines = figure.axes[2].lines
    assert [line.get_ydata()[-1] for line in lines] == [20 + 10 * n for n in range(len(measured))]
    assert len(figure.axes[2].get_legend().get_texts()) == len(measured)
    picture(figure, tmp_path / "training.png")


def test_axis_reaches_the_last_step_though_evaluation_ended_before():
    early = metrics()
    early["verification_accuracy"][50:] = np.nan
    assert {axes.get_xlim() for axes in training_figure(early).axes} == {(0.0, 1000.0)}


def test_one_step_can_be_drawn(tmp_path):
    picture(training_figure(metrics(steps=1, evaluations=1)), tmp_path / "training.png")


@pytest.mark.parametrize("steps", [1, 40, 100])
def test_the_first_and_last_point_of_the_loss_are_whole(steps, tmp_path):
    """A point on the edge of a panel would be cut in half."""
    given = metrics(steps, evaluations=1)
    given["step"] = np.arange(steps) * 10.0
    figure = training_figure(given)
    for line in figure.axes[0].lines:
        assert not line.get_clip_on()
        assert line.get_marker() == ("o" if steps <= 40 else "None")
    picture(figure, tmp_path / "training.png")


@pytest.mark.parametrize(("accuracy", "above"), [((0.6, 0.7), True), ((0.7, 0.6), False)])
def test_the_last_accuracy_is_beside_the_curve(accuracy, above):
    given = {"step": np.array([1.0, 2.0]), "loss": np.ones(2)}
    axes = training_figure({**given, "verification_accuracy": np.array(accuracy)}).axes[1]
    (label,) = axes.texts
    assert label.get_text() == f"{100 * accuracy[-1]:.2f} %"
    assert (label.xyann[1] > 0) == above


def test_smoothed_loss_is_a_mean_of_neighbours():
    drawn = training_figure(metrics()).axes[0].lines
    loss = metrics()["loss"]
    assert len(drawn) == 2
    smooth = drawn[1].get_ydata()
    assert smooth[50] == pytest.approx(loss[48:53].mean())
    assert smooth[0] == pytest.approx(loss[:3].mean())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": np.zeros(3)}, "arrays of one length"),
        ({"loss": np.full(100, np.nan)}, "a finite loss"),
    ],
)
def test_training_figure_refuses_damaged_metrics(change, message):
    with pytest.raises(ArgumentError, match=message):
        training_figure({**metrics(), **change})
    with pytest.raises(ArgumentError, match="'step' and 'loss'"):
        training_figure({"step": np.arange(3)})


def test_examples_run_from_the_hardest_to_the_easiest():
    scores = np.array([0.5, 0.1, 0.9, 0.2, 0.8, 0.0])
    same = np.array([True, True, True, False, False, False])
    genuine, impostor = example_pairs(scores, same, 2)
    assert genuine.tolist() == [1, 2]
    assert impostor.tolist() == [4, 5]
    assert [len(kind) for kind in example_pairs(scores, same, 9)] == [3, 3]


def test_pairs_sheet_marks_right_and_wrong(tmp_path):
    scores, same = np.array([0.5, 0.4, 0.5, -0.4]), np.array([True, True, False, False])
    figure = pairs_sheet(FACES[:4], FACES[4:8], scores, same, threshold=0.5, columns=3)
    shown = [axes.texts[0].get_text() for axes in figure.axes if axes.texts]
    assert shown == ["✓  0.50", "✗  0.40", "✗  0.50", "✓  −0.40"]
    framed = [bool(axes.patches) for axes in figure.axes[:4]]
    assert framed == [False, True, True, False]
    picture(figure, tmp_path / "pairs.png")


def test_pairs_sheet_refuses_arrays_that_do_not_match():
    scores, same = np.zeros(4), np.zeros(4, bool)
    with pytest.raises(ArgumentError, match="'images_b'"):
        pairs_sheet(FACES[:4], FACES[:3], scores, same, 0.5)
    with pytest.raises(ArgumentError, match="'scores'"):
        pairs_sheet(FACES[:3], FACES[:3], scores, same, 0.5)
    with pytest.raises(ArgumentError, match="'images_a' must be uint8"):
        pairs_sheet(FACES[:4] / 255, FACES[:4], scores, same, 0.5)


def test_report_figure(tmp_path):
    assert picture(report(), tmp_path / "report.png").shape == (860, 1400, 3)


def test_report_orders_examples_and_tells_kinds_apart():
    texts = [axes.texts[0].get_text() for axes in report().axes[-12:]]
    values = [float(text.split()[1].replace("−", "-")) for text in texts]
    assert values[:6] == sorted(values[:6])
    assert values[6:] == sorted(values[6:], reverse=True)
    assert values[0] == pytest.approx(SCORES[SAME].min(), abs=0.006)


def test_report_without_verification_in_training_or_with_few_examples(tmp_path):
    unverified = {**metrics(), "verification_accuracy": np.full(100, np.nan)}
    few = {"examples": np.array([0, 1, 599]), "images_a": FACES[:3], "images_b": FACES[:3]}
    picture(report(metrics=unverified, **few), tmp_path / "report.png")


def test_report_refuses_examples_of_one_kind():
    with pytest.raises(ArgumentError, match="'examples' must be pairs of both kinds"):
        report(examples=np.arange(12))


@pytest.mark.parametrize(
    ("scores", "same", "message"),
    [
        (SCORES[:9], SAME, "'same'"),
        (SCORES, SAME.astype(int), "'same' must be an array of bool"),
        (SCORES, np.ones(600, bool), "both kinds"),
        (np.where(SCORES > 0.5, np.nan, SCORES), SAME, "'scores' must be finite"),
    ],
)
def test_scores_that_cannot_be_drawn_are_refused(scores, same, message):
    with pytest.raises(ArgumentError, match=message):
        verification_figure(scores, same)


def test_a_notebooks_style_neither_changes_nor_interferes(tmp_path):
    plain = picture(verification_figure(SCORES, SAME), tmp_path / "plain.png")
    gaudy = {"axes.facecolor": "black", "font.size": 22, "savefig.facecolor": "red"}
    with matplotlib.rc_context(gaudy):
        before = dict(matplotlib.rcParams.copy())
        styled = picture(verification_figure(SCORES, SAME), tmp_path / "styled.png")
        assert dict(matplotlib.rcParams.copy()) == before
    np.testing.assert_array_equal(styled, plain)


def test_pyplot_is_never_imported():
    code = "import sys, facerec_tf.visualize; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
