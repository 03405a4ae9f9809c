"""Spellings of a name, and names of people."""

import pytest

from facerec_tf.data.name_source import NameKind, guess_kind
from facerec_tf.data.names import compose_name, is_personal, normalize_name, person_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë_Ångström", "zoe angstrom"),
        ("Zoe\u0308_A\u030angstro\u0308m", "ZOE ÅNGSTRÖM"),
        ("O'Neil, Jean-Luc", "o_neil.jean luc"),
        ("  Bob__  Smith.", "bob smith"),
        ("Straße", "STRASSE"),
        ("ﬁsher", "FISHER"),
        ("Ｔａｎａｋａ", "tanaka"),
        ("Βίκυ", "ΒΙΚΥ"),
    ],
)
def test_spellings_of_one_name(one, other):
    assert normalize_name(one) == normalize_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann", "Anna"),
        ("Mary Ann", "Maryann"),
        ("が", "か"),
        ("राम", "रमा"),
        ("---", "___"),
        ("0001", "1"),
        ("", " "),
    ],
)
def test_different_names(one, other):
    assert normalize_name(one) != normalize_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Al Gore", "Al_Gore"),
        ("Gore, Al", "al_gore"),
        ("lfw/Zoë_Ångström", "ZOE ANGSTROM"),
        ("Rene\u0301e", "Ren\u00e9e"),
    ],
)
def test_forms_of_one_person(one, other):
    assert person_key(one) == person_key(other)


def test_different_people():
    assert len({person_key(name) for name in ("Al Gore", "Al Gorey", "Albert Gore", "lfw/Al")}) == 4


def test_two_unicode_forms_of_a_name():
    assert compose_name("Rene\u0301e") == compose_name("Ren\u00e9e") == "Ren\u00e9e"
    assert compose_name("ﬁsher") == "ﬁsher"


def test_names_of_people_have_no_digits():
    personal = ["Al_Gore", "Zoë Ångström", "李明", "O'Neil"]
    assert [name for name in personal if not is_personal(name)] == []
    assert not any(map(is_personal, ["12", "n000002", "m.0107_f", "id_17", "", "A", "_", "٣٤ab"]))


def test_the_kind_is_that_of_nine_in_ten_names():
    assert guess_kind(["Al_Gore"] * 9 + ["12"]) is NameKind.PEOPLE
    assert guess_kind(["Al_Gore"] * 8 + ["12"]) is NameKind.NUMBERS
    assert guess_kind([]) is NameKind.NUMBERS
    assert guess_kind(["synthetic-000012", "synthetic-000013"]) is NameKind.DRAWN
    assert guess_kind(["synthetic-000012", "13"]) is NameKind.NUMBERS
