"""ElasticFace: its random margins, computed back from the logits."""

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import ElasticFace
from tests.margins.formulas import arc, check, make, own_angles, random_batch

MARGIN_FORMS = {"arc": (arc, 0.5), "cos": (lambda m: lambda theta: np.cos(theta) - m, 0.35)}


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(3)


def near_batch():
    """Returns a batch with angles of about 1 rad: no margin reaches past π or below 0."""
    embeddings, labels, centres = random_batch()
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return units + centres.T[labels] / 2.0, labels, centres


def margins(head, batch):
    """Returns the margins of one call of training."""
    embeddings, labels, centres = batch
    logits = head(embeddings, labels, training=True).numpy()[np.arange(len(labels)), labels]
    theta = own_angles(embeddings, labels, centres)
    if head.form == "arc":
        return np.arccos(logits / head.s) - theta
    return np.cos(theta) - logits / head.s


def test_defaults_are_the_papers():
    head = ElasticFace(10)
    assert (head.s, head.form, head.m, head.sigma, head.plus) == (64.0, "arc", 0.5, 0.05, False)
    assert ElasticFace(10, form="cos").m == 0.35


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("form", MARGIN_FORMS)
def test_without_training_all_margins_are_the_mean(form, plus):
    formula, m = MARGIN_FORMS[form]
    check(make("elasticface", random_batch()[2], form=form, plus=plus), formula(m))


@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("form", MARGIN_FORMS)
def test_margins_are_normal(form, plus):
    batch, m = near_batch(), MARGIN_FORMS[form][1]
    head = make("elasticface", batch[2], form=form, plus=plus)
    drawn = np.stack([margins(head, batch) for _ in range(20)])
    deviations = (drawn - m) / 0.05
    assert abs(deviations.mean()) < 0.1
    assert deviations.std() == pytest.approx(1.0, abs=0.08)
    for within, share in ((0.6745, 0.5), (1.0, 0.6827), (2.0, 0.9545)):
        assert np.mean(np.abs(deviations) < within) == pytest.approx(share, abs=0.04)
    assert len(np.unique(drawn.round(12))) == drawn.size  # differ from call to call


def test_plus_assigns_the_largest_margin_to_the_hardest():
    batch = near_batch()
    easiest_first = np.argsort(own_angles(*batch))
    plus = make("elasticface", batch[2], plus=True, sigma=0.1)
    plain = make("elasticface", batch[2], sigma=0.1)
    plain.draws.assign(plus.draws)
    for _ in range(3):
        drawn = margins(plus, batch)[easiest_first]
        np.testing.assert_allclose(drawn, np.sort(margins(plain, batch)), atol=1e-9)


def test_draws_are_repeatable_and_differ_between_heads():
    batch = near_batch()
    one, other = (margins(make("elasticface", batch[2]), batch) for _ in range(2))
    assert np.abs(one - other).min() > 0.0
    keras.utils.set_random_seed(3)
    np.testing.assert_array_equal(margins(make("elasticface", batch[2]), batch), one)


def test_without_deviation_training_changes_nothing():
    embeddings, labels, centres = random_batch()
    head = make("elasticface", centres, sigma=0.0)
    np.testing.assert_allclose(head(embeddings, labels, training=True), head(embeddings, labels))


@pytest.mark.parametrize("options", [{"m": -0.1}, {"m": 3.5}, {"sigma": -0.1}, {"s": 0.0}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        ElasticFace(10, **options)


def test_unknown_form_names_the_nearest():
    with pytest.raises(ArgumentError, match=r"'form' must be one of arc, cos\..* mean 'cos'"):
        ElasticFace(10, form="cosine")
