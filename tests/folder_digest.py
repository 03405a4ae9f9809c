"""Digests of a folder, to compare folders and to see that nothing in them changed."""

from facerec_tf.core.files import sha256


def file_digests(path):
    """Returns name and SHA-256 of every file in a folder."""
    files = sorted(p for p in path.rglob("*") if p.is_file())
    return [(str(file.relative_to(path)), sha256(file)) for file in files]
