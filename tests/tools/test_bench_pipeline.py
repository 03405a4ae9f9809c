import re


def test_prints_ratios(run_tool):
    done = run_tool("bench/pipeline", images=256, rounds=1)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"\d images/s +\d+\.\d\d x OpenCV", done.stdout)) == 3


def test_missing_data(run_tool, tmp_path, one_line_error):
    one_line_error(run_tool("bench/pipeline", data=tmp_path), "manifest.json")
