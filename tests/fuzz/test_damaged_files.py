"""Damaged files end in one line that names the file, or are read as if they were not damaged.

Never in another exception or a hang. Where a format has checksums (`FileKind.verified`: `.keras`
files, checkpoints, exports, TFRecord shards, PyTorch's ZIP files, gzip), nor in another result.
Elsewhere, such as in CSV, JSON, JPEG or a tar's content, a changed byte may be another valid value,
which no reader can notice. `file_kinds.py` lists the kinds of files, `damage.py` the damage.
"""

import contextlib
import importlib.util
import shutil
import signal

import pytest

from tests.fuzz.damage import STRUCTURAL, damaged_versions
from tests.fuzz.file_kinds import FILE_KINDS

#: Seconds that reading one small file may take, and characters that its error may have.
LONGEST, LONGEST_MESSAGE = 10, 1000


class TooSlowError(BaseException):
    """Not an Exception, so that no reader catches it."""


@contextlib.contextmanager
def time_limit(seconds):
    def stop(*_):
        raise TooSlowError

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def fault_of(kind, folder, file, expected):
    """Returns what is wrong with how `kind` reads `folder`, whose `file` is damaged, or None."""
    try:
        with time_limit(LONGEST):
            found = kind.read(folder)
    except TooSlowError:
        return f"not read within {LONGEST} s"
    except kind.error as error:
        message = str(error)
        if len(message.splitlines()) != 1 or len(message) > LONGEST_MESSAGE:
            return f"{len(message)} characters, {len(message.splitlines())} lines: {message[:300]}"
        if kind.names and kind.names(file) not in message:
            return f"does not contain {kind.names(file)}: {message}"
        return None
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    return None if found == expected or not kind.verified else "read with another result"


@pytest.mark.parametrize("kind", FILE_KINDS, ids=lambda kind: kind.name)
def test_damage_ends_in_one_line(kind, tmp_path, capfd):
    if missing := [name for name in kind.modules if not importlib.util.find_spec(name)]:
        pytest.skip(f"needs {', '.join(missing)}")
    good, folder = tmp_path / "good", tmp_path / "files"
    good.mkdir()
    kind.make(good)
    shutil.copytree(good, folder)
    expected = kind.read(folder)
    faults, files = [], kind.damaged_files(good)
    for seed, source in enumerate(files):
        file = folder / source.relative_to(good)
        versions = damaged_versions(source.read_bytes(), seed, kind.flips, kind.cuts)
        for damage, content in versions:
            file.write_bytes(content)
            if fault := fault_of(kind, folder, file, expected):
                faults.append(f"{file.relative_to(folder)}, {damage}: {fault}")
        shutil.copyfile(source, file)
    assert files
    if faults:
        pytest.fail(f"{len(faults)} faults:\n" + "\n".join(faults), pytrace=False)
    assert kind.read(folder) == expected


def test_there_are_hundreds_of_damaged_files():
    """At least, as some kinds consist of several files."""
    assert sum(kind.flips + kind.cuts + STRUCTURAL for kind in FILE_KINDS) >= 500
