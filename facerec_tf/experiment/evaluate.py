"""Evaluates a recognizer and writes a report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.data import PairSet, find_pairs
from facerec_tf.evaluation import Verification, to_json
from facerec_tf.runs.run_folder import RunFolder
from facerec_tf.runs.seen_in_training import SeenInTraining
from facerec_tf.serving import load_embedder, verify_pairs
from facerec_tf.visualize import example_pairs, report_figure, save, verification_figure

#: Example pairs of each kind in the picture of a run.
EXAMPLES = 6


def evaluate(
    *,
    workdir: str | None = None,
    model: str | None = None,
    checkpoint: str = "final",
    data: str | None = None,
    protocol: str = "pairs",
    flip_fusion: bool = True,
    output: str | None = None,
) -> tuple[Verification, Path]:
    """Verifies pairs of faces and writes `evaluation.json` and pictures.

    Args:
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file or exported folder, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        data: Folder that holds the pairs; by default that of the run.
        protocol: Name of a folder under DATA/pairs; `pairs` takes the only one there.
        flip_fusion: Whether to add the embedding of the mirrored image.
        output: Folder to write to; by default the run's `report/`, or the current folder.

    Returns:
        The figures, and the folder written to.

    Raises:
        UserError: If model or pairs are missing, damaged, or do not fit each other.
    """
    run = RunFolder(workdir) if workdir else None
    directory = Path(output or (run.report if run else "."))
    require_writable(directory)
    embedder = load_embedder(workdir, model, checkpoint)
    if data is None:
        if run is None:
            raise ArgumentError("--model needs --data=DIR, the folder that holds the pairs.")
        data = str(run.records())
    pairs = PairSet.load(find_pairs(data, protocol))
    seen = run.seen_in_training(pairs) if run else None
    if seen and seen.warning:
        chief.emit(f"warning: {seen.warning}")
    verification, scores = verify_pairs(embedder, pairs, flip_fusion)

    with atomic_file(directory / "evaluation.json") as path:
        report = to_json(verification, protocol, str(pairs.directory), embedder.digest)
        path.write_text(json.dumps(report, indent=2) + "\n")
    title = f"{protocol}: accuracy {verification.accuracy:.2%} ± {verification.accuracy_std:.2%}"
    figure = verification_figure(scores, pairs.same, title, verification.threshold)
    save(figure, directory / "verification.png")
    if run and seen and run.metrics.is_file():
        _draw_run(run, pairs, scores, verification, seen, directory / "report.png")
    return verification, directory


def _draw_run(
    run: RunFolder,
    pairs: PairSet,
    scores: np.ndarray,
    verification: Verification,
    seen: SeenInTraining,
    path: Path,
) -> None:
    """Draws how the run was trained and what it came to, in one picture."""
    examples = np.concatenate(example_pairs(scores, pairs.same, EXAMPLES))
    shown = np.concatenate([pairs.first[examples], pairs.second[examples]])
    config = run.config()
    first, second = np.split(pairs.pictures(shown), 2)
    figure = report_figure(
        run.read_metrics(),
        scores,
        pairs.same,
        verification.threshold,
        examples,
        first,
        second,
        title=f"{verification.accuracy:.1%} verification accuracy{seen.claim}",
        subtitle=f"{config.model.backbone} trained with {config.model.loss}; "
        f"{verification.pairs:,} pairs ({pairs.directory.name})",
    )
    save(figure, path)
