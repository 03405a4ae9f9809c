"""Drawn faces: a face-recognition data set that fits in a few hundred lines.

An *identity* is what a person keeps (bones, features, colours); a *nuisance* is what one photograph
adds (pose, expression, light, occlusion, camera). Both are pure functions of integers, so image
`index` of `identity` under `seed` is the same array on every machine with the same library
versions, in any order and however many identities there are. Crops follow the ArcFace template.

Lengths are pixels of the 112 x 112 crop for an upright frontal head, in *head coordinates*: origin
at the head's centre, x to the image's right, y down, z towards the viewer. Angles are radians,
colours RGB in 0..1.
"""

import dataclasses
import functools
import math

import numpy as np

from facerec_tf.core.errors import require
from facerec_tf.data import drawing
from facerec_tf.data.drawing_hair import BEARD_STYLES, HAIR_STYLES

Color = tuple[float, float, float]

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
_HAIR_COLORS = np.array(
    [
        (0.10, 0.08, 0.08),
        (0.17, 0.11, 0.09),
        (0.28, 0.18, 0.12),
        (0.42, 0.27, 0.16),
        (0.52, 0.25, 0.12),
        (0.70, 0.53, 0.31),
        (0.85, 0.73, 0.50),
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
EYEWEAR = ("none", "glasses", "sunglasses")
HEADWEAR = ("none", "cap", "beanie")
COVERS = ("none", "mask", "hand", "strand", "scarf")


@dataclasses.dataclass(frozen=True)
class Identity:
    """What a person keeps from photograph to photograph.

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


@dataclasses.dataclass(frozen=True)
class Nuisance:
    """What one photograph adds to a person. Units as in `Identity`."""

    yaw: float
    pitch: float
    roll: float
    scale: float  # misalignment: multiplies the aligned size
    shift: tuple[float, float]  # misalignment, pixels

    smile: float  # -1 sad, 1 broad smile
    mouth_open: float  # 0..1
    blink: float  # 0 as the identity, 1 closed
    brow_raise: float  # pixels
    gaze: tuple[float, float]  # fraction of eye_width
    makeup: float  # 0..1

    light_azimuth: float  # 0 from the camera, positive from the image's right
    light_elevation: float
    key_light: Color  # may exceed 1
    fill_light: Color
    gloss: float  # specular strength
    shadow: float  # strength of a cast shadow with a straight soft edge
    shadow_angle: float
    shadow_offset: float  # pixels from the crop's centre

    eyewear: str
    headwear: str
    cover: str
    cover_side: int  # -1 or 1
    cover_offset: float  # pixels
    cloth: Color  # clothes, hats, masks
    hair_style: str | None  # a changed hair style, None keeps the identity's
    hair_dye: Color | None
    clean_shaven: bool
    background: tuple[Color, Color]
    background_roughness: float

    exposure: float  # multiplies
    gamma: float
    cast: Color  # white-balance error, multiplies
    saturation: float
    blur: float  # standard deviation, pixels
    motion: float  # length of the motion blur, pixels
    noise: float  # standard deviation, grey levels
    texture: int  # where this photograph reads the noise bank


def synthetic_face(seed: int, identity: int, index: int) -> np.ndarray:
    """Draws one photograph of one synthetic person.

    Args:
        seed: non-negative integer, names the population.
        identity: non-negative integer, names the person within it.
        index: non-negative integer, names the photograph of that person.

    Returns:
        uint8 array `[112, 112, 3]`, RGB, aligned to the ArcFace template.
    """
    return draw_face(sample_identity(seed, identity), sample_nuisance(seed, identity, index))


def draw_face(identity: Identity, nuisance: Nuisance) -> np.ndarray:
    """Draws a person under given conditions.

    Args:
        identity: the person.
        nuisance: the conditions.

    Returns:
        uint8 array `[112, 112, 3]`, RGB, aligned to the ArcFace template.
    """
    return drawing.draw_face(identity, nuisance)


@functools.lru_cache(maxsize=4096)
def sample_identity(seed: int, identity: int) -> Identity:
    """Draws the lasting parameters of a person.

    Args:
        seed: non-negative integer, names the population.
        identity: non-negative integer, names the person within it.

    Returns:
        The person; the same for the same two numbers.
    """
    _require_index("seed", seed)
    _require_index("identity", identity)
    rng = _generator(seed, 0, identity)

    def normal(mean: float, std: float) -> float:
        return mean + std * min(max(rng.standard_normal(), -2.2), 2.2)

    def uniform(low: float, high: float) -> float:
        return rng.uniform(low, high)

    age = uniform(0, 1) ** 1.3
    masculine = uniform(0, 1)  # moves several parts together, as hormones do
    tone = uniform(0, len(_SKIN_TONES) - 1)
    dark = tone / (len(_SKIN_TONES) - 1)
    # Darker skin comes with darker hair and eyes, lighter skin with any.
    hair = _between(_HAIR_COLORS, uniform(0, len(_HAIR_COLORS) - 1) * (1 - 0.85 * dark))
    grey = max(0.0, age - uniform(0.55, 1.2)) * 2.2
    hair = hair + min(grey, 0.9) * (np.array((0.80, 0.80, 0.80)) - hair)
    iris = _between(_IRIS_COLORS, uniform(0, len(_IRIS_COLORS) - 1) * (1 - 0.9 * dark))
    styles = [name for name, style in HAIR_STYLES.items() if style.fits(masculine, age)]
    bearded = masculine > 0.5 and rng.random() < 0.6
    nose_y = normal(12, 1.9)
    eye_y = normal(-8, 0.8)
    return Identity(
        skin=_color(_between(_SKIN_TONES, tone) * (1, normal(1, 0.02), normal(1, 0.04))),
        hair=_color(hair),
        iris=_color(iris),
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


def sample_nuisance(seed: int, identity: int, index: int) -> Nuisance:
    """Draws the conditions of one photograph.

    Args:
        seed: non-negative integer, names the population.
        identity: non-negative integer, names the person within it.
        index: non-negative integer, names the photograph of that person.

    Returns:
        The conditions; the same for the same three numbers.
    """
    _require_index("seed", seed)
    _require_index("identity", identity)
    _require_index("index", index)
    rng = _generator(seed, 1, identity, index)
    unit = rng.random
    gauss = rng.standard_normal

    def bounded(std: float, limit: float) -> float:
        return min(max(std * gauss(), -limit), limit)

    def pick(names: tuple[str, ...], chance: float) -> str:
        return names[1 + int(unit() * (len(names) - 1))] if unit() < chance else names[0]

    def tint(strength: float) -> np.ndarray:
        warmth, green = bounded(strength, 0.4), bounded(strength / 3, 0.15)
        return np.array((1 + warmth, 1 + green, 1 - warmth))

    key = 0.42 + 0.42 * unit()

    def muted() -> Color:
        grey, chroma = 0.18 + 0.60 * unit(), 0.10 + 0.3 * unit() ** 2
        red, green, blue = (min(max(grey + chroma * bounded(0.6, 1), 0.03), 0.97) for _ in "rgb")
        return (red, green, blue)

    changed_hair = unit() < 0.06
    dyed = unit() < 0.05
    blurred, shaken = unit() < 0.35, unit() < 0.1
    covered = unit()  # at most one of headwear and cover, so that a face remains
    return Nuisance(
        yaw=bounded(0.17, 0.45),
        pitch=bounded(0.08, 0.2),
        roll=bounded(0.05, 0.12),
        scale=1 + bounded(0.02, 0.05),
        shift=(bounded(1, 2.5), bounded(1, 2.5)),
        smile=bounded(0.5, 0.9) + 0.25,
        mouth_open=max(0.0, unit() * 2 - 1.1),
        blink=1.0 if unit() < 0.04 else 0.45 * unit() ** 3,
        brow_raise=bounded(0.9, 2.2),
        gaze=(bounded(0.2, 0.4), bounded(0.08, 0.15)),
        makeup=unit() if unit() < 0.2 else 0.0,
        light_azimuth=bounded(0.5, 1.1),
        light_elevation=0.35 + bounded(0.4, 0.9),
        key_light=_color(key * tint(0.07)),
        fill_light=_color((0.33 + 0.22 * unit()) * tint(0.06)),
        gloss=0.25 * unit(),
        shadow=0.25 + 0.4 * unit() if unit() < 0.18 else 0.0,
        shadow_angle=2 * math.pi * unit(),
        shadow_offset=bounded(14, 30),
        eyewear=pick(EYEWEAR, 0.13),
        headwear=pick(HEADWEAR, 1.0) if covered < 0.08 else "none",
        cover=pick(COVERS, 1.0) if covered > 0.91 else "none",
        cover_side=1 if unit() < 0.5 else -1,
        cover_offset=bounded(3, 6),
        cloth=muted(),
        hair_style=list(HAIR_STYLES)[int(unit() * len(HAIR_STYLES))] if changed_hair else None,
        hair_dye=_color(_between(_HAIR_COLORS, unit() * 6)) if dyed else None,
        clean_shaven=unit() < 0.3,
        background=(muted(), muted()),
        background_roughness=unit(),
        exposure=math.exp(bounded(0.14, 0.35)),
        gamma=math.exp(bounded(0.12, 0.3)),
        cast=_color(tint(0.05)),
        saturation=0.0 if unit() < 0.05 else 0.65 + 0.5 * unit(),
        blur=0.3 + 0.8 * unit() if blurred else 0.0,
        motion=2 + 3 * unit() if shaken else 0.0,
        noise=1 + 7 * unit() ** 2,
        texture=int(unit() * (1 << 16)),
    )


def _require_index(name: str, value: int) -> None:
    is_index = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0
    require(is_index, name, "a non-negative integer", value)


def _generator(seed: int, *key: int) -> np.random.Generator:
    """Returns an independent stream; `key` starts with the kind of thing that is drawn."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(int(seed), spawn_key=key)))


def _between(palette: np.ndarray, position: float) -> np.ndarray:
    """Interpolates a palette `[n, 3]` at a position in `0..n-1`."""
    low = min(int(position), len(palette) - 2)
    return palette[low] + (position - low) * (palette[low + 1] - palette[low])


def _color(values: np.ndarray) -> Color:
    red, green, blue = (float(value) for value in values)
    return (red, green, blue)
