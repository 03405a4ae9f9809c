"""A recognizer small enough to be trained in a unit test."""

from types import MappingProxyType

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import iresnet
from facerec_tf.config import ModelConfig, OptimizerConfig
from facerec_tf.models import Recognizer, make_objective
from facerec_tf.training import Trainer, make_optimizer

SIZE, CLASSES = 16, 5


def batches(batch_size=8, seed=0, poison=()):
    """Endless batches of noise; those in `poison` make the loss NaN."""

    def generate():
        for step in range(10_000):
            rng = np.random.default_rng([seed, step])
            images = rng.integers(0, 256, (batch_size, SIZE, SIZE, 3)).astype(np.float32)
            if step in poison:
                images[0] = np.nan
            yield {
                "image": images,
                "label": rng.integers(0, CLASSES, batch_size).astype(np.int32),
                "position": np.arange(batch_size) + step * batch_size,
            }

    signature = {
        "image": tf.TensorSpec((batch_size, SIZE, SIZE, 3), tf.float32),
        "label": tf.TensorSpec((batch_size,), tf.int32),
        "position": tf.TensorSpec((batch_size,), tf.int64),
    }
    return tf.data.Dataset.from_generator(generate, output_signature=signature)


@pytest.fixture
def make_trainer():
    """Returns a function that builds the same tiny trainer each time."""

    def make(
        loss="arcface",
        auxiliary=(),
        precision="float32",
        dropout=0.0,
        optimizer=None,
        loss_options=MappingProxyType({}),
        **options,
    ):
        keras.utils.set_random_seed(1)
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(precision)
        try:
            backbone = iresnet(
                (1, 1), (8, 8), embedding_size=8, dropout=dropout, input_shape=(SIZE, SIZE, 3)
            )
            model = ModelConfig(loss=loss, auxiliary=auxiliary, loss_options=loss_options)
            recognizer = Recognizer(backbone, make_objective(model, num_classes=CLASSES))
        finally:
            keras.config.set_dtype_policy(before)
        config = optimizer or OptimizerConfig(lr=0.05, schedule="constant")
        built = make_optimizer(config, config.lr, recognizer.trainable_variables)
        return Trainer(recognizer, built, **options)

    return make
