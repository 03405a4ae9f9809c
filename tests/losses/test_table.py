"""The table of losses and its lookup."""

import keras
import pytest

from facerec_tf import losses
from facerec_tf.core.errors import ArgumentError


def test_table_and_classes_agree():
    for name, loss in losses.LOSSES.items():
        assert loss.__name__.lower() == name.replace("_", "")
        assert isinstance(losses.get(name, num_classes=3), loss)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_get_takes_options_configs_and_instances(name):
    loss = losses.get(name, num_classes=3)
    assert losses.get(loss) is loss
    again = losses.get(keras.saving.serialize_keras_object(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()


def test_unknown_name_lists_the_known_and_the_nearest():
    with pytest.raises(ArgumentError, match=r"'loss' must be one of .* mean 'triplet'") as caught:
        losses.get("tripplet")
    assert all(name in str(caught.value) for name in losses.LOSSES)


def test_another_type_is_refused():
    with pytest.raises(ArgumentError, match="'identifier' must be a name"):
        losses.get(3)
    with pytest.raises(ArgumentError, match="'kwargs' must be empty"):
        losses.get(losses.Triplet(), m=0.3)


def test_hyperparameters_are_the_constructors():
    assert losses.hyperparameters(losses.Center) == {"alpha": 0.5}
    assert losses.hyperparameters(losses.Intra) == {}
    expected = {"m": None, "mining": "semi_hard", "distance": "squared_euclidean"}
    assert losses.hyperparameters(losses.Triplet) == expected
