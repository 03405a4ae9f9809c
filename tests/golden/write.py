"""Writes the golden files: one of each format this version writes, for later versions to read.

    python tests/golden/write.py

Run it from the repository's root, and only when docs/UPGRADING.md allows a change of a format. It
replaces everything beside it except Python files. It needs the extras onnx and litert.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

import facerec_tf
from facerec_tf.data import Manifest, PairSet, find_pairs, write_synthetic

GOLDEN = Path(__file__).resolve().parent
ROOT = GOLDEN.parent.parent

#: Steps of the run, and the checkpoint it is resumed from.
STEPS, RESUMED_FROM = 3, 2

#: Format → folder of the export.
EXPORTS = {"saved_model": "saved_model", "litert": "litert", "onnx": "onnx"}


def main() -> None:
    """Writes records and pairs, a network, a run, its exports, and the values to expect."""
    for path in GOLDEN.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.suffix != ".py":
            path.unlink()
    write_synthetic(
        GOLDEN / "records", identities=4, images=3, holdout=8, pairs=20, workers=1, seed=1
    )
    keras.utils.set_random_seed(0)
    family = facerec_tf.BACKBONES["iresnet_nano"]
    network = family.builder(
        (1, 1, 1),
        (16, 16, 16),
        embedding_size=8,
        embedding_head="GDC",
        input_shape=(112, 112, 3),
        name="golden",
    )
    facerec_tf.Recognizer(network).save(GOLDEN / "network.keras")
    run_verb(
        "train",
        *("--data=records", "--workdir=run", "--pretrained=network.keras", "--loss=arcface"),
        *("--batch_size=4", f"--max_steps={STEPS}", "--checkpoint_every=1", "--log_every=1"),
        *("--eval_every=100", "--angles_every=0"),
    )
    run = GOLDEN / "run"
    (run / "recognizer.keras").rename(GOLDEN / "recognizer.keras")
    (GOLDEN / "network.keras").unlink()
    for written in ("tensorboard", "report"):  # Figures and event files are not read again.
        shutil.rmtree(run / written, ignore_errors=True)
    for checkpoint in (run / "checkpoints").iterdir():
        if checkpoint.name != f"step-{RESUMED_FROM:08d}":
            shutil.rmtree(checkpoint)
    for name, folder in EXPORTS.items():
        run_verb("export", "--model=recognizer.keras", f"--output={folder}", f"--format={name}")
    write_expectations()


def run_verb(verb: str, *flags: str) -> None:
    """Runs `python -m facerec_tf.VERB FLAGS…` in the folder of golden files."""
    subprocess.run(
        [sys.executable, "-m", f"facerec_tf.{verb}", *flags],
        check=True,
        cwd=GOLDEN,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def read_images(records: Path) -> np.ndarray:
    """Returns the images of the pair set in `records`, uint8 `[n, 112, 112, 3]`."""
    pairs = PairSet.load(find_pairs(records, "pairs"))
    return np.concatenate([batch.numpy() for batch in pairs.images(8)])


def load_keras(path: Path) -> keras.Model:
    """Returns the model in a `.keras` file; importing the public names registers their classes."""
    for name in ("BACKBONES", "LOSSES", "MARGINS", "Recognizer"):
        getattr(facerec_tf, name)
    return keras.models.load_model(path)


def sha256_of_files(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file in `folder` by its name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def write_expectations() -> None:
    """Writes what reading the golden files must give, in formats that need none of our code."""
    records = GOLDEN / "records"
    pairs = PairSet.load(find_pairs(records, "pairs"))
    facts = {
        "version": facerec_tf.__version__,
        "class_names": [entry.name for entry in Manifest.load(records).classes],
        "pairs": [pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist()],
        "filenames": list(pairs.filenames),
        "files": sha256_of_files(records),
    }
    (GOLDEN / "expected.json").write_text(json.dumps(facts, indent=1) + "\n")
    images = read_images(records)
    recognizer = load_keras(GOLDEN / "recognizer.keras")
    labels = np.arange(len(images), dtype=np.int32) % 4
    embeddings = recognizer(images, training=False)
    np.savez_compressed(
        GOLDEN / "expected.npz",
        images=images[:, ::8, ::8],
        embeddings=embeddings.numpy(),
        logits=recognizer.head(embeddings, labels).numpy(),
    )


if __name__ == "__main__":
    main()
