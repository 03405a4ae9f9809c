import math

import pytest

from facerec_tf.core import errors
from facerec_tf.core.lookup import lookup, require_known


def test_the_message_names_argument_expectation_and_value():
    with pytest.raises(
        errors.ArgumentError, match=r"^Argument 's' must be positive\. Received: s=-1\.0$"
    ):
        errors.require_positive("s", -1.0)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (lambda v: errors.require_positive("x", v), [0.1, 3], [0, -1, math.nan, math.inf, "1"]),
        (lambda v: errors.require_non_negative("x", v), [0, 0.5], [-1e-9, math.nan, True]),
        (lambda v: errors.require_between("x", v, 0, 1), [0, 1, 0.5], [1.1, -0.1, math.nan]),
        (lambda v: errors.require_count("x", v, least=2), [2, 100], [1, 2.0, True, "2"]),
    ],
)
def test_domains(check, good, bad):
    for value in good:
        check(value)
    for value in bad:
        with pytest.raises(ValueError, match="Argument 'x' must be"):
            check(value)


def test_an_unknown_name_lists_the_known_and_the_nearest():
    table = {"arcface": 1, "cosface": 2}
    assert lookup(table, "cosface", "loss") == 2
    with pytest.raises(errors.ArgumentError, match=r"arcface, cosface.*Did you mean 'arcface'\?"):
        lookup(table, "arcfase", "loss")
    with pytest.raises(errors.ArgumentError) as caught:
        require_known("zzz", table, "loss")
    assert "Did you mean" not in str(caught.value)
