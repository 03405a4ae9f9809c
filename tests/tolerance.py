"""Comparison of floating-point arrays that were computed in different orders."""

import numpy as np

#: One float32 convolution, matrix product, sum or normalisation.
LAYER = 1e-5
#: Embeddings, losses and gradients of a small float32 network.
NETWORK = 1e-4


def assert_close(actual, expected, tolerance, scale=None, err_msg=""):
    """Asserts that arrays differ by at most `tolerance` times their scale.

    Rounding errors are relative to the terms of a sum. Where the terms cancel, a small element has
    the error of the large ones, so the tolerance applies to the array as a whole.

    Args:
        actual: Array.
        expected: Array of the same shape.
        tolerance: Largest allowed difference, relative to `scale`. See CONTRIBUTING.md.
        scale: Size of the terms; by default the largest magnitude in `expected`.
        err_msg: Text added to the message of a failure.
    """
    expected = np.asarray(expected)
    scale = np.abs(expected).max() if scale is None else scale
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale, err_msg=err_msg)
