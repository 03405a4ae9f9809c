"""Circle loss against its formula; no gradient flows through its weights."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Circle
from tests.losses.formulas import anchors, cosines, make, mean, random_batch, value_and_gradient


def circle(labels, embeddings, weights_of, gamma, m):
    """Returns the loss of `embeddings`, with weights from the cosines of `weights_of`."""
    similar, frozen = cosines(embeddings), cosines(weights_of)

    def terms():
        for a, positives, negatives in anchors(labels):
            own = -gamma * np.maximum(1 + m - frozen[a], 0) * (similar[a] - 1 + m)
            other = gamma * np.maximum(frozen[a] + m, 0) * (similar[a] - m)
            if len(positives) and len(negatives):
                sums = (np.logaddexp.reduce(own[positives]), np.logaddexp.reduce(other[negatives]))
                yield np.logaddexp(0.0, sum(sums))

    return mean(terms())


def test_defaults_are_the_papers():
    assert (Circle().gamma, Circle().m) == (256.0, 0.25)


@pytest.mark.parametrize(("gamma", "m"), [(256.0, 0.25), (8.0, 0.4), (1.0, 0.0)])
def test_formula_and_gradient(gamma, m):
    labels, embeddings = random_batch()
    assert (cosines(embeddings) < -m).any()  # where a negative's weight is 0
    value, slopes = value_and_gradient(make("circle", gamma=gamma, m=m), labels, embeddings)
    assert value == pytest.approx(circle(labels, embeddings, embeddings, gamma, m), rel=1e-9)
    step = 1e-6 * np.random.default_rng(1).normal(size=embeddings.shape)
    ahead, behind = (
        circle(labels, embeddings + sign * step, embeddings, gamma, m) for sign in (1, -1)
    )
    assert np.sum(slopes * step) == pytest.approx((ahead - behind) / 2, rel=1e-5)


@pytest.mark.parametrize("sizes", [(8,), (1,) * 8, (1,)], ids=["one", "all different", "single"])
def test_without_both_kinds_of_pairs_loss_and_gradient_are_zero(sizes):
    value, slopes = value_and_gradient(make("circle"), *random_batch(sizes))
    assert value == 0.0
    assert (slopes == 0.0).all()


@pytest.mark.parametrize("options", [{"gamma": 0.0}, {"m": -0.1}, {"m": 1.5}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        Circle(**options)
