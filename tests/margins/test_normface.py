"""NormFace is s·cos θ."""

import numpy as np
import pytest

from tests.margins.formulas import check, make, random_batch


@pytest.mark.parametrize("s", [64.0, 20.0, None])
def test_formula(s):
    head = make("normface", random_batch()[2], s=s)
    check(head, np.cos, scale=s)
