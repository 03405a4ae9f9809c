import dataclasses

import pytest

from facerec_tf.config import (
    AugmentationConfig,
    DataConfig,
    EvaluationConfig,
    ExperimentConfig,
    FineTuningConfig,
    ModelConfig,
    OptimizerConfig,
    TrainingConfig,
)
from facerec_tf.core.errors import ArgumentError


def test_json_round_trip_keeps_everything():
    config = ExperimentConfig().override(
        {
            "optimizer.schedule": "steps",
            "optimizer.boundaries": (10, 20),
            "model.loss_options": {"s": 30.0},
            "augmentation.shift": 0.1,
            "data.directory": "somewhere",
        }
    )
    again = ExperimentConfig.from_json(config.to_json())
    assert again == config
    assert config.differences(again) == []
    changed = again.override({"training.seed": 5})
    assert config.differences(changed) == ["training.seed"]


@pytest.mark.parametrize("text", ["{", "{}", '{"data": {"typo": 1}}', "[]"])
def test_a_damaged_file_is_named_not_crashed_on(text):
    with pytest.raises(ArgumentError, match="configuration cannot be read"):
        ExperimentConfig.from_json(text)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: AugmentationConfig(shift=0.6), "'shift' must be between 0.0 and 0.5"),
        (lambda: AugmentationConfig(blur=-0.1), "'blur'"),
        (lambda: DataConfig(min_images=0), "'min_images' must be an integer of at least 1"),
        (
            lambda: DataConfig(images_per_identity=1),
            "'images_per_identity' must be an integer of at least 2",
        ),
        (lambda: ModelConfig(dropout=1.0), "'dropout' must be at least 0 and below 1"),
        (lambda: FineTuningConfig(keep_head=True), "needs --pretrained"),
        (lambda: OptimizerConfig(optimizer="sdg"), "Did you mean 'sgd'"),
        (lambda: OptimizerConfig(lr=0.0), "'lr' must be positive"),
        (lambda: OptimizerConfig(schedule="steps"), "need each other"),
        (lambda: OptimizerConfig(boundaries=(1,)), "need each other"),
        (lambda: OptimizerConfig(schedule="steps", boundaries=(2, 1)), "ascending"),
        (lambda: OptimizerConfig(optimizer="adamw", decay="coupled"), "must be 'decoupled'"),
        (lambda: TrainingConfig(batch_size=0), "'batch_size'"),
        (lambda: TrainingConfig(ema=1.0), "'ema'"),
        (lambda: TrainingConfig(precision="float8"), "'precision' must be one of"),
        (lambda: EvaluationConfig(eval_every=0), "'eval_every'"),
    ],
)
def test_values_outside_their_domain(build, message):
    with pytest.raises(ArgumentError, match=message):
        build()


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainingConfig().batch_size = 1


def test_decay_is_coupled_for_sgd_only():
    assert OptimizerConfig().coupled
    assert not OptimizerConfig(decay="decoupled").coupled
    assert not OptimizerConfig(optimizer="lamb").coupled
