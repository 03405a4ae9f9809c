import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.training import Plan


def test_the_stops_of_a_run():
    plan = Plan(20, steps_per_epoch=8, log_every=5, checkpoint_every=7, evaluate_every=8)
    step, stops = 0, []
    while step < plan.total_steps:
        step = plan.next_stop(step)
        stops.append(step)
    assert stops == [5, 7, 8, 10, 14, 15, 16, 20]
    assert [s for s in stops if plan.ends_epoch(s)] == [8, 16, 20]
    assert [s for s in stops if plan.saves(s)] == [7, 14, 20]
    assert [s for s in stops if plan.evaluates(s)] == [8, 16, 20]
    assert plan.epochs == 3


def test_intervals_are_counts():
    with pytest.raises(ArgumentError, match="'log_every' must be an integer of at least 1"):
        Plan(20, 8, 0, 7, 8)
