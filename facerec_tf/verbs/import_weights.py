"""Converts a weight file of another project to a recognizer.

    facerec import-weights --from=FILE --backbone=NAME --output=recognizer.keras

FILE is an MXNet `.params` file (with its `-symbol.json` in the same folder, if available), a
PyTorch `state_dict` of InsightFace's arcface_torch or of facenet-pytorch, or an ONNX recogniser
from InsightFace's model packs. Every array must match a weight of the backbone: missing, unused and
differently shaped arrays are listed, and nothing is written. The recognizer takes RGB pixels in
0-255, whatever the original network takes. Its `origin` records the source, with the file's
SHA-256.

In ONNX files, BatchNorm is often folded into the convolutions. Such a network computes the same
embeddings, but fine-tuning needs BatchNorm statistics: `--calibrate=DIR` measures them on some of
the records in DIR, without changing the embeddings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags

from facerec_tf.backbones import find
from facerec_tf.core.errors import UserError, argument_error
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.pretrained import import_weights
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("from", None, "Weight file to read.")
    flags.DEFINE_string("backbone", None, "Architecture of the weights, such as iresnet50 or mbf.")
    flags.DEFINE_string("output", None, "Output file; its name ends in .keras.")
    flags.DEFINE_multi_string("option", [], "Option of the backbone, such as se=true")
    flags.DEFINE_float(
        "mean",
        None,
        "Offset of the input normalisation, (pixel - mean) / std; default: that of its project.",
    )
    flags.DEFINE_float("std", None, "Divisor of the input normalisation; see --mean.")
    flags.DEFINE_enum("channels", "rgb", ["rgb", "bgr"], "Channel order of the network's input.")
    flags.DEFINE_string(
        "calibrate", None, "Folder of records to measure folded BatchNorm statistics on."
    )
    flags.mark_flags_as_required(["from", "backbone", "output"])


def import_file(output: Path) -> list[str]:
    """Imports the weights and writes `output`.

    Returns:
        Lines of the summary.

    Raises:
        UserError: If the file does not fit, or `output` cannot be written.
    """
    if output.suffix != ".keras":
        raise argument_error("output", "a file that ends in .keras", str(output))
    if output.exists():
        raise UserError(f"'{output}' already exists: remove it, or choose another --output.")
    require_writable(output.parent)
    recognizer = import_weights(
        FLAGS["from"].value,
        FLAGS.backbone,
        mean=FLAGS.mean,
        std=FLAGS.std,
        channels=FLAGS.channels,
        calibration=FLAGS.calibrate,
        **parse_options(FLAGS.option),
    )
    with atomic_file(output) as path:
        recognizer.save(path)
    return [
        f"{FLAGS.backbone}: {recognizer.backbone.count_params():,} numbers, embeddings of "
        f"{recognizer.backbone.output_shape[-1]}, digest {recognizer.digest()[:12]}",
        *describe(recognizer.origin or {}),
    ]


def parse_options(given: Sequence[str]) -> dict[str, Any]:
    """Options of the backbone by name, parsed from `NAME=VALUE` items.

    Raises:
        ArgumentError: If an item has another form.
    """
    options = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise argument_error("option", "NAME=VALUE", item)
        try:
            options[name] = json.loads(value)
        except ValueError:
            options[name] = value
    return options


def describe(origin: dict[str, Any]) -> list[str]:
    """Lines that describe the origin of a recognizer."""
    lines = [
        f"from '{origin['file']}' ({origin['format']}, SHA-256 {origin['sha256'][:12]}…): "
        f"{origin['arrays']} arrays, each used once; {origin['arrays_left_aside']} left aside",
        f"pixels: {origin['channels']}, x * {origin['pixel_scale']:.6g} "
        f"{origin['pixel_offset']:+.6g}, inside the network",
    ]
    if "proof" in origin:
        lines.append(origin["proof"])
    if origin.get("folded_batch_norms"):
        lines.append(_describe_folded(origin))
    return lines


def _describe_folded(origin: dict[str, Any]) -> str:
    count = f"{origin['folded_batch_norms']} BatchNorm layers came without statistics"
    if "calibration_images" in origin:
        return f"{count}: measured on {origin['calibration_images']} images"
    return f"{count}: to fine-tune, measure them with --calibrate=DIR, a folder of records"


def main() -> None:
    """Imports the weights and prints a summary with the next commands."""
    find(FLAGS.backbone)
    output = Path(FLAGS.output)
    summarize(
        {},
        *import_file(output),
        f"Wrote '{output}'. Next:",
        f"evaluate it   python -m facerec_tf.evaluate --model={output} --data=DIR",
        f"fine-tune it  python -m facerec_tf.train --pretrained={output} --data=DIR",
    )
