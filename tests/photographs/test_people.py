"""People, whose names may be given in several forms."""

import unicodedata

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.people import group_by_person, report_merged, without_images
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import PERSON, Rejected
from facerec_tf.photographs.table import FOLDER_LAYOUTS

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "Renée") for form in ("NFC", "NFD"))


def photos(**numbers):
    return [Photo(f"{who}/{n}.jpg", who) for who, number in numbers.items() for n in range(number)]


def test_people_with_too_few_images_are_listed():
    people, left_out = group_by_person(photos(Bob=3, Ann=1, Cem=2), min_images=2)
    assert list(people) == ["Bob", "Cem"]
    assert left_out == [Rejected("Ann", "too few images: 1, fewer than 2", PERSON)]
    with pytest.raises(DataError, match="Nobody has min_images=4"):
        group_by_person(photos(Bob=3), min_images=4)


def test_people_without_a_crop():
    found = without_images(photos(Bob=3, Ann=1), ["Bob"])
    assert found == [Rejected("Ann", "none of the person's images gave a crop", PERSON)]


def test_names_in_several_unicode_forms_are_reported(capsys):
    report_merged([COMPOSED, "Ann"])
    assert capsys.readouterr().err == ""
    report_merged([COMPOSED, DECOMPOSED, "Ann"])
    printed = capsys.readouterr().err
    assert printed.startswith("note: names given in several Unicode forms")
    assert f"'{COMPOSED}'" in printed


def test_folders_in_two_unicode_forms_are_of_one_person(write_photos, capsys):
    root = write_photos(f"{COMPOSED}/1.jpg", f"{DECOMPOSED}/2.jpg", "Ann/1.jpg")
    found, _ = FOLDER_LAYOUTS["folders"](root)
    people, _ = group_by_person(found)
    assert {name: len(own) for name, own in people.items()} == {"Ann": 1, COMPOSED: 2}
    assert COMPOSED in capsys.readouterr().err
