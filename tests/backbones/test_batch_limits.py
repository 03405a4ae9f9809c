import keras
import pytest
from keras import layers

from facerec_tf.backbones import BatchNorm, iresnet
from facerec_tf.backbones.batch_limits import require_batch_for_norm
from facerec_tf.core.errors import ArgumentError


def network(*tail):
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(4), *tail])


@pytest.mark.parametrize(
    ("norm", "batch_size", "replicas"),
    [
        (BatchNorm(name="norm"), 1, 1),
        (layers.BatchNormalization(name="norm"), 1, 1),
        (layers.BatchNormalization(name="norm"), 4, 4),
    ],
)
def test_a_batch_of_one_vector_is_refused(norm, batch_size, replicas):
    with pytest.raises(ArgumentError, match=f"at least 2 .*'norm'.*batch_size={batch_size}"):
        require_batch_for_norm(network(norm), batch_size, replicas)


def test_layers_of_nested_models_are_found():
    nested = network(keras.Sequential([keras.Input((4,)), BatchNorm(name="inner")]))
    with pytest.raises(ArgumentError, match="'inner'"):
        require_batch_for_norm(nested, 1)


def test_other_batches_and_networks_pass():
    require_batch_for_norm(network(BatchNorm()), 2)
    require_batch_for_norm(network(BatchNorm()), 2, replicas=2)  # Its moments are synchronized.
    require_batch_for_norm(network(), 1)
    require_batch_for_norm(network(BatchNorm(trainable=False)), 1)
    require_batch_for_norm(keras.Sequential([keras.Input((8, 8, 3)), BatchNorm()]), 1)


def test_a_network_of_the_kit_is_refused():
    backbone = iresnet((1,), (8,), embedding_size=4, input_shape=(16, 16, 3))
    with pytest.raises(ArgumentError, match="'embedding'"):
        require_batch_for_norm(backbone, 1)
