"""Data sets of known people made one, and who is who in them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.curation.merge import merge_records, name_inputs
from facerec_tf.curation.people import unite
from facerec_tf.data import CropFormat, Manifest, Record, write_records
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.data.records import read_shard

#: Data set → identity → images.
CROP_FORMAT = CropFormat(alignment="arcface-112")
SETS = {
    "casia": {"Ann": 3, "Bob": 2, 'Zoë "Z", Ångström': 1},
    "vgg": {"Bob": 2, "Cem": 1, "two\nlines": 1, "Annie": 2},
    "glint": {"Bob": 1, "casia/Bob": 1},
}


def write_set(directory, identities, **options):
    records = [
        Record(f"{directory.name} {name} {i}".encode(), label, name, f"{name}/{i}.jpg")
        for label, (name, images) in enumerate(identities.items())
        for i in range(images)
    ]
    write_records(directory, records, num_shards=2, crop_format=CROP_FORMAT, **options)
    return directory


@pytest.fixture
def sets(tmp_path):
    return {name: write_set(tmp_path / name, people) for name, people in SETS.items()}


def read_all(directory):
    shards = Manifest.load(directory).shards
    return [r for shard in shards for r in read_shard(directory / shard.file)]


def read_map(directory):
    with open(directory / "label_map.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(r["dataset"], r["old_name"]): (int(r["new_label"]), r["new_name"]) for r in rows}


def write_same(path, *rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("dataset", "identity", "person"), *rows])
    return path


def assert_whole(directory, expected):
    """All images are there, of the people `expected`: (data set, identity) → name."""
    manifest = Manifest.load(directory)
    manifest.verify(directory)
    names = [entry.name for entry in manifest.classes]
    assert len(set(names)) == len(names)
    found = sorted((r.encoded, r.text, r.filename) for r in read_all(directory))
    assert found == sorted(
        (f"{dataset} {name} {i}".encode(), expected[dataset, name], f"{dataset}/{name}/{i}.jpg")
        for dataset, people in SETS.items()
        for name, images in people.items()
        for i in range(images)
    )
    told = read_map(directory)
    assert {who: name for who, (_, name) in told.items()} == expected
    assert all(names[label] == name for label, name in told.values())
    assert all(names[record.label] == record.text for record in read_all(directory))


APART = {
    ("casia", "Ann"): "Ann",
    ("casia", "Bob"): "casia/Bob",
    ("casia", 'Zoë "Z", Ångström'): 'Zoë "Z", Ångström',
    ("vgg", "Bob"): "vgg/Bob",
    ("vgg", "Cem"): "Cem",
    ("vgg", "two\nlines"): "two\nlines",
    ("vgg", "Annie"): "Annie",
    ("glint", "Bob"): "glint/Bob",
    ("glint", "casia/Bob"): "glint/casia/Bob",
}


def test_identities_stay_apart(sets, tmp_path):
    (tmp_path / "vgg" / "pairs").mkdir()
    summary = merge_records(tmp_path / "out", sets)
    assert_whole(tmp_path / "out", APART)
    manifest = Manifest.load(tmp_path / "out")
    assert (manifest.num_classes, len(manifest.shards)) == (9, 6)
    assert (manifest.alignment, manifest.image_size) == ("arcface-112", (112, 112))
    assert [entry.images for entry in manifest.classes[:3]] == [3, 2, 1]
    assert summary["images"] == "14 of 9 people, from 3 data sets"
    assert summary["renamed"].startswith("4 identities")
    assert str(tmp_path / "vgg" / "pairs") in summary["pair sets"]


def test_equal_names_are_one_person_if_told(sets, tmp_path):
    summary = merge_records(tmp_path / "out", sets, same_names=True, num_shards=1)
    assert_whole(tmp_path / "out", {(dataset, name): name for dataset, name in APART})
    assert Manifest.load(tmp_path / "out").num_classes == 7
    assert summary["identities"].startswith("9, 2 of them merged into another of the same person")


def test_a_list_says_who_is_one_person(sets, tmp_path):
    same = write_same(
        tmp_path / "same.csv",
        ("casia", "Ann", "Ann Smith"),
        ("vgg", "Annie", "Ann Smith"),
        ("casia", 'Zoë "Z", Ångström', "Zoë"),
        ("vgg", "two\nlines", "Zoë"),
        ("glint", "Bob", "Bob"),
    )
    expected = {
        **APART,
        ("casia", "Ann"): "Ann Smith",
        ("vgg", "Annie"): "Ann Smith",
        ("casia", 'Zoë "Z", Ångström'): "Zoë",
        ("vgg", "two\nlines"): "Zoë",
        ("glint", "Bob"): "Bob",
    }
    merge_records(tmp_path / "out", sets, same=same)
    assert_whole(tmp_path / "out", expected)
    assert Manifest.load(tmp_path / "out").num_classes == 7


def test_the_list_goes_before_equal_names(sets, tmp_path):
    same = write_same(tmp_path / "same.csv", ("vgg", "Bob", "Robert"), ("casia", "Ann", "Annie"))
    merge_records(tmp_path / "out", sets, same=same, same_names=True)
    expected = {(dataset, name): name for dataset, name in APART}
    expected |= {("vgg", "Bob"): "Robert", ("casia", "Ann"): "Annie"}
    assert_whole(tmp_path / "out", expected)
    assert Manifest.load(tmp_path / "out").num_classes == 7


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [("casia", "Ben", "Bob")],
            "Line 2 of .*same.csv': data set 'casia' has no identity 'Ben'",
        ),
        ([("lfw", "Ann", "Ann")], "names data set 'lfw', expected one of 'casia', 'vgg', 'glint'"),
        ([("vgg", "two\nlines", "A"), ("vgg", "two\nlines", "B")], "Line 5 .* is 'B', and .* 'A'"),
        ([("casia", "Ann", "")], "Line 2 of .* must be dataset, identity, person"),
        ([("casia", "Ann")], "Line 2 of .* must be dataset, identity, person"),
        ([("vgg", "Cem", "glint/Bob")], "'glint/Bob' would be the name of two people"),
    ],
)
def test_lists_that_do_not_fit(sets, tmp_path, rows, words):
    same = write_same(tmp_path / "same.csv", *rows)
    with pytest.raises(DataError, match=words):
        merge_records(tmp_path / "out", sets, same=same)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "must begin with the header dataset,identity,person"),
        (b"identity,person\n", "must begin with the header"),
        (b'dataset,identity,person\ncasia,"Ann', "Line 2 of list of people '.*' is not valid CSV"),
        (b"\xff\xfe", "List of people '.*' is not valid UTF-8"),
    ],
)
def test_no_lists(sets, tmp_path, content, words):
    (tmp_path / "same.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        merge_records(tmp_path / "out", sets, same=tmp_path / "same.csv")
    with pytest.raises(DataError, match="Cannot read"):
        merge_records(tmp_path / "out", sets, same=tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("crop_format", "words"),
    [
        (
            CropFormat((112, 96), "arcface-112"),
            "of one size: those of '.*casia' are 112×112, .* 112×96",
        ),
        (CropFormat(), "of one alignment: those of .* are arcface-112, .* unknown"),
    ],
)
def test_records_that_do_not_go_together(sets, tmp_path, crop_format, words):
    people = [Record(b"x", 0, "Dan", "Dan/0.jpg")]
    write_records(tmp_path / "other", people, crop_format=crop_format)
    with pytest.raises(DataError, match=words):
        merge_records(tmp_path / "out", {**sets, "other": tmp_path / "other"})
    assert not (tmp_path / "out").exists()


def test_leaves_nothing_behind_when_records_are_damaged(sets, tmp_path):
    shard = max(sets["glint"].glob("*.tfrecord"))
    content = bytearray(shard.read_bytes())
    content[20] ^= 1
    shard.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"Record 0 of .*glint.* is corrupt"):
        merge_records(tmp_path / "out", sets)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_in_use_stays_as_it_is(sets, tmp_path):
    with pytest.raises(UserError, match="is not empty"):
        merge_records(sets["vgg"], sets)
    Manifest.load(sets["vgg"]).verify(sets["vgg"])


def test_writes_the_same_every_time(sets, tmp_path):
    for name in ("one", "two"):
        merge_records(tmp_path / name, sets)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_names_of_data_sets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert name_inputs(["a/b", "c=a/c", "./d=e", "."]) == {
        "b": Path("a/b"),
        "c": Path("a/c"),
        "d=e": Path("./d=e"),
        tmp_path.name: Path("."),
    }


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (["a/train", "b/train"], "both named 'train': .* --inputs=train1=a/train,train2=b/train"),
        (["x=a", "y=./a"], "'a' is given twice"),
        (["/"], "'/' has no name"),
        ([""], "'' has no name"),
    ],
)
def test_data_sets_without_a_name_of_their_own(inputs, words):
    with pytest.raises(ArgumentError, match=words):
        name_inputs(inputs)
    with pytest.raises(ArgumentError, match="'inputs' must be one or more folders of records"):
        merge_records(Path("out"), {})


def test_many_random_people():
    """Against a plain search for who shares a person, and for names that would be two people's."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        pool = ["x", "a/x", "b/x", "a/a/x", "b/a/x", "y"]
        identities = {
            name: rng.permutation(pool)[: rng.integers(1, 5)].tolist() for name in ("a", "b", "c")
        }
        flat = [(dataset, name) for dataset, names in identities.items() for name in names]
        persons = {
            place: str(rng.choice(["x", "y", "P"]))
            for place in range(len(flat))
            if rng.random() < 0.2
        }
        same_names = bool(rng.random() < 0.3)
        people = unite(identities, persons, same_names)
        called = [persons.get(place, name) for place, (_, name) in enumerate(flat)]
        for i in range(len(flat)):
            for j in range(i):
                same_person = same_names or (i in persons and j in persons)
                are_same = same_person and called[i] == called[j]
                assert (people.labels[i] == people.labels[j]) == are_same
        assert sorted(set(people.labels.tolist())) == list(range(len(people.names)))
        assert len(set(people.names)) == len(people.names)
        for place, label in enumerate(people.labels.tolist()):
            alternatives = {called[place]}
            if place not in persons and not same_names:
                alternatives.add(f"{flat[place][0]}/{called[place]}")
                if called.count(called[place]) > 1:
                    alternatives.remove(called[place])
            assert people.names[label] in alternatives


TWO_FORMS = {"Rene\u0301e": 2, "Ann": 1, "Ren\u00e9e": 3}


@pytest.mark.parametrize("same_names", [False, True])
def test_two_unicode_forms_of_a_name_are_one_person(tmp_path, same_names):
    data = write_set(tmp_path / "mac", TWO_FORMS)
    other = write_set(tmp_path / "linux", {"Bob": 1, "Rene\u0301e": 1})
    sets = {"mac": data, "linux": other}
    summary = merge_records(tmp_path / "out", sets, same_names=same_names)
    assert summary["Unicode"] == (
        "2 names are now in the form NFC; 1 identities had the name of another in a second form, "
        "and are merged with it"
    )
    manifest = Manifest.load(tmp_path / "out")
    found = {entry.name: entry.images for entry in manifest.classes}
    apart = {"mac/Ren\u00e9e": 5, "Ann": 1, "Bob": 1, "linux/Ren\u00e9e": 1}
    assert found == ({"Ren\u00e9e": 6, "Ann": 1, "Bob": 1} if same_names else apart)
    assert {r.text for r in read_all(tmp_path / "out")} == set(found)
    labels = read_map(tmp_path / "out")
    assert labels["mac", "Rene\u0301e"] == labels["mac", "Ren\u00e9e"]


def test_a_list_of_people_in_another_unicode_form(tmp_path):
    data = write_set(tmp_path / "mac", TWO_FORMS)
    same = write_same(
        tmp_path / "same.csv", ("mac", "Rene\u0301e", "Zoe\u0308"), ("mac", "Ann", "Zo\u00eb")
    )
    merge_records(tmp_path / "out", {"mac": data}, same=same)
    classes = Manifest.load(tmp_path / "out").classes
    assert [(entry.name, entry.images) for entry in classes] == [("Zo\u00eb", 6)]


def test_names_in_one_form_are_not_reported(sets, tmp_path):
    assert "Unicode" not in merge_records(tmp_path / "out", sets)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [("pp", "people"), ("nn", "numbers"), ("pn", "numbers"), ("dd", "drawn"), ("dp", "numbers")],
)
def test_the_kind_of_the_names(tmp_path, kinds, expected):
    meaning = {"p": NameKind.PEOPLE, "n": NameKind.NUMBERS, "d": NameKind.DRAWN}
    sets = {
        f"set{place}": write_set(
            tmp_path / f"set{place}", {f"{place} a": 1, "b": 1}, names=NameSource(meaning[kind])
        )
        for place, kind in enumerate(kinds)
    }
    merge_records(tmp_path / "out", sets)
    assert Manifest.load(tmp_path / "out").name_kind.value == expected
