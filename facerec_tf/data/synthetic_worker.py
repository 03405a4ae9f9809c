"""Draws synthetic faces as JPEGs, in this process or in another that does not load TensorFlow.

As a program (`python -m facerec_tf.data.synthetic_worker SEED`), it reads lines `identity index`
and writes for each a little-endian 32-bit length and a JPEG of that many bytes.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2

from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.faces import synthetic_face

#: Identity and index of a synthetic face.
FaceKey = tuple[int, int]

_LENGTH = struct.Struct("<I")


def draw(seed: int, faces: Iterable[FaceKey]) -> Iterator[bytes]:
    """Yields the JPEG of each of `faces`, drawn in this process."""
    for identity, index in faces:
        yield encode_jpeg(synthetic_face(seed, identity, index))


def draw_apart(seed: int, faces: Iterable[FaceKey]) -> list[bytes]:
    """Returns the JPEG of each of `faces`, drawn in another process.

    Raises:
        RuntimeError: If that process fails.
    """
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(seed)],
        input="".join(f"{identity} {index}\n" for identity, index in faces).encode(),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Drawing faces failed:\n{done.stderr.decode(errors='replace')}")
    return list(_split(done.stdout))


def _split(answer: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(answer):
        (length,) = _LENGTH.unpack_from(answer, place)
        place += _LENGTH.size + length
        yield answer[place - length : place]


def main() -> None:
    """Reads faces from standard input and writes their JPEGs to standard output."""
    cv2.setNumThreads(1)  # There is one such process per core.
    faces = ((int(identity), int(index)) for identity, index in map(str.split, sys.stdin))
    for encoded in draw(int(sys.argv[1]), faces):
        sys.stdout.buffer.write(_LENGTH.pack(len(encoded)) + encoded)


if __name__ == "__main__":
    main()
