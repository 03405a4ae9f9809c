"""Wrong labels and split identities, planted; angles recomputed from who is shown."""

import csv

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.curation import label_errors_report
from facerec_tf.curation.find_label_errors import find_label_errors
from facerec_tf.data import Manifest, Record, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.records import read_shard
from facerec_tf.losses import Triplet
from facerec_tf.models import Recognizer
from tests.folder_digest import file_digests

#: Identity → whom its images show, and how many. "Bob" is also "Robert"; of "Torn", two images
#: disagree; "Zoë" has one alone.
SHOWN = {
    "Ann": {"Ann": 14, "Bob": 2, "ghost": 1},
    "Bob": {"Bob": 12},
    "Cem": {"Cem": 9, "Ann": 1},
    "Robert": {"Bob": 6},
    "Torn": {"Eve": 1, "Fay": 1},
    "Zoë": {"Zoë": 1},
}

#: Wrong image → identity nearest to it, if that is certain.
WRONG = {
    "Ann/Bob 0.jpg": {"Bob", "Robert"},
    "Ann/Bob 1.jpg": {"Bob", "Robert"},
    "Ann/ghost 0.jpg": set(SHOWN),
    "Cem/Ann 0.jpg": {"Ann"},
    "Torn/Eve 0.jpg": set(SHOWN),
    "Torn/Fay 0.jpg": set(SHOWN),
}


@pytest.fixture(scope="module")
def records(image):
    faces = sorted({face for shown in SHOWN.values() for face in shown})

    def photo(face, identity, number):
        """A pattern of the person's own, and some of another."""
        own, other = image(faces.index(face), 112), image(hash_of(face, identity, number), 112)
        return (0.85 * own + 0.15 * other).astype(np.uint8)

    def hash_of(*parts):
        return 100 + sum(ord(c) * 31**i for i, c in enumerate(str(parts))) % 10**6

    return [
        Record(encode_jpeg(photo(face, name, i)), label, name, f"{name}/{face} {i}.jpg")
        for label, (name, shown) in enumerate(SHOWN.items())
        for face, count in shown.items()
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory, records):
    directory = tmp_path_factory.mktemp("errors") / "data"
    write_records(directory, records, num_shards=2)
    return directory


@pytest.fixture(scope="module")
def backbone():
    """Embeds an image as its pixels, coarsely."""
    return keras.Sequential(
        [
            keras.Input((112, 112, 3)),
            keras.layers.Rescaling(1 / 127.5, offset=-1),
            keras.layers.AveragePooling2D(14),
            keras.layers.Flatten(),
        ]
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory, backbone):
    path = tmp_path_factory.mktemp("errors") / "model.keras"
    Recognizer(backbone, Triplet()).save(path)
    return str(path)


def points_of(backbone, data, flip_fusion=False):
    """File name → unit embedding, in the order of the data."""
    points = {}
    for shard in Manifest.load(data).shards:
        for record in read_shard(data / shard.file):
            pixels = decode_photo(record.encoded)[None].astype(np.float32)
            views = [pixels, pixels[:, :, ::-1]] if flip_fusion else [pixels]
            views = [np.asarray(backbone(view))[0] for view in views]
            total = sum(views)
            points[record.filename] = total / np.linalg.norm(total)
    return points


def mean(points):
    total = np.sum(points, axis=0)
    return total / np.linalg.norm(total)


def degrees(a, b):
    return np.degrees(np.arccos(np.clip(a @ b, -1, 1)))


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def truth(points):
    """Identity → the embeddings that are rightly its own, in the order of the data."""
    right = {name: [] for name in SHOWN}
    for file, point in points.items():
        if file not in WRONG:
            right[file.split("/")[0]].append(point)
    return {name: own for name, own in right.items() if own}


@pytest.mark.parametrize("flip_fusion", [False, True])
def test_finds_what_was_planted(model, data, backbone, tmp_path, flip_fusion):
    before = file_digests(data)
    summary = find_label_errors(
        tmp_path / "out", model=model, data=str(data), flip_fusion=flip_fusion
    )
    assert file_digests(data) == before
    assert summary["images"].startswith("48 of 6 identities in ")
    assert summary["not compared"] == "1 identities that have only one image"
    assert summary["flagged"] == "6 of 47 images past 75°"
    assert summary["similar"].startswith("1 pairs of identities nearer than ")

    points = points_of(backbone, data, flip_fusion)
    centres = {name: mean(own) for name, own in truth(points).items()}
    rows = table(tmp_path / "out" / "images.csv")
    assert {row["file"] for row in rows} == set(WRONG)
    printed = [float(row["degrees"]) for row in rows]
    assert printed == sorted(printed, reverse=True)
    for row in rows:
        file, name = row["file"], row["identity"]
        assert (file.split("/")[0], int(row["images"])) == (name, sum(SHOWN[name].values()))
        if name == "Torn":
            other = next(f for f in WRONG if f.startswith("Torn") and f != file)
            expected = degrees(points[file], points[other])
        else:
            expected = degrees(points[file], centres[name])
        assert float(row["degrees"]) == pytest.approx(expected, abs=0.1)
        assert row["nearest_identity"] in WRONG[file]
        if (nearest := row["nearest_identity"]) in centres:
            found = degrees(points[file], centres[nearest])
            assert float(row["nearest_degrees"]) == pytest.approx(found, abs=0.1)


def test_identities_that_are_one_person(model, data, backbone, tmp_path):
    summary = find_label_errors(tmp_path / "out", model=model, data=str(data))
    points = points_of(backbone, data)
    right = truth(points)
    centres = {name: mean(own) for name, own in right.items()}
    centres["Torn"] = mean([points["Torn/Eve 0.jpg"], points["Torn/Fay 0.jpg"]])
    rows = {row["identity"]: row for row in table(tmp_path / "out" / "identities.csv")}
    assert set(rows) == set(SHOWN)
    nearest = {}
    for name, row in rows.items():
        apart = {other: degrees(centres[name], centres[other]) for other in centres}
        del apart[name]
        assert row["nearest_identity"] == min(apart, key=apart.get)
        nearest[name] = min(apart.values())
        assert float(row["nearest_degrees"]) == pytest.approx(nearest[name], abs=0.1)
        assert int(row["images"]) == sum(SHOWN[name].values())
        assert int(row["flagged"]) == sum(file.startswith(f"{name}/") for file in WRONG)
        assert row["alike"] == str(int(name in ("Bob", "Robert")))
    assert list(rows)[:2] in (["Bob", "Robert"], ["Robert", "Bob"])

    halves = [degrees(mean(o[::2]), mean(o[1::2])) for o in right.values() if len(o) > 1]
    torn = {f: p for f, p in points.items() if f.startswith("Torn")}
    halves.append(degrees(*torn.values()))
    middle = (np.median(halves) + np.median(list(nearest.values()))) / 2
    assert float(summary["similar"].split()[-4].rstrip("°")) == pytest.approx(middle, abs=0.1)


def test_sheets_show_images_beside_their_identity_and_the_other(
    model, data, records, tmp_path, monkeypatch
):
    monkeypatch.setattr(label_errors_report, "_ROWS", 4)
    find_label_errors(tmp_path / "out", model=model, data=str(data), shown=5)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "identities.csv",
        "identities.png",
        "images-1.png",
        "images-2.png",
        "images.csv",
    }
    by_name = {record.filename: decode_photo(record.encoded).astype(int) for record in records}
    sheet = decode_photo((tmp_path / "out" / "images-1.png").read_bytes()).astype(int)
    rows = table(tmp_path / "out" / "images.csv")[:4]
    for number, row in enumerate(rows):
        top = 16 + 34 + number * (19 + 112 + 14) + 19
        shown = sheet[top : top + 112]
        assert np.abs(shown[:, 16:128] - by_name[row["file"]]).mean() < 1
        # Of its identity only others, and those that are rightly there.
        beside = shown[:, 148 : 148 + 112]
        closest = min(by_name, key=lambda file: np.abs(by_name[file] - beside).mean())
        assert closest.startswith(f"{row['identity']}/")
        assert closest != row["file"]
        assert row["identity"] == "Torn" or closest not in WRONG
    pair = decode_photo((tmp_path / "out" / "identities.png").read_bytes()).astype(int)
    assert pair.shape == (16 + 34 + 19 + 112 + 16, 2 * 16 + 2 * (4 * 114 - 2) + 20, 3)


def test_as_typed(run_verb, model, data, tmp_path):
    done = run_verb(
        "find-label-errors", model=model, data=data, output=tmp_path / "out", same_degrees=20
    )
    assert done.returncode == 0, done.stderr
    assert "flagged: 6 of 47 images past 75°\n" in done.stdout
    assert "similar: 1 pairs of identities nearer than 20.0° to each other\n" in done.stdout
    assert "warning" not in done.stdout


def test_a_recognizer_that_does_not_separate_the_identities(model, records, tmp_path):
    """Labels at random: for the recognizer, as if it were not trained."""
    order = np.random.default_rng(0).permutation(len(records)).tolist()
    mixed = [records[i]._replace(label=n % 12, text=f"{n % 12}") for n, i in enumerate(order)]
    write_records(tmp_path / "mixed", mixed)
    summary = find_label_errors(
        tmp_path / "out", model=model, data=str(tmp_path / "mixed"), same_degrees=20
    )
    assert summary["warning"].startswith("the recognizer hardly separates these identities")


def test_damaged_images_are_left_out(model, records, tmp_path):
    broken = [
        r._replace(encoded=r.encoded[:-9])
        if r.filename in ("Ann/Bob 0.jpg", "Bob/Bob 3.jpg")
        else r
        for r in records
    ]
    write_records(tmp_path / "broken", broken)
    summary = find_label_errors(tmp_path / "out", model=model, data=str(tmp_path / "broken"))
    assert summary["images"].endswith(", and 2 damaged ones left out")
    flagged = {row["file"] for row in table(tmp_path / "out" / "images.csv")}
    assert flagged == set(WRONG) - {"Ann/Bob 0.jpg"}


def test_identities_of_one_image(model, records, tmp_path):
    singles = [
        record._replace(label=label, text=str(label)) for label, record in enumerate(records[::16])
    ]
    write_records(tmp_path / "singles", singles)
    data = str(tmp_path / "singles")
    with pytest.raises(DataError, match=r"No identity has two images .* --same_degrees"):
        find_label_errors(tmp_path / "out", model=model, data=data)
    assert not (tmp_path / "out").exists()
    summary = find_label_errors(tmp_path / "out", model=model, data=data, same_degrees=5)
    assert summary["flagged"] == "0 of 0 images past 75°"
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"images.csv", "identities.csv"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"degrees": 0.0}, "'degrees' must be above 0 and at most 180. Received: degrees=0.0"),
        ({"same_degrees": 200.0}, "'same_degrees' must be above 0 and at most 180"),
        ({"shown": 0}, "'shown' must be an integer"),
        ({"model": None}, "Missing flag: --workdir=RUN or --model=FILE"),
        ({"data": None}, "Missing flag: --data=DIR"),
        ({"data": "nowhere"}, "Cannot read manifest 'nowhere/manifest.json'"),
        ({"model": "nowhere.keras"}, "nowhere.keras"),
    ],
    ids=str,
)
def test_bad_options(model, data, tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        find_label_errors(tmp_path / "out", **{"model": model, "data": str(data), **options})
    assert list(tmp_path.iterdir()) == []


def test_recognizers_that_do_not_fit(data, tmp_path):
    small = keras.Sequential([keras.Input((96, 96, 3)), keras.layers.Flatten()])
    Recognizer(small, Triplet()).save(tmp_path / "model.keras")
    with pytest.raises(DataError, match="112×112 pixels, but the model takes 96×96"):
        find_label_errors(tmp_path / "out", model=str(tmp_path / "model.keras"), data=str(data))


def test_a_diverged_recognizer(data, tmp_path, backbone):
    diverged = keras.Sequential([*backbone.layers, keras.layers.Dense(4)])
    diverged.build((None, 112, 112, 3))
    diverged.layers[-1].kernel.assign(np.full((192, 4), np.nan))
    Recognizer(diverged, Triplet()).save(tmp_path / "model.keras")
    with pytest.raises(DataError, match="Embeddings are not finite"):
        find_label_errors(tmp_path / "out", model=str(tmp_path / "model.keras"), data=str(data))
    assert not (tmp_path / "out").exists()
