import hashlib

import pytest

from facerec_tf.core.files import atomic_directory, atomic_file, sha256


def test_a_file_appears_only_when_its_block_ends_well(tmp_path):
    path = tmp_path / "new" / "a.txt"
    with atomic_file(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
    assert path.read_text() == "one"

    with pytest.raises(IsADirectoryError), atomic_file(path) as temporary:
        temporary.write_text("half") and tmp_path.write_text("fails")
    assert path.read_text() == "one"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_folder_appears_only_when_its_block_ends_well(tmp_path):
    path = tmp_path / "folder"
    with atomic_directory(path) as temporary:
        (temporary / "a").write_text("1")
    with pytest.raises(IsADirectoryError), atomic_directory(path) as temporary:
        (temporary / "b").write_text("2") and tmp_path.write_text("fails")
    assert [p.name for p in path.iterdir()] == ["a"]
    with atomic_directory(path) as temporary:
        (temporary / "b").write_text("2")
    assert [p.name for p in path.iterdir()] == ["b"]
    assert [p.name for p in tmp_path.iterdir()] == ["folder"]


def test_the_digest_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
