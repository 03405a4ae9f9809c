"""Trains one network with each of many losses, and makes a table of verification accuracies.

    python tools/compare_losses.py --data=data/lfw --workdir=runs/losses [--rows=arcface,triplet]

A row of the table has the flags of --recipe and flags of its own. It is trained with each seed by
`python -m facerec_tf.train` and evaluated by `python -m facerec_tf.evaluate`: all rows with the
first seed, then all rows with the next. The command is resumable: finished runs are skipped and
interrupted ones are resumed. Runs are identified by row and seed only, so choose another --workdir
after a change of the recipe or of a row. The table is printed and, with --table, written between
the markers `<!-- table -->` and `<!-- end -->` of that file.
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from facerec_tf.command import run  # isort: skip  (first: it silences TensorFlow)

from absl import flags

from facerec_tf.core.errors import ArgumentError, UserError
from facerec_tf.core.files import atomic_file
from facerec_tf.core.lookup import require_known

FLAGS = flags.FLAGS
flags.DEFINE_string("recipe", "experiments/losses_on_lfw.flags", "Flags that all rows share.")
flags.DEFINE_string("data", None, "Folder of records, as `facerec import-lfw` writes it.")
flags.DEFINE_string("workdir", "runs/losses", "Folder of the runs.")
flags.DEFINE_string("protocol", "lfw_view1", "Pair set to verify.")
flags.DEFINE_list("rows", [], "Rows to train; default: all.")
flags.DEFINE_list("seeds", ["0", "1", "2"], "Seeds of each row.")
flags.DEFINE_boolean(
    "train", True, "Train and evaluate unfinished rows; otherwise only make the table."
)
flags.DEFINE_string("table", None, "Markdown file to write the table to.")

#: Row → its flags. Where a loss has a scale and a margin on the softmax, they are about half the
#: papers', as in experiments/lfw_cpu.flags, because LFW has few images per person. Other losses
#: keep their defaults.
ROWS: dict[str, list[str]] = {
    "softmax": ["--loss=softmax"],
    "softmax + center": ["--loss=softmax", "--auxiliary=center:0.003"],
    "normface": ["--loss=normface", "--s=32"],
    "sphereface": ["--loss=sphereface", "--s=32", "--m=1.35", "--lambda_base=10", "--lambda_min=0"],
    "cosface": ["--loss=cosface", "--s=32", "--m=0.2"],
    "arcface": ["--loss=arcface", "--s=32", "--m=0.25"],
    "combined": ["--loss=combined", "--s=32", "--m1=1", "--m2=0.15", "--m3=0.1"],
    "adaface": ["--loss=adaface", "--s=32", "--m=0.2"],
    "magface": ["--loss=magface", "--s=32", "--l_m=0.2", "--u_m=0.4", "--lambda_g=10"],
    "curricularface": ["--loss=curricularface", "--s=32", "--m=0.25"],
    "subcenter_arcface": ["--loss=subcenter_arcface", "--s=32", "--m=0.25", "--k=3"],
    "triplet": ["--loss=triplet"],
    "contrastive": ["--loss=contrastive"],
    "circle": ["--loss=circle", "--gamma=64"],
    "airface": ["--loss=airface", "--s=32", "--m=0.2"],
    "adacos": ["--loss=adacos"],
    "sphereface2": ["--loss=sphereface2", "--m=0.2"],
    "uniface": ["--loss=uniface", "--m=0.2"],
    "elasticface": ["--loss=elasticface", "--s=32", "--m=0.25", "--sigma=0.025"],
    "mv_softmax": ["--loss=mv_softmax", "--m=0.25"],
    "arcface + intra + inter": ["--loss=arcface", "--s=32", "--m=0.25", "--auxiliary=intra,inter"],
    "arcface + triplet": ["--loss=arcface", "--s=32", "--m=0.25", "--auxiliary=triplet"],
}

BEGIN, END = "<!-- table -->", "<!-- end -->"


def folder_of(row: str, seed: str) -> Path:
    """Returns the run folder of a row and a seed."""
    return Path(FLAGS.workdir) / f"{row.replace(' + ', '-')}-{seed}"


def call(verb: str, *arguments: str) -> None:
    """Runs `python -m facerec_tf.VERB`, and passes Ctrl-C and SIGTERM on, so that it can save.

    Raises:
        UserError: If it fails or is stopped.
    """
    command = [sys.executable, "-m", f"facerec_tf.{verb}", *arguments]
    print("$", *command[1:], flush=True)
    # In a session of its own, so that it receives Ctrl-C once, from this process.
    process = subprocess.Popen(command, start_new_session=True)
    stops = (signal.SIGINT, signal.SIGTERM)
    kept = [signal.signal(stop, lambda number, _: process.send_signal(number)) for stop in stops]
    try:
        code = process.wait()
    finally:
        for stop, handler in zip(stops, kept, strict=True):
            signal.signal(stop, handler)
    if code:
        raise UserError(
            f"facerec_tf.{verb} ended with code {code}; see its message above. Run the same "
            "command again to resume."
        )


def finish(row: str, seed: str) -> None:
    """Trains and evaluates one row with one seed, unless that is done."""
    folder = folder_of(row, seed)
    where = f"--workdir={folder}"
    if not (folder / "recognizer.keras").exists():
        if (folder / "config.json").exists():
            call("train", where, "--resume")
        else:
            recipe = [f"--flagfile={FLAGS.recipe}", f"--data={FLAGS.data}", f"--seed={seed}"]
            call("train", *recipe, *ROWS[row], where)
    if not list(reports(row, [seed])):
        call("evaluate", where, f"--protocol={FLAGS.protocol}")


def table(rows: list[str], seeds: list[str]) -> str:
    """Returns the table of all finished runs in Markdown, the best row first."""
    found = []
    for row in rows:
        if finished := list(reports(row, seeds)):
            accuracies = [report["accuracy"] for report in finished]
            areas = [report["auc"] for report in finished]
            found.append((statistics.mean(accuracies), row, accuracies, areas))
    lines = [
        "| loss | flags | verification accuracy, % | AUC | seeds |",
        "|---|---|---|---|---|",
    ]
    for mean, row, accuracies, areas in sorted(found, reverse=True):
        spread = f" ± {100 * statistics.stdev(accuracies):.1f}" if len(accuracies) > 1 else ""
        lines.append(
            f"| {row} | `{' '.join(ROWS[row])}` | {100 * mean:.1f}{spread} | "
            f"{statistics.mean(areas):.3f} | {len(accuracies)} |"
        )
    return "\n".join(lines)


def reports(row: str, seeds: list[str]) -> Iterator[dict]:
    """Yields the evaluation of a row on --protocol, for each finished seed."""
    for seed in seeds:
        path = folder_of(row, seed) / "report" / "evaluation.json"
        report = json.loads(path.read_text()) if path.exists() else {}
        if report.get("protocol") == FLAGS.protocol:
            yield report


def around_table(file: Path) -> tuple[str, str, str]:
    """Returns the text of `file` before, between and after the markers.

    Raises:
        ArgumentError: If a marker is missing.
    """
    head, _, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    old, end, tail = rest.partition(END)
    if not end:
        raise ArgumentError(f"Argument 'table' must be a file with {BEGIN} and {END}: {file}")
    return head, old, tail


def write_table(file: Path, text: str) -> None:
    """Puts the table between the markers of `file`."""
    head, _, tail = around_table(file)
    with atomic_file(file) as path:
        path.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


def main() -> None:
    """Trains and evaluates all rows, and prints the table."""
    rows, seeds = FLAGS.rows or list(ROWS), list(dict.fromkeys(FLAGS.seeds))
    for row in rows:
        require_known(row, ROWS, "rows")
    if FLAGS.table:
        around_table(Path(FLAGS.table))
    if FLAGS.train:
        if not FLAGS.data:
            raise ArgumentError("Give --data=DIR, the records that `facerec import-lfw` wrote.")
        for seed in seeds:
            for row in rows:
                finish(row, seed)
    text = table(rows, seeds)
    print(text)
    if FLAGS.table:
        write_table(Path(FLAGS.table), text)


if __name__ == "__main__":
    run(main)
