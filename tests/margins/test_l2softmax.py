"""L2-Softmax is `s·W·x/‖x‖ + b`."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import L2Softmax
from tests.margins.formulas import make, random_batch


def test_default_is_within_the_papers_range():
    assert 16 <= L2Softmax(10).s <= 64


@pytest.mark.parametrize("s", [32.0, 16.0])
def test_normalises_embeddings_but_not_centres(s):
    embeddings, labels, centres = random_batch()
    head = make("l2softmax", centres, s=s)
    bias = np.linspace(-1.0, 1.0, centres.shape[1])
    head.bias.assign(bias)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    expected = s * (embeddings / lengths) @ centres + bias
    np.testing.assert_allclose(head(embeddings, labels), expected)
    np.testing.assert_allclose(head(embeddings), expected)


@pytest.mark.parametrize("s", [0.0, -1.0, None, "32"])
def test_scale_outside_its_domain_is_refused(s):
    with pytest.raises(ArgumentError, match="'s' must be positive"):
        L2Softmax(10, s=s)
