"""Feature incay against its formula."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import FeatureIncay
from tests.losses.formulas import make, random_batch, requested, value_and_gradient


@pytest.mark.parametrize("epsilon", [1e-3, 1.0])
def test_formula_and_gradient(epsilon):
    labels, embeddings = random_batch()
    loss = make("feature_incay", epsilon=epsilon)
    (correct,) = requested(loss, labels)
    lengths = np.sum(embeddings**2, axis=1) + epsilon
    value, slopes = value_and_gradient(loss, labels, embeddings, correct)
    assert value == pytest.approx(np.sum(1 / lengths[correct]) / len(labels), rel=1e-9)
    along = np.sum(slopes * embeddings, axis=1)
    assert (along[correct] < 0.0).all()  # longer is better
    assert (slopes[~correct] == 0.0).all()


@pytest.mark.parametrize("epsilon", [0.0, -1.0, None])
def test_epsilon_outside_its_domain_is_refused(epsilon):
    with pytest.raises(ArgumentError, match="'epsilon' must be positive"):
        FeatureIncay(epsilon=epsilon)
