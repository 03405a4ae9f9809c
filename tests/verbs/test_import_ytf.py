"""YouTube Faces on the command line, and the scores of its videos, recomputed from the frames."""

import itertools

import numpy as np
import pytest

from facerec_tf.data import PairSet, find_pairs
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.serving import Embedder, verify_pairs

VIDEOS = {"Ann_A/0": (9, 10, 100), "Ann_A/3": (7,), "Bob_B/1": (1, 2, 30), "Bob_B/2": (5, 6)}

METADATA = {"image_size": (112, 112), "embedding_size": 192, "digest": ""}


def encode(images):
    """Returns means of blocks, of lengths that differ."""
    blocks = images.reshape(-1, 8, 14, 8, 14, 3).astype(np.float32).mean(axis=(2, 4))
    return blocks.reshape(len(images), -1) - 100


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.fixture
def database(tmp_path, image):
    """Writes frames and splits; returns their places, video → frames' JPEGs, and the pairs."""
    frames, seeds = {}, itertools.count()
    for video, numbers in VIDEOS.items():
        (tmp_path / "db" / video).mkdir(parents=True)
        for number in numbers:
            jpeg = encode_jpeg(image(next(seeds), 112))
            frames.setdefault(video, []).append(jpeg)
            path = tmp_path / "db" / video / f"aligned_detect_{video[-1]}.{number}.jpg"
            path.write_bytes(jpeg)
    cycle = itertools.cycle(itertools.combinations(VIDEOS, 2))
    pairs = list(itertools.islice(cycle, 5000))
    lines = ["split number, pair number, first name, second name, is same"]
    for place, (a, b) in enumerate(pairs):
        lines.append(f"{place // 500 + 1}, {place % 500 + 1}, {a}, {b} , {int(a[:3] == b[:3])}")
    (tmp_path / "splits.txt").write_text("\n".join(lines))
    return {"frames": tmp_path / "db", "splits": tmp_path / "splits.txt"}, frames, pairs


def test_scores_are_those_of_the_first_frames(database, tmp_path, run_verb):
    places, frames, pairs = database
    done = run_verb("import-ytf", **places, output=tmp_path / "data/pairs/ytf", max_frames=2)
    assert done.returncode == 0, done.stderr
    assert "ytf: 5,000 pairs of 4 videos, 7 frames" in done.stdout
    pair_set = PairSet.load(find_pairs(tmp_path / "data", "ytf"))
    _, scores = verify_pairs(Embedder.of_function(encode, METADATA), pair_set, flip_fusion=False)
    means = {
        video: unit(
            np.mean([unit(encode(decode_photo(jpeg)[None])[0]) for jpeg in own[:2]], axis=0)
        )
        for video, own in frames.items()
    }
    expected = [means[first] @ means[second] for first, second in pairs]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert len(np.unique(scores.round(6))) == 6  # As many as there are pairs of four videos.


def test_a_missing_video_is_one_line(database, tmp_path, run_verb, one_line_error):
    places, *_ = database
    (places["frames"] / "Bob_B" / "2").rename(places["frames"] / "Bob_B" / "3")
    done = run_verb("import-ytf", **places, output=tmp_path / "out")
    one_line_error(done, "lacks 1 of the 4 videos", "'Bob_B/2'")
    assert not (tmp_path / "out").exists()
