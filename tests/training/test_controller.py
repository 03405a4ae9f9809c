"""The outer loop on a tiny model: its callbacks, checkpoints, exits."""

import csv
import os
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError, DataError, NotFiniteError
from facerec_tf.training import (
    Checkpoints,
    Controller,
    DivergenceError,
    Measured,
    Measurement,
    MetricsLog,
    RunPlan,
    TerminationError,
)
from tests.training.conftest import batches


class NoiseSource:
    """Stands in for `BatchSource`: same interface, batches of noise."""

    batch_size = 8

    def __init__(self, poison=()):
        self.poison = poison
        self.damaged = 0
        self.repeated = 3
        self.taken = 0
        self._iterator = None

    def seek(self, step):
        self.taken = step

    def iterator(self):
        self._iterator = self._iterator or iter(batches(poison=self.poison).skip(self.taken))
        return self._iterator

    def batch_at(self, step):
        return {k: v.numpy() for k, v in next(iter(batches(poison=self.poison).skip(step))).items()}

    def advance(self, steps):
        self.taken += steps

    def explained_errors(self, steps):
        import contextlib

        return contextlib.nullcontext()


def accuracy(function, every=5):
    """Measurement of a verification accuracy, which `function` returns."""
    return Measurement(
        "verification",
        ("verification_accuracy",),
        every,
        lambda: Measured({"verification_accuracy": function()}),
        averaged=True,
        checkpoint_metric="verification_accuracy",
    )


@pytest.fixture
def make_controller(make_trainer, tmp_path):
    def make(poison=(), measurements=(), name="run", trainer=None, **plan):
        defaults = dict(total_steps=12, steps_per_epoch=5, log_every=2, checkpoint_every=4)
        return Controller(
            trainer or make_trainer(dropout=0.2, ema=0.9),
            NoiseSource(poison),
            RunPlan(**{**defaults, **plan}),
            Checkpoints(tmp_path / name),
            measurements=measurements,
            offending_batch=tmp_path / "offending_batch.npz",
        )

    return make


def test_a_resumed_run_ends_with_the_same_bits(make_controller):
    straight = make_controller(name="straight")
    straight.run(verbose=0)
    stopped = make_controller(name="stopped", total_steps=8)
    stopped.run(verbose=0)
    resumed = make_controller(name="stopped")
    resumed.resume(resumed.checkpoints.latest())
    assert resumed.step == 8
    resumed.run(verbose=0)
    ours, theirs = resumed.trainer.state(), straight.trainer.state()
    for name in theirs:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)


def test_callbacks_see_epochs_logs_and_may_stop(make_controller, tmp_path):
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(("begin", epoch))

        def on_train_batch_end(self, batch, logs=None):
            seen.append(("batch", batch, logs["step"]))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(("end", epoch, logs["verification_accuracy"]))
            self.model.stop_training = epoch == 1

    accuracies = iter([0.6, 0.8])
    controller = make_controller(measurements=[accuracy(lambda: next(accuracies))])
    controller.run([Watch(), MetricsLog(tmp_path / "metrics.csv")], verbose=0)
    assert seen == [
        ("begin", 0),
        ("batch", 1, 2),
        ("batch", 3, 4),
        ("batch", 4, 5),
        ("end", 0, 0.6),
        ("begin", 1),
        ("batch", 0, 6),
        ("batch", 2, 8),
        ("batch", 4, 10),
        ("end", 1, 0.8),
    ]
    assert controller.checkpoints.best().step == 10
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[0].startswith("step,epoch,loss,")
    assert [line.split(",")[0] for line in lines[1:]] == ["2", "4", "5", "6", "8", "10"]
    place = lines[0].split(",").index("repeated_images")
    assert {line.split(",")[place] for line in lines[1:]} == {"3"}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_values_are_written_in_the_row_of_their_step(make_controller, tmp_path):
    found = iter(range(1, 9))
    angles = Measurement(
        "angles", ("theta", "phi"), 3, lambda: Measured({"theta": 0.1 * next(found)})
    )
    never = Measurement("never", ("size",))
    controller = make_controller(measurements=[angles, never])
    log = MetricsLog(tmp_path / "metrics.csv", measurements=controller.measurements)
    controller.run([log], verbose=0)
    written = {int(row["step"]): row for row in rows(tmp_path / "metrics.csv")}
    assert [*written[2]][-3:] == ["theta", "phi", "size"]
    assert list(written) == [2, 3, 4, 5, 6, 8, 9, 10, 12]
    measured = {step: float(row["theta"]) for step, row in written.items() if row["theta"]}
    assert measured == pytest.approx({3: 0.1, 6: 0.2, 9: 0.3, 12: 0.4})
    assert all(row["phi"] == row["size"] == "" for row in written.values())


def test_histograms_are_those_of_the_current_step(make_controller):
    seen = {}

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen[logs["step"]] = dict(controller.histograms)

    angles = Measurement("angles", ("theta",), 4, lambda: Measured({}, {"theta": np.ones(3)}))
    controller = make_controller(measurements=[angles], total_steps=6)
    controller.run([Watch()], verbose=0)
    assert {step: [*found] for step, found in seen.items()} == {
        2: [],
        4: ["theta"],
        5: [],
        6: ["theta"],
    }


def test_a_measurement_chooses_its_weights(make_controller, make_trainer):
    trainer = make_trainer(ema=0.9)
    weights = trainer.recognizer.backbone.trainable_weights
    seen = []

    def note():
        seen.append([w.numpy() for w in weights])
        return Measured()

    controller = make_controller(
        trainer=trainer,
        measurements=[
            Measurement("training", ("x",), 5, note),
            Measurement("average", ("y",), 5, note, averaged=True),
        ],
        total_steps=5,
    )
    controller.run(verbose=0)
    ours, averaged = seen
    for one, other, weight in zip(ours, averaged, weights, strict=True):
        np.testing.assert_array_equal(one, weight.numpy())
        assert not np.array_equal(one, other)


def test_metrics_after_the_checkpoint_are_written_again(tmp_path):
    path = tmp_path / "metrics.csv"
    log = MetricsLog(path)
    for step in (2, 4, 6):
        log.on_train_batch_end(0, {"step": step, "loss": 1.0})
    MetricsLog(path, resume_step=4)
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == ["2", "4"]


def test_a_diverged_run_names_step_batch_and_last_good_checkpoint(make_controller, tmp_path):
    controller = make_controller(poison=range(6, 99), total_steps=50)
    with pytest.raises(DivergenceError, match=r"up to step 16\..*offending_batch.*step-00000004"):
        controller.run(verbose=0)
    with np.load(tmp_path / "offending_batch.npz") as batch:
        assert np.isnan(batch["image"]).any()
        assert batch["position"][0] == 15 * 8


def test_labels_that_the_head_does_not_have_are_named(make_controller):
    controller = make_controller(poison=range(99), total_steps=50)
    batch = controller.source.batch_at(0)
    controller.source.batch_at = lambda step: {**batch, "label": batch["label"] + 1}
    with pytest.raises(DivergenceError, match="its labels are 1 to 5, but the head has the labels"):
        controller.run(verbose=0)


@pytest.mark.parametrize(("first_bad", "steps"), [(10, 12), (0, 1), (7, 12)])
def test_a_run_whose_last_steps_were_skipped_fails(make_controller, first_bad, steps):
    controller = make_controller(poison=range(first_bad, 99), total_steps=steps)
    with pytest.raises(DivergenceError) as raised:
        controller.run(verbose=0)
    message = str(raised.value)
    skipped = f"{steps - first_bad} steps" if steps > 1 else "step"
    assert f"not finite in the last {skipped}, up to step {steps}" in message
    last = first_bad // 4 * 4  # A checkpoint every 4 steps.
    assert (f"step-{last:08d}" if last else "no checkpoint was written yet") in message
    assert [c.step for c in controller.checkpoints.all()] == list(range(4, first_bad + 1, 4))


def test_weights_that_are_not_finite_are_not_saved(make_controller):
    class Break(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if logs["step"] == 8:
                self.model.backbone.weights[0].assign(self.model.backbone.weights[0] * np.nan)

    controller = make_controller()
    with pytest.raises(DivergenceError, match=r"after step 8; last good .*step-00000004\. Lower"):
        controller.run([Break()], verbose=0)
    assert controller.checkpoints.latest().step == 4


def test_a_checkpoint_of_a_diverged_run_is_not_resumed(make_controller):
    controller = make_controller()
    state = controller.trainer.state()
    controller.checkpoints.save(state, 2)
    state["model/0000"] = np.full_like(state["model/0000"], np.inf)
    checkpoint = controller.checkpoints.save(state, 4)
    message = r"step-00000004 holds weights that are not finite.* Earlier .*step-00000002\."
    with pytest.raises(DivergenceError, match=message):
        controller.resume(checkpoint)
    assert np.isfinite(controller.trainer.state()["model/0000"]).all()


def without_gradient(trainer, loss):
    """Makes the gradients of `trainer` 0, at a loss of `loss`."""
    variables = trainer.recognizer.trainable_variables
    trainer.loss_and_gradients = lambda images, labels, head_only: (
        tf.constant(loss),
        [tf.zeros_like(v.value) for v in variables],
    )


def test_a_run_without_gradient_ends_with_the_reason(make_trainer, make_controller):
    without_gradient(trainer := make_trainer(), loss=3.5)
    controller = make_controller(trainer=trainer, total_steps=99)
    with pytest.raises(DivergenceError, match=r"exactly 0 for 50 .* to step 50, at a loss of 3\.5"):
        controller.run(verbose=0)


def test_a_loss_of_zero_is_not_a_fault(make_trainer):
    without_gradient(trainer := make_trainer(), loss=0.0)
    assert trainer.run(iter(batches()), tf.constant(60))["steps"].numpy() == 60


def test_embeddings_that_are_not_finite_end_the_run_as_diverged(make_controller):
    def fail():
        raise NotFiniteError("8 of 8 embeddings are not finite.")

    controller = make_controller(measurements=[accuracy(fail)])
    with pytest.raises(DivergenceError, match=r"embeddings are not finite after step 5; last good"):
        controller.run(verbose=0)
    assert controller.checkpoints.latest().step == 4


def test_the_last_step_is_saved_though_it_was_skipped(make_controller):
    controller = make_controller(poison=[11])
    controller.run(verbose=0)
    assert controller.trainer.skipped_in_a_row.numpy() == 1
    assert controller.checkpoints.latest().step == 12


@pytest.mark.usefixtures("heed_interrupts")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_saves_and_says_so(make_controller, number, code):
    class Kill(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if logs["step"] == 5:
                os.kill(os.getpid(), number)

    controller = make_controller()
    before = signal.getsignal(number)
    with pytest.raises(TerminationError, match=r"after step \d+.*--resume") as raised:
        controller.run([Kill()], verbose=0)
    assert raised.value.exit_code == code
    assert controller.checkpoints.latest().step == controller.step
    assert signal.getsignal(number) is before


def test_an_ignored_signal_stays_ignored(make_controller):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:

        class Kill(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                os.kill(os.getpid(), signal.SIGINT)

        controller = make_controller()
        controller.run([Kill()], verbose=0)
    finally:
        signal.signal(signal.SIGINT, before)
    assert controller.step == 12


@pytest.mark.usefixtures("heed_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_compilation_at_once(make_controller, make_trainer, number):
    trainer = make_trainer()
    compute, seen = trainer.loss_and_gradients, []

    def interrupted(images, labels, head_only):
        os.kill(os.getpid(), number)
        seen.append("traced")
        return compute(images, labels, head_only)

    trainer.loss_and_gradients = interrupted
    controller = make_controller(trainer=trainer)
    with pytest.raises(TerminationError, match=r"Interrupted before the first step.*--resume"):
        controller.run(verbose=0)
    assert seen == []
    assert controller.checkpoints.latest() is None
    assert controller.step == 0


@pytest.mark.usefixtures("heed_interrupts")
def test_the_second_interrupt_ends_at_once(make_controller):
    class Impatient(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)

    controller = make_controller()
    with pytest.raises(KeyboardInterrupt):
        controller.run([Impatient()], verbose=0)
    assert controller.checkpoints.latest() is None


def test_only_one_measurement_may_choose_the_best_checkpoint(make_controller):
    other = Measurement("other", ("other",), checkpoint_metric="other")
    with pytest.raises(ArgumentError, match="at most one checkpoint_metric"):
        make_controller(measurements=[accuracy(lambda: 1.0), other])
    assert make_controller(measurements=[other]).selection is None


def test_resuming_another_architecture_is_an_error_not_a_mess(make_controller, make_trainer):
    controller = make_controller()
    controller.run(verbose=0)
    other = make_controller(trainer=make_trainer())
    before = other.trainer.state()
    with pytest.raises(DataError, match="written by another configuration"):
        other.resume(controller.checkpoints.latest())
    for name, value in other.trainer.state().items():
        np.testing.assert_array_equal(value, before[name])
