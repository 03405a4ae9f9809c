"""Exports a recognizer and checks the files it wrote."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf import serving
from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import DataError
from facerec_tf.core.lookup import lookup
from facerec_tf.runs import load_trained


def export(
    output: str | Path,
    *,
    form: str = "saved_model",
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    flip_fusion: bool = False,
) -> float:
    """Exports a recognizer, loads what was written and compares embeddings of noise.

    Args:
        output: New or empty folder.
        form: How it is written: a key of `serving.EXPORT_FORMATS`.
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        flip_fusion: Whether the exported model adds the embedding of the mirrored image.

    Returns:
        The largest difference of any embedding entry between the model and its export.

    Raises:
        UserError: If the form is unknown or needs a package that is missing, the model is missing
            or damaged, or `output` cannot be written.
        DataError: If the exported embeddings differ; `output` is then deleted.
    """
    chosen = lookup(serving.EXPORT_FORMATS, form, "format")
    chosen.require_installed()
    recognizer = load_trained(workdir, model, checkpoint)
    # The name only: an absolute path would describe the machine that the model was trained on.
    metadata: dict[str, Any] = {"source": Path(os.path.abspath(str(workdir or model))).name}
    if recognizer.origin:
        metadata["origin"] = recognizer.origin
    backbone = recognizer.backbone
    serving.export(backbone, output, form=form, flip_fusion=flip_fusion, metadata=metadata)
    embedder = serving.Embedder(output)
    images = np.random.default_rng(0).integers(0, 256, (4, *embedder.image_size, 3), np.uint8)
    backbone = serving.in_float32(backbone)
    expected = backbone(images.astype(np.float32), training=False)
    if flip_fusion:
        expected += backbone(images[:, :, ::-1].astype(np.float32), training=False)
    difference = float(np.abs(embedder.embed(images) - l2_normalize(expected)).max())
    if not difference <= chosen.tolerance:  # Nor is NaN.
        shutil.rmtree(output)
        raise DataError(
            f"The exported model's embeddings differ by {difference:.1e} (tolerance "
            f"{chosen.tolerance:.0e}); the output was deleted."
        )
    return difference
