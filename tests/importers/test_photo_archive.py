"""Archives that are damaged, or made to replace images, leave their folder or exhaust memory."""

import io
import resource
import tarfile
import tracemalloc

import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.importers import photo_archive
from facerec_tf.importers.photo_archive import count_photos, read_photos


def write(path, *members, mode="w"):
    """Writes a tar of members (name, content or a function that changes the entry)."""
    with tarfile.open(path, mode) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if callable(content):
                content(entry)
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_photographs_have_the_names_of_person_and_file(tmp_path, mode):
    path = write(
        tmp_path / "lfw.tar",
        ("lfw", lambda entry: setattr(entry, "type", tarfile.DIRTYPE)),
        ("lfw/README", b"text"),
        ("lfw/Ann_A/Ann_A_0001.jpg", b"one"),
        ("./lfw/Bob_B/Bob_B_0001.jpg", b"two"),
        mode=mode,
    )
    photos = list(read_photos(path))
    assert [(p.name, p.person, p.encoded) for p in photos] == [
        ("Ann_A/Ann_A_0001.jpg", "Ann_A", b"one"),
        ("Bob_B/Bob_B_0001.jpg", "Bob_B", b"two"),
    ]
    assert count_photos(path) == 2


def link(kind, target="Ann_A_0001.jpg"):
    def change(entry):
        entry.type, entry.linkname = kind, target

    return change


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "b/Ann_A/Ann_A_0001.jpg",
            b"other",
            "is a second photograph 'Ann_A/Ann_A_0001.jpg', after",
        ),
        ("a/Ann_A/Ann_A_0002.jpg", link(tarfile.SYMTYPE), "is a link or a device"),
        ("a/Ann_A/Ann_A_0002.jpg", link(tarfile.LNKTYPE), "is a link or a device"),
        ("a/null", link(tarfile.CHRTYPE), "is a link or a device"),
        ("a/pipe", link(tarfile.FIFOTYPE), "is a link or a device"),
        ("/Ann_A/Ann_A_0002.jpg", b"", "leads out of the archive's folder"),
        ("a/../../Ann_A/Ann_A_0002.jpg", b"", "leads out of the archive's folder"),
        ("a/\udcff/Ann_A_0002.jpg", b"", "has a name that is not valid UTF-8"),
    ],
)
def test_a_member_that_is_not_a_plain_photograph_is_refused(tmp_path, name, content, words):
    path = write(tmp_path / "lfw.tar", ("a/Ann_A/Ann_A_0001.jpg", b"one"), (name, content))
    for read in (count_photos, lambda archive: list(read_photos(archive))):
        with pytest.raises(DataError, match=f"Archive '{path}': member .* {words}"):
            read(path)


def test_a_huge_member_is_refused_without_being_read(tmp_path):
    path = tmp_path / "lfw.tar.gz"
    zeros = bytes(1 << 20)
    entry = tarfile.TarInfo("lfw/Ann_A/Ann_A_0001.jpg")
    entry.size = 6 << 30
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        tar.fileobj.write(entry.tobuf())
        for _ in range(100):
            tar.fileobj.write(zeros)
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"has 6,442,450,944 bytes, and at most 67,108,864 are"):
        list(read_photos(path))
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_huge_header_is_refused_without_being_read(tmp_path, kind):
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = kind, 1 << 27
    path = tmp_path / "lfw.tar"
    path.write_bytes(entry.tobuf() + bytes(1 << 20))
    with pytest.raises(DataError, match="is damaged or incomplete: a header has 134,217,728 bytes"):
        count_photos(path)


def test_a_compressed_archive_is_read_to_its_checksum(tmp_path):
    path = write(tmp_path / "lfw.tar.gz", ("lfw/P/1.jpg", bytes(99)), mode="w:gz")
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"Cannot read archive '{path}': CRC check failed"):
        count_photos(path)


def test_totals_are_limited(tmp_path, monkeypatch):
    path = write(tmp_path / "lfw.tar", *((f"P/{i}.jpg", b"12345") for i in range(5)))
    assert count_photos(path) == 5
    monkeypatch.setattr(photo_archive, "LARGEST_ARCHIVE", 24)
    with pytest.raises(DataError, match=r"'P/4.jpg' makes 25 bytes of photographs; at most 24"):
        count_photos(path)
    monkeypatch.setattr(photo_archive, "MOST_MEMBERS", 3)
    with pytest.raises(DataError, match=r"'P/3.jpg' follows 3 others, and no more are read"):
        count_photos(path)
