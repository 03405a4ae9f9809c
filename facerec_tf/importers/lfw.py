"""Labeled Faces in the Wild: training records of View 1, pairs of Views 1 and 2.

Archives, split files and protocols: http://vis-www.cs.umass.edu/lfw/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_text
from facerec_tf.data import CropFormat, Pair, Record, new_directory, write_pair_set, write_records
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.importers.photo_archive import count_photos, person_of, read_photos
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.crop_result import crop_photos

#: Folds of a list of pairs that has none, such as pairsDevTest.txt.
NUM_FOLDS = 10

#: Bytes of a split file; the official ones have less than 300 KB.
_LARGEST_SPLIT = 1 << 26

#: The number of photographs of a person, or of one of them, that LFW's names have digits for.
_MOST_PHOTOS = 9999


def import_lfw(
    archive: Path,
    cropper: Cropper,
    output: Path,
    *,
    crop_format: CropFormat,
) -> dict[str, str]:
    """Writes the training records of View 1 to `output`, and both views' pairs to `output/pairs`.

    The official split files, peopleDevTrain.txt, pairsDevTest.txt and pairs.txt, must be in the
    folder of the archive.

    Args:
        archive: lfw-deepfunneled.tar, or another tar of LFW.
        cropper: From a photograph to its crops, of which the first is used; every photograph named
            by the split files must have one.
        output: Folder to create.
        crop_format: Size and alignment of the crops.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If an input is missing or damaged, a photograph named by the split files gives no
            crop, or `output` cannot be written.
    """
    people = read_people(archive.parent / "peopleDevTrain.txt")
    view1 = read_pairs(archive.parent / "pairsDevTest.txt")
    view2 = read_pairs(archive.parent / "pairs.txt")
    require_disjoint(people, view1)

    with new_directory(output) as folder:
        crops, rejected = crop_archive(archive, cropper)
        training = training_images(people)
        require_images(training, crops, rejected)
        names = NameSource(NameKind.PEOPLE)
        write_records(folder, _records(training, crops), crop_format=crop_format, names=names)
        for name, pairs in (("lfw_view1", view1), ("lfw_view2", view2)):
            images = sorted({image for pair in pairs for image in (pair.first, pair.second)})
            require_images(images, crops, rejected)
            target, records = folder / "pairs" / name, _records(images, crops)
            write_pair_set(target, records, pairs, name=name, crop_format=crop_format, names=names)
    return {
        "training": f"{len(training):,} images of {len(people):,} people",
        "lfw_view1": f"{len(view1):,} pairs",
        "lfw_view2": f"{len(view2):,} pairs",
        "aligned": f"{len(crops):,} of {len(crops) + len(rejected):,} photographs",
    }


def read_people(path: Path) -> dict[str, int]:
    """Reads a list of people, such as peopleDevTrain.txt: person → number of photographs.

    Raises:
        DataError: If the file cannot be read, or a line is not a name and a number.
    """
    people: dict[str, int] = {}
    for line, row in _read_split(path)[1:]:
        try:
            name, images = row
            people[name] = _number(images)
        except ValueError:
            raise DataError(
                f"Line {line} of split file '{path}' must be a name and a number of at most "
                f"{_MOST_PHOTOS}, separated by a tab. Found: {' '.join(row)}"
            ) from None
    return people


def read_pairs(path: Path) -> list[Pair]:
    """Reads a list of pairs, such as pairs.txt or pairsDevTest.txt, in its order.

    The first line gives the number of folds, if there are several, and the number of pairs of the
    same person in a fold, which is also that of different people. A file without folds is split
    into ten: contiguous parts of the pairs of the same person, each with the corresponding part of
    the others.

    Raises:
        DataError: If the file cannot be read, a line is not a pair, or the number of pairs differs
            from the first line.
    """
    (first, header), *rows = _read_split(path)
    pairs = [_parse_pair(row, path, line) for line, row in rows]
    try:
        *folds, size = map(int, header)
        (num_folds,) = folds or (1,)
    except ValueError:
        raise DataError(
            f"Line {first} of split file '{path}' must be the number of folds, if there are "
            f"several, and the pairs of each kind in a fold. Found: {' '.join(header)}"
        ) from None
    expected = 2 * num_folds * size
    if len(pairs) != expected:
        raise DataError(
            f"Split file '{path}' has {len(pairs)} pairs, but its first line gives {expected}."
        )
    if num_folds == 1:
        places = [place % size for place in range(expected)]
        return [
            pair._replace(fold=place * NUM_FOLDS // size)
            for pair, place in zip(pairs, places, strict=True)
        ]
    return [pair._replace(fold=place * num_folds // expected) for place, pair in enumerate(pairs)]


def require_disjoint(people: Mapping[str, int], pairs: Sequence[Pair]) -> None:
    """Raises `DataError` if a person of the training set appears in the evaluation pairs."""
    compared = {person_of(image) for pair in pairs for image in (pair.first, pair.second)}
    if common := sorted(compared & people.keys()):
        raise DataError(
            f"{len(common)} people are both in peopleDevTrain.txt and in pairsDevTest.txt, for "
            f"example '{common[0]}': these are not the official split files."
        )


def crop_archive(archive: Path, cropper: Cropper) -> tuple[dict[str, bytes], dict[str, str]]:
    """Returns photograph → JPEG of its crop, and photograph → reason why it has none.

    Raises:
        DataError: As `photo_archive` does, before any photograph is decoded.
    """
    crops: dict[str, bytes] = {}
    rejected: dict[str, str] = {}
    total = count_photos(archive)
    results = crop_photos(read_photos(archive), cropper)
    for result in progress_bar(results, total=total, unit=" photos"):
        name = result.photo.name
        if result.reason:
            rejected[name] = result.reason
        else:
            crops[name] = result.crops[0].encoded
    return crops, rejected


def training_images(people: Mapping[str, int]) -> list[str]:
    """Returns the names of all images of `people`, sorted."""
    return [
        f"{person}/{person}_{number:04d}.jpg"
        for person, count in sorted(people.items())
        for number in range(1, count + 1)
    ]


def require_images(
    images: Sequence[str], crops: Mapping[str, bytes], rejected: Mapping[str, str]
) -> None:
    """Raises `DataError` unless each of `images` has a crop."""
    for image in images:
        if image in rejected:
            raise DataError(
                f"Photograph '{image}' of the split files gives no crop: {rejected[image]}. Every "
                "image of a protocol must be usable. Try --detector=mtcnn or other limits, or give "
                "--landmarks."
            )
        if image not in crops:
            raise DataError(f"Photograph '{image}' of the split files is not in the archive.")


def _records(images: Sequence[str], crops: Mapping[str, bytes]) -> Iterator[Record]:
    """Yields the records of `images`; labels are the ranks of the people's names."""
    people = sorted({person_of(image) for image in images})
    labels = {person: label for label, person in enumerate(people)}
    for image in images:
        person = person_of(image)
        yield Record(crops[image], labels[person], person, image)


def _read_split(path: Path) -> list[tuple[int, list[str]]]:
    """Returns line number and tab-separated fields of every line that is not blank."""
    if not path.exists():
        raise DataError(
            f"Split file '{path}' does not exist: put the official split files into the folder of "
            "the archive."
        )
    text = read_text(path, "split file", max_bytes=_LARGEST_SPLIT)
    lines = enumerate(text.splitlines(), start=1)
    rows = [(number, line.split("\t")) for number, line in lines if line.strip()]
    if not rows:
        raise DataError(f"Split file '{path}' is empty.")
    return rows


def _parse_pair(row: Sequence[str], path: Path, line: int) -> Pair:
    try:
        if len(row) == 3:
            person, first, second = row
            return Pair(0, _image(person, first), _image(person, second), same=True)
        person, first, other, second = row
        return Pair(0, _image(person, first), _image(other, second), same=False)
    except ValueError:
        raise DataError(
            f"Line {line} of split file '{path}' must be a name and two numbers, or a name and a "
            f"number twice, separated by tabs; numbers are 1 to {_MOST_PHOTOS}. "
            f"Found: {' '.join(row)}"
        ) from None


def _image(person: str, number: str) -> str:
    return f"{person}/{person}_{_number(number):04d}.jpg"


def _number(text: str) -> int:
    """Returns the number of, or the count of, a person's photographs."""
    if not 1 <= (number := int(text)) <= _MOST_PHOTOS:
        raise ValueError
    return number
