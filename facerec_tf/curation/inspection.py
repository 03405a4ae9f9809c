"""Inspects records: counts, pictures, faults and duplicates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError, require_count
from facerec_tf.core.files import sha256
from facerec_tf.core.parallel import ordered_map
from facerec_tf.curation.duplicates import find_duplicates
from facerec_tf.curation.faults import Fault, FaultList
from facerec_tf.curation.frames import Frame, read_frame, read_frames
from facerec_tf.curation.inspection_report import Inspected, write_report
from facerec_tf.curation.record_summary import RecordScanner, RecordSummary
from facerec_tf.curation.record_table import RecordTable
from facerec_tf.data import Manifest, PairSet, Record, new_directory
from facerec_tf.data.image_hashes import FILE_NAME as HASHES
from facerec_tf.data.image_hashes import by_label, load_image_hashes
from facerec_tf.data.manifest import Shard
from facerec_tf.data.pairs import FILE_NAME as PAIRS
from facerec_tf.data.records import deserialize

#: Records that a thread takes at a time.
_CHUNK = 64


def inspect_records(
    data: Path,
    output: Path,
    *,
    identities: int = 16,
    seed: int = 0,
    threads: int | None = None,
) -> dict[str, str]:
    """Reads every record of `data`, intact or damaged, and writes a report to `output`.

    Writes `inspection.json`, `faults.csv`, `duplicates.csv`, and the pictures
    `images_per_identity.png`, `identities.png` and, if there are duplicates, `duplicates.png`.
    Needs 61 bytes per image, and about 40 more during the search for duplicates.

    Args:
        data: Folder of records, or a pair set.
        output: Folder to make.
        identities: Number of identities, chosen at random, whose images are shown.
        seed: Seed of that choice.
        threads: Number of threads; by default that of the CPU's cores.

    Returns:
        Counts of images and faults, for a summary.

    Raises:
        UserError: If there is no manifest, no image can be decoded, or `output` is in use.
    """
    require_count("identities", identities)
    require_count("seed", seed, least=0)
    manifest = Manifest.load(data)
    with new_directory(output) as folder, FaultList(folder) as faults:
        table = read_all(data, manifest, faults, threads)
        if not table.sound.any():
            raise DataError(
                f"Folder '{data}' holds no image that can be decoded: {_counted(faults)} faults in "
                f"{len(table):,} records."
            )

        def read(place: int) -> Record:
            shard, _ = table.shard(place)
            return deserialize(read_frame(data / manifest.shards[shard].file, table.offset(place)))

        _compare(manifest, table, faults)
        _check_hashes(data, manifest, table, faults)
        _list_repeated_names(manifest, table, faults, read)
        pairs = _load_pairs(data, faults)
        sound = np.flatnonzero(table.sound)
        duplicates = find_duplicates(
            table.fingerprints[sound], table.pictures[sound], table.labels[sound]
        )
        duplicates = duplicates._replace(places=sound[duplicates.places])
        found = Inspected(data, manifest, table, duplicates, dict(faults.counts), pairs, read)
        return write_report(found, folder, identities, seed)


def read_all(data: Path, manifest: Manifest, faults: FaultList, threads: int | None) -> RecordTable:
    """Reads every record in the order of the shards, and lists its faults."""
    table, scan = RecordTable(), RecordScanner(manifest)

    def scan_chunk(chunk: tuple[int, list[Frame]]) -> tuple[int, list[RecordSummary]]:
        number, frames = chunk
        return number, scan(manifest.shards[number].file, frames)

    chunks = _chunks(data, manifest, faults)
    with progress_bar(total=manifest.num_images, unit=" images") as progress:
        for number, summaries in ordered_map(scan_chunk, chunks, threads):
            while len(table.starts) <= number:
                table.begin_shard()
            for summary in summaries:
                table.add(summary)
                for fault in summary.faults:
                    faults.add(fault)
            progress.update(len(summaries))
    while len(table.starts) < len(manifest.shards):
        table.begin_shard()
    return table


def _chunks(data: Path, manifest: Manifest, faults: FaultList) -> Iterator[tuple[int, list[Frame]]]:
    """Yields a few records of a shard at a time, with its number; lists the faults of the shard."""
    for number, shard in enumerate(manifest.shards):
        try:
            reason = _shard_fault(data / shard.file, shard)
            if reason:
                faults.add(Fault("shard", shard.file, None, None, reason))
            # The digest covers all bytes: if it is right, the checksums need no verification.
            frames = read_frames(data / shard.file, verify=reason is not None)
            while chunk := list(itertools.islice(frames, _CHUNK)):
                yield number, chunk
        except FileNotFoundError:
            faults.add(Fault("shard", shard.file, None, None, "it is missing"))
        except OSError as error:
            reason = f"it cannot be read: {error.strerror or error}"
            faults.add(Fault("shard", shard.file, None, None, reason))


def _shard_fault(path: Path, shard: Shard) -> str | None:
    if (size := path.stat().st_size) != shard.bytes:
        return f"it has {size:,} bytes, the manifest says {shard.bytes:,}"
    if (digest := sha256(path)) != shard.sha256:
        return f"its SHA-256 is {digest[:12]}…, the manifest says {shard.sha256[:12]}…"
    return None


def _check_hashes(data: Path, manifest: Manifest, table: RecordTable, faults: FaultList) -> None:
    """Lists the fault of the file of image hashes, if it is damaged or of other images."""
    try:
        hashes = load_image_hashes(data, manifest)
    except DataError as error:
        faults.add(Fault("manifest", "", None, HASHES, str(error)))
        return
    if hashes is None or faults.counts:
        return  # Other hashes only follow from these faults.
    if not np.array_equal(by_label(table.labels, table.fingerprints), hashes):
        reason = f"{HASHES} has other hashes than the images. Write the records again"
        faults.add(Fault("manifest", "", None, HASHES, reason))


def _compare(manifest: Manifest, table: RecordTable, faults: FaultList) -> None:
    """Lists differences between the counts of records and those in the manifest."""
    ends = [*table.starts[1:], len(table)]
    is_whole = not (faults.counts["record"] or faults.counts["label"])
    for shard, start, end in zip(manifest.shards, table.starts, ends, strict=True):
        if end - start != shard.images:
            is_whole = False
            reason = f"it holds {end - start:,} records, the manifest says {shard.images:,}"
            faults.add(Fault("shard", shard.file, None, None, reason))
    if not is_whole:
        return  # Wrong counts of identities only follow from these faults.
    counts = np.bincount(table.labels, minlength=manifest.num_classes)
    for entry, count in zip(manifest.classes, counts.tolist(), strict=True):
        if entry.images != count:
            reason = (
                f"identity '{entry.name}' has {count:,} images, the manifest says {entry.images:,}"
            )
            faults.add(Fault("manifest", "", None, None, reason))


def _list_repeated_names(
    manifest: Manifest, table: RecordTable, faults: FaultList, read: Callable[[int], Record]
) -> None:
    """Lists every image that has the same name as an earlier one."""
    known = np.flatnonzero(table.names)
    order = known[np.argsort(table.names[known], kind="stable")]
    names = table.names[order]
    for at in np.flatnonzero(names[1:] == names[:-1]) + 1:
        (shard, index), (other, before) = (
            table.shard(place) for place in (order[at], order[at - 1])
        )
        reason = f"record {before} of {manifest.shards[other].file} has the same name"
        name = read(int(order[at])).filename
        faults.add(Fault("name", manifest.shards[shard].file, index, name, reason))


def _load_pairs(data: Path, faults: FaultList) -> PairSet | None:
    if not (data / PAIRS).is_file():
        return None
    try:
        return PairSet.load(data)
    except DataError as error:
        faults.add(Fault("pairs", "", None, PAIRS, str(error)))
        return None


def _counted(faults: FaultList) -> str:
    return f"{sum(faults.counts.values()):,}"
