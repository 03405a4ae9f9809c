"""One call that exports a recognizer and checks what it wrote."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from facerec_tf import serving
from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import DataError
from facerec_tf.experiment.load import load_trained

#: Largest difference between an embedding and its exported self that float32 explains.
TOLERANCE = 1e-4


def export(
    output: str | Path,
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    flip_fusion: bool = False,
) -> float:
    """Exports a recognizer as a SavedModel, loads it again and compares embeddings.

    Args:
        output: New or empty folder.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        flip_fusion: Whether the exported model adds the embedding of the mirrored image.

    Returns:
        The largest difference of any embedding entry between the model and its export.

    Raises:
        UserError: If the model is missing or damaged, or `output` cannot be written.
        DataError: If the exported embeddings are others; `output` is then removed.
    """
    backbone = load_trained(workdir, model, checkpoint).backbone
    source = {"source": str(workdir or model)}
    serving.export(backbone, output, flip_fusion=flip_fusion, metadata=source)
    embedder = serving.Embedder(output)
    images = np.random.default_rng(0).integers(0, 256, (4, *embedder.image_size, 3), np.uint8)
    backbone = serving.in_float32(backbone)
    expected = backbone(images.astype(np.float32), training=False)
    if flip_fusion:
        expected += backbone(images[:, :, ::-1].astype(np.float32), training=False)
    difference = float(np.abs(embedder.embed(images) - l2_normalize(expected)).max())
    if difference > TOLERANCE:
        shutil.rmtree(output)
        raise DataError(f"The exported model gave other embeddings, by {difference:.1e}: removed.")
    return difference
