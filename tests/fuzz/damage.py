"""Damaged versions of a file's bytes, drawn from a fixed seed."""

from collections.abc import Iterator

import numpy as np

#: Versions that are neither inverted bits nor cuts.
STRUCTURAL = 7


def damaged_versions(
    content: bytes, seed: int, flips: int, cuts: int
) -> Iterator[tuple[str, bytes]]:
    """Yields a description and the bytes of each damaged version of `content`.

    Args:
        content: The bytes of an undamaged file.
        seed: Seed of places and inserted bytes.
        flips: Versions with one inverted bit.
        cuts: Versions that end early.
    """
    rng = np.random.default_rng(seed)
    # Headers are short, but most faults of readers are in them: every other place is near one end.
    near = [min(64, len(content)), len(content)]
    for number in range(flips):
        place, bit = int(rng.integers(near[number % 2])), int(rng.integers(8))
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        yield f"bit {bit} of byte {place} inverted", bytes(changed)
    for _ in range(cuts):
        size = int(rng.integers(1, len(content)))
        yield f"cut to {size} of {len(content)} bytes", content[:size]
    place = int(rng.integers(len(content)))
    noise = rng.bytes(12)
    yield "emptied", b""
    yield "a JSON list instead", b"[1, 2]\n"
    yield "a JSON number instead", b"7\n"
    yield "deeply nested JSON instead", b"[" * 100_000
    yield f"12 random bytes inserted at {place}", content[:place] + noise + content[place:]
    yield f"12 random bytes written at {place}", content[:place] + noise + content[place + 12 :]
    yield "64 zeros appended", content + bytes(64)
