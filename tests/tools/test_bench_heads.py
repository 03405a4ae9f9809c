import re

import pytest

from facerec_tf.margins import MARGINS


@pytest.mark.slow
def test_prints_every_head_against_normface(run_tool):
    done = run_tool("bench/heads", batch=4, dim=8, classes=20, repeats=1)
    assert done.returncode == 0, done.stderr
    for name in MARGINS:
        assert re.search(rf"^{name} .*\d\.\d\d", done.stdout, re.MULTILINE), name
