"""The manifest of a folder of records: identities, counts, and a checksum of every shard."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.core.files import atomic_file, read_text, sha256
from facerec_tf.data.class_list import ClassEntry as ClassEntry
from facerec_tf.data.class_list import ClassList
from facerec_tf.data.crop_format import CropFormat
from facerec_tf.data.name_source import UNKNOWN_NAMES, NameKind, NameSource, guess_kind

FILE_NAME = "manifest.json"
FORMAT_VERSION = 1

#: Largest number of images of an identity or a shard. Sums over all identities then fit int64.
_MOST_IMAGES = 1 << 36

#: Bytes of a record of a TFRecord file without its content.
_FRAME = 16

#: Largest height and width of images in pixels, that of JPEG.
_LARGEST_SIDE = 65535


@dataclasses.dataclass(frozen=True)
class Shard:
    """One file of records: its name, its number of records, its size in bytes and its SHA-256."""

    file: str
    images: int
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class HashFile:
    """The file of the images' hashes, see `image_hashes`: its name and its SHA-256."""

    file: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Selection:
    """The identities that are trained on.

    Attributes:
        labels: int64 `[classes of the manifest]`: the new label of each, or -1 if left out.
        class_names: Names of the identities kept, by new label.
        images: int64 `[classes kept]`: number of images of each, by new label.
    """

    labels: np.ndarray
    class_names: tuple[str, ...]
    images: np.ndarray

    @property
    def num_classes(self) -> int:
        """Number of identities kept."""
        return len(self.class_names)

    @property
    def num_images(self) -> int:
        """Number of images of the identities kept."""
        return int(self.images.sum())


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The content of a folder of records.

    Attributes:
        name: First part of the shards' names.
        crop_format: Size and alignment of every image.
        classes: The identities, by label.
        shards: The files, in order.
        names: Meaning of the identities' names. Does not count in comparisons of manifests, as the
            same records may be written by a version that does not know it.
        image_hashes: File of the images' hashes; None if there is none. Does not count either.
    """

    name: str
    crop_format: CropFormat
    classes: ClassList
    shards: tuple[Shard, ...]
    names: NameSource = dataclasses.field(default=UNKNOWN_NAMES, compare=False)
    image_hashes: HashFile | None = dataclasses.field(default=None, compare=False)

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of every image, in pixels."""
        return self.crop_format.image_size

    @property
    def alignment(self) -> str:
        """Name of the landmark template that the crops follow, or "unknown"."""
        return self.crop_format.alignment

    @property
    def num_classes(self) -> int:
        """Number of identities in the records."""
        return len(self.classes)

    @property
    def num_images(self) -> int:
        """Number of images in the records."""
        return sum(shard.images for shard in self.shards)

    @property
    def name_kind(self) -> NameKind:
        """Kind of the identities' names; guessed from the names if their writer did not know it."""
        return self.names.kind or guess_kind(entry.name for entry in self.classes)

    @property
    def origin(self) -> str:
        """Identifier of the records that gave the identities their names; see `NameSource`."""
        if self.names.origin is not None:
            return self.names.origin
        digests = "".join(shard.sha256 for shard in self.shards)
        return hashlib.sha256(digests.encode()).hexdigest()[:32]

    def same_names(self) -> NameSource:
        """Source of the names in records that are a part of these."""
        return NameSource(self.name_kind, self.origin)

    @classmethod
    def load(cls, directory: str | os.PathLike) -> Manifest:
        """Reads `directory/manifest.json`.

        Raises:
            DataError: If it is missing, not valid JSON, of another version or inconsistent.
        """
        path = Path(directory) / FILE_NAME
        if not path.exists():
            raise DataError(
                f"Cannot read manifest '{path}': it does not exist. Write a folder of records with "
                "`facerec make-records` or `facerec import-lfw`."
            )
        text = read_text(path, "manifest")
        try:
            fields, classes = _parse(text)
            return cls._from_fields(fields, classes)
        except json.JSONDecodeError as error:
            raise DataError(f"Manifest '{path}' is not valid JSON: {error}") from None
        except RecursionError:
            raise DataError(f"Manifest '{path}' is not valid JSON: nested too deeply.") from None
        except KeyError as error:
            raise DataError(f"Manifest '{path}' is incomplete: it has no {error}.") from None
        except (TypeError, ValueError) as error:
            # Python's own errors may quote a value of any length.
            reason = str(error) if len(str(error)) < 200 else f"{str(error)[:200]}…"
            raise DataError(f"Manifest '{path}' is not valid: {reason}") from None
        except DataError as error:
            raise DataError(f"Manifest '{path}' {error}") from None

    def save(self, directory: str | os.PathLike) -> None:
        """Writes `directory/manifest.json`."""
        fields = {
            "format_version": FORMAT_VERSION,
            "num_images": self.num_images,
            "name": self.name,
            **dataclasses.asdict(self.crop_format),
            "shards": [dataclasses.asdict(shard) for shard in self.shards],
        }
        if self.names.kind is not None:
            fields["names"] = self.names.kind.value
        if self.names.origin is not None:
            fields["origin"] = self.names.origin
        if self.image_hashes is not None:
            fields["image_hashes"] = dataclasses.asdict(self.image_hashes)
        target = Path(directory) / FILE_NAME
        with atomic_file(target) as path, path.open("w", encoding="utf-8") as file:
            file.write(_dump(fields).removesuffix("\n}") + ',\n "classes": [')
            for label, (name, images) in enumerate(self.classes):
                entry = {"name": name, "images": images}
                file.write((",\n  " if label else "\n  ") + _dump(entry, indent=None))
            file.write("\n ]\n}\n")

    def verify(self, directory: str | os.PathLike, digests: bool = True) -> None:
        """Compares every shard, and the file of hashes, in `directory` with the manifest.

        Args:
            directory: The folder of records.
            digests: Whether to compare SHA-256 too, which reads every byte.

        Raises:
            DataError: If a shard is missing or differs; names it.
        """
        paths = [Path(directory) / shard.file for shard in self.shards]
        for path, shard in zip(paths, self.shards, strict=True):
            if not path.is_file():
                raise DataError(
                    f"Shard '{path}' is missing, but listed in the manifest. Copy it again, or "
                    "write the records again."
                )
            if path.stat().st_size != shard.bytes:
                raise mismatch(path, f"{shard.bytes} bytes", f"{path.stat().st_size}")
        if self.image_hashes:
            self._verify_hashes(Path(directory) / self.image_hashes.file, digests)
        if not digests:
            return
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            for path, shard, digest in zip(
                paths, self.shards, pool.map(sha256, paths), strict=True
            ):
                if digest != shard.sha256:
                    raise mismatch(path, f"SHA-256 {shard.sha256[:12]}…", f"{digest[:12]}…")

    def _verify_hashes(self, path: Path, digests: bool) -> None:
        assert self.image_hashes is not None
        if not path.is_file():
            raise DataError(
                f"File '{path}' is missing, but listed in the manifest. Copy it again, or write "
                "the records again."
            )
        if digests and sha256(path) != self.image_hashes.sha256:
            raise DataError(
                f"File '{path}' does not match the manifest: its SHA-256 is another. Copy it "
                "again, or write the records again."
            )

    def select(self, min_images: int = 1) -> Selection:
        """Selects the identities with at least `min_images` images and renumbers them from 0.

        Raises:
            ArgumentError: If `min_images` is not a positive integer.
            DataError: If fewer than two identities are left.
        """
        require_count("min_images", min_images)
        images = self.classes.images
        kept = images >= min_images
        if kept.sum() < 2:
            raise DataError(
                f"{kept.sum()} of {self.num_classes} identities have min_images={min_images} or "
                f"more images (the largest has {images.max(initial=0)}): training needs at least "
                "two identities."
            )
        return Selection(
            labels=np.where(kept, np.cumsum(kept) - 1, -1),
            class_names=tuple(self.classes[i].name for i in np.flatnonzero(kept).tolist()),
            images=images[kept],
        )

    @classmethod
    def _from_fields(cls, fields: dict[str, Any], classes: ClassList) -> Manifest:
        """Builds the manifest from the fields of its file.

        Raises:
            KeyError: If a field is missing.
            DataError: If a field is not valid, or fields contradict each other; the message follows
                the name of the file.
        """
        version = fields["format_version"]
        if version != FORMAT_VERSION or isinstance(version, bool):
            raise DataError(
                f"has format version {reprlib.repr(version)}, expected {FORMAT_VERSION}."
            )
        size = _field(fields, "image_size", list)
        if len(size) != 2:
            raise DataError(f"has an invalid 'image_size': {reprlib.repr(size)}.")
        height, width = (_count("image_size", side, 1, _LARGEST_SIDE) for side in size)
        manifest = cls(
            name=_field(fields, "name", str),
            crop_format=CropFormat((height, width), _field(fields, "alignment", str)),
            classes=classes,
            shards=tuple(_shards(fields)),
            names=_name_source(fields),
            image_hashes=_hash_file(fields),
        )
        counts = {
            "num_images": _count("num_images", fields["num_images"]),
            "its shards": manifest.num_images,
            "its classes": int(classes.images.sum()),
        }
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{count} by {source}" for source, count in counts.items())
            raise DataError(f"has inconsistent numbers of images: {found}.")
        return manifest


def _shards(fields: dict[str, Any]) -> Iterator[Shard]:
    """Yields the shards of a manifest's `fields`."""
    seen: set[str] = set()
    for entry in _field(fields, "shards", list):
        if not isinstance(entry, dict):
            raise DataError(f"has an invalid entry of 'shards': {reprlib.repr(entry)}.")
        shard = Shard(
            _file_name(entry),
            _count("images", entry["images"]),
            _count("bytes", entry["bytes"], most=(1 << 63) - 1),
            _digest(entry),
        )
        if shard.file in seen:
            raise DataError(f"lists shard {reprlib.repr(shard.file)} twice.")
        if shard.images * _FRAME > shard.bytes:
            raise DataError(
                f"lists {shard.images} images in the {shard.bytes} bytes of shard "
                f"{reprlib.repr(shard.file)}."
            )
        seen.add(shard.file)
        yield shard


def _name_source(fields: dict[str, Any]) -> NameSource:
    kind = fields.get("names")
    if kind is not None and kind not in [known.value for known in NameKind]:
        known_kinds = ", ".join(repr(known.value) for known in NameKind)
        raise DataError(f"has names of kind {reprlib.repr(kind)}, expected one of {known_kinds}.")
    origin = None if fields.get("origin") is None else _field(fields, "origin", str)
    return NameSource(None if kind is None else NameKind(kind), origin)


def _hash_file(fields: dict[str, Any]) -> HashFile | None:
    if fields.get("image_hashes") is None:
        return None
    entry = _field(fields, "image_hashes", dict)
    return HashFile(_file_name(entry), _digest(entry))


def _field(fields: dict[str, Any], name: str, kind: type) -> Any:
    """Returns a field of type `kind`."""
    if not isinstance(value := fields[name], kind):
        raise DataError(f"has an invalid {name!r}: {reprlib.repr(value)}.")
    return value


def _count(name: str, value: Any, least: int = 0, most: int = _MOST_IMAGES) -> int:
    """Returns an integer between `least` and `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise DataError(
            f"has an invalid {name!r}: {reprlib.repr(value)}, expected an integer between {least} "
            f"and {most}."
        )
    return value


def _file_name(entry: dict[str, Any]) -> str:
    """Returns the name of a file in the folder of the manifest."""
    file = _field(entry, "file", str)
    if Path(file).name != file or file in ("", "..") or "\0" in file:
        raise DataError(f"has an invalid 'file': {reprlib.repr(file)}, expected a file name.")
    return file


def _digest(entry: dict[str, Any]) -> str:
    digest = _field(entry, "sha256", str)
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise DataError(f"has an invalid 'sha256': {reprlib.repr(digest)}.")
    return digest


def _dump(fields: dict[str, Any], indent: int | None = 1) -> str:
    return json.dumps(fields, indent=indent, ensure_ascii=False)


def _parse(text: str) -> tuple[dict[str, Any], ClassList]:
    """Returns the fields of a manifest and its classes, which are never all objects at once."""
    classes = ClassList()

    def keep(fields: dict[str, Any]) -> dict[str, Any] | None:
        if fields.keys() != {"name", "images"}:
            return fields
        name = _field(fields, "name", str)
        name.encode()  # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
        classes.append(name, _count("images", fields["images"]))
        return None

    fields = json.loads(text, object_hook=keep)
    if not isinstance(fields, dict):
        raise DataError(f"must hold a JSON object. Found: {type(fields).__name__}")
    entries = _field(fields, "classes", list)
    if len(entries) != len(classes) or any(entry is not None for entry in entries):
        raise DataError("has an invalid 'classes': each must be an object of a name and images.")
    return fields, classes


def mismatch(path: str | os.PathLike, expected: str, received: str) -> DataError:
    """Returns the error for a shard that has `received` instead of `expected`."""
    return DataError(
        f"Shard '{path}' does not match the manifest: expected {expected}, found {received}. "
        "Copy it again, or write the records again."
    )
