import keras
import pytest

from facerec_tf.config import ModelConfig
from facerec_tf.experiment.messages import advice
from facerec_tf.models import Recognizer, make_objective


def warnings(loss, auxiliary=(), **options):
    """Warnings about a loss for 6 identities and embeddings of length 16."""
    backbone = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16)])
    model = ModelConfig(loss=loss, auxiliary=auxiliary, loss_options=options)
    return " ".join(advice(Recognizer(backbone, make_objective(model, num_classes=6))))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (lambda: warnings("cosface", s=1.0, m=0.2), "--s=1 is below 3.2"),
        (lambda: warnings("cosface", s=64.0, m=0.6), "diverged above 0.45"),
        (lambda: warnings("ring"), "Ring does not separate identities"),
        (lambda: warnings("center", auxiliary=("ring",)), "Center does not separate identities"),
    ],
)
def test_a_loss_that_cannot_work(found, words):
    assert words in found()


@pytest.mark.parametrize(
    "found",
    [
        lambda: warnings("arcface"),
        lambda: warnings("softmax"),
        lambda: warnings("l2softmax", s=1.0),  # Its centres may be as long as it takes.
        lambda: warnings("uniface", s=1.0),  # No softmax.
        lambda: warnings("center", auxiliary=("triplet",)),
    ],
)
def test_a_loss_that_may_work(found):
    assert found() == ""
