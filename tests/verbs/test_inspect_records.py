"""The inspection as typed."""

from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg


def test_as_typed(run_verb, one_line_error, image, tmp_path):
    records = [
        Record(encode_jpeg(image(i, 112)), i % 2, f"Zoë {i % 2}", f"{i}.jpg") for i in range(6)
    ]
    records[3] = records[3]._replace(encoded=records[3].encoded[:-5])
    write_records(tmp_path / "data", records, num_shards=1)
    done = run_verb("inspect-records", data=tmp_path / "data", output=tmp_path / "out")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert lines["images"].strip() == "5 sound, of 6 in the manifest"
    assert lines["faults"].strip() == "1 (1 image)"
    assert "3.jpg" in (tmp_path / "out" / "faults.csv").read_text("utf-8")
    one_line_error(
        run_verb("inspect-records", data=tmp_path / "none", output=tmp_path / "other"),
        "none/manifest.json",
    )
