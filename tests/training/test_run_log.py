"""train.log: what is printed, with times."""

import logging
import re

import pytest

from facerec_tf.core import chief
from facerec_tf.core.errors import DataError
from facerec_tf.runs.run_log import RunLog


def test_messages_warnings_and_the_error_are_logged(tmp_path, capsys):
    path = tmp_path / "train.log"

    def fail(number):
        log = RunLog(path)
        with log.recording():
            chief.emit("before\nthe start", verbose=0)
            assert number > 1 or not path.exists()
            log.start()
            chief.emit(f"run {number}")
            logging.getLogger("facerec_tf.training").warning("%d damaged", 3)
            raise DataError("bad record")

    for number in (1, 2):
        with pytest.raises(DataError):
            fail(number)
    chief.emit("after the run")
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = ["before", "the start", "run 1", "warning: 3 damaged", "error: bad record"]
    assert [line[21:] for line in lines[:5]] == texts
    assert [line[21:] for line in lines[5:]] == [*texts[:2], "run 2", *texts[3:]]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S", line) for line in lines)
    assert capsys.readouterr().out == "run 1\nrun 2\nafter the run\n"


def test_an_unexpected_error_is_logged_with_its_traceback(tmp_path):
    log = RunLog(tmp_path / "train.log")
    log.start()
    with pytest.raises(ZeroDivisionError), log.recording():
        _ = 1 / 0
    assert "Traceback" in (tmp_path / "train.log").read_text()


def test_a_log_that_cannot_be_written_does_not_end_the_run(tmp_path, capsys):
    log = RunLog(tmp_path / "missing" / "train.log")
    with log.recording():
        log.start()
        chief.emit("one")
        chief.emit("two")
    said = capsys.readouterr()
    assert said.out == "one\ntwo\n"
    assert said.err.count("cannot write") == said.err.count("\n") == 1
