"""How data sets lie on disk: which folder is whose, and what the person is called."""

from __future__ import annotations

import collections
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.folder_scan import find_photos, printable
from facerec_tf.photographs.photo import Photo, Rejected

Found = tuple[list[Photo], list[Rejected]]

#: What VGGFace2 calls the file of its people's names.
META = "identity_meta.csv"

#: One of its lines: `n000001, "14th_Dalai_Lama",424,0, m,`. No CSV dialect reads all of them: some
#: names hold commas or quotation marks, and not every line ends in a comma.
_META_LINE = re.compile(r'\s*(n[0-9]{6})\s*,\s*("?)(.*?\S)\2\s*,\s*[0-9]+\s*,\s*[01]\s*,.*')


class _Identities(NamedTuple):
    """How a data set calls the folders of its people.

    Attributes:
        pattern: All of the name.
        described: The same in words, to follow "a folder".
    """

    pattern: str
    described: str


def folders(root: Path) -> Found:
    """Finds `PERSON/FILE`: a photograph is of the person whose folder, right in `root`, it is in.

    Folders within that one are the same person's; a photograph's name is its path below `root`.

    Returns:
        The photographs, sorted, and what was left out: that which `tree.find_photos` leaves out,
        photographs in no folder, and people without photographs.

    Raises:
        DataError: If there are no such photographs.
    """
    return _find(root, _Identities("(?s:.+)", "of a person"))


def casia_webface(root: Path) -> Found:
    """Finds CASIA-WebFace (Yi et al., arXiv:1411.7923): `0000045/001.jpg`.

    `root` holds these folders, or `CASIA-WebFace` or `CASIA-maxpy-clean` (the same with fewer wrong
    labels) that does. People are called by their numbers.

    Returns:
        As `folders` does, the names beginning with the person's number.

    Raises:
        DataError: If there are no such folders, or both versions.
    """
    folder = _choose(root, ("CASIA-WebFace", "CASIA-maxpy-clean"), "two versions of one data set")
    return _find(folder, _Identities("[0-9]{7}", "called by seven digits, as '0000045'"))


def vggface2(root: Path) -> Found:
    """Finds one part of VGGFace2 (Cao et al., arXiv:1710.08092): `train/n000002/0001_01.jpg`.

    `root` is that part, `train` or `test`, or holds it. If `identity_meta.csv` lies in one of
    both, in the folder above them, or in `meta` in one of these, people are called as it says;
    otherwise by their Class_ID. Two that would have one name are called `NAME (CLASS_ID)`.

    Returns:
        As `folders` does, the names beginning with the Class_ID.

    Raises:
        DataError: If there are no such folders, `root` holds both parts, or the names cannot be
            read or lack a Class_ID.
    """
    folder = _choose(root, ("train", "test"), "both parts of VGGFace2")
    photos, rejected = _find(folder, _Identities("n[0-9]{6}", "called as 'n000002' is"))
    here = Path(os.path.abspath(folder))
    places = [above / sub / META for above in (here, *here.parents[:2]) for sub in ("", "meta")]
    meta = next((path for path in places if path.is_file()), None)
    if meta is None:
        return photos, rejected
    names = _read_meta(meta)
    classes = sorted({photo.person for photo in photos})
    if missing := [name for name in classes if name not in names]:
        raise DataError(
            f"'{meta}' lacks {len(missing)} of the people in '{folder}', {missing[0]} for one: "
            "complete it, or move it away to have people called by their Class_ID."
        )
    times = collections.Counter(names[name].casefold() for name in classes)
    called = {
        name: names[name] if times[names[name].casefold()] == 1 else f"{names[name]} ({name})"
        for name in classes
    }
    return [photo._replace(person=called[photo.person]) for photo in photos], rejected


#: Name → what finds the photographs below a folder, and what is left out there.
FOLDER_LAYOUTS: dict[str, Callable[[Path], Found]] = {
    "folders": folders,
    "casia_webface": casia_webface,
    "vggface2": vggface2,
}


def _choose(root: Path, names: tuple[str, str], both: str) -> Path:
    """Returns the folder in `root` that has one of `names`, or `root` if there is none."""
    inner = [root / name for name in names if (root / name).is_dir()]
    if len(inner) == 2:
        raise DataError(f"Folder '{root}' holds {both}: give '{inner[0]}' or '{inner[1]}'.")
    return inner[0] if inner else root


def _find(root: Path, identities: _Identities) -> Found:
    """Finds the photographs in folders of people in `root`; people are called as their folders."""
    found, rejected = find_photos(root)
    photos = []
    for photo in found:
        person, slash, _ = photo.name.partition("/")
        if slash and re.fullmatch(identities.pattern, person):
            photos.append(photo._replace(person=person))
        else:
            reason = f"it is not in a folder {identities.described}"
            rejected.append(Rejected(photo.name, reason))
    if not photos:
        raise DataError(
            f"Folder '{root}' holds {len(found):,} photographs, '{found[0].name}' for one, but "
            f"none in a folder {identities.described}."
        )
    told = {photo.person for photo in photos} | {item.file for item in rejected}
    for name in set(map(printable, os.listdir(root))) - told:
        if re.fullmatch(identities.pattern, name) and os.path.isdir(root / name):
            rejected.append(Rejected(name, "the folder holds no photographs"))
    return photos, sorted(rejected)


def _read_meta(path: Path) -> dict[str, str]:
    """Returns Class_ID → name, as `identity_meta.csv` has them.

    Its columns are Class_ID, Name, Sample_Num, Flag (1 in the training part) and Gender.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"Cannot read '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is no text in UTF-8: {error}.") from None
    names: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number == 1 and line.startswith("Class_ID")):
            continue
        match = _META_LINE.fullmatch(line)
        if not match:
            raise DataError(
                f"Line {number} of '{path}' must be Class_ID, Name, Sample_Num, Flag, Gender. "
                f"Found: {line}"
            )
        identity, _, name = match.groups()
        name = name.replace('""', '"')
        if names.setdefault(identity, name) != name:
            raise DataError(
                f"Line {number} of '{path}' calls {identity} '{name}', and another "
                f"'{names[identity]}'."
            )
    return names
