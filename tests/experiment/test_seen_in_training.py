"""What a run says of the people it is tested on; records and pairs as importers write them."""

import importlib
import json
import pickle
from types import SimpleNamespace

import keras
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.curation.split import split_records
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
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.experiment.messages import closing
from facerec_tf.experiment.verification import ACCURACY
from facerec_tf.importers.mxnet import import_mxnet
from facerec_tf.importers.verification_bin import import_bin
from facerec_tf.models import Recognizer, make_objective
from facerec_tf.photographs.crop import Crop
from facerec_tf.photographs.make_records import make_records
from facerec_tf.photographs.photo import Photo
from facerec_tf.runs import RunFolder
from tests.importers.mxnet_record_files import write_insightface
from tests.photo_fixtures import draw

# The package has a function of the same name.
evaluation = importlib.import_module("facerec_tf.experiment.evaluate")

CLAIM = " on people never trained on"
UNKNOWN = (
    "it is unknown whether people in these pairs were trained on: the records or the pairs have "
    "numbers instead of names"
)
TRAINED = ["Al_Gore", "Zoë_Ångström", "Bob", "Cem_Öz"]


@pytest.fixture(scope="module")
def jpegs():
    return [encode_jpeg(draw(seed, 112, 112)) for seed in range(32)]


@pytest.fixture
def begin(tmp_path):
    """Returns a function that makes the folder of a run on some records."""

    def make(data, **options):
        folder = RunFolder(tmp_path / "run")
        config = ExperimentConfig().override({"data.directory": str(data), **options})
        manifest = Manifest.load(data)
        folder.begin(config, manifest, small_recognizer())
        return folder

    return make


def small_recognizer():
    backbone = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    return Recognizer(backbone, make_objective(ExperimentConfig().model, num_classes=2))


def import_rec(folder, images):
    folder.mkdir()
    write_insightface(folder, [(place // 2, image) for place, image in enumerate(images)])
    import_mxnet(folder / "train.rec", folder / "data", num_shards=1)
    return folder / "data"


def import_verification(folder, images):
    same = [place % 2 == 0 for place in range(len(images) // 2)]
    folder.joinpath("lfw.bin").write_bytes(pickle.dumps((images, same)))
    import_bin(folder / "lfw.bin", folder / "lfw")
    return PairSet.load(folder / "lfw")


def write_people(directory, people, jpegs, images=2, **options):
    """Writes some images of each of the people."""
    records = [
        Record(jpegs[images * label + i], label, name, f"{name}/{i}.jpg")
        for label, name in enumerate(people)
        for i in range(images)
    ]
    write_records(directory, records, num_shards=1, **options)
    return directory


def write_pairs(directory, people, jpegs, **options):
    records = [
        Record(jpegs[label], label, name, f"{name}.jpg") for label, name in enumerate(people)
    ]
    (first, second, *_) = (record.filename for record in records)
    pairs = [Pair(fold, first, second, same) for fold in (0, 1) for same in (True, False)]
    write_pair_set(directory, records, pairs, name="test", **options)
    return PairSet.load(directory)


def test_a_rec_and_a_bin_of_the_same_images(begin, jpegs, tmp_path):
    """The names differ, "0" and "000000"; the images are the same."""
    run = begin(import_rec(tmp_path / "rec", jpegs[:24]))
    seen = run.seen_in_training(import_verification(tmp_path, jpegs[:24]))
    assert not seen.is_disjoint
    assert seen.claim == ""
    assert seen.warning == "at least 24 of the 24 images in these pairs were trained on"


def test_a_rec_and_a_bin_of_other_images(begin, jpegs, tmp_path):
    """The people may be the same: only their faces show it."""
    data = import_rec(tmp_path / "rec", jpegs[:8])
    seen = begin(data).seen_in_training(import_verification(tmp_path, jpegs[8:32]))
    assert (seen.people, seen.images, seen.is_disjoint, seen.claim) == (0, 0, False, "")
    assert seen.warning == (
        f"{UNKNOWN}. Find out with: facerec check-overlap --data={data} --test={tmp_path}/lfw "
        f"--workdir={tmp_path}/run --nonames --output=overlap"
    )


def test_images_of_people_who_were_left_out_were_not_trained_on(begin, jpegs, tmp_path):
    records = [Record(jpegs[i], i // 3, str(i // 3), f"{i}.jpg") for i in range(8)]
    write_records(tmp_path / "data", records)
    run = begin(tmp_path / "data", **{"data.min_images": 3})
    pairs = import_verification(tmp_path, jpegs[4:24])
    assert run.seen_in_training(pairs).images == 2


@pytest.mark.parametrize(
    ("tested", "people"),
    [
        (["Dan", "Eve_Adams"], 0),
        (["Al Gore", "Eve"], 1),
        (["gore, al", "zoe angstrom", "BOB", "Dan"], 3),
        (["lfw/Cem Öz", "Cem O\u0308z"], 2),
    ],
)
def test_names_of_people_are_compared_in_one_form(begin, jpegs, tmp_path, tested, people):
    run = begin(write_people(tmp_path / "data", TRAINED, jpegs))
    seen = run.seen_in_training(write_pairs(tmp_path / "pairs", tested, jpegs[20:]))
    assert seen.people == people
    if people:
        assert seen.claim == ""
        assert seen.warning == (
            f"{people} of the {len(tested)} people in these pairs were trained on"
        )
    else:
        assert seen.claim == CLAIM
        assert seen.warning is None


def test_one_image_under_another_name(begin, jpegs, tmp_path):
    run = begin(write_people(tmp_path / "data", TRAINED, jpegs))
    tested = [*jpegs[20:22], jpegs[0]]
    seen = run.seen_in_training(write_pairs(tmp_path / "pairs", ["Dan", "Eve", "Fay"], tested))
    assert (seen.people, seen.images, seen.claim) == (0, 1, "")
    assert seen.warning == "1 of the 3 images in these pairs were trained on"


def test_people_and_images(begin, jpegs, tmp_path):
    run = begin(write_people(tmp_path / "data", TRAINED, jpegs))
    pairs = write_pairs(tmp_path / "pairs", ["Bob", "Eve"], [jpegs[4], jpegs[30]])
    assert run.seen_in_training(pairs).warning == (
        "1 of the 2 people and 1 of the 2 images in these pairs were trained on"
    )


@pytest.mark.parametrize(("ours", "theirs"), [("people", "numbers"), ("numbers", "people")])
def test_names_on_one_side_only(begin, jpegs, tmp_path, ours, theirs):
    names = {"people": TRAINED, "numbers": ["0", "n000002", "m.07f", "12"]}
    run = begin(write_people(tmp_path / "data", names[ours], jpegs))
    others = {"people": ["Dan", "Eve"], "numbers": ["00001", "n000002"]}[theirs]
    seen = run.seen_in_training(write_pairs(tmp_path / "pairs", others, jpegs[20:]))
    assert (seen.people, seen.claim) == (0, "")
    assert seen.warning.startswith(UNKNOWN)


def test_a_writer_that_knows_its_names_need_not_be_guessed(begin, jpegs, tmp_path):
    """Names of people with digits, and numbers that look like names."""
    people = {"names": NameSource(NameKind.PEOPLE)}
    run = begin(write_people(tmp_path / "data", ["50 Cent", "Ludwig 14"], jpegs, **people))
    pairs = write_pairs(tmp_path / "pairs", ["Dan", "Eve"], jpegs[20:], **people)
    assert run.seen_in_training(pairs).claim == CLAIM
    numbers = {"names": NameSource(NameKind.NUMBERS)}
    pairs = write_pairs(tmp_path / "others", ["Dan", "Eve"], jpegs[20:], **numbers)
    assert run.seen_in_training(pairs).warning.startswith(UNKNOWN)


def test_numbers_of_one_data_set_are_people(begin, jpegs, tmp_path):
    """Parts of records, and pairs drawn from a part: equal numbers are one person."""
    data = write_people(tmp_path / "data", [str(i) for i in range(10)], jpegs, images=3)
    split_records(tmp_path / "split", data, {"train": 0.5, "val": 0.5}, pairs=20)
    run = begin(tmp_path / "split" / "train")
    pairs = PairSet.load(tmp_path / "split" / "train" / "pairs" / "val")
    assert run.seen_in_training(pairs).claim == CLAIM
    whole = RunFolder(tmp_path / "whole")
    whole.begin(
        ExperimentConfig().override({"data.directory": str(data)}),
        Manifest.load(data),
        small_recognizer(),
    )
    assert whole.seen_in_training(pairs).people == pairs.manifest.num_classes


def test_people_held_out_of_photographs(begin, jpegs, tmp_path):
    """Folders called by numbers: pairs and records have their names from the same folders."""
    photos = [Photo(f"{i % 8}/{i}.jpg", str(i % 8), encoded=e) for i, e in enumerate(jpegs)]
    make_records(
        tmp_path / "data",
        photos,
        lambda photo: [Crop(photo.name, photo.person, photo.encoded, None)],
        crop_format=CropFormat(),
        holdout=4,
        pairs=20,
    )
    pairs = PairSet.load(tmp_path / "data" / "pairs" / "holdout")
    assert begin(tmp_path / "data").seen_in_training(pairs).claim == CLAIM


def test_what_a_pretrained_network_saw_is_unknown(begin, jpegs, tmp_path):
    data = write_people(tmp_path / "data", TRAINED, jpegs)
    run = begin(data, **{"finetuning.pretrained": "y1.keras"})
    seen = run.seen_in_training(write_pairs(tmp_path / "pairs", ["Dan", "Eve"], jpegs[20:]))
    assert (seen.is_disjoint, seen.claim) == (False, "")
    assert "--pretrained" in seen.warning


def without_hashes(directory):
    """Makes records what an earlier version would have written."""
    path = directory / "manifest.json"
    fields = json.loads(path.read_text())
    del fields["image_hashes"]
    path.write_text(json.dumps(fields))
    (directory / "image_hashes.npy").unlink()


def test_pairs_of_an_earlier_version(begin, jpegs, tmp_path):
    run = begin(import_rec(tmp_path / "rec", jpegs[:24]))
    pairs = import_verification(tmp_path, jpegs[:24])
    without_hashes(pairs.directory)
    assert run.seen_in_training(PairSet.load(pairs.directory)).images == 24


def test_records_of_an_earlier_version(begin, jpegs, tmp_path):
    data = import_rec(tmp_path / "rec", jpegs[:24])
    without_hashes(data)
    seen = begin(data).seen_in_training(import_verification(tmp_path, jpegs[:24]))
    assert seen.images == 0
    assert seen.warning.startswith(UNKNOWN)


def close(run, pairs, monkeypatch):
    """The closing message of a run that has measured its accuracy."""
    run.metrics.write_text(f"step,{ACCURACY},{ACCURACY}_std\n1,0.5,0.1\n3,0.75,0.1\n")
    checkpoint = SimpleNamespace(metric=0.75, step=3)
    checkpoints = SimpleNamespace(latest=lambda: checkpoint, best=lambda: checkpoint)
    monkeypatch.setattr(RunFolder, "checkpoints", lambda *_: checkpoints)
    return closing(run, pairs)


def test_the_closing_message_claims_nothing_of_equal_images(begin, jpegs, tmp_path, monkeypatch):
    run = begin(import_rec(tmp_path / "rec", jpegs[:24]))
    text = close(run, import_verification(tmp_path, jpegs[:24]), monkeypatch)
    assert "never trained on" not in text
    assert "at best (step 3)\nwarning: at least 24 of the 24 images in these" in text


def test_the_closing_message_of_other_people(begin, jpegs, tmp_path, monkeypatch):
    run = begin(write_people(tmp_path / "data", TRAINED, jpegs))
    text = close(run, write_pairs(tmp_path / "pairs", ["Dan", "Eve"], jpegs[20:]), monkeypatch)
    assert "at best (step 3), on people never trained on\n" in text
    assert "warning" not in text


@pytest.fixture
def titles(monkeypatch):
    """Titles of the reports that are drawn."""
    drawn = []
    draw_figure = evaluation.report_figure

    def note(*args, title, **options):
        drawn.append(title)
        return draw_figure(*args, title=title, **options)

    monkeypatch.setattr(evaluation, "report_figure", note)
    return drawn


def test_drawn_faces_are_named(finished_run, faces, tmp_path, titles, capsys):
    """In the closing message and the title of the report; an evaluation has no warning."""
    claim = "on drawn faces of people never trained on"
    assert f", {claim}\n" in (finished_run / "stdout.txt").read_text()
    evaluation.evaluate(workdir=str(finished_run), data=str(faces), output=str(tmp_path))
    (title,) = titles
    assert title.endswith(f" verification accuracy {claim}")
    assert "warning" not in capsys.readouterr().out


def test_the_title_of_a_run_that_saw_the_images(finished_run, jpegs, tmp_path, titles, capsys):
    """Pairs of people who perhaps were trained on."""
    pairs = import_verification(tmp_path, jpegs[:24])
    evaluation.evaluate(
        workdir=str(finished_run), data=str(pairs.directory), output=str(tmp_path / "out")
    )
    (title,) = titles
    assert title.endswith(" verification accuracy")
    assert f"warning: {UNKNOWN}" in capsys.readouterr().out
