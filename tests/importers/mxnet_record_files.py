"""Writes MXNet's record files as dmlc's recordio.h lays them out, without code of the package."""

import struct
from pathlib import Path

MAGIC = struct.pack("<I", 0xCED7230A)


def pack(labels, content=b"", number=0):
    """The payload of a record: one label in the header, or several behind it."""
    if isinstance(labels, (int, float)):
        return struct.pack("<IfQQ", 0, labels, number, 0) + content
    return struct.pack(f"<IfQQ{len(labels)}f", len(labels), 0, number, 0, *labels) + content


def frame(payload):
    """The payload in the file: cut in parts where the magic occurs at a multiple of four bytes."""
    parts, begin = [], 0
    for place in range(0, len(payload) - 3, 4):
        if payload[place : place + 4] == MAGIC and place >= begin:
            parts.append(payload[begin:place])
            begin = place + 4
    parts.append(payload[begin:])
    framed = b""
    for number, part in enumerate(parts):
        is_first, is_last = number == 0, number == len(parts) - 1
        kind = {(True, True): 0, (True, False): 1, (False, False): 2, (False, True): 3}
        kind = kind[is_first, is_last]
        framed += MAGIC + struct.pack("<I", kind << 29 | len(part)) + part
        framed += bytes(-len(part) % 4)
    return framed


def write_rec(path, payloads, keys=None, index=True):
    """Writes FILE.rec, and FILE.idx beside it; returns where the records begin."""
    path, content, offsets = Path(path), b"", []
    for payload in payloads:
        offsets.append(len(content))
        content += frame(payload)
    path.write_bytes(content)
    if index:
        keys = range(len(payloads)) if keys is None else keys
        lines = (f"{key}\t{offset}\n" for key, offset in zip(keys, offsets, strict=True))
        path.with_suffix(".idx").write_text("".join(lines))
    return offsets


def write_insightface(folder, images, size=112):
    """Writes train.rec, train.idx and property as InsightFace ships them.

    `images` are (identity, JPEG), sorted by identity. Behind them comes record 0, which gives where
    the identities' records begin and end; those give the numbers of their images.
    """
    payloads = [pack(float(label), jpeg, key) for key, (label, jpeg) in enumerate(images, start=1)]
    labels = [label for label, _ in images]
    begin = len(images) + 1
    ranges = []
    for label in sorted(set(labels)):
        first = 1 + labels.index(label)
        key = begin + len(ranges)
        ranges.append(pack([float(first), float(first + labels.count(label))], b"", key))
    head = pack([float(begin), float(begin + len(ranges))])
    folder.mkdir(parents=True, exist_ok=True)
    keys = [*range(1, begin), 0, *range(begin, begin + len(ranges))]
    write_rec(folder / "train.rec", [*payloads, head, *ranges], keys)
    (folder / "property").write_text(f"{len(ranges)},{size},{size}")
    return folder / "train.rec"
