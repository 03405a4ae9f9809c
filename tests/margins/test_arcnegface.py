"""ArcNegFace against its formulas, and its gradient through the weights."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import ArcNegFace
from tests.margins.formulas import (
    NUM_CLASSES,
    arc,
    check,
    cosines,
    gradient,
    make,
    own_angles,
    random_batch,
)


def negative(alpha, sigma):
    def weighted(cosine, target):
        weight = alpha * np.exp(-((cosine - target) ** 2) / sigma)
        return weight * cosine + weight - 1

    return weighted


def test_defaults_are_the_published_ones():
    head = ArcNegFace(10)
    assert (head.s, head.m, head.alpha, head.sigma) == (64.0, 0.5, 1.2, 2.0)
    assert head.gradient == "exact"


# m = 1.5 sends half of the random angles past π − m.
@pytest.mark.parametrize("m", [0.5, 1.5])
@pytest.mark.parametrize(("alpha", "sigma"), [(1.2, 2.0), (0.7, 0.1)])
def test_formula(m, alpha, sigma):
    _, _, centres = random_batch()
    head = make("arcnegface", centres, m=m, alpha=alpha, sigma=sigma)
    check(head, arc(m), negative=negative(alpha, sigma))


def test_a_class_at_the_target_weighs_alpha():
    rule = ArcNegFace.negative_rule
    assert float(rule(0.3, 0.3, 1.2, 2.0)) == pytest.approx(1.2 * 1.3 - 1)
    assert float(rule(0.3, 0.9, 1.2, 2.0)) < float(rule(0.3, 0.3, 1.2, 2.0))


def logits_of(embeddings, labels, centres, weights_target=None):
    """Returns the logits in NumPy; `weights_target` fixes the target that the weights see."""
    own = np.arange(NUM_CLASSES) == labels[:, None]
    cosine = cosines(embeddings, centres)
    targets = np.array([arc(0.5)(t) for t in own_angles(embeddings, labels, centres)])[:, None]
    seen = targets if weights_target is None else weights_target
    return 64.0 * np.where(own, targets, negative(1.2, 2.0)(cosine, seen))


def test_exact_gradient_contains_the_path_through_the_target():
    embeddings, labels, centres = random_batch()
    generator = np.random.default_rng(2)
    weights = generator.normal(size=(len(labels), NUM_CLASSES))
    slopes = gradient(make("arcnegface", centres), embeddings, labels, weights=weights)

    step = 1e-6 * generator.normal(size=embeddings.shape)
    targets = [[arc(0.5)(t)] for t in own_angles(embeddings, labels, centres)]

    def difference(**fixed):
        ahead, behind = (
            np.sum(weights * logits_of(embeddings + sign * step, labels, centres, **fixed))
            for sign in (1, -1)
        )
        return (ahead - behind) / 2

    assert np.sum(slopes * step) == pytest.approx(difference(), rel=1e-6)
    # Without that path the slope is another, so the line above would notice.
    partial = difference(weights_target=np.array(targets))
    assert abs(partial / difference() - 1) > 0.01


def test_detached_gradient_is_the_plain_scale():
    embeddings, labels, centres = random_batch()
    weights = np.random.default_rng(2).normal(size=(len(labels), NUM_CLASSES))
    ours = gradient(
        make("arcnegface", centres, gradient="detached"), embeddings, labels, weights=weights
    )
    plain = gradient(make("normface", centres), embeddings, labels, weights=weights)
    np.testing.assert_allclose(ours, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "options",
    [{"m": -0.1}, {"m": 1.6}, {"alpha": 0.0}, {"sigma": 0.0}, {"sigma": -1.0}, {"s": None}],
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        ArcNegFace(10, **options)
