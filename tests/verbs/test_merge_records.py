import csv

import pytest

from facerec_tf.data import Manifest, Record, write_records
from facerec_tf.data.codec import encode_jpeg


@pytest.fixture
def sets(tmp_path, image):
    folders = []
    for folder, names in (("one", ["Ann", "Bob"]), ("two", ["Bob", "Cem, the 2nd"])):
        encoded = [encode_jpeg(image(seed, 112)) for seed in range(2)]
        records = [Record(encoded[i], i, name, f"{name}/1.jpg") for i, name in enumerate(names)]
        write_records(tmp_path / folder, records)
        folders.append(tmp_path / folder)
    return folders


def test_merges_as_typed(sets, tmp_path, run_verb):
    (tmp_path / "same.csv").write_text('dataset,identity,person\n2,"Cem, the 2nd",Ann\none,Ann,Ann')
    done = run_verb(
        "merge-records",
        inputs=f"{sets[0]},2={sets[1]}",
        same=tmp_path / "same.csv",
        output=tmp_path / "out",
        shards=1,
    )
    assert done.returncode == 0, done.stderr
    assert "images: 4 of 3 people, from 2 data sets\n" in done.stdout
    manifest = Manifest.load(tmp_path / "out")
    assert [(e.name, e.images) for e in manifest.classes] == [
        ("Ann", 2),
        ("one/Bob", 1),
        ("2/Bob", 1),
    ]
    assert len(manifest.shards) == 1
    with open(tmp_path / "out" / "label_map.csv", newline="") as file:
        assert list(csv.reader(file))[-1] == ["2", "1", "Cem, the 2nd", "0", "Ann"]


def test_folders_of_one_name(sets, tmp_path, run_verb, one_line_error):
    done = run_verb("merge-records", inputs=f"{sets[0]},{sets[0]}/../one", output=tmp_path / "out")
    one_line_error(done, "are both named 'one'")
