from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg


def test_checks_as_typed(tmp_path, run_verb, image):
    for folder, name in (("train", "Zoë_Ångström"), ("test", "zoe angstrom")):
        encoded = encode_jpeg(image(1, 112))
        write_records(tmp_path / folder, [Record(encoded, 0, name, "1.jpg")])
    done = run_verb(
        "check-overlap",
        data=tmp_path / "train",
        test=tmp_path / "test",
        output=tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    assert "by name: 1 people\n" in done.stdout
    command = (
        f"facerec split-records --data={tmp_path}/train --exclude={tmp_path}/out/overlapping.txt"
    )
    assert done.stdout.endswith(f"Leave them out with: {command} --output=DIR\n")
    assert (tmp_path / "out" / "overlapping.txt").read_text() == "Zoë_Ångström\n"


def test_an_angle_without_a_recognizer(tmp_path, run_verb, one_line_error, image):
    write_records(tmp_path / "data", [Record(encode_jpeg(image(1, 112)), 0, "Ann", "1.jpg")])
    done = run_verb(
        "check-overlap",
        data=tmp_path / "data",
        test=tmp_path / "data",
        output=tmp_path / "out",
        degrees=60,
    )
    one_line_error(done, "Missing flag: --workdir=RUN or --model=FILE")
    assert not (tmp_path / "out").exists()
