"""Evaluates a recognizer and writes a report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.data import PairSet, find_pairs
from facerec_tf.data.name_source import NameKind
from facerec_tf.evaluation import Verification, format_accuracy, to_json
from facerec_tf.experiment.run_pairs import find_run_pairs
from facerec_tf.runs import require_one_source
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
    protocol: str | None = None,
    flip_fusion: bool | None = None,
    output: str | None = None,
) -> tuple[Verification, Path]:
    """Verifies pairs of faces and writes `evaluation.json` and pictures.

    Args:
        workdir: Run folder of the recognizer, or None.
        model: `.keras` file or exported folder, or None; exactly one of the two is given.
        checkpoint: Which state of the run: `final`, `latest` or `best`.
        data: Folder that holds the pairs; by default that of the run.
        protocol: Name of a folder under DATA/pairs. By default the pairs on which the run was
            verified while it was trained, or else the only ones in `data`.
        flip_fusion: Whether to add the embedding of the mirrored image; by default as in the
            verifications of the run, or true for a `model`.
        output: Folder to write to; by default the run's `report/`, or `NAME.evaluation/` beside the
            model `NAME.keras` or `NAME/`.

    Returns:
        The figures, and the folder written to.

    Raises:
        UserError: If model or pairs are missing, damaged, or do not fit each other.
    """
    source = require_one_source(workdir, model, checkpoint)
    run = RunFolder(source) if workdir else None
    if not (run or data):
        raise ArgumentError(
            "Missing flag: --data=DIR, the folder of the pairs. Only a --workdir has pairs of its "
            "own."
        )
    directory = Path(output) if output else run.report if run else _beside(source)
    require_writable(directory)
    embedder = load_embedder(workdir, model, checkpoint)
    if data:
        found = find_pairs(data, protocol or "pairs")
    else:
        found = _pairs_of(RunFolder(source), protocol)
    pairs = PairSet.load(found)
    name = protocol or found.name
    seen = run.seen_in_training(pairs) if run else None
    if seen and seen.warning:
        chief.emit(f"warning: {seen.warning}")
    if flip_fusion is None:
        flip_fusion = run.config().evaluation.flip_fusion if run else True
    verification, scores = verify_pairs(embedder, pairs, flip_fusion, verbose=1)

    with atomic_file(directory / "evaluation.json") as path:
        report = to_json(verification, name, str(pairs.directory), embedder.digest)
        path.write_text(json.dumps(report, indent=2) + "\n")
    accuracy = format_accuracy(verification.accuracy, verification.accuracy_std)
    title = f"{name}: accuracy {accuracy}{_drawn(pairs)}"
    figure = verification_figure(scores, pairs.same, title, verification.threshold)
    save(figure, directory / "verification.png")
    if run and seen and run.metrics.is_file():
        _draw_run(run, pairs, scores, verification, seen, directory / "report.png")
    return verification, directory


def _beside(model: Path) -> Path:
    """The default output folder for a model: beside it, with its name."""
    model = model if model.name else model.absolute()
    return model.with_name(f"{model.stem if model.is_file() else model.name}.evaluation")


def _pairs_of(run: RunFolder, protocol: str | None) -> Path:
    """The folder of a pair set beside a run's records, by default the one it was verified on."""
    config = run.config()
    records = run.records(config)
    if protocol is not None:
        return find_pairs(records, protocol)
    if found := find_run_pairs(config.evaluation, records):
        return found
    sets = sorted(path.parent.name for path in (records / "pairs").glob("*/pairs.csv"))
    if sets:
        raise ArgumentError(
            f"Missing flag: --protocol=NAME, one of {', '.join(sets)} in '{records / 'pairs'}': "
            f"run '{run.path}' was trained without pairs."
        )
    raise ArgumentError(
        f"Missing flag: --data=DIR, the folder of the pairs: run '{run.path}' was trained without "
        f"pairs, and there are none in '{records / 'pairs'}'."
    )


def _drawn(pairs: PairSet) -> str:
    """A remark for titles if the faces are drawn."""
    return " (drawn faces)" if pairs.manifest.name_kind is NameKind.DRAWN else ""


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
        title=f"{format_accuracy(verification.accuracy, verification.accuracy_std)} verification "
        f"accuracy{seen.claim or _drawn(pairs)}",
        subtitle=f"{config.model.backbone} trained with {config.model.loss}; "
        f"{verification.pairs:,} pairs ({pairs.directory.name})",
    )
    save(figure, path)
