import dataclasses

import cv2
import numpy as np
import pytest

from facerec_tf.data.faces import (
    draw_face,
    sample_identity,
    sample_nuisance,
    synthetic_face,
)
from facerec_tf.data.faces.nuisance import COVERS, EYEWEAR, HEADWEAR
from facerec_tf.data.faces.styles import BEARD_STYLES, HAIR_STYLES


def test_a_face_is_an_rgb_crop():
    image = synthetic_face(0, 1, 2)
    assert image.shape == (112, 112, 3)
    assert image.dtype == np.uint8
    assert image.min() < 100 < image.max()
    assert image.std() > 10


def test_same_numbers_draw_the_same_bytes():
    first = synthetic_face(3, 5, 7)
    sample_identity.cache_clear()
    for other in range(4):  # what is drawn in between must not matter
        synthetic_face(3, other, 0)
    np.testing.assert_array_equal(synthetic_face(3, 5, 7), first)


@pytest.mark.parametrize("other", [(4, 5, 7), (3, 6, 7), (3, 5, 8)])
def test_seed_identity_and_index_all_matter(other):
    difference = np.abs(synthetic_face(*other).astype(int) - synthetic_face(3, 5, 7))
    assert difference.mean() > 3


def test_zero_is_no_synonym():
    """`SeedSequence` pads with zeros: a careless key would give identity 0 another's stream."""
    streams = {sample_nuisance(0, *key).yaw for key in ((0, 0), (0, 1), (1, 0), (1, 1))}
    assert len(streams) == 4
    assert sample_identity(0, 0) != sample_identity(1, 0)


def test_numpy_integers_count():
    expected = synthetic_face(1, 2, 3)
    drawn = synthetic_face(np.int64(1), np.int64(2), np.int64(3))
    np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize("value", [-1, 1.5, True, "2", None])
@pytest.mark.parametrize("name", ["seed", "identity", "index"])
def test_wrong_numbers_are_refused_by_name(name, value):
    numbers = {"seed": 0, "identity": 0, "index": 0, name: value}
    with pytest.raises(ValueError, match=f"Argument '{name}' must be a non-negative integer"):
        synthetic_face(**numbers)


def test_nuisance_changes_pixels_and_not_the_person():
    identity = sample_identity(0, 4)
    images = [draw_face(identity, sample_nuisance(0, 4, index)) for index in range(4)]
    for image in images[1:]:
        assert np.abs(image.astype(int) - images[0]).mean() > 3
    assert sample_identity(0, 4) == identity


def test_every_feature_of_a_person_shows():
    """A parameter that moves no pixel would be identity that nobody can learn."""
    nuisance = _plain(sample_nuisance(0, 0, 0))
    identity = dataclasses.replace(
        sample_identity(0, 0), hair_style="short", age=0.4, lid_crease=2.0
    )
    before = draw_face(identity, nuisance).astype(int)
    for field in dataclasses.fields(identity):
        value = getattr(identity, field.name)
        if isinstance(value, float) and field.name not in ("beard_density", "freckles"):
            changed = dataclasses.replace(identity, **{field.name: 1.25 * value + 0.15})
            assert np.abs(draw_face(changed, nuisance) - before).max() > 2, field.name


@pytest.mark.parametrize("style", [*HAIR_STYLES])
def test_hair_styles_differ(style):
    nuisance = _plain(sample_nuisance(0, 0, 0))
    identity = dataclasses.replace(sample_identity(0, 0), hair_style=style)
    other = "afro" if style == "bald" else "bald"
    bare = draw_face(dataclasses.replace(identity, hair_style=other), nuisance)
    assert np.abs(draw_face(identity, nuisance).astype(int) - bare).mean() > 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("eyewear", name) for name in EYEWEAR[1:]]
    + [("headwear", name) for name in HEADWEAR[1:]]
    + [("cover", name) for name in COVERS[1:]],
)
def test_worn_things_hide_something(field, value):
    identity, nuisance = sample_identity(0, 0), _plain(sample_nuisance(0, 0, 0))
    bare = draw_face(identity, nuisance).astype(int)
    worn = draw_face(identity, dataclasses.replace(nuisance, **{field: value}))
    assert (np.abs(worn - bare).max(axis=-1) > 8).mean() > 0.01


@pytest.mark.parametrize("style", BEARD_STYLES[1:])
def test_beards_can_be_shaved(style):
    identity = dataclasses.replace(sample_identity(0, 0), beard_style=style, hair=(0.1, 0.1, 0.1))
    nuisance = _plain(sample_nuisance(0, 0, 0))
    bearded = draw_face(identity, dataclasses.replace(nuisance, clean_shaven=False)).astype(int)
    shaven = draw_face(identity, dataclasses.replace(nuisance, clean_shaven=True))
    assert np.abs(bearded - shaven)[70:].mean() > 0.3


def test_identity_is_in_the_shape_but_not_in_raw_pixels():
    """Grey, equalised pixels know the person a little; far too little to recognise them."""
    people, images = 60, 6
    pixels = np.stack(
        [_equalised(synthetic_face(1, i, j)) for i in range(people) for j in range(images)]
    )
    similarity = pixels @ pixels.T
    label = np.repeat(np.arange(people), images)
    same = (label[:, None] == label) & ~np.eye(len(label), dtype=bool)
    genuine, impostor = similarity[same], similarity[label[:, None] != label]
    assert genuine.mean() > impostor.mean() + 0.02
    thresholds = np.quantile(impostor, np.linspace(0, 1, 201))
    accuracy = max(0.5 * ((genuine >= t).mean() + (impostor < t).mean()) for t in thresholds)
    assert 0.52 < accuracy < 0.80


def _equalised(image: np.ndarray) -> np.ndarray:
    grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).astype(np.float32).ravel()
    grey -= grey.mean()
    return grey / np.linalg.norm(grey)


def _plain(nuisance):
    """Returns the nuisance of a passport photograph."""
    white = (1.0, 1.0, 1.0)
    return dataclasses.replace(
        nuisance,
        yaw=0.1,
        pitch=0.0,
        roll=0.0,
        blink=0.0,
        key_light=(0.6, 0.6, 0.6),
        fill_light=(0.4, 0.4, 0.4),
        light_azimuth=0.4,
        light_elevation=0.3,
        shadow=0.0,
        eyewear="none",
        headwear="none",
        cover="none",
        hair_style=None,
        hair_dye=None,
        exposure=1.0,
        gamma=1.0,
        cast=white,
        saturation=1.0,
        blur=0.0,
        motion=0.0,
        noise=0.0,
    )
