from facerec_tf.data import Manifest, PairSet, find_pairs

FLAGS = {"identities": 5, "images": 3, "holdout_identities": 6, "pairs": 20}


def test_draws_records_and_pairs(tmp_path, run_verb):
    done = run_verb("make-synthetic", output=tmp_path / "out", seed=3, **FLAGS)
    assert done.returncode == 0, done.stderr
    assert "training: 15 images of 5 people" in done.stdout
    assert Manifest.load(tmp_path / "out").num_images == 15
    assert len(PairSet.load(find_pairs(tmp_path / "out", "synthetic"))) == 20


def test_refuses_a_folder_in_use(tmp_path, run_verb, one_line_error):
    (tmp_path / "mine.txt").write_text("keep")
    one_line_error(run_verb("make-synthetic", output=tmp_path, **FLAGS), "is not empty")
    assert (tmp_path / "mine.txt").exists()
