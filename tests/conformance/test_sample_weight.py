"""Sample weights multiply every loss of a sample, or are refused."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from tests.conformance.cases import every_class, make_objective

#: Losses that are not means over samples.
UNWEIGHTED = {"triplet", "contrastive", "circle", "inter"}


@every_class
def test_weights_of_zero_leave_no_loss(name, options, batch):
    embeddings, labels = batch
    objective, weights = make_objective(name, options), np.zeros(8, "float32")
    if name in UNWEIGHTED:
        with pytest.raises(ArgumentError, match="'sample_weight' must be None"):
            objective(labels, embeddings, weights)
        return
    assert float(objective(labels, embeddings)) != 0.0
    assert float(objective(labels, embeddings, weights)) == 0.0
    ones = objective(labels, embeddings, weights + 1.0)
    np.testing.assert_allclose(ones, objective(labels, embeddings), rtol=1e-6)
