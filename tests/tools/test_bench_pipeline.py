import re


def test_prints_ratios(run_tool):
    done = run_tool("bench/pipeline", images=256, rounds=1)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"\d images/s +\d+\.\d\d x OpenCV", done.stdout)) == 4
