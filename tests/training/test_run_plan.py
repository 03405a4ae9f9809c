import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.training import RunPlan


def stops_of(plan, intervals=()):
    step, stops = 0, []
    while step < plan.total_steps:
        step = plan.next_stop(step, intervals)
        stops.append(step)
    return stops


def test_the_stops_of_a_run():
    plan = RunPlan(20, steps_per_epoch=8, log_every=5, checkpoint_every=7)
    stops = stops_of(plan)
    assert stops == [5, 7, 8, 10, 14, 15, 16, 20]
    assert [s for s in stops if plan.ends_epoch(s)] == [8, 16, 20]
    assert [s for s in stops if plan.saves(s)] == [7, 14, 20]
    assert plan.epochs == 3


def test_measurements_add_stops():
    plan = RunPlan(20, 8, log_every=5, checkpoint_every=7)
    stops = stops_of(plan, intervals=(6, 9))
    assert stops == [5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18, 20]
    assert [s for s in stops if plan.is_due(6, s)] == [6, 12, 18, 20]


def test_the_head_may_train_alone_at_first():
    plan = RunPlan(20, 20, log_every=5, checkpoint_every=20, head_only_steps=7)
    assert stops_of(plan) == [5, 7, 10, 15, 20]
    assert [s for s in range(20) if plan.trains_head_only(s)] == list(range(7))


def test_intervals_are_counts():
    with pytest.raises(ArgumentError, match="'log_every' must be an integer of at least 1"):
        RunPlan(20, 8, 0, 7)
    with pytest.raises(ArgumentError, match="'checkpoint_every' must be an integer of at least 1"):
        RunPlan(20, 8, 5, None)
    with pytest.raises(ArgumentError, match="'head_only_steps' must be an integer of at least 0"):
        RunPlan(20, 8, 5, 7, head_only_steps=-1)
