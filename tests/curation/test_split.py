"""Parts that share no one, and pairs of those held out."""

import csv

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.curation.names import write_names
from facerec_tf.curation.split import deal, split_records
from facerec_tf.data import CropFormat, Manifest, PairSet, Record, find_pairs, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.name_source import NameSource
from facerec_tf.data.records import read_shard

CROP_FORMAT = CropFormat(alignment="arcface-112")
PEOPLE = ["two\nlines", '"Zoë", Ångström', *(f"p{number}" for number in range(18))]


@pytest.fixture(scope="module")
def records(photo_of):
    return [
        Record(encode_jpeg(photo_of(100 * label + i, 112, 112)), label, name, f"{label}/{i}.jpg")
        for label, name in enumerate(PEOPLE)
        for i in range(1 + label % 3)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory, records):
    directory = tmp_path_factory.mktemp("split") / "data"
    write_records(
        directory,
        records,
        name="faces",
        num_shards=3,
        crop_format=CropFormat(alignment="arcface-112"),
    )
    (directory / "pairs" / "lfw").mkdir(parents=True)
    (directory / "pairs" / "lfw" / "pairs.csv").write_text("as it was")
    return directory


def read_all(directory):
    shards = Manifest.load(directory).shards
    return [r for shard in shards for r in read_shard(directory / shard.file)]


def names(directory):
    return [entry.name for entry in Manifest.load(directory).classes]


def assert_split(output, records, parts, left_out=()):
    """The parts hold all images of their people, in the order of the old labels."""
    found = {}
    for part in parts:
        manifest = Manifest.load(output / part)
        manifest.verify(output / part)
        assert (manifest.name, manifest.alignment) == ("faces", "arcface-112")
        own = names(output / part)
        assert sorted(own, key=PEOPLE.index) == own
        assert sorted(read_all(output / part)) == sorted(
            r._replace(label=own.index(r.text)) for r in records if r.text in own
        )
        found |= {name: (part, str(label)) for label, name in enumerate(own)}
    assert sum(len(names(output / part)) for part in parts) == len(found)
    assert set(found) == set(PEOPLE) - set(left_out)
    with open(output / "label_map.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["old_label", "name", "part", "new_label"],
        *([str(i), name, *found.get(name, ("", ""))] for i, name in enumerate(PEOPLE)),
    ]


def test_shares(data, records, tmp_path):
    summary = split_records(tmp_path / "out", data, {"train": 0.7, "val": 0.2, "test": 0.1})
    assert_split(tmp_path / "out", records, ["train", "val", "test"])
    assert [len(names(tmp_path / "out" / part)) for part in summary] == [14, 4, 2]
    assert summary["test"].endswith("images of 2 people")
    assert (tmp_path / "out" / "train" / "pairs" / "lfw" / "pairs.csv").read_text() == "as it was"
    assert not (tmp_path / "out" / "val" / "pairs").exists()


def test_holdout_with_pairs(data, records, tmp_path):
    split_records(tmp_path / "out", data, holdout=8, pairs=20, seed=3)
    assert_split(tmp_path / "out", records, ["train", "holdout"])
    assert len(names(tmp_path / "out" / "holdout")) == 8
    pairs = PairSet.load(find_pairs(tmp_path / "out" / "train", "holdout"))
    assert (len(pairs), int(pairs.same.sum()), pairs.manifest.alignment) == (20, 10, "arcface-112")
    people = {record.filename: record.text for record in records}
    for first, second, same in zip(pairs.first, pairs.second, pairs.same, strict=True):
        shown = [people[pairs.filenames[place]] for place in (first, second)]
        assert (len(set(shown)) == 1) == same
        assert set(shown) <= set(names(tmp_path / "out" / "holdout"))


def test_lists_of_names(data, records, tmp_path):
    write_names(tmp_path / "test.txt", PEOPLE[:2])
    write_names(tmp_path / "out.txt", ["p3", "p7"])
    summary = split_records(
        tmp_path / "out",
        data,
        {"train": 0.5, "val": 0.5},
        names={"test": tmp_path / "test.txt"},
        exclude=tmp_path / "out.txt",
    )
    assert_split(tmp_path / "out", records, ["train", "val", "test"], ["p3", "p7"])
    assert names(tmp_path / "out" / "test") == PEOPLE[:2]
    assert len(names(tmp_path / "out" / "train")) == 8
    assert summary["left out"] == "2 people"


def test_leaving_out_alone(data, records, tmp_path):
    write_names(tmp_path / "out.txt", PEOPLE[:1])
    split_records(tmp_path / "out", data, exclude=tmp_path / "out.txt")
    assert_split(tmp_path / "out", records, ["train"], PEOPLE[:1])


def test_the_seed_decides():
    plans = [deal(1000, {"a": 0.5, "b": 0.5}, {}, seed).part for seed in (1, 1, 2)]
    assert (plans[0] == plans[1]).all()
    assert 350 < (plans[0] == plans[2]).sum() < 650


def test_parts_of_any_size_share_no_one():
    rng = np.random.default_rng(0)
    for _ in range(50):
        total = int(rng.integers(40, 300))
        shares = rng.dirichlet([5, 5, 5])
        listed = rng.permutation(total)[:9].tolist()
        named = dict(zip(listed, ["b", "d", None] * 3, strict=True))
        plan = deal(total, dict(zip("abc", shares.tolist(), strict=True)), named, 0)
        assert plan.parts == ("a", "b", "c", "d")
        for identity, part in named.items():
            assert plan.part[identity] == (-1 if part is None else plan.parts.index(part))
        counts = [(plan.part == number).sum() for number in range(-1, 4)]
        assert sum(counts) == total
        assert counts[0] == counts[4] == 3
        expected = shares * (total - 9) + [0, 3, 0]
        assert np.abs(counts[1:4] - expected).max() <= 1
        for number in range(4):
            own = plan.labels[plan.part == number]
            assert own.tolist() == list(range(len(own)))
        assert (plan.labels[plan.part == -1] == -1).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"parts": {"train": 0.9, "val": 0.2}}, "'parts' must be shares that sum to 1. Received"),
        ({"parts": {"train": 1.2, "val": -0.2}}, "'parts' must be shares that sum to 1"),
        ({"parts": {"train": float("nan")}}, "'parts' must be shares that sum to 1"),
        ({"parts": {"../train": 1.0}}, "named with letters, digits, _ and - only"),
        ({"parts": {"train": 0.99, "val": 0.01}}, "none is empty, as 'val' is with 20 people"),
        ({"holdout": 20}, "'holdout_identities' must be between 1 and 19 people"),
        ({"holdout": 0}, "'holdout_identities' must be between 1 and 19 people"),
        ({"holdout": 2, "pairs": 30}, "'pairs' must be a positive multiple of 20"),
        ({"holdout": 2, "pairs": 200}, "too few images|two images or more"),
        ({"parts": {"train": 0.5, "lfw": 0.5}, "pairs": 20}, "already have pairs 'lfw'"),
        ({"seed": -1}, "'seed' must be an integer of at least 0"),
        ({"pairs": -20}, "'pairs' must be an integer of at least 0"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(data, tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        split_records(tmp_path / "out", data, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        (
            {"exclude": ["p1", "p99", "p98"]},
            "2 of the 3 names listed for the people left out .* 'p99'",
        ),
        ({"test": ["P1"]}, "1 of the 1 names listed for part 'test' are not in the records"),
        (
            {"test": ["p1"], "exclude": ["p1"]},
            "'p1' is listed for the people left out and for another part",
        ),
        ({"exclude": PEOPLE}, "none is empty, as 'train' is with 0 people"),
        ({"../x": ["p1"]}, "named with letters, digits"),
    ],
)
def test_lists_that_do_not_fit(data, tmp_path, lists, words):
    files = {}
    for number, (part, own) in enumerate(lists.items()):
        files[part] = tmp_path / f"{number}.txt"
        write_names(files[part], own)
    with pytest.raises((DataError, ArgumentError), match=words):
        split_records(tmp_path / "out", data, exclude=files.pop("exclude", None), names=files)
    assert not (tmp_path / "out").exists()


def test_folders_in_use_and_missing_ones(data, tmp_path):
    with pytest.raises(UserError, match="is not empty"):
        split_records(data, data)
    with pytest.raises(DataError, match="Cannot read"):
        split_records(tmp_path / "out", tmp_path / "nowhere")
    with pytest.raises(DataError, match="Cannot read"):
        split_records(tmp_path / "out", data, exclude=tmp_path / "nowhere.txt")


def test_names_in_another_unicode_form(records, tmp_path):
    """A name as it is written comes first; then its form NFC."""
    people = {"Ann": 0, "Ren\u00e9e": 1, "Zoe\u0308": 2, "Zo\u00eb": 3}
    chosen = [
        record._replace(label=label, text=name)
        for record, (name, label) in zip(records, people.items(), strict=False)
    ]
    write_records(tmp_path / "data", chosen)
    listed = tmp_path / "names.txt"
    listed.write_text("Rene\u0301e\nZoe\u0308\n", encoding="utf-8")
    split_records(tmp_path / "out", tmp_path / "data", names={"test": listed})
    assert names(tmp_path / "out" / "test") == ["Ren\u00e9e", "Zoe\u0308"]
    assert names(tmp_path / "out" / "train") == ["Ann", "Zo\u00eb"]


def test_parts_keep_the_source_of_their_names(data, tmp_path):
    """Of parts of parts, too."""
    split_records(tmp_path / "out", data, holdout=8, pairs=20, seed=3)
    split_records(tmp_path / "again", tmp_path / "out" / "train", {"train": 0.5, "val": 0.5})
    whole = Manifest.load(data)
    for part in ("out/train", "out/holdout", "out/train/pairs/holdout", "again/train", "again/val"):
        assert Manifest.load(tmp_path / part).names == NameSource(whole.name_kind, whole.origin)
