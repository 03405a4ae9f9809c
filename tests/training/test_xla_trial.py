import numpy as np
import tensorflow as tf

from facerec_tf.training import XlaTrial, try_xla
from tests.training.conftest import batches


def test_compilation_must_pay():
    trial = XlaTrial(plain=0.5, compiled=0.4, compilation=10.0)
    assert not trial.pays(99)
    assert trial.pays(101)
    assert not XlaTrial(plain=0.4, compiled=0.5, compilation=0.0).pays(10**9)


def test_a_trial_measures_and_leaves_no_trace(make_trainer):
    trainer = make_trainer(loss="curricularface", dropout=0.5)
    before = trainer.state()
    trial = try_xla(trainer, next(batches().as_numpy_iterator()))
    assert min(trial.plain, trial.compiled, trial.compilation) > 0
    assert trial.compilation > trial.compiled
    after = trainer.state()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


def test_a_network_that_xla_cannot_compile(make_trainer, monkeypatch):
    trainer = make_trainer()
    compute = trainer.loss_and_gradients

    def with_strings(images, labels):
        loss, gradients = compute(images, labels)
        return loss + tf.strings.to_number(tf.strings.as_string(loss)), gradients

    monkeypatch.setattr(trainer, "loss_and_gradients", with_strings)
    assert try_xla(trainer, next(batches().as_numpy_iterator())) is None
