"""Wrong labels of known kinds, and a recognizer with centres as training would place them."""

import csv
import shutil
from collections import Counter

import keras
import numpy as np
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.curation import clean_labels as cleaning
from facerec_tf.curation.clean_labels import clean_labels
from facerec_tf.data import (
    CropFormat,
    Manifest,
    Pair,
    PairSet,
    Record,
    write_pair_set,
    write_records,
)
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.name_source import NameSource
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.records import read_shard
from facerec_tf.losses import Triplet
from facerec_tf.margins import ArcFace, SubCenterArcFace
from facerec_tf.models import Recognizer
from facerec_tf.runs import RunFolder
from facerec_tf.serving import passes

CROP_FORMAT = CropFormat(alignment="arcface-112")

#: Identity → whom its images show, and how many. "Nobody" has none within 75° of its centre, and
#: "Few" too few to have been trained on.
SHOWN = {
    "Ann": {"Ann": 34, "Bob": 2, "stranger": 1},
    "Few": {"Few": 1},
    "Bob": {"Bob": 35},
    "Nobody": {"stranger": 1, "other stranger": 1},
    "Cem": {"Cem": 33, "ghost": 1},
}
TRAINED = ["Ann", "Bob", "Nobody", "Cem"]

#: Identity → whom each of its centres shows.
CENTRES = {
    "Ann": ["stranger", "Ann", "Bob"],
    "Bob": ["Bob", "far away", "further away"],
    "Nobody": ["ghost", "ghost", "ghost"],
    "Cem": ["far away", "ghost", "Cem"],
}

DROPPED = {
    "Ann/Bob 0.jpg": "Ann",
    "Ann/Bob 1.jpg": "Ann",
    "Ann/stranger 0.jpg": "Ann",
    "Nobody/stranger 0.jpg": "Nobody",
    "Nobody/other stranger 0.jpg": "Nobody",
    "Cem/ghost 0.jpg": "Cem",
}
RELABELLED = {"Ann/Bob 0.jpg": "Bob", "Ann/Bob 1.jpg": "Bob"}


@pytest.fixture(scope="module")
def photo(image):
    """Returns a function that draws a person: a pattern of their own, and some of another."""
    names = ["Ann", "Bob", "Cem", "Few", "ghost", "stranger", "other stranger"]
    seeds = {name: seed for seed, name in enumerate([*names, "far away", "further away"])}

    def draw(name, number):
        own, other = image(seeds[name], 112), image(1000 * seeds[name] + number + 100, 112)
        return (0.9 * own + 0.1 * other).astype(np.uint8)

    return draw


@pytest.fixture(scope="module")
def records(photo):
    return [
        Record(encode_jpeg(photo(face, number)), label, name, f"{name}/{face} {number}.jpg")
        for label, (name, faces) in enumerate(SHOWN.items())
        for face, count in faces.items()
        for number in range(count)
    ]


def make_recognizer(photo, head, size=112):
    """A recognizer that embeds an image as its pixels, coarsely; centres are of images."""
    backbone = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            keras.layers.AveragePooling2D(14),
            keras.layers.Flatten(),
        ]
    )
    recognizer = Recognizer(backbone, head)
    if size == 112 and isinstance(head, SubCenterArcFace) and head.num_classes == len(TRAINED):
        images = np.stack([photo(CENTRES[name][k], 0) for k in range(3) for name in TRAINED])
        recognizer.head.centres.assign(np.transpose(recognizer(images)))
    return recognizer


@pytest.fixture(scope="module")
def data(tmp_path_factory, records):
    """Folder of the records, and a pair set."""
    directory = tmp_path_factory.mktemp("cleaning") / "data"
    write_records(
        directory,
        records,
        name="noisy",
        num_shards=3,
        crop_format=CROP_FORMAT,
    )
    some = records[27:62:5]
    pairs = [Pair(i % 2, some[i].filename, some[i + 1].filename, i < 3) for i in range(6)]
    write_pair_set(directory / "pairs" / "holdout", some, pairs, name="holdout")
    return directory


@pytest.fixture(scope="module")
def run(tmp_path_factory, data, photo):
    """Folder of a run on the identities with two images or more."""
    folder = RunFolder(tmp_path_factory.mktemp("cleaning") / "run")
    options = {"data.directory": str(data), "data.min_images": 2, "model.loss": "subcenter_arcface"}
    recognizer = make_recognizer(photo, SubCenterArcFace(len(TRAINED)))
    folder.begin(ExperimentConfig().override(options), Manifest.load(data), recognizer)
    recognizer.save(folder.recognizer)
    return folder.path


def read_all(directory):
    shards = Manifest.load(directory).shards
    return [r for shard in shards for r in read_shard(directory / shard.file)]


def read_report(directory):
    with open(directory / "label_noise.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def people(directory):
    return {entry.name: entry.images for entry in Manifest.load(directory).classes}


def test_drops(run_verb, run, data, records, tmp_path):
    done = run_verb("clean-labels", workdir=run, output=tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "images: 109 of 5 identities" in done.stdout
    assert "kept: 102 (93.6 %), within 75°\ndropped: 6 (5.5 %), past 75°\n" in done.stdout
    assert "not evaluated: 1 (0.9 %), of 1 identities that" in done.stdout
    assert "identities: 4 of 5 have images left, all but 'Nobody'\n" in done.stdout

    before, after = Manifest.load(data), Manifest.load(tmp_path / "out")
    after.verify(tmp_path / "out")
    assert (after.name, after.alignment, after.image_size) == ("noisy", "arcface-112", (112, 112))
    assert len(after.shards) == len(before.shards)
    assert after.names == NameSource(before.name_kind, before.origin)
    assert people(tmp_path / "out") == {"Ann": 34, "Bob": 35, "Cem": 33, "Few": 1}
    labels = {entry.name: label for label, entry in enumerate(after.classes)}
    kept = sorted(r._replace(label=labels[r.text]) for r in records if r.filename not in DROPPED)
    assert sorted(read_all(tmp_path / "out")) == kept

    holdout = PairSet.load(tmp_path / "out" / "pairs" / "holdout")
    assert holdout.filenames == PairSet.load(data / "pairs" / "holdout").filenames

    rows = read_report(tmp_path / "out")
    assert [(r["filename"], r["identity"]) for r in rows] == [
        (r.filename, r.text) for r in read_all(data)
    ]
    dropped = {r["filename"]: r["identity"] for r in rows if r["action"] == "dropped"}
    assert dropped == DROPPED
    actions = {"kept": 102, "dropped": 6, "unjudged": 1}
    assert Counter(row["action"] for row in rows) == actions
    assert {row["new_identity"] for row in rows} == {""}
    assert [r["degrees"] for r in rows if r["action"] == "unjudged"] == [""]


def test_relabels(run_verb, run, data, records, tmp_path, photo):
    model = tmp_path / "model.keras"
    shutil.copy(run / "recognizer.keras", model)
    done = run_verb(
        "clean-labels",
        model=model,
        data=data,
        output=tmp_path / "out",
        min_images=2,
        action="relabel",
        degrees=60,
        flip_fusion=True,
    )
    assert done.returncode == 0, done.stderr
    assert "dropped: 4 (3.7 %), past 60° of every identity" in done.stdout
    assert "relabelled: 2 (1.8 %)" in done.stdout
    assert people(tmp_path / "out") == {"Ann": 34, "Bob": 37, "Cem": 33, "Few": 1}
    found = {record.filename: record for record in read_all(tmp_path / "out")}
    for name, identity in RELABELLED.items():
        assert (found[name].text, found[name].label) == (identity, 2)
        face, number = name.removesuffix(".jpg").split("/")[1].rsplit(" ", 1)
        pixels = decode_photo(found[name].encoded).astype(int)
        assert np.abs(pixels - photo(face, int(number))).mean() < 4
    assert not (DROPPED.keys() - RELABELLED.keys()) & found.keys()
    changed = {r["filename"]: r for r in read_report(tmp_path / "out") if r["action"] != "kept"}
    relabelled = {n: r["new_identity"] for n, r in changed.items() if r["action"] == "relabelled"}
    assert relabelled == RELABELLED
    assert {n for n, r in changed.items() if r["action"] == "dropped"} == (
        DROPPED.keys() - RELABELLED.keys()
    )


@pytest.mark.parametrize("flip_fusion", [False, True])
def test_the_report_has_the_angles_to_the_dominant_centres(
    run, records, tmp_path, photo, flip_fusion
):
    clean_labels(tmp_path / "out", workdir=run, flip_fusion=flip_fusion)
    recognizer = make_recognizer(photo, SubCenterArcFace(len(TRAINED)))
    centres = np.asarray(recognizer.head.centres)
    dominant = {"Ann": 1, "Bob": 0, "Nobody": 0, "Cem": 2}
    by_name = {record.filename: record for record in records}
    for row in read_report(tmp_path / "out"):
        if (identity := row["identity"]) in dominant:
            image = decode_photo(by_name[row["filename"]].encoded)
            views = [image, image[:, ::-1]] if flip_fusion else [image]
            point = np.asarray(recognizer(np.stack(views))).sum(axis=0)
            centre = centres[:, dominant[identity] * len(TRAINED) + TRAINED.index(identity)]
            cosine = point @ centre / (np.linalg.norm(point) * np.linalg.norm(centre))
            assert float(row["degrees"]) == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.1)


def damage(record, name):
    return record._replace(encoded=record.encoded[:-9]) if record.filename == name else record


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(passes, "BATCH", 4)


def test_damaged_images_are_left_out_and_named(run, records, tmp_path, small_steps):
    """Positions in the data and among the embeddings differ, but the same images are found."""
    broken = tmp_path / "broken"
    write_records(broken, (damage(record, "Bob/Bob 7.jpg") for record in records), num_shards=2)
    done = clean_labels(tmp_path / "out", workdir=run, data=str(broken), relabel=True)
    assert done["damaged"].startswith("1 (0.9 %), left out. Image 'Bob/Bob 7.jpg' in ")
    assert "pairs" not in {path.name for path in (tmp_path / "out").iterdir()}
    found = {record.filename: record.text for record in read_all(tmp_path / "out")}
    expected = {r.filename: r.text for r in records if r.filename not in DROPPED} | RELABELLED
    del expected["Bob/Bob 7.jpg"]
    assert found == expected
    rows = {row["filename"]: row for row in read_report(tmp_path / "out")}
    assert len(rows) == len(records)
    assert rows["Bob/Bob 7.jpg"]["action"] == "damaged"
    assert rows["Bob/Bob 7.jpg"]["degrees"] == ""


def test_too_many_damaged_images(run, records, tmp_path, monkeypatch):
    """`preflight` reports it if it is in its sample, and the pass over the records otherwise."""
    broken = tmp_path / "broken"
    for name in ("Bob/Bob 7.jpg", "Few/Few 0.jpg"):
        records = [damage(record, name) for record in records]
    write_records(broken, records)
    with pytest.raises(DataError, match=r"2 of 109 images checked in .*, more than 1 %, are"):
        clean_labels(tmp_path / "out", workdir=run, data=str(broken))
    monkeypatch.setattr(cleaning, "preflight", lambda directory: None)
    with pytest.raises(
        DataError, match=r"2 of 109 images in .*, more than 1 %, .* Image '.*\.jpg' in"
    ):
        clean_labels(tmp_path / "out", workdir=run, data=str(broken))
    assert not (tmp_path / "out").exists()


def test_writes_the_same_every_time(run, tmp_path, small_steps):
    for name in ("one", "two"):
        clean_labels(tmp_path / name, workdir=run, relabel=True)
    files = sorted(path.name for path in (tmp_path / "one").iterdir() if path.is_file())
    assert len(files) == 6
    for name in files:
        one, two = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
        assert one == two


def test_a_wide_angle_keeps_all(run, data, tmp_path):
    done = clean_labels(tmp_path / "out", workdir=run, degrees=180.0, relabel=True)
    assert done["dropped"].startswith("0 (0.0 %)")
    assert done["identities"] == "5 of 5 have images left"
    assert sorted(read_all(tmp_path / "out")) == sorted(read_all(data))


def with_names(records, names):
    return [record._replace(text=names.get(record.text, record.text)) for record in records]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"degrees": 0.0}, "'degrees' must be above 0 and at most 180. Received: degrees=0.0"),
        ({"degrees": float("nan")}, "'degrees' must be above 0 and at most 180"),
        (
            {"degrees": 0.001},
            r"--degrees=0.001 leaves images of 1 identities, but training needs two",
        ),
        ({"max_dropped": 1.5}, "'max_dropped' must be between 0 and 1. Received: max_dropped=1.5"),
        ({"max_dropped": float("nan")}, "'max_dropped' must be between 0 and 1"),
        ({"min_images": 2}, "--min_images goes with --model"),
        ({"workdir": None}, "Missing flag: --workdir=RUN or --model=FILE"),
        ({"model": "model.keras", "data": "data"}, "'workdir' and 'model' exclude each other"),
        ({"workdir": None, "model": "model.keras"}, "Missing flag: --data=DIR"),
        ({"workdir": "nowhere"}, "nowhere holds no run"),
        ({"checkpoint": "finale"}, "Did you mean 'final'"),
        ({"checkpoint": "best"}, "has no best checkpoint"),
        ({"data": "nowhere"}, "Cannot read manifest 'nowhere/manifest.json'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_bad_options(run, tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        clean_labels(tmp_path / "out", **{"workdir": str(run), **options})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda photo: make_recognizer(photo, ArcFace(4)), "head, ArcFace, has one centre"),
        (
            lambda photo: make_recognizer(photo, SubCenterArcFace(5)),
            "4 identities with centres, but .*5",
        ),
        (lambda photo: make_recognizer(photo, Triplet()), "loss has no centre for each identity"),
        (lambda photo: make_recognizer(photo, SubCenterArcFace(4), 96), "112×112 .* takes 96×96"),
        (lambda photo: diverged(photo), "Embeddings are not finite"),
    ],
    ids=["one centre", "other identities", "no head", "size", "diverged"],
)
def test_recognizers_that_do_not_fit(data, photo, tmp_path, make, words):
    make(photo).save(tmp_path / "model.keras")
    options = {"model": str(tmp_path / "model.keras"), "data": str(data), "min_images": 2}
    with pytest.raises(DataError, match=words):
        clean_labels(tmp_path / "out", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def diverged(photo):
    recognizer = make_recognizer(photo, SubCenterArcFace(4))
    backbone = keras.Sequential([*recognizer.backbone.layers, keras.layers.Dense(192)])
    backbone.build((None, 112, 112, 3))
    backbone.layers[-1].kernel.assign(np.full((192, 192), np.nan))
    return Recognizer(backbone, SubCenterArcFace(4))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda records: with_names(records, {"Cem": "Dan"}),
            "label 4 is 'Dan' in .* and 'Cem' in",
        ),
        (
            lambda records: [record for record in records if record.text != "Cem"],
            "label 4 is missing in the records, and 'Cem' in the run",
        ),
    ],
)
def test_records_of_other_identities(run, records, tmp_path, change, words):
    write_records(tmp_path / "other", change(records))
    with pytest.raises(DataError, match=words):
        clean_labels(tmp_path / "out", workdir=run, data=str(tmp_path / "other"))
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_refuses_a_folder_in_use(run_verb, one_line_error, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    one_line_error(run_verb("clean-labels", workdir="nowhere", output=tmp_path), "is not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.fixture
def untrained(image, tmp_path):
    """A `.keras` file whose centres are random, as before training, and records of 12 people."""
    people = range(12)
    recognizer = make_recognizer(None, SubCenterArcFace(len(people)))
    shape = recognizer.head.centres.shape
    recognizer.head.centres.assign(np.random.default_rng(0).normal(size=shape))
    recognizer.save(tmp_path / "model.keras")
    encoded = [encode_jpeg(image(seed, 112)) for seed in range(5 * len(people))]
    records = [Record(e, i % 12, f"p{i % 12}", f"{i}.jpg") for i, e in enumerate(encoded)]
    write_records(tmp_path / "data", records)
    return {"model": str(tmp_path / "model.keras"), "data": str(tmp_path / "data")}


def test_an_untrained_recognizer_does_not_drop_most_images(untrained, tmp_path):
    with pytest.raises(
        DataError,
        match=r"of 60 images .* are more than 84° from .* and --max_dropped=0\.5; nothing was "
        "written: the recognizer hardly separates",
    ):
        clean_labels(tmp_path / "out", degrees=84.0, **untrained)
    assert not (tmp_path / "out").exists()
    summary = clean_labels(tmp_path / "out", degrees=84.0, max_dropped=1.0, **untrained)
    assert summary["warning"].startswith("the recognizer hardly separates these identities")


def test_the_share_that_may_be_dropped(run, data, tmp_path):
    """Six of 108 images are dropped; of relabelled ones, as many are dropped or relabelled."""
    for relabel in (False, True):
        with pytest.raises(DataError, match=r"6 of 108 images \(5\.6%\) .*half of the images are"):
            clean_labels(tmp_path / "out", workdir=run, max_dropped=0.055, relabel=relabel)
        summary = clean_labels(
            tmp_path / f"out{relabel}", workdir=run, max_dropped=0.056, relabel=relabel
        )
        assert "warning" not in summary
