import numpy as np
import pytest

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data import Pair, PairSet, find_pairs, write_pair_set
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo

PAIRS = [
    Pair(0, "Zoë/000.jpg", "Zoë/004.jpg", True),
    Pair(0, "Zoë/000.jpg", "Zoë/001.jpg", False),
    Pair(1, "Zoë/007.jpg", "Zoë/003.jpg", True),
    Pair(1, "Zoë/002.jpg", "Zoë/003.jpg", False),
]


@pytest.fixture
def pairs_dir(tmp_path, records):
    write_pair_set(tmp_path / "pairs" / "mine", records(12), PAIRS, name="mine")
    return tmp_path / "pairs" / "mine"


def edit(directory, old, new):
    path = directory / "pairs.csv"
    path.write_text(path.read_text().replace(old, new))


def test_indices_point_at_the_images(pairs_dir, records):
    pair_set = PairSet.load(pairs_dir)
    assert len(pair_set) == 4
    assert pair_set.num_images == 12
    np.testing.assert_array_equal(pair_set.same, [True, False, True, False])
    np.testing.assert_array_equal(pair_set.folds, [0, 0, 1, 1])
    batches = list(pair_set.images(5).as_numpy_iterator())
    assert [batch.shape for batch in batches] == [(n, 112, 112, 3) for n in (5, 5, 2)]
    images = np.concatenate(batches)
    by_name = {record.filename: record.encoded for record in records(12)}
    for index, pair in enumerate(PAIRS):
        for side, name in (("first", pair.first), ("second", pair.second)):
            found = images[getattr(pair_set, side)[index]]
            np.testing.assert_array_equal(found, decode_photo(by_name[name]))


def test_header_is_as_documented(pairs_dir):
    lines = (pairs_dir / "pairs.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["fold,first,second,same", "0,Zoë/000.jpg,Zoë/004.jpg,1"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Zoë/007", "Zoë/999", "unknown image 'Zoë/999.jpg'"),
        ("fold,first", "first,fold", "must begin with the header"),
        ("1,Zoë/007.jpg", "x,Zoë/007.jpg", r"Line 4 of pair list '.*pairs\.csv'"),
        ("003.jpg,1", "003.jpg,yes", r"Line 4 of pair list '.*pairs\.csv'"),
        (",Zoë/001.jpg,0", "", r"Line 3 of pair list '.*pairs\.csv'"),
        ("jpg,0", "jpg,1", "same and of different people"),
        ("1,Zoë", "3,Zoë", r"folds \[0, 3\]"),
    ],
)
def test_damaged_pairs_are_named(pairs_dir, old, new, words):
    edit(pairs_dir, old, new)
    with pytest.raises(DataError, match=words):
        PairSet.load(pairs_dir)


def test_missing_pairs_file(pairs_dir):
    (pairs_dir / "pairs.csv").unlink()
    with pytest.raises(DataError, match=r"Cannot read pair list '.*pairs\.csv'"):
        PairSet.load(pairs_dir)


def test_a_single_fold_is_refused(pairs_dir):
    path = pairs_dir / "pairs.csv"
    header, *rows = path.read_text().splitlines()
    rows = ["0" + row[row.index(",") :] for row in rows]
    path.write_text("\n".join([header, *rows]) + "\n")
    with pytest.raises(DataError, match="has one fold; cross-validation needs two"):
        PairSet.load(pairs_dir)


def test_damaged_shard(pairs_dir):
    path = pairs_dir / "mine-00000-of-00001.tfrecord"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="does not match the manifest"):
        PairSet.load(pairs_dir)


def test_damaged_image(tmp_path, records):
    broken = [r._replace(encoded=r.encoded[:99]) for r in records(12)]
    write_pair_set(tmp_path / "x", broken, PAIRS, name="x")
    with pytest.raises(DataError, match=r"Image 'Zoë/0\d\d.jpg' in '.*': the image is truncated"):
        PairSet.load(tmp_path / "x")


def test_wrong_size(tmp_path, records, image):
    records = records(12)
    records[3] = records[3]._replace(encoded=encode_jpeg(image(3, size=96)))
    write_pair_set(tmp_path / "x", records, PAIRS, name="x")
    with pytest.raises(DataError, match=r"'Zoë/003.jpg' in '.*' is 96x96 pixels, expected 112x112"):
        PairSet.load(tmp_path / "x")


def test_images_must_be_unique(tmp_path, records):
    with pytest.raises(DataError, match=r"image 'Zoë/003\.jpg' twice"):
        write_pair_set(tmp_path / "x", [*records(12), records(12)[3]], PAIRS, name="x")
    assert not (tmp_path / "x").exists()


def test_refuses_a_folder_in_use(pairs_dir, records):
    with pytest.raises(UserError, match="is not empty"):
        write_pair_set(pairs_dir, records(12), PAIRS, name="mine")


def test_find_pairs(pairs_dir, tmp_path, records):
    assert find_pairs(tmp_path, "mine") == pairs_dir
    assert find_pairs(tmp_path, "pairs") == pairs_dir
    assert find_pairs(pairs_dir, "pairs") == pairs_dir
    with pytest.raises(DataError, match=r"'lfw_view1'\. Its pair sets: mine\."):
        find_pairs(tmp_path, "lfw_view1")
    write_pair_set(tmp_path / "pairs" / "other", records(12), PAIRS, name="other")
    with pytest.raises(DataError, match=r"Its pair sets: mine, other\."):
        find_pairs(tmp_path, "pairs")
    with pytest.raises(DataError, match=r"Its pair sets: none\."):
        find_pairs(tmp_path / "nowhere", "pairs")


def test_a_stream_over_several_shards(tmp_path, records):
    write_pair_set(tmp_path / "x", iter(records(12)), PAIRS, name="x", num_shards=3)
    pair_set = PairSet.load(tmp_path / "x")
    assert len(pair_set.manifest.shards) == 3
    assert sorted(pair_set.filenames) == [record.filename for record in records(12)]
    assert [pair_set.filenames[place] for place in pair_set.first] == [p.first for p in PAIRS]


@pytest.mark.parametrize("num_shards", [1, 3])
def test_pictures_are_the_images(tmp_path, records, num_shards):
    write_pair_set(tmp_path / "x", records(12), PAIRS, name="x", num_shards=num_shards)
    pair_set = PairSet.load(tmp_path / "x")
    images = np.concatenate(list(pair_set.images(5).as_numpy_iterator()))
    places = np.array([11, 0, 3, 3])
    np.testing.assert_array_equal(pair_set.pictures(places), images[places])


def test_an_image_is_a_template_by_itself(pairs_dir):
    np.testing.assert_array_equal(PairSet.load(pairs_dir).templates, np.arange(12))
    assert not (pairs_dir / "templates.csv").exists()
