"""Temporary folders: permissions, and what killed processes leave."""

import os
import stat
import subprocess
import sys

import pytest

from facerec_tf.core import durable, temporary
from facerec_tf.core.files import atomic_directory, atomic_file
from facerec_tf.core.lock import FileLock

WRITE = """
import os, sys
from pathlib import Path
from facerec_tf.core.files import atomic_directory, atomic_file
os.umask(int(sys.argv[2], 8))
with atomic_directory(Path(sys.argv[1]) / "new" / "folder") as folder:
    (folder / "a").write_text("1")
with atomic_file(Path(sys.argv[1]) / "new" / "file.json") as file:
    file.write_text("{}")
"""

#: Writes a folder in a folder, as records are written, and then waits.
HOLD = """
import sys, time
from pathlib import Path
from facerec_tf.core.files import atomic_directory
with atomic_directory(sys.argv[1]) as outer, atomic_directory(outer) as inner:
    (inner / "shard").write_bytes(bytes(1000))
    print("writing", flush=True)
    time.sleep(60)
"""


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o027])
def test_permissions_follow_the_umask(tmp_path, umask):
    command = [sys.executable, "-c", WRITE, str(tmp_path), f"{umask:o}"]
    subprocess.run(command, check=True, timeout=60)
    new = tmp_path / "new"
    assert [mode(p) for p in (new, new / "folder")] == [0o777 & ~umask] * 2
    assert [mode(p) for p in (new / "folder" / "a", new / "file.json")] == [0o666 & ~umask] * 2


def test_permissions_of_an_existing_output_are_kept(tmp_path):
    file, folder = tmp_path / "a.json", tmp_path / "folder"
    file.write_text("old")
    file.chmod(0o640)
    folder.mkdir(mode=0o750)
    with atomic_file(file) as path:
        path.write_text("new")
    with atomic_directory(folder) as path:
        (path / "a").write_text("1")
    assert (mode(file), mode(folder)) == (0o640, 0o750)


def test_a_file_does_not_replace_a_folder(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("1")
    with pytest.raises(OSError, match="folder"), atomic_file(tmp_path / "folder") as path:
        path.write_text("new")
    assert (tmp_path / "folder" / "a").read_text() == "1"


def test_a_link_to_a_folder_stands_for_the_folder(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with atomic_directory(tmp_path / "out") as path:
        (path / "a").write_text("1")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "a").read_text() == "1"


def test_a_full_disk_is_reported_with_the_output(tmp_path):
    for write in (atomic_file, atomic_directory):
        with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/out'$"):  # noqa: SIM117
            with write(tmp_path / "out"):
                raise OSError(28, "No space left on device")


class Holder:
    """A process that writes to `path` and does not end."""

    def __init__(self, path):
        command = [sys.executable, "-c", HOLD, str(path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"writing\n"

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def hold():
    """Starts `Holder`s."""
    holders = []

    def start(path):
        holders.append(Holder(path))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()


def test_what_a_killed_process_left_is_removed_and_reported(tmp_path, hold, capsys):
    hold(tmp_path / "out").kill()
    left = [p.name for p in tmp_path.iterdir() if p.is_dir()]
    assert sorted(map(len, left)) == [len(".out-01234567"), len("..out-01234567-01234567")]

    with atomic_directory(tmp_path / "out") as path:
        (path / "a").write_text("1")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    message = capsys.readouterr().err
    assert all(f"Removed '{tmp_path / name}', which an interrupted" in message for name in left)


def test_folders_of_living_processes_are_kept(tmp_path, hold, capsys):
    living = hold(tmp_path / "out")
    before = sorted(p.name for p in tmp_path.iterdir())
    for output in ("other", "out"):  # A sibling, and the same output.
        with atomic_directory(tmp_path / output) as path:
            (path / "a").write_text("1")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*before, "other", "out"])
    assert not capsys.readouterr().err
    assert living.process.poll() is None


def test_a_lock_file_that_another_process_looks_at(tmp_path, monkeypatch):
    """Between its creation and its lock: the name is given up."""
    looked_at = []

    def lock(path):
        if not looked_at:
            looked_at.append(FileLock(path))
        return FileLock(path)

    monkeypatch.setattr(temporary, "FileLock", lock)
    monkeypatch.setattr(temporary, "remove_abandoned", lambda parent: None)
    with atomic_directory(tmp_path / "out"):
        pass
    looked_at[0].release()
    assert os.listdir(tmp_path) == ["out"]


def test_folders_of_others_are_kept(tmp_path):
    """A folder without a lock file may be anybody's."""
    (tmp_path / ".out-01234567").mkdir()
    (tmp_path / "a.owner").write_text("")
    with atomic_directory(tmp_path / "out"):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == [".out-01234567", "a.owner", "out"]


@pytest.mark.parametrize("is_durable", [True, False])
def test_durable_writes_reach_the_disk_before_the_rename(tmp_path, monkeypatch, is_durable):
    synced = []

    def sync(path):
        synced.append((path.name.split("-")[0], (tmp_path / "out").exists()))

    monkeypatch.setattr(durable, "sync", sync)
    monkeypatch.setattr("facerec_tf.core.files.sync", sync)
    with atomic_directory(tmp_path / "out", durable=is_durable) as path:
        (path / "a").write_text("1")
        (path / "b").mkdir()
        (path / "b" / "c").write_text("2")
    before = [("a", False), (".out", False), ("c", False), ("b", False)]
    assert synced == [*before, (tmp_path.name.split("-")[0], True)] * is_durable
    assert os.listdir(tmp_path) == ["out"]
