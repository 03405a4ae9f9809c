import dataclasses
import json

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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "configuration is not valid JSON"),
        ("[" * 100_000, "configuration is not valid JSON"),
        ("[]", "'configuration' must be a JSON object"),
        ("{}", "'data' must be a JSON object"),
        ('{"dat": {}}', "'option of configuration' must be one of.*Did you mean 'data'"),
        ('{"data": {"min_image": 1}}', "'option of data' must be one of.*'min_images'"),
        ('{"data": {"min_images": "1"}}', "'data.min_images' must be an integer"),
        ('{"data": {"verify_digests": 1}}', "'data.verify_digests' must be True or False"),
        ('{"data": {"directory": 3}}', "'data.directory' must be a string or null"),
        ('{"data": {"min_images": 0}}', "'min_images' must be an integer of at least 1"),
    ],
)
def test_a_damaged_configuration_is_explained(text, message):
    with pytest.raises(ArgumentError, match=message):
        ExperimentConfig.from_json(text)


def test_options_of_one_type_only():
    groups = json.loads(ExperimentConfig().to_json())
    groups["model"]["loss_options"] = {"s": 1, "widths": [1, [2, 3]]}
    config = ExperimentConfig.from_json(json.dumps(groups))
    assert config.model.loss_options["widths"] == (1, (2, 3))
    groups["model"]["auxiliary"] = ["center", 1]
    with pytest.raises(ArgumentError, match=r"'model\.auxiliary' must be a list of strings"):
        ExperimentConfig.from_json(json.dumps(groups))


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
        (lambda: TrainingConfig(max_steps=10**20), "'max_steps' must be an integer of at most"),
        (lambda: TrainingConfig(epochs=10**20), "'epochs' must be an integer of at most"),
        (lambda: TrainingConfig(batch_size=10**20), "'batch_size' must be an integer of at most"),
        (lambda: TrainingConfig(log_every=10**20), "'log_every' must be an integer of at most"),
        (lambda: DataConfig(shuffle_buffer=10**20), "'shuffle_buffer' must be an integer of at"),
        (lambda: DataConfig(synthetic_images=10**6), "'synthetic_images' must be an integer of at"),
        (lambda: ModelConfig(embedding_size=99999999999), "'embedding_size' must be an integer of"),
        (lambda: ModelConfig(image_size=(112,)), "'image_size' must be HEIGHT,WIDTH in pixels"),
        (lambda: ModelConfig(image_size=(112, 10**9)), "'image_size' must be an integer of at mo"),
        (lambda: OptimizerConfig(lr=1e300), "'lr' must be between 0.0 and 1e"),
        (lambda: OptimizerConfig(weight_decay=1e300), "'weight_decay' must be between"),
        (lambda: OptimizerConfig(schedule="steps", boundaries=(10**20,)), "'boundaries' must be"),
        (lambda: EvaluationConfig(angles_every=10**20), "'angles_every' must be an integer of at"),
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
