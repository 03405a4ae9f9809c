import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.training import RunPlan


def test_the_stops_of_a_run():
    plan = RunPlan(20, steps_per_epoch=8, log_every=5, checkpoint_every=7, evaluate_every=8)
    step, stops = 0, []
    while step < plan.total_steps:
        step = plan.next_stop(step)
        stops.append(step)
    assert stops == [5, 7, 8, 10, 14, 15, 16, 20]
    assert [s for s in stops if plan.ends_epoch(s)] == [8, 16, 20]
    assert [s for s in stops if plan.saves(s)] == [7, 14, 20]
    assert [s for s in stops if plan.evaluates(s)] == [8, 16, 20]
    assert plan.epochs == 3


def test_angles_have_stops_of_their_own():
    plan = RunPlan(20, 8, log_every=5, checkpoint_every=7, evaluate_every=8, angles_every=6)
    step, stops = 0, []
    while step < plan.total_steps:
        step = plan.next_stop(step)
        stops.append(step)
    assert stops == [5, 6, 7, 8, 10, 12, 14, 15, 16, 18, 20]
    assert [s for s in stops if plan.measures_angles(s)] == [6, 12, 18, 20]


def test_angles_may_never_be_due():
    plan = RunPlan(20, 8, log_every=5, checkpoint_every=7, evaluate_every=8, angles_every=None)
    assert plan == RunPlan(20, 8, 5, 7, 8)
    assert not any(plan.measures_angles(step) for step in range(21))


def test_the_head_may_train_alone_at_first():
    plan = RunPlan(20, 20, log_every=5, checkpoint_every=20, evaluate_every=20, head_only_steps=7)
    step, stops = 0, []
    while step < plan.total_steps:
        step = plan.next_stop(step)
        stops.append(step)
    assert stops == [5, 7, 10, 15, 20]
    assert [s for s in range(20) if plan.trains_head_only(s)] == list(range(7))


def test_intervals_are_counts():
    with pytest.raises(ArgumentError, match="'log_every' must be an integer of at least 1"):
        RunPlan(20, 8, 0, 7, 8)
    with pytest.raises(ArgumentError, match="'angles_every' must be an integer of at least 1"):
        RunPlan(20, 8, 5, 7, 8, angles_every=0)
    with pytest.raises(ArgumentError, match="'evaluate_every' must be an integer of at least 1"):
        RunPlan(20, 8, 5, 7, None)
