"""Folder structures of data sets: which photographs are whose, and the names of the people."""

from __future__ import annotations

import collections
import os
import re
from pathlib import Path
from typing import NamedTuple

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_text
from facerec_tf.data.names import compose_name
from facerec_tf.photographs.folder_scan import scan_folder
from facerec_tf.photographs.names import printable
from facerec_tf.photographs.people import report_merged
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import PERSON, Rejected

#: Photographs, and files and folders left out.
Found = tuple[list[Photo], list[Rejected]]

#: VGGFace2's list of names.
META_FILE = "identity_meta.csv"

#: A line of that file: `n000001, "14th_Dalai_Lama",424,0, m,`. No CSV dialect reads all lines: some
#: names contain commas or quotation marks, and not every line ends in a comma.
_META_LINE = re.compile(r'\s*(n[0-9]{6})\s*,\s*("?)(.*?\S)\2\s*,\s*[0-9]+\s*,\s*[01]\s*,.*')


class _FolderNames(NamedTuple):
    """The names of a data set's folders of people.

    Attributes:
        pattern: Regular expression of the whole name.
        described: The same in words, to follow "a folder".
    """

    pattern: str
    described: str


def folders(root: Path) -> Found:
    """Finds `PERSON/FILE` and `PERSON/FOLDER/FILE`, of any depth, below `root`.

    The name of a photograph is its path below `root`.

    Names of people are in Unicode's form NFC: two folders whose names differ only in their Unicode
    form are of one person, and a note about it is printed.

    Returns:
        The photographs, sorted; and what was left out: files and folders that `scan_folder` leaves
        out, photographs outside of the folders of people, and people without photographs.

    Raises:
        DataError: If there are no such photographs.
    """
    return _find(root, _FolderNames("(?s:.+)", "of a person"))


def casia_webface(root: Path) -> Found:
    """Finds CASIA-WebFace (Yi et al., arXiv:1411.7923): `0000045/001.jpg`.

    `root` contains these folders, or a folder `CASIA-WebFace` or `CASIA-maxpy-clean` (the same data
    with fewer wrong labels) that does. People are named by their numbers.

    Returns:
        As `folders`; the names of photographs begin with the person's number.

    Raises:
        DataError: If there are no such folders, or `root` contains both versions.
    """
    folder = _choose(root, ("CASIA-WebFace", "CASIA-maxpy-clean"), "two versions of one data set")
    return _find(folder, _FolderNames("[0-9]{7}", "named by seven digits, like '0000045'"))


def vggface2(root: Path) -> Found:
    """Finds one part of VGGFace2 (Cao et al., arXiv:1710.08092): `train/n000002/0001_01.jpg`.

    `root` is that part, `train` or `test`, or contains it. People are named by
    `identity_meta.csv`, if it is in that part, in one of the two folders above, or in a folder
    `meta` of these; otherwise by their Class_ID. People who share a name are named
    `NAME (CLASS_ID)`.

    Returns:
        As `folders`; the names of photographs begin with the Class_ID.

    Raises:
        DataError: If there are no such folders, `root` contains both parts, or the list of names
            cannot be read or lacks a Class_ID.
    """
    folder = _choose(root, ("train", "test"), "both parts of VGGFace2")
    photos, rejected = _find(
        folder, _FolderNames("n[0-9]{6}", "named by n and six digits, like 'n000002'")
    )
    here = Path(os.path.abspath(folder))
    places = [
        above / sub / META_FILE for above in (here, *here.parents[:2]) for sub in ("", "meta")
    ]
    meta = next((path for path in places if path.is_file()), None)
    if meta is None:
        return photos, rejected
    names = _read_meta(meta)
    classes = sorted({photo.person for photo in photos})
    if missing := [name for name in classes if name not in names]:
        raise DataError(
            f"'{meta}' lacks {len(missing)} of the people in '{folder}', for example {missing[0]}. "
            "Complete it, or remove it to name people by their Class_ID."
        )
    times = collections.Counter(names[name].casefold() for name in classes)
    unique = {
        name: names[name] if times[names[name].casefold()] == 1 else f"{names[name]} ({name})"
        for name in classes
    }
    return [photo._replace(person=unique[photo.person]) for photo in photos], rejected


def _choose(root: Path, names: tuple[str, str], both: str) -> Path:
    """Returns the folder in `root` that has one of `names`, or `root` if there is none."""
    inner = [root / name for name in names if (root / name).is_dir()]
    if len(inner) == 2:
        raise DataError(f"Folder '{root}' contains {both}: give '{inner[0]}' or '{inner[1]}'.")
    return inner[0] if inner else root


def _find(root: Path, folder_names: _FolderNames) -> Found:
    """Finds the photographs in the folders of people in `root`, named as the folders are."""
    found, rejected = scan_folder(root)
    photos = []
    for photo in found:
        person, slash, _ = photo.name.partition("/")
        if slash and re.fullmatch(folder_names.pattern, person):
            photos.append(photo._replace(person=compose_name(person)))
        else:
            reason = f"it is not in a folder {folder_names.described}"
            rejected.append(Rejected(photo.name, reason))
    if not photos:
        raise DataError(
            f"Folder '{root}' contains {len(found):,} photographs, for example '{found[0].name}', "
            f"but none in a folder {folder_names.described}."
        )
    listed = {photo.person for photo in photos} | {item.file for item in rejected}
    people = [
        name
        for name in os.listdir(root)
        if re.fullmatch(folder_names.pattern, name) and os.path.isdir(root / name)
    ]
    for name in {compose_name(printable(name)) for name in people} - listed:
        rejected.append(Rejected(name, "the folder contains no photographs", PERSON))
    report_merged(people)
    return photos, sorted(rejected)


def _read_meta(path: Path) -> dict[str, str]:
    """Returns Class_ID → name of `identity_meta.csv`.

    The columns are Class_ID, Name, Sample_Num, Flag (1 in the training part) and Gender.
    """
    names: dict[str, str] = {}
    lines = read_text(path, "list of names", bom=True).splitlines()
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
        name = compose_name(name.replace('""', '"'))
        if names.setdefault(identity, name) != name:
            raise DataError(
                f"Line {number} of '{path}' gives {identity} the name '{name}', an earlier line "
                f"'{names[identity]}'."
            )
    return names
