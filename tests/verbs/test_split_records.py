import pytest

from facerec_tf.data import Manifest, PairSet, Record, find_pairs, write_records
from facerec_tf.data.codec import encode_jpeg


@pytest.fixture
def data(tmp_path, image):
    encoded = encode_jpeg(image(1, 112))
    records = [
        Record(encoded, label, f"p{label}", f"p{label}/{i}.jpg")
        for label in range(20)
        for i in range(4)
    ]
    write_records(tmp_path / "data", records)
    return tmp_path / "data"


def test_splits_as_typed(data, tmp_path, run_verb):
    (tmp_path / "names.txt").write_text("p1\np2\n")
    (tmp_path / "out.txt").write_text("p5")
    done = run_verb(
        "split-records",
        data=data,
        output=tmp_path / "out",
        parts="train:0.5,val:0.5",
        names=f"val:{tmp_path / 'names.txt'}",
        exclude=tmp_path / "out.txt",
        pairs=40,
    )
    assert done.returncode == 0, done.stderr
    train, val = (
        {entry.name for entry in Manifest.load(tmp_path / "out" / part).classes}
        for part in ("train", "val")
    )
    assert train.isdisjoint(val)
    assert {"p1", "p2"} <= val
    assert train | val == {f"p{label}" for label in range(20)} - {"p5"}
    assert len(PairSet.load(find_pairs(tmp_path / "out" / "train", "val"))) == 40
    assert f"python -m facerec_tf.train --data={tmp_path / 'out' / 'train'}" in done.stdout


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"parts": "train:a,val:b"}, "'parts' must be PART:SHARE,PART:SHARE"),
        ({"parts": "train:1,train:1"}, "'parts' must be PART:VALUE for every part once"),
    ],
)
def test_flags_that_say_nothing(data, tmp_path, run_verb, one_line_error, flags, words):
    one_line_error(run_verb("split-records", data=data, output=tmp_path / "out", **flags), words)
