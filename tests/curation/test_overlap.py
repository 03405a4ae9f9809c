"""Who is trained on and tested on, among drawn people and a recognizer that compares pixels."""

import csv
import dataclasses

import cv2
import keras
import numpy as np
import pytest
from PIL import Image

from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.curation.check_overlap import check_overlap_by
from facerec_tf.curation.names import read_names
from facerec_tf.curation.overlap import find_overlap
from facerec_tf.curation.overlap_report import check_overlap
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.curation.split import split_records
from facerec_tf.data import Pair, Record, write_pair_set, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.losses import Triplet
from facerec_tf.models import Recognizer
from facerec_tf.serving import Embedder, passes

#: Name → who is shown, and how many images, for training and for testing.
TRAINED = {
    "Bob": (4, 1),
    "Ann": (1, 5),
    "Zoë_Ångström": (2, 2),
    "two\nlines": (3, 3),
    "Cem": (5, 2),
    "12": (6, 1),
}
TESTED = {
    "zoe angstrom": (2, 3),
    '"Two", lines': (3, 2),
    "Robert": (4, 1),
    "Dan": (7, 2),
    "12": (8, 1),
    "CEM": (9, 2),
}
BY_NAME = {
    ("Zoë_Ångström", "zoe angstrom"),
    ("two\nlines", '"Two", lines'),
    ("12", "12"),
    ("Cem", "CEM"),
}
BY_LOOK = {("Zoë_Ångström", "zoe angstrom"), ("two\nlines", '"Two", lines'), ("Bob", "Robert")}


def embed(images):
    """Coarse pixels, about their mean; their length says nothing."""
    small = np.stack([cv2.resize(image, (8, 8), interpolation=cv2.INTER_AREA) for image in images])
    points = small.reshape(len(images), -1).astype(np.float32)
    return (points - points.mean(axis=1, keepdims=True)) * (1.0 + images[:, 0, 0, :1])


def embedder_of(function):
    metadata = {"image_size": (112, 112), "embedding_size": 192, "digest": ""}
    return Embedder.of_function(function, metadata)


EMBEDDER = embedder_of(embed)


@pytest.fixture(scope="module")
def make_records(photo_of):
    def make(people, first=0):
        return [
            Record(encode_jpeg(photo(face, first + i)), label, name, f"{label}/{i}.jpg")
            for label, (name, (face, images)) in enumerate(people.items())
            for i in range(images)
        ]

    def photo(face, number):
        own, other = photo_of(face, 112, 112), photo_of(1000 * face + number, 112, 112)
        return (0.85 * own + 0.15 * other).astype(np.uint8)

    return make


@pytest.fixture(scope="module")
def sets(tmp_path_factory, make_records):
    """Records to train on, and a pair set; no image is in both."""
    directory = tmp_path_factory.mktemp("overlap")
    write_records(directory / "train", make_records(TRAINED), num_shards=2)
    tested = make_records(TESTED, first=100)
    pairs = [Pair(i % 2, tested[i].filename, tested[i + 1].filename, i < 2) for i in range(4)]
    write_pair_set(directory / "test", tested, pairs, name="test")
    return RecordFolder.open(directory / "train"), RecordFolder.open(directory / "test")


def read_table(folder):
    with open(folder / "overlap.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pairs_of(rows, by):
    return {(row["identity"], row["test_identity"]) for row in rows if row[by] == "1"}


def direction(stored, name, images):
    records = [r for r in stored.records() if r.text == name][:images]
    points = embed(np.stack([decode_photo(r.encoded) for r in records]))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).sum(axis=0)


@pytest.mark.parametrize("images", [10, 2])
def test_by_name_and_by_look(sets, tmp_path, images, monkeypatch):
    monkeypatch.setattr(passes, "BATCH", 4)
    summary = check_overlap(tmp_path / "out", *sets, embedder=EMBEDDER, images=images)
    rows = read_table(tmp_path / "out")
    assert pairs_of(rows, "by_name") == BY_NAME
    assert pairs_of(rows, "by_embedding") == BY_LOOK
    assert {(r["identity"], r["test_identity"]) for r in rows} == BY_NAME | BY_LOOK
    for row in rows:
        ours = direction(sets[0], row["identity"], images)
        theirs = direction(sets[1], row["test_identity"], images)
        cosine = ours @ theirs / (np.linalg.norm(ours) * np.linalg.norm(theirs))
        assert float(row["degrees"]) == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.02)
        assert int(row["images"]) == TRAINED[row["identity"]][1]
        assert int(row["test_images"]) == TESTED[row["test_identity"]][1]
    angles = [float(row["degrees"]) for row in rows]
    assert sorted(angles) == angles
    listed = read_names(tmp_path / "out" / "overlapping.txt")
    assert listed == ["Bob", "Zoë_Ångström", "two\nlines", "Cem", "12"]
    assert summary["by name"] == "4 people"
    assert summary["by number"].startswith("1 of these names contain no letters")
    assert summary["by embedding"] == "3 people within 55°, 1 people under other names"
    assert summary["of equal names"].startswith("50.0% are within 55°")
    assert summary["overlapping"].startswith("5 people trained on are 5 of the 6 tested on (83.3%)")


def test_the_sheet_shows_unlike_names_first(sets, tmp_path):
    check_overlap(tmp_path / "out", *sets, embedder=EMBEDDER, shown=2)
    sheet = np.asarray(Image.open(tmp_path / "out" / "overlap.png").convert("RGB")).astype(int)
    bob, robert = (
        decode_photo(next(r for r in stored.records() if r.text == name).encoded)
        for stored, name in zip(sets, ("Bob", "Robert"), strict=True)
    )
    found = [place_of(sheet, image) for image in (bob, robert)]
    assert found[0][0] == found[1][0]
    assert found[0][1] < found[1][1]
    nearest = read_table(tmp_path / "out")[0]["identity"]
    image = next(r.encoded for r in sets[0].records() if r.text == nearest)
    assert place_of(sheet, decode_photo(image))[0] > found[0][0] + 112


def place_of(sheet, image):
    """Row and column at which the image stands in the sheet, pixel by pixel."""
    found = cv2.matchTemplate(sheet.astype(np.uint8), image, cv2.TM_SQDIFF)
    row, column = np.unravel_index(found.argmin(), found.shape)
    assert np.abs(sheet[row : row + 112, column : column + 112] - image).max() <= 3
    return row, column


def test_names_alone(sets, tmp_path):
    summary = check_overlap(tmp_path / "out", *sets)
    rows = read_table(tmp_path / "out")
    assert pairs_of(rows, "by_name") == BY_NAME
    assert {row["degrees"] for row in rows} == {""}
    assert pairs_of(rows, "by_embedding") == set()
    assert [row["identity"] for row in rows] == sorted(row["identity"] for row in rows)
    assert "by embedding" not in summary
    assert (tmp_path / "out" / "overlap.png").is_file()


def test_look_alone_and_another_angle(sets, tmp_path):
    check_overlap(tmp_path / "all", *sets, embedder=EMBEDDER, by_name=False)
    rows = read_table(tmp_path / "all")
    assert {(r["identity"], r["test_identity"]) for r in rows} == BY_LOOK
    nearest, second = (float(row["degrees"]) for row in rows[:2])
    check_overlap(
        tmp_path / "one", *sets, embedder=EMBEDDER, by_name=False, degrees=(nearest + second) / 2
    )
    assert read_table(tmp_path / "one") == rows[:1]


def test_no_one_in_both(sets, make_records, tmp_path):
    write_records(tmp_path / "others", make_records({"Eve": (20, 2), "Fay": (21, 1)}))
    others = RecordFolder.open(tmp_path / "others")
    summary = check_overlap(tmp_path / "out", sets[0], others, embedder=EMBEDDER)
    assert summary["overlapping"] == "0 people trained on are 0 of the 2 tested on (0.0%)"
    assert read_table(tmp_path / "out") == []
    assert (tmp_path / "out" / "overlapping.txt").read_text() == ""
    assert not (tmp_path / "out" / "overlap.png").exists()


def test_what_overlaps_can_be_left_out(sets, tmp_path):
    check_overlap(tmp_path / "found", *sets, embedder=EMBEDDER)
    listed = tmp_path / "found" / "overlapping.txt"
    split_records(tmp_path / "clean", sets[0].directory, exclude=listed)
    left = RecordFolder.open(tmp_path / "clean" / "train")
    assert [entry.name for entry in left.manifest.classes] == ["Ann"]
    assert len(find_overlap(left, sets[1], embedder=EMBEDDER).labels) == 0


def test_damaged_images(sets, make_records, tmp_path):
    """One of many is passed over; an identity without another has no direction."""
    records = make_records({"Ann": (1, 199), "Robert": (4, 1)}, first=100)
    records[-1] = records[-1]._replace(encoded=records[-1].encoded[:-9])
    write_records(tmp_path / "one", records, num_shards=1)
    overlap = find_overlap(
        sets[0], RecordFolder.open(tmp_path / "one"), embedder=EMBEDDER, images=200
    )
    assert overlap.labels[overlap.by_embedding].tolist() == [[1, 0]]
    assert overlap.labels.tolist() == [[1, 0]]
    renamed = [r._replace(text="Bob") if r.text == "Robert" else r for r in records]
    write_records(tmp_path / "named", renamed, num_shards=1)
    overlap = find_overlap(
        sets[0], RecordFolder.open(tmp_path / "named"), embedder=EMBEDDER, images=200
    )
    assert overlap.labels.tolist() == [[1, 0], [0, 1]]
    assert np.isnan(overlap.degrees).tolist() == [False, True]
    named = RecordFolder.open(tmp_path / "named")
    check_overlap(tmp_path / "out", sets[0], named, embedder=EMBEDDER, images=200)
    assert read_table(tmp_path / "out")[1]["degrees"] == ""
    records[0] = records[0]._replace(encoded=b"")
    records[1] = records[1]._replace(encoded=b"")
    write_records(tmp_path / "many", records, num_shards=1)
    many = RecordFolder.open(tmp_path / "many")
    with pytest.raises(
        DataError, match=r"3 of 200 images in '.*many', more than 1 %, are damaged\. Image '0/0"
    ):
        check_overlap(tmp_path / "no", sets[0], many, embedder=EMBEDDER, images=200)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"embedder": EMBEDDER, "degrees": 90.0}, "'degrees' must be above 0 and below 90"),
        ({"embedder": EMBEDDER, "degrees": float("nan")}, "'degrees' must be above 0 and below 90"),
        ({"embedder": EMBEDDER, "images": 0}, "'images' must be an integer of at least 1"),
        ({"embedder": EMBEDDER, "shown": 0}, "'shown' must be an integer of at least 1"),
        ({"degrees": 55.0}, "Missing flag: --workdir=RUN or --model=FILE"),
        ({"by_name": False}, "Missing flag: --workdir=RUN or --model=FILE"),
        (
            {"embedder": embedder_of(lambda images: embed(images) * np.nan)},
            "Embeddings are not finite",
        ),
    ],
)
def test_bad_options(sets, tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        check_overlap(tmp_path / "out", *sets, **options)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read(sets, tmp_path):
    train = sets[0].directory
    with pytest.raises(DataError, match=r"Cannot read .*nowhere/manifest\.json"):
        check_overlap_by(tmp_path / "out", train, tmp_path / "nowhere")
    with pytest.raises(UserError, match="is not empty"):
        check_overlap_by(train, train, train)
    with pytest.raises(ArgumentError, match="Missing flag: --workdir=RUN or --model=FILE"):
        check_overlap_by(tmp_path / "out", train, train, checkpoint="best")
    with pytest.raises(UserError, match=r"nowhere\.keras"):
        check_overlap_by(tmp_path / "out", train, train, model=str(tmp_path / "nowhere.keras"))


def test_the_recognizer_of_a_file(sets, tmp_path):
    """Its embeddings are what is compared."""

    def save(side):
        backbone = keras.Sequential(
            [
                keras.Input((side, side, 3)),
                keras.layers.Rescaling(1 / 127.5, offset=-1),
                keras.layers.AveragePooling2D(14),
                keras.layers.Flatten(),
            ]
        )
        Recognizer(backbone, Triplet()).save(tmp_path / f"{side}.keras")
        return str(tmp_path / f"{side}.keras")

    directories = [stored.directory for stored in sets]
    summary = check_overlap_by(tmp_path / "out", *directories, model=save(112), degrees=20.0)
    assert summary["by embedding"].startswith("3 people within 20°")
    assert pairs_of(read_table(tmp_path / "out"), "by_embedding") == BY_LOOK
    with pytest.raises(DataError, match="are 112×112 pixels, but the model takes 96×96"):
        check_overlap_by(tmp_path / "no", *directories, model=save(96))


def add_copies(make_records, tmp_path):
    """Test records in which Ann's first two images are those of a third person, and Bob's his."""
    trained = make_records(TRAINED)
    ann = [r.encoded for r in trained if r.text == "Ann"]
    (bob,) = [r.encoded for r in trained if r.text == "Bob"]
    tested = make_records(TESTED, first=100)
    for label, (name, copies) in enumerate({"Fay": ann[:2] * 2, "Bob": [bob]}.items(), start=6):
        tested += [Record(c, label, name, f"{label}/{i}.jpg") for i, c in enumerate(copies)]
    write_records(tmp_path / "copies", tested)
    return RecordFolder.open(tmp_path / "copies")


@pytest.mark.parametrize("embedder", [None, EMBEDDER])
@pytest.mark.parametrize("has_hashes", [True, False])
def test_equal_images_are_listed_last(sets, make_records, tmp_path, embedder, has_hashes):
    copies = add_copies(make_records, tmp_path)
    if not has_hashes:  # As records of an earlier version.
        copies = copies._replace(manifest=dataclasses.replace(copies.manifest, image_hashes=None))
    summary = check_overlap(tmp_path / "out", sets[0], copies, embedder=embedder)
    rows = read_table(tmp_path / "out")
    equal = [(row["identity"], row["test_identity"], row["equal_images"]) for row in rows[-2:]]
    assert set(equal) == {("Ann", "Fay", "4"), ("Bob", "Bob", "1")}
    assert {row["equal_images"] for row in rows[:-2]} == {"0"}
    assert summary["by image"] == (
        f"2 people have 5 images of '{tmp_path}/copies', byte for byte; they are listed last"
    )
    assert "Ann" in read_names(tmp_path / "out" / "overlapping.txt")
    if embedder:
        angles = [float(row["degrees"]) for row in rows]
        assert sorted(angles[:-2]) == angles[:-2]
        assert max(angles[-2:]) < min(angles[:-2])  # They would be the first otherwise.


def test_equal_images_come_last_on_the_sheet(sets, make_records, tmp_path):
    copies = add_copies(make_records, tmp_path)
    check_overlap(tmp_path / "out", sets[0], copies, embedder=EMBEDDER, shown=3)
    sheet = np.asarray(Image.open(tmp_path / "out" / "overlap.png").convert("RGB")).astype(int)
    ann = next(r for r in sets[0].records() if r.text == "Ann")
    found = cv2.matchTemplate(
        sheet.astype(np.uint8), decode_photo(ann.encoded), cv2.TM_SQDIFF_NORMED
    )
    assert found.min() > 0.01


def test_a_recognizer_that_separates_no_one_is_refused(sets, tmp_path):
    flat = embedder_of(lambda images: embed(images) + 1e7)
    with pytest.raises(DataError, match=r"does not separate these people: half of all pairs"):
        check_overlap(tmp_path / "out", *sets, embedder=flat)
    assert not (tmp_path / "out").exists()


def test_what_is_embedded_is_printed(sets, tmp_path, capsys):
    check_overlap(tmp_path / "out", *sets, embedder=EMBEDDER, images=2)
    out = capsys.readouterr().out
    assert f"Embedding 10 images of '{sets[0].directory}'." in out
    assert f"Embedding 10 images of '{sets[1].directory}'." in out
