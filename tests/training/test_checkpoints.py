import contextlib

import numpy as np
import pytest

from facerec_tf.core.errors import DataError, UserError
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
    with pytest.raises(UserError, match=r"'.*step-00000002': No space left.*--resume"):
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
    path = checkpoints.save(STATE, 1).path / "variables.npz"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match=r"step-00000001/variables\.npz is damaged"):
        checkpoints.latest().load()


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"step": 2, "me',
        "[1]",
        '{"metric": null}',
        '{"step": "2"}',
        '{"step": 2, "metric": NaN}',
    ],
)
def test_a_damaged_state_leaves_the_older_checkpoints(tmp_path, text):
    checkpoints = Checkpoints(tmp_path)
    older = checkpoints.save(STATE, 1, 0.5)
    state = checkpoints.save(STATE, 2, 0.9).path / "state.json"
    state.write_text(text)
    assert checkpoints.all() == [older]
    assert checkpoints.latest() == checkpoints.best() == older
    (fault,) = checkpoints.faults()
    assert str(state) in str(fault)
    checkpoints.save(STATE, 2, 0.9)
    assert checkpoints.faults() == []


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_checkpoint_is_refused_or_unchanged(tmp_path, seed):
    checkpoint = Checkpoints(tmp_path).save(STATE, 1)
    path = checkpoint.path / "variables.npz"
    content = bytearray(path.read_bytes())
    place, bit = divmod(int(np.random.default_rng(seed).integers(8 * len(content))), 8)
    content[place] ^= 1 << bit
    path.write_bytes(content)
    loaded = {}
    with contextlib.suppress(DataError):
        loaded = checkpoint.load()
    # Another name or shape is found when the values are assigned to the variables.
    if {n: v.shape for n, v in loaded.items()} == {n: v.shape for n, v in STATE.items()}:
        for name, value in STATE.items():
            np.testing.assert_array_equal(loaded[name], value)
