"""UniFace against its formulas."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import UniFace
from tests.margins.formulas import (
    NUM_CLASSES,
    binary_cross_entropies,
    check,
    make,
    random_batch,
    sigmoid,
)


def test_defaults_are_the_papers():
    head = UniFace(10)
    head.build((None, 4))
    assert (head.s, head.m) == (64.0, 0.4)
    assert float(head.bias) == pytest.approx(np.log(10 * 10))


@pytest.mark.parametrize(("s", "m"), [(64.0, 0.4), (32.0, 0.0)])
def test_one_bias_for_all_logits(s, m):
    head = make("uniface", random_batch()[2], s=s, m=m)
    head.bias.assign(0.0)
    check(head, lambda theta: np.cos(theta) - m, s)
    embeddings, labels, _ = random_batch()
    unbiased, without_labels = head(embeddings, labels), head(embeddings)
    head.bias.assign(3.0)
    np.testing.assert_allclose(head(embeddings, labels), unbiased - 3.0)
    np.testing.assert_array_equal(head(embeddings), without_labels)


def test_loss_and_the_slope_of_the_bias():
    embeddings, labels, centres = random_batch()
    head = make("uniface", centres)
    with tf.GradientTape() as tape:
        losses = head.loss(embeddings, labels)
    logits = head(embeddings, labels).numpy()
    np.testing.assert_allclose(losses, binary_cross_entropies(logits, labels), rtol=1e-7)
    slope = tape.gradient(losses, head.bias.value)
    wrong = sigmoid(logits) - (np.arange(NUM_CLASSES) == labels[:, None])
    assert float(slope) == pytest.approx(-wrong.sum(), rel=1e-6)


@pytest.mark.parametrize("options", [{"m": -0.1}, {"s": 0.0}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        UniFace(10, **options)
