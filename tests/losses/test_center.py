"""Center loss against its formula, and the paper's rule for its centres."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Center
from tests.losses.formulas import (
    EMBEDDING_SIZE,
    NUM_CLASSES,
    make,
    random_batch,
    value_and_gradient,
)


def test_defaults_are_the_papers():
    assert (Center(10).alpha, Center.auxiliary_weight) == (0.5, 0.003)


@pytest.mark.parametrize("alpha", [0.5, 0.1, 0.0, 1.0])
def test_loss_and_centres_over_several_steps(alpha):
    loss, centres = make("center", alpha=alpha), np.zeros((NUM_CLASSES, EMBEDDING_SIZE))
    for seed in range(4):
        labels, embeddings = random_batch(seed=seed)
        labels = labels + seed % 2  # other identities in every second batch
        value, slopes = value_and_gradient(loss, labels, embeddings, training=True)
        apart = embeddings - centres[labels]
        assert value == pytest.approx(0.5 * np.sum(apart**2) / len(labels), rel=1e-9)
        np.testing.assert_allclose(slopes, apart / len(labels), rtol=1e-9)
        for identity in range(NUM_CLASSES):
            images = embeddings[labels == identity]
            change = np.sum(centres[identity] - images, axis=0) / (1 + len(images))
            centres[identity] -= alpha * change
        np.testing.assert_allclose(loss.centres, centres, rtol=1e-9, atol=1e-12)


def test_centres_move_in_training_alone_and_without_gradient():
    labels, embeddings = random_batch()
    loss = make("center")
    loss(labels, embeddings, training=False)
    assert not np.any(loss.centres)
    assert loss.trainable_weights == []
    loss(labels, embeddings, training=True)
    assert np.any(loss.centres)


@pytest.mark.parametrize(
    "options", [{"alpha": -0.1}, {"alpha": 1.5}, {"num_classes": 1}, {"num_classes": 2.5}]
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        Center(**{"num_classes": 10, **options})


@pytest.mark.parametrize("label", [-1, 10])
def test_unknown_identity_is_refused(label):
    with pytest.raises(ArgumentError, match=r"'labels' must be whole numbers in \[0, 10\)"):
        Center(10)(tf.constant([0, label]), tf.zeros([2, 4]), training=False)
