"""Reference convolution in NumPy."""

import numpy as np


def convolve(image, kernel, stride, padding):
    """Convolves `[h, w, c]` with `[k, l, c, f]`, with the same zero padding on both sides."""
    image = np.pad(image, [(side, side) for side in padding] + [(0, 0)])
    height, width = kernel.shape[:2]
    rows = range(0, image.shape[0] - height + 1, stride)
    columns = range(0, image.shape[1] - width + 1, stride)
    return np.array(
        [
            [np.tensordot(image[r : r + height, c : c + width], kernel, 3) for c in columns]
            for r in rows
        ]
    )
