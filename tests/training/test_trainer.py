import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.config import OptimizerConfig
from facerec_tf.core.errors import DataError
from facerec_tf.training import make_strategy
from facerec_tf.training.trainer import PATIENCE
from tests.tolerance import LAYER, NETWORK, assert_close
from tests.training.conftest import batches


def run(trainer, steps, dataset=None):
    iterator = iter(dataset or batches())
    return [
        {k: v.numpy() for k, v in trainer.run(iterator, tf.constant(1)).items()}
        for _ in range(steps)
    ]


def assert_same_state(one, two, **tolerance):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(one[name], two[name], err_msg=name, **tolerance)


def test_training_lowers_the_loss_on_a_repeated_batch(make_trainer):
    trainer = make_trainer(loss="normface")
    losses = [r["loss"] for r in run(trainer, 30, batches().take(1).repeat())]
    assert losses[-1] < 0.2 * losses[0]


def test_n_steps_at_once_equal_n_single_steps(make_trainer):
    one, many = make_trainer(), make_trainer()
    losses = [r["loss"] for r in run(one, 4)]
    result = many.run(iter(batches()), tf.constant(4))
    assert result["steps"].numpy() == 4
    np.testing.assert_allclose(result["loss"], np.mean(losses), rtol=1e-6)
    assert_same_state(one.state(), many.state(), rtol=0, atol=0)


#: A head, a loss on embeddings, and both with auxiliaries, of which most have state.
OBJECTIVES = [
    ("arcface", (), {"s": 16.0}),
    ("adaface", ("center:0.1", "triplet:1", "ring"), {"s": 16.0}),
    ("elasticface", ("intra", "inter", "feature_incay"), {"s": 16.0, "plus": True}),
    ("triplet", ("center:0.1",), {"mining": "batch_all"}),
]
every_objective = pytest.mark.parametrize(
    ("loss", "auxiliary", "loss_options"), OBJECTIVES, ids=[name for name, *_ in OBJECTIVES]
)


@pytest.mark.slow
@every_objective
def test_two_replicas_equal_one_device(make_trainer, loss, auxiliary, loss_options):
    config = OptimizerConfig(lr=0.01, schedule="constant")
    chosen = {"loss": loss, "auxiliary": auxiliary, "loss_options": loss_options}
    one = make_trainer(optimizer=config, **chosen)
    expected = [r["loss"] for r in run(one, 4)]
    strategy = make_strategy("mirrored")
    with strategy.scope():
        two = make_trainer(optimizer=config, clip_norm=1e9, ema=0.9, **chosen)
        halves = (
            batches(batch_size=8)
            .map(lambda b: {k: tf.reshape(v, (2, 4, *v.shape[1:])) for k, v in b.items()})
            .unbatch()
        )
        iterator = iter(strategy.distribute_datasets_from_function(lambda context: halves))
        losses = [two.run(iterator, tf.constant(1))["loss"].numpy() for _ in range(4)]
    assert_close(losses, expected, NETWORK)
    state = {k: v for k, v in two.state().items() if not k.startswith("average/")}
    assert_same_state(one.state(), state, rtol=1e-3, atol=1e-4)
    for variable in two.recognizer.variables:
        copies = [v.numpy() for v in strategy.experimental_local_results(variable.value)]
        np.testing.assert_array_equal(*copies, err_msg=variable.path)


def test_a_step_that_is_not_finite_leaves_no_trace_but_a_count(make_trainer):
    poisoned, clean = make_trainer(ema=0.9), make_trainer(ema=0.9)
    run(clean, 1)
    results = run(poisoned, 2, batches(poison=[1]))
    assert np.isnan(results[1]["loss"])
    assert poisoned.skipped.numpy() == 1
    assert poisoned.skipped_in_a_row.numpy() == 1
    ours, theirs = poisoned.state(), clean.state()
    for name in theirs:
        if not name.startswith("trainer/"):
            np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    run(poisoned, 1)
    assert poisoned.skipped_in_a_row.numpy() == 0


def test_ten_bad_steps_in_a_row_end_the_loop(make_trainer):
    trainer = make_trainer()
    result = trainer.run(iter(batches(poison=range(2, 99))), tf.constant(50))
    assert result["steps"].numpy() == 2 + PATIENCE
    assert trainer.skipped_in_a_row.numpy() == PATIENCE


def test_the_global_norm_is_clipped(make_trainer):
    config = OptimizerConfig(lr=1.0, momentum=0.0, weight_decay=0.0, schedule="constant")
    trainer = make_trainer(optimizer=config, clip_norm=0.01)
    before = [v.numpy() for v in trainer.recognizer.trainable_variables]
    norm = run(trainer, 1)[0]["gradient_norm"]
    assert norm > 0.01
    after = [v.numpy() for v in trainer.recognizer.trainable_variables]
    moved = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(after, before, strict=True)))
    np.testing.assert_allclose(moved, 0.01, rtol=1e-3)


def test_the_average_follows_every_backbone_weight(make_trainer):
    trainer = make_trainer(ema=0.5)
    weights = trainer.recognizer.backbone.weights
    expected = [w.numpy().astype(np.float64) for w in weights]
    for step in range(1, 4):
        run(trainer, 1, batches(seed=step))
        decay = min(0.5, (1 + step) / (10 + step))
        expected = [
            decay * e + (1 - decay) * w.numpy() for e, w in zip(expected, weights, strict=True)
        ]
    own = [w.numpy() for w in weights]
    with trainer.averaged_weights():
        for weight, value in zip(weights, expected, strict=True):
            assert_close(weight, value, LAYER)
    for weight, value in zip(weights, own, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_xla_equals_the_plain_graph(make_trainer):
    plain, compiled = make_trainer(), make_trainer(xla=True)
    np.testing.assert_allclose(
        [r["loss"] for r in run(compiled, 3)], [r["loss"] for r in run(plain, 3)], rtol=1e-3
    )


@pytest.mark.parametrize("strategy", ["one_device", "mirrored"])
def test_the_head_may_train_alone(make_trainer, strategy):
    strategy = make_strategy(strategy)
    with strategy.scope():
        gently = OptimizerConfig(lr=1e-6, momentum=0.0, weight_decay=0.0, schedule="constant")
        alone = strategy.num_replicas_in_sync == 1
        trainer = make_trainer(loss="normface", dropout=0.5, optimizer=gently, xla=alone)
        recognizer = trainer.recognizer
        network = [w.numpy() for w in recognizer.backbone.weights]
        data = batches().take(1).repeat()
        iterator = iter(strategy.experimental_distribute_dataset(data))
        losses = [
            trainer.run(iterator, tf.constant(1), head_only=True)["loss"].numpy() for _ in range(10)
        ]
        for weight, value in zip(recognizer.backbone.weights, network, strict=True):
            np.testing.assert_array_equal(weight, value)
        # Neither dropout nor the batch's statistics disturb what the head sees.
        assert losses == sorted(losses, reverse=True)
        trainer.run(iterator, tf.constant(1))
        assert np.abs(recognizer.backbone.weights[0].numpy() - network[0]).max() > 0
    assert trainer.optimizer.iterations.numpy() == 11


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_trains(make_trainer, precision):
    trainer = make_trainer(loss="normface", precision=precision)
    losses = [r["loss"] for r in run(trainer, 30, batches().take(1).repeat())]
    # float16 begins with a few overflows, until the loss scale fits.
    assert losses[-1] < 0.5 * losses[np.isfinite(losses).argmax()]
    assert (trainer.loss_scale.numpy() > 1.0) == (precision == "mixed_float16")


def test_an_overflow_halves_the_loss_scale(make_trainer):
    trainer = make_trainer(precision="mixed_float16")
    run(trainer, 1, batches(poison=[0]))
    assert trainer.loss_scale.numpy() == 2.0**14


@every_objective
def test_state_and_restore_continue_exactly(make_trainer, loss, auxiliary, loss_options):
    def make():
        chosen = {"loss": loss, "auxiliary": auxiliary, "loss_options": loss_options}
        return make_trainer(dropout=0.3, ema=0.9, **chosen)

    straight, first = make(), make()
    run(straight, 4)
    run(first, 2)
    second = make()
    second.restore(first.state())
    run(second, 2, batches().skip(2))
    assert_same_state(straight.state(), second.state(), rtol=0, atol=0)
    with pytest.raises(DataError, match="another configuration"):
        second.restore({})
