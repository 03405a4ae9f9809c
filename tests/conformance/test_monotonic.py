"""The target logit falls with the angle to the own centre, from θ = 0 to π."""

import numpy as np
import pytest

from tests.conformance.cases import NUM_CLASSES, every_margin, make


@every_margin
def test_target_logit_falls(name, options):
    if options.get("easy_margin"):
        pytest.skip("easy_margin jumps up at θ = π/2, by its definition")
    head = make(name, options, dtype="float64")
    centres = np.zeros(head.centres.shape)
    centres[:2] = 1.0
    centres[:, ::NUM_CLASSES] = np.eye(len(centres))[:, :1]
    head.centres.assign(centres)
    angles = np.linspace(0.0, np.pi, 2001)
    embeddings = np.zeros((len(angles), len(centres)))
    embeddings[:, 0] = np.cos(angles)
    embeddings[:, 1] = np.sin(angles)
    logits = head(embeddings, np.zeros(len(angles), "int32")).numpy()[:, 0]
    assert (np.diff(logits) <= 1e-9 * np.abs(logits).max()).all()
    assert (np.diff(logits[::50]) < 0).all()
