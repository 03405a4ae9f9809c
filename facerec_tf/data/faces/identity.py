"""The properties of a person, the same in every photograph."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from facerec_tf.data.faces.sampling import (
    HAIR_COLORS,
    Color,
    between,
    generator,
    require_index,
    to_color,
)
from facerec_tf.data.faces.styles import BEARD_STYLES, HAIR_STYLES

_SKIN_TONES = np.array(  # from very light to very dark
    [
        (0.98, 0.86, 0.78),
        (0.95, 0.79, 0.68),
        (0.89, 0.70, 0.56),
        (0.80, 0.60, 0.45),
        (0.66, 0.46, 0.33),
        (0.50, 0.33, 0.23),
        (0.36, 0.23, 0.17),
    ]
)
_IRIS_COLORS = np.array(
    [
        (0.20, 0.11, 0.06),
        (0.33, 0.20, 0.10),
        (0.45, 0.33, 0.15),
        (0.34, 0.42, 0.26),
        (0.33, 0.47, 0.60),
        (0.45, 0.50, 0.53),
    ]
)


@dataclasses.dataclass(frozen=True)
class Identity:
    """The properties of a person, the same in every photograph.

    Lengths are crop pixels in head coordinates, angles radians, colours RGB in 0..1; fields without
    a unit are fractions.
    """

    skin: Color
    hair: Color
    iris: Color
    lip_redness: float
    age: float  # 0 young, 1 old: folds, wrinkles, grey hair

    head_width: float  # half width at the cheekbones
    forehead_width: float  # fraction of head_width
    jaw_width: float  # fraction of head_width
    chin_width: float  # fraction of head_width
    chin_y: float
    cheekbone: float  # height of the relief

    eye_x: float  # half the distance between the eyes' centres
    eye_y: float
    eye_width: float  # half width of one eye
    eye_openness: float  # height over width
    eye_tilt: float  # outer corner raised when positive
    eye_arch: float  # where the upper lid is highest: -1 inner corner, 1 outer corner
    eye_depth: float  # depth of the socket
    lid_crease: float  # distance of the fold above the lid, 0 is none
    iris_size: float  # radius over eye_width
    lashes: float  # thickness

    brow_gap: float  # distance above the eye's centre
    brow_length: float
    brow_thickness: float
    brow_arch: float
    brow_tilt: float

    nose_y: float  # the tip
    nose_width: float  # half width at the wings
    nose_bridge: float  # half width of the bridge
    nose_bridge_height: float  # height of the relief
    nose_projection: float  # tip above the face
    nose_tip: float  # radius
    nose_upturn: float  # nostrils show more when positive

    mouth_y: float
    mouth_width: float  # half width
    upper_lip: float
    lower_lip: float
    cupid_bow: float
    mouth_tilt: float  # corners up when positive

    ear_size: float
    ear_y: float
    ear_spread: float  # how far it sticks out

    hair_style: str
    hair_volume: float  # multiplies the style's volume
    hairline_y: float
    hairline_peak: float  # widow's peak when positive
    hair_part: float  # -1 left, 1 right
    beard_style: str
    beard_density: float

    freckles: float
    marks: tuple[tuple[float, float, float], ...]  # moles: x, y, radius
    scar: tuple[float, float, float] | None  # x, y, angle
    texture: int  # where this person reads the noise bank


@functools.lru_cache(maxsize=4096)
def sample_identity(seed: int, identity: int) -> Identity:
    """Draws the lasting parameters of a person.

    Args:
        seed: non-negative integer, names the population.
        identity: non-negative integer, names the person within it.

    Returns:
        The person; the same for the same two numbers.
    """
    require_index("seed", seed)
    require_index("identity", identity)
    rng = generator(seed, 0, identity)

    def normal(mean: float, std: float) -> float:
        return mean + std * min(max(rng.standard_normal(), -2.2), 2.2)

    def uniform(low: float, high: float) -> float:
        return rng.uniform(low, high)

    age = uniform(0, 1) ** 1.3
    masculine = uniform(0, 1)  # moves several parts together, as hormones do
    tone = uniform(0, len(_SKIN_TONES) - 1)
    dark = tone / (len(_SKIN_TONES) - 1)
    # Darker skin comes with darker hair and eyes, lighter skin with any.
    hair = between(HAIR_COLORS, uniform(0, len(HAIR_COLORS) - 1) * (1 - 0.85 * dark))
    grey = max(0.0, age - uniform(0.55, 1.2)) * 2.2
    hair = hair + min(grey, 0.9) * (np.array((0.80, 0.80, 0.80)) - hair)
    iris = between(_IRIS_COLORS, uniform(0, len(_IRIS_COLORS) - 1) * (1 - 0.9 * dark))
    styles = [name for name, style in HAIR_STYLES.items() if style.fits(masculine, age)]
    bearded = masculine > 0.5 and rng.random() < 0.6
    nose_y = normal(12, 1.9)
    eye_y = normal(-8, 0.8)
    return Identity(
        skin=to_color(between(_SKIN_TONES, tone) * (1, normal(1, 0.02), normal(1, 0.04))),
        hair=to_color(hair),
        iris=to_color(iris),
        lip_redness=uniform(0.15, 0.6) - 0.1 * masculine,
        age=age,
        head_width=normal(37.5, 2.5),
        forehead_width=normal(0.93, 0.035),
        jaw_width=normal(0.73 + 0.10 * masculine, 0.055),
        chin_width=normal(0.30 + 0.10 * masculine, 0.05),
        chin_y=normal(47 + 2 * masculine, 2.6),
        cheekbone=normal(3.5, 1.3),
        eye_x=normal(17.6, 1.45),
        eye_y=eye_y,
        eye_width=normal(9.0 - 0.6 * masculine, 0.8),
        eye_openness=normal(0.56 - 0.07 * masculine, 0.085),
        eye_tilt=normal(0.04, 0.09),
        eye_arch=normal(0, 0.3),
        eye_depth=normal(4, 1.5),
        lid_crease=max(0.0, normal(1.6, 1.2)),
        iris_size=normal(0.50, 0.045),
        lashes=normal(1.5 - 0.5 * masculine, 0.3),
        brow_gap=normal(9.5 - 1.5 * masculine, 1.6),
        brow_length=normal(10.5, 1.2),
        brow_thickness=normal(2.2 + 1.2 * masculine, 0.7),
        brow_arch=normal(2.4 - 1.0 * masculine, 1.0),
        brow_tilt=normal(-0.02, 0.11),
        nose_y=nose_y,
        nose_width=normal(7.4 + 1.0 * masculine, 1.3),
        nose_bridge=normal(3.0, 0.6),
        nose_bridge_height=normal(4.5, 1.5),
        nose_projection=normal(12, 2),
        nose_tip=normal(3.6, 0.7),
        nose_upturn=normal(0, 1),
        mouth_y=normal(32, 1.5) + 0.2 * (nose_y - 12),
        mouth_width=normal(13.8, 1.8),
        upper_lip=normal(3.2 - 0.7 * masculine, 0.8),
        lower_lip=normal(4.8 - 0.6 * masculine, 0.9),
        cupid_bow=uniform(0, 1),
        mouth_tilt=normal(0, 0.7),
        ear_size=normal(9.5, 1.3),
        ear_y=normal(0, 2),
        ear_spread=uniform(0, 1),
        hair_style=str(rng.choice(styles)),
        hair_volume=normal(1, 0.22),
        hairline_y=normal(-40 - 2 * age * masculine, 2.6),
        hairline_peak=normal(0, 1.6),
        hair_part=uniform(-1, 1),
        beard_style=str(rng.choice(BEARD_STYLES[1:])) if bearded else BEARD_STYLES[0],
        beard_density=uniform(0.45, 1),
        freckles=uniform(0, 1) if rng.random() < 0.2 * (1 - dark) + 0.03 else 0.0,
        marks=tuple(
            (uniform(-26, 26), uniform(-30, 40), uniform(0.5, 1.2)) for _ in range(rng.poisson(0.9))
        ),
        scar=(
            (uniform(-24, 24), uniform(-28, 36), uniform(0, math.pi))
            if rng.random() < 0.1
            else None
        ),
        texture=int(rng.integers(1 << 16)),
    )
