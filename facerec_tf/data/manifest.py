"""The manifest of a folder of records: identities, counts, and a checksum of every shard."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import json
import os
import re
import reprlib
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.core.files import atomic_file, read_text, require_regular_file, sha256
from facerec_tf.data import json_fields
from facerec_tf.data.class_list import ClassEntry as ClassEntry
from facerec_tf.data.class_list import ClassList
from facerec_tf.data.crop_format import CropFormat
from facerec_tf.data.frames import require_frames
from facerec_tf.data.name_source import UNKNOWN_NAMES, NameKind, NameSource, guess_kind

FILE_NAME = "manifest.json"
FORMAT_VERSION = 1

#: Images of an identity or a shard; sums of a billion such numbers fit into 64 bits.
_MOST_IMAGES = 1 << 32

#: Bytes of a record of a TFRecord file without its content.
_FRAME = 16

#: Height and width that JPEG can represent, in pixels.
_LARGEST_SIDE = 65_535


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
            DataError: If it is missing, not valid JSON, of another version, has values of another
                type or range, or is inconsistent.
        """
        path = Path(directory) / FILE_NAME
        if not path.exists():
            raise DataError(
                f"Cannot read manifest '{path}': it does not exist. Write a folder of records with "
                "`facerec make-records` or `facerec import-lfw`."
            )
        text = read_text(path, "manifest")
        try:
            return cls._from_fields(*_parse(text))
        except json.JSONDecodeError as error:
            raise DataError(f"Manifest '{path}' is not valid JSON: {error}") from None
        except RecursionError:
            raise DataError(f"Manifest '{path}' is not valid JSON: nested too deeply.") from None
        except (KeyError, TypeError) as error:
            raise DataError(f"Manifest '{path}' is incomplete: {error!r}") from None
        except ValueError as error:
            raise DataError(f"Manifest '{path}' is damaged: {error}") from None
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
            digests: Whether to compare SHA-256 too, which reads every byte, and to check the
                lengths of the records.

        Raises:
            DataError: If a shard is missing or differs, or a record is longer than its shard; names
                the shard.
        """
        paths = [Path(directory) / shard.file for shard in self.shards]
        for path, shard in zip(paths, self.shards, strict=True):
            if not path.exists():
                raise DataError(
                    f"Shard '{path}' is missing, but listed in the manifest. Copy it again, or "
                    "write the records again."
                )
            require_regular_file(path, "shard")
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
        for path in paths:
            require_frames(path)

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
            ValueError: If a field has another type or range.
            DataError: If the version is another, shards are listed twice, or numbers of images
                contradict each other; the message follows the name of the file.
        """
        version = fields["format_version"]
        if version != FORMAT_VERSION or isinstance(version, bool):
            raise DataError(
                f"has format version {reprlib.repr(version)}, expected {FORMAT_VERSION}."
            )
        height, width = (
            json_fields.checked_integer(side, "image_size", 1, _LARGEST_SIDE)
            for side in json_fields.items(fields, "image_size")
        )
        manifest = cls(
            name=json_fields.text(fields, "name"),
            crop_format=CropFormat((height, width), json_fields.text(fields, "alignment")),
            classes=classes,
            shards=tuple(map(_parse_shard, json_fields.items(fields, "shards"))),
            names=_parse_names(fields),
            image_hashes=_parse_hash_file(fields),
        )
        files = [shard.file for shard in manifest.shards]
        if len(set(files)) < len(files):
            raise DataError("lists a shard twice.")
        counts = {
            "num_images": json_fields.integer(fields, "num_images"),
            "its shards": manifest.num_images,
            "its classes": int(classes.images.sum()),
        }
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{count} by {source}" for source, count in counts.items())
            raise DataError(f"has inconsistent numbers of images: {found}.")
        return manifest


def _dump(fields: dict[str, Any], indent: int | None = 1) -> str:
    return json.dumps(fields, indent=indent, ensure_ascii=False)


def _parse(text: str) -> tuple[dict[str, Any], ClassList]:
    """Returns the fields of a manifest and its classes, which are never all objects at once."""
    classes = ClassList()

    def keep(fields: dict[str, Any]) -> dict[str, Any] | None:
        if fields.keys() != {"name", "images"}:
            return fields
        name = json_fields.text(fields, "name")
        name.encode()  # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
        classes.append(name, json_fields.integer(fields, "images", most=_MOST_IMAGES))
        return None

    fields = json.loads(text, object_hook=keep)
    entries = json_fields.items(fields, "classes")
    if len(entries) != len(classes) or any(entry is not None for entry in entries):
        raise ValueError("'classes' must be objects of a name and a number of images")
    return fields, classes


def _parse_shard(fields: dict[str, Any]) -> Shard:
    shard = Shard(
        _file_name(fields),
        json_fields.integer(fields, "images", most=_MOST_IMAGES),
        json_fields.integer(fields, "bytes"),
        _digest(fields),
    )
    if shard.images * _FRAME > shard.bytes:
        raise ValueError(
            f"shard {reprlib.repr(shard.file)} cannot hold {shard.images} images in "
            f"{shard.bytes} bytes"
        )
    return shard


def _parse_names(fields: dict[str, Any]) -> NameSource:
    kind, origin = (
        None if fields.get(name) is None else json_fields.text(fields, name)
        for name in ("names", "origin")
    )
    known = [one.value for one in NameKind]
    if kind is not None and kind not in known:
        expected = ", ".join(map(repr, known))
        raise ValueError(f"'names' must be one of {expected}. Found: {reprlib.repr(kind)}")
    return NameSource(None if kind is None else NameKind(kind), origin)


def _parse_hash_file(fields: dict[str, Any]) -> HashFile | None:
    if (entry := fields.get("image_hashes")) is None:
        return None
    return HashFile(_file_name(entry), _digest(entry))


def _file_name(fields: dict[str, Any]) -> str:
    """Returns the name of a file in the folder of the manifest."""
    file = json_fields.text(fields, "file")
    if PurePath(file).name != file or file in ("", "..") or "\0" in file:
        raise ValueError(f"'file' of a shard must be a file name. Found: {reprlib.repr(file)}")
    return file


def _digest(fields: dict[str, Any]) -> str:
    digest = json_fields.text(fields, "sha256")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(f"'sha256' must be 64 hexadecimal digits. Found: {reprlib.repr(digest)}")
    return digest


def mismatch(path: str | os.PathLike, expected: str, received: str) -> DataError:
    """Returns the error for a shard that has `received` instead of `expected`."""
    return DataError(
        f"Shard '{path}' does not match the manifest: expected {expected}, found {received}. "
        "Copy it again, or write the records again."
    )
