"""Runs the tools as a user types them."""

import cv2
import numpy as np
import pytest


def smooth_image(seed, size):
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)


@pytest.fixture(scope="session")
def image():
    return smooth_image


def assert_one_line_error(done, *words):
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    for word in words:
        assert word in line


@pytest.fixture(scope="session")
def one_line_error():
    return assert_one_line_error
