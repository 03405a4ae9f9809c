import pickle

from facerec_tf.data import PairSet, find_pairs
from facerec_tf.data.codec import encode_jpeg


def test_imports_as_typed(tmp_path, run_verb, image):
    images = [encode_jpeg(image(seed, 112)) for seed in range(40)]
    path = tmp_path / "cfp_fp.bin"
    path.write_bytes(pickle.dumps((images, [True, False] * 10), 2))
    done = run_verb("import-bin", bin=path, output=tmp_path / "data" / "pairs" / "cfp_fp")
    assert done.returncode == 0, done.stderr
    assert "pairs: 20, of which 10 show the same person\n" in done.stdout
    assert f"--data={tmp_path / 'data'} --protocol=cfp_fp" in done.stdout
    assert len(PairSet.load(find_pairs(tmp_path / "data", "cfp_fp"))) == 20


def test_malicious(tmp_path, run_verb, one_line_error):
    path = tmp_path / "lfw.bin"
    path.write_bytes(f"cos\nsystem\n(S'touch {tmp_path}/ran'\ntR.".encode())
    done = run_verb("import-bin", bin=path, output=tmp_path / "out")
    one_line_error(done, "lfw.bin", "is refused: it asks for os.system")
    assert sorted(tmp_path.iterdir()) == [path]
