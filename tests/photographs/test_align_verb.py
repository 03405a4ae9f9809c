"""`python -m facerec_tf.align` on real photographs, as a user types it."""

import csv
import io
import os
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
from PIL import Image

from facerec_tf.alignment import crop
from facerec_tf.data.photo import decode_photo
from facerec_tf.photographs.landmark_cropper import read_landmarks
from tests.conftest import ROOT
from tests.forked import run_forked
from tests.verbs.conftest import assert_one_line_error

#: Exif orientation of one photograph each.
TURNED = (6, 3, 8)


@pytest.fixture(scope="module")
def lfw(shared_dir):
    """Name → JPEG of the first photographs, and the five points in each."""
    folder = shared_dir / "data" / "lfw"
    found = {}
    with tarfile.open(folder / "lfw-deepfunneled.tar", "r|") as tar:
        for member in tar:
            if member.isfile():
                found["/".join(member.name.split("/")[-2:])] = tar.extractfile(member).read()
            if len(found) == 30:
                break
    points = read_landmarks(folder / "landmarks.csv")
    return {name: (encoded, points[name]) for name, encoded in found.items()}


@pytest.fixture
def photos(tmp_path, lfw):
    for name, (encoded, _) in lfw.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded)
    return tmp_path / "photos"


@pytest.fixture
def flags(shared_dir, photos, tmp_path):
    model = shared_dir / "data" / "models" / "yunet_n_320_320.onnx"
    return [f"--images={photos}", f"--output={tmp_path / 'out'}", f"--detector_model={model}"]


def stored_turned(encoded, orientation):
    """The photograph as a camera held askew stores it: turned, with a tag that says so."""
    turns = {6: Image.Transpose.ROTATE_90, 3: Image.Transpose.ROTATE_180}
    image = Image.open(io.BytesIO(encoded))
    image = image.transpose(turns.get(orientation, Image.Transpose.ROTATE_270))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", quality=98, exif=exif)
    return file.getvalue()


def test_aligns_real_photographs(flags, photos, tmp_path, lfw):
    names = list(lfw)
    for name, orientation in zip(names, TURNED, strict=False):
        (photos / name).write_bytes(stored_turned(lfw[name][0], orientation))
    done = run_forked("facerec_tf.align", *flags)
    assert done.returncode == 0, done.stderr
    assert "photographs: 30, of which 0 were done before" in done.stdout
    assert "crops: 30;" in done.stdout
    for name, (encoded, points) in lfw.items():
        expected = crop(decode_photo(encoded), points).astype(int)
        found = decode_photo((tmp_path / "out" / name).read_bytes())
        assert np.abs(found - expected).mean() < (4 if name in names[: len(TURNED)] else 2.5)
    again = run_forked("facerec_tf.align", *flags)
    assert "of which 30 were done before" in again.stdout
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        assert list(csv.reader(file)) == [["file", "reason"]]


@pytest.mark.usefixtures("heed_interrupts")
@pytest.mark.slow
def test_an_interrupted_run_goes_on(flags, tmp_path):
    """Among the photographs is a pipe, which is never opened."""
    out = tmp_path / "out"
    originals = list((tmp_path / "photos").glob("*/*.jpg"))
    for copy in range(20):
        for path in originals:
            target = tmp_path / "photos" / f"copy {copy}" / path.name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    pipe = tmp_path / "photos" / "copy 5" / "pipe.jpg"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "facerec_tf.align", *flags],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and len(list(out.glob("*/*.jpg"))) < 20:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.splitlines()[-1] == "interrupted"
    assert "Traceback" not in stderr
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*.jpg")}
    assert 20 <= len(before) < 630

    done = run_forked("facerec_tf.align", *flags)
    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("*/*.jpg"))) == 630
    assert "copy 5/pipe.jpg" in (out / "rejected.csv").read_text()
    whole = run_forked("facerec_tf.align", *flags, f"--output={tmp_path / 'whole'}")
    assert whole.returncode == 0, whole.stderr
    for path in (tmp_path / "whole").rglob("*"):
        if path.is_file() and path.name != ".journal":
            there = out / path.relative_to(tmp_path / "whole")
            assert there.read_bytes() == path.read_bytes(), path.name
    changed = [path for path, when in before.items() if path.stat().st_mtime_ns != when]
    assert len(changed) <= 32  # What was under way when the signal came.


def test_mistakes_are_one_line(tmp_path, photos):
    done = run_forked("facerec_tf.align", f"--images={photos}")
    assert_one_line_error(done, "Missing flag: --output.")
    done = run_forked(
        "facerec_tf.align", f"--images={photos}", f"--output={tmp_path / 'o'}", "--face=biggest"
    )
    assert_one_line_error(done, "'face' must be one of all, center, largest, only")
