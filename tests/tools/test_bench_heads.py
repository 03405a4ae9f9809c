import re

from facerec_tf.margins import MARGINS


def test_prints_every_head_against_normface(run_verb):
    done = run_verb("bench/heads", batch=4, dim=8, classes=20, repeats=1)
    assert done.returncode == 0, done.stderr
    for name in MARGINS:
        assert re.search(rf"^{name} .*\d\.\d\d", done.stdout, re.MULTILINE), name
