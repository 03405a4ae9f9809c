"""Auxiliaries: specifications and the losses they create."""

import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import LOSSES, Center, Ring, Triplet, parse_auxiliaries


def parse(*specs):
    return parse_auxiliaries(specs, num_classes=7)


def test_nothing_is_no_auxiliary():
    assert parse() == []


def test_every_loss_has_a_weight_of_its_own():
    auxiliaries = parse(*LOSSES)
    assert [type(auxiliary.loss) for auxiliary in auxiliaries] == list(LOSSES.values())
    weights = {name: one.weight for name, one in zip(LOSSES, auxiliaries, strict=True)}
    assert weights == {**dict.fromkeys(LOSSES, 1.0), "center": 0.003, "ring": 0.01}


def test_weights_and_parameters():
    triplet, center, ring = parse(
        "triplet:0.5:mining=batch_hard:m=0.3", "center:2e-3", "ring:radius=20"
    )
    assert isinstance(triplet.loss, Triplet)
    assert (triplet.weight, triplet.loss.m, triplet.loss.mining) == (0.5, 0.3, "batch_hard")
    assert isinstance(center.loss, Center)
    assert (center.weight, center.loss.alpha, center.loss.num_classes) == (0.002, 0.5, 7)
    assert isinstance(ring.loss, Ring)
    assert (ring.weight, ring.loss.radius) == (0.01, 20.0)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("centre", "'auxiliary' must be one of .* mean 'center'"),
        ("", "'auxiliary' must be one of"),
        ("center:", "'auxiliary center's weight' must be a number"),
        ("center:high", "'auxiliary center's weight' must be a number. Received: 'high'"),
        ("center:0", "'auxiliary center's weight' must be positive"),
        ("center:-1", "'auxiliary center's weight' must be positive"),
        ("center:nan", "'auxiliary center's weight' must be positive"),
        ("center:inf", "'auxiliary center's weight' must be positive"),
        ("center:1:2", "'auxiliary center's parameter' must be one of alpha"),
        ("center:alhpa=0.1", "'auxiliary center's parameter' must be .* mean 'alpha'"),
        ("center:num_classes=5", "'auxiliary center's parameter' must be one of alpha"),
        ("center:alpha=high", "'alpha' must be a number. Received: 'high'"),
        ("center:alpha=", "'alpha' must be a number. Received: ''"),
        ("center:alpha=2", "'alpha' must be between"),
        ("triplet:mining=batchhard", "'mining' must be one of .* mean 'batch_hard'"),
    ],
)
def test_mistakes_are_named(spec, message):
    with pytest.raises(ArgumentError, match=message):
        parse(spec)


def test_a_parameter_comes_once():
    with pytest.raises(ArgumentError, match=r"must name each parameter once\. Received: 'm' 2"):
        parse("triplet:m=0.1:m=0.3")


def test_a_loss_comes_once():
    with pytest.raises(ArgumentError, match=r"'auxiliary' must name each loss once\. .*'center' 2"):
        parse("center:0.1", "ring", "center:0.2")
