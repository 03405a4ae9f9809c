"""Labeled Faces in the Wild: View 1 for training, pairs for Views 1 and 2 (REFERENCE §7)."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.data import Pair, Record, new_directory, write_pair_set, write_records
from facerec_tf.photographs.crops import Cropper
from facerec_tf.photographs.outcome import crop_all
from facerec_tf.photographs.photo import Photo

NUM_FOLDS = 10


def import_lfw(
    archive: Path,
    crop_photo: Cropper,
    output: Path,
    *,
    image_size: tuple[int, int],
    alignment: str,
) -> dict[str, str]:
    """Writes the training records of View 1 to `output`, and both views' pairs to `output/pairs`.

    The official split files, peopleDevTrain.txt, pairsDevTest.txt and pairs.txt, lie beside the
    archive.

    Args:
        archive: lfw-deepfunneled.tar, or another tar of LFW.
        crop_photo: From a photograph to its crop; every photograph of the splits must have one.
        output: Folder to make.
        image_size: Height and width of the crops.
        alignment: Name of the template they follow.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If an input is missing or damaged, a photograph that the splits name gives no
            crop, or `output` cannot be written.
    """
    people = read_people(archive.parent / "peopleDevTrain.txt")
    view1 = read_pairs(archive.parent / "pairsDevTest.txt")
    view2 = read_pairs(archive.parent / "pairs.txt")
    require_disjoint(people, view1)

    with new_directory(output) as folder:
        crops, rejected = crop_archive(archive, crop_photo)
        training = require_images(training_images(people), crops, rejected)
        common = {"image_size": image_size, "alignment": alignment}
        write_records(folder, make_records(training, crops), name="train", **common)
        for name, pairs in (("lfw_view1", view1), ("lfw_view2", view2)):
            images = sorted({image for pair in pairs for image in (pair.first, pair.second)})
            records = make_records(require_images(images, crops, rejected), crops)
            write_pair_set(folder / "pairs" / name, records, pairs, name=name, **common)
    return {
        "training": f"{len(training):,} images of {len(people):,} people",
        "lfw_view1": f"{len(view1):,} pairs",
        "lfw_view2": f"{len(view2):,} pairs",
        "aligned": f"{len(crops):,} of {len(crops) + len(rejected):,} photographs",
    }


def read_people(path: Path) -> dict[str, int]:
    """Returns the people of a split file and their numbers of images."""
    rows = _read_split(path)[1:]
    try:
        return {name: int(images) for name, images in rows}
    except ValueError:
        raise DataError(f"Split file '{path}' must hold lines of a name and a number.") from None


def read_pairs(path: Path) -> list[Pair]:
    """Returns the pairs of a split file, in its order.

    The first line tells the pairs of the same, and then of different people in one fold, preceded
    by the number of folds if there are several. A file without folds is cut into ten contiguous
    parts, of the same and of different people alike.
    """
    (*folds, size), *rows = _read_split(path)
    try:
        num_folds = int(folds[0]) if folds else 1
        expected = 2 * num_folds * int(size)
        pairs = [_parse_pair(row) for row in rows]
    except ValueError:
        raise DataError(f"Split file '{path}' holds a line that names no pair.") from None
    if len(pairs) != expected:
        raise DataError(f"Split file '{path}' holds {len(pairs)} pairs and promises {expected}.")
    if num_folds == 1:
        places = [place % (expected // 2) for place in range(expected)]
        return [
            pair._replace(fold=place * NUM_FOLDS // (expected // 2))
            for pair, place in zip(pairs, places, strict=True)
        ]
    return [pair._replace(fold=place * num_folds // expected) for place, pair in enumerate(pairs)]


def require_disjoint(people: Mapping[str, int], pairs: Sequence[Pair]) -> None:
    """Raises `DataError` if someone who is trained on appears in the evaluation pairs."""
    judged = {person_of(image) for pair in pairs for image in (pair.first, pair.second)}
    if common := sorted(judged & people.keys()):
        raise DataError(
            f"{len(common)} people are in peopleDevTrain.txt and pairsDevTest.txt alike, "
            f"'{common[0]}' for one: these are not the official split files."
        )


def crop_archive(archive: Path, crop_photo: Cropper) -> tuple[dict[str, bytes], dict[str, str]]:
    """Returns photograph → JPEG of its crop, and photograph → reason that it has none."""
    crops: dict[str, bytes] = {}
    rejected: dict[str, str] = {}
    outcomes = crop_all(read_photos(archive), crop_photo)
    for outcome in progress_bar(outcomes, unit=" photos"):
        name = outcome.photo.name
        if outcome.reason:
            rejected[name] = outcome.reason
        else:
            crops[name] = outcome.crops[0].encoded
    return crops, rejected


def read_photos(archive: Path) -> Iterator[Photo]:
    """Yields the photographs in a tar, called `PERSON/PERSON_0001.jpg`.

    Raises:
        DataError: If it cannot be read, or is cut short.
    """
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                if member.isfile() and member.name.endswith(".jpg"):
                    name = "/".join(PurePosixPath(member.name).parts[-2:])
                    encoded = tar.extractfile(member).read()
                    yield Photo(name, person_of(name), encoded=encoded)
    except OSError as error:
        raise DataError(f"Cannot read archive '{archive}': {error.strerror or error}.") from None
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"Archive '{archive}' is damaged or cut short: {error}.") from None


def training_images(people: Mapping[str, int]) -> list[str]:
    """Returns the names of all images of `people`, sorted."""
    return [
        f"{person}/{person}_{number:04d}.jpg"
        for person, count in sorted(people.items())
        for number in range(1, count + 1)
    ]


def require_images(
    images: list[str], crops: Mapping[str, bytes], rejected: Mapping[str, str]
) -> list[str]:
    """Returns `images`, or raises `DataError` if one of them is not among `crops`."""
    for image in images:
        if image in rejected:
            raise DataError(
                f"The split files name '{image}', but {rejected[image]}: a protocol is whole or "
                "none. Try --detector=mtcnn or other limits, or give --landmarks."
            )
        if image not in crops:
            raise DataError(f"The split files name '{image}', which the archive does not hold.")
    return images


def make_records(images: Sequence[str], crops: Mapping[str, bytes]) -> Iterator[Record]:
    """Yields the records of `images`, people numbered in sorted order."""
    people = sorted({person_of(image) for image in images})
    labels = {person: label for label, person in enumerate(people)}
    for image in images:
        person = person_of(image)
        yield Record(crops[image], labels[person], person, image)


def person_of(image: str) -> str:
    """Returns the person whom `PERSON/PERSON_0001.jpg` shows."""
    return image.split("/")[0]


def _read_split(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"Cannot read split file '{path}' ({reason}): the official split files must lie beside "
            "the archive."
        ) from None
    rows = [line.split("\t") for line in lines if line.strip()]
    if not rows:
        raise DataError(f"Split file '{path}' is empty.")
    return rows


def _parse_pair(row: list[str]) -> Pair:
    if len(row) == 3:
        person, first, second = row
        return Pair(0, _image(person, first), _image(person, second), same=True)
    person, first, other, second = row
    return Pair(0, _image(person, first), _image(other, second), same=False)


def _image(person: str, number: str) -> str:
    return f"{person}/{person}_{int(number):04d}.jpg"
