"""Collects the comparisons, and summarises them after the tests' results."""

import os
from collections import defaultdict

import numpy as np
import pytest

ROWS = pytest.StashKey()
LEGEND = "PML: pytorch-metric-learning; TFA: TensorFlow Addons; torch: PyTorch itself"


@pytest.fixture
def report(request):
    """Takes our function's name, theirs and their relative difference."""
    rows = request.config.stash.setdefault(ROWS, [])
    return lambda *row: rows.append(row)


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    pairs = defaultdict(list)
    for ours, theirs, difference in rows:
        pairs[ours, theirs].append(difference)
    write = terminalreporter.write_line
    if "FACEREC_PARITY" in os.environ:
        write(f"\n{LEGEND}\n{'ours':<18}{'theirs':<44}{'cases':>5}{'difference':>12}")
        for (ours, theirs), found in pairs.items():
            write(f"{ours:<18}{theirs:<44}{len(found):>5}{np.max(found):>12.0e}")
    functions = len({ours for ours, _ in pairs})
    worst = np.max([difference for *_, difference in rows])
    write(
        f"parity: {functions} functions, {len(rows)} cases, worst relative difference {worst:.1e}"
    )
