import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.training import Checkpoints

STATE = {"model/0000": np.arange(6.0).reshape(2, 3), "trainer/0000": np.int64(4)}


def test_a_checkpoint_gives_back_what_was_saved(tmp_path):
    saved = Checkpoints(tmp_path).save(STATE, 7, 0.5)
    found = Checkpoints(tmp_path).latest()
    assert (found, found.step, found.metric) == (saved, 7, 0.5)
    loaded = found.load()
    assert loaded.keys() == STATE.keys()
    for name, value in STATE.items():
        np.testing.assert_array_equal(loaded[name], value)


def test_the_last_few_and_the_best_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for step, metric in enumerate([0.5, 0.9, None, 0.9, 0.7, None], start=1):
        checkpoints.save(STATE, step, metric)
    assert [c.step for c in checkpoints.all()] == [2, 5, 6]
    assert checkpoints.best().step == 2
    assert checkpoints.latest().step == 6


def test_a_half_written_checkpoint_does_not_count(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(STATE, 1)

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save(STATE, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000001"]
    assert checkpoints.latest().step == 1


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / ".step-00000001-abcd").mkdir()
    (tmp_path / ".step-00000001-abcd" / "variables.npz").write_text("half")
    Checkpoints(tmp_path).save(STATE, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["step-00000002"]


def test_nothing_yet_and_damage(tmp_path):
    checkpoints = Checkpoints(tmp_path / "none")
    assert checkpoints.latest() is None
    assert checkpoints.best() is None
    checkpoint = checkpoints.save(STATE, 1)
    path = checkpoint.path / "variables.npz"
    path.write_bytes(path.read_bytes()[:50])
    for read in (checkpoint.load, checkpoints.latest):
        with pytest.raises(DataError, match=r"step-00000001/variables\.npz is damaged"):
            read()


@pytest.mark.parametrize(
    ("name", "damage", "fault"),
    [
        ("state.json", lambda content: b"", "state.json' is not valid JSON"),
        ("state.json", lambda content: content[:9], "state.json' is not valid JSON"),
        ("state.json", lambda content: b"[1]", "state.json' must hold a JSON object"),
        ("state.json", lambda content: b'{"step": "2", "metric": 1}', "must hold step and metric"),
        ("variables.npz", lambda content: content[:-9], "variables.npz is damaged"),
        ("variables.npz", lambda content: content.replace(b"\0\0\xf0?", b"\0\1\xf0?"), "checksum"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path, capsys, name, damage, fault):
    checkpoints = Checkpoints(tmp_path)
    first, second = checkpoints.save(STATE, 1), checkpoints.save(STATE, 2)
    file = second.path / name
    content = file.read_bytes()
    file.write_bytes(damage(content))
    assert file.read_bytes() != content
    assert checkpoints.latest() == first
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ")
    assert fault in warning
    assert str(second.path) in warning
    checkpoints.save(STATE, 2)
    assert checkpoints.latest() == second
    assert not capsys.readouterr().err
