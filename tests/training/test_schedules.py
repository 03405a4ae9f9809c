import numpy as np
import pytest

from facerec_tf.config import OptimizerConfig
from facerec_tf.training import WarmUp, make_schedule


def rates(total=100, **options):
    schedule = make_schedule(OptimizerConfig(lr=0.2, **options), total)
    return np.array([float(schedule(step)) for step in range(total)])


def test_warm_up_rises_linearly_to_the_peak():
    np.testing.assert_allclose(
        rates(schedule="constant", warmup_steps=10)[:12],
        [*(0.2 * np.arange(1, 11) / 10), 0.2, 0.2],
        rtol=1e-6,
    )


def test_steps_decay_at_boundaries_counted_from_the_start():
    values = rates(schedule="steps", boundaries=(40, 80), warmup_steps=10)
    np.testing.assert_allclose(
        values[[10, 40, 41, 80, 81]], [0.2, 0.2, 0.02, 0.02, 0.002], rtol=1e-5
    )


def test_polynomial_and_cosine_end_at_zero():
    step = np.arange(80)
    polynomial = rates(schedule="polynomial", decay_power=2.0, warmup_steps=20)
    np.testing.assert_allclose(polynomial[20:], 0.2 * (1 - step / 80) ** 2, rtol=1e-4, atol=1e-7)
    cosine = rates(schedule="cosine", warmup_steps=20)
    np.testing.assert_allclose(cosine[20:], 0.1 * (1 + np.cos(np.pi * step / 80)), rtol=1e-4)


@pytest.mark.parametrize("name", ["constant", "polynomial", "cosine"])
def test_config_round_trip(name):
    schedule = make_schedule(OptimizerConfig(schedule=name, warmup_steps=5), 50)
    again = WarmUp.from_config(schedule.get_config())
    assert [float(again(s)) for s in range(50)] == [float(schedule(s)) for s in range(50)]
