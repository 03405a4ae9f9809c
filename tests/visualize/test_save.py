"""Pictures on disk."""

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import save, save_image


def test_dpi_sets_the_size(tmp_path):
    save(Figure(figsize=(3, 2)), tmp_path / "deep" / "figure.png", dpi=50)
    assert matplotlib.image.imread(tmp_path / "deep" / "figure.png").shape[:2] == (100, 150)


@pytest.mark.parametrize(("suffix", "magic"), [("pdf", b"%PDF"), ("svg", b"<?xml")])
def test_suffix_sets_the_format(tmp_path, suffix, magic):
    path = tmp_path / f"figure.{suffix}"
    save(Figure(), path)
    assert path.read_bytes().startswith(magic)


def test_unknown_formats_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"'path' must be a file ending in .*png"):
        save(Figure(), tmp_path / "figure.xyz")
    with pytest.raises(ArgumentError, match="'dpi'"):
        save(Figure(), tmp_path / "figure.png", dpi=0)
    assert not list(tmp_path.iterdir())


def test_a_failed_save_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    figure = Figure()

    def fail(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        save(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_image_is_saved_pixel_by_pixel(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
    save_image(image, tmp_path / "image.png")
    stored = matplotlib.image.imread(tmp_path / "image.png")
    np.testing.assert_array_equal((stored[..., :3] * 255).round(), image)


def test_images_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match="'image' must be uint8"):
        save_image(np.zeros((4, 4, 3)), tmp_path / "image.png")
    with pytest.raises(ArgumentError, match=r"ending in \.png"):
        save_image(np.zeros((4, 4, 3), np.uint8), tmp_path / "image.jpg")
