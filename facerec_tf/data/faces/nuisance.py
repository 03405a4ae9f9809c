"""The varying part of a photograph: pose, expression, light, occlusion, camera."""

from __future__ import annotations

import dataclasses
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
from facerec_tf.data.faces.styles import HAIR_STYLES

EYEWEAR = ("none", "glasses", "sunglasses")
HEADWEAR = ("none", "cap", "beanie")
COVERS = ("none", "mask", "hand", "strand", "scarf")


@dataclasses.dataclass(frozen=True)
class Nuisance:
    """The varying part of a photograph. Units as in `Identity`."""

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


def sample_nuisance(seed: int, identity: int, index: int) -> Nuisance:
    """Draws the conditions of one photograph.

    Args:
        seed: non-negative integer, names the population.
        identity: non-negative integer, names the person within it.
        index: non-negative integer, names the photograph of that person.

    Returns:
        The conditions; the same for the same three numbers.
    """
    require_index("seed", seed)
    require_index("identity", identity)
    require_index("index", index)
    rng = generator(seed, 1, identity, index)
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
        key_light=to_color(key * tint(0.07)),
        fill_light=to_color((0.33 + 0.22 * unit()) * tint(0.06)),
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
        hair_dye=to_color(between(HAIR_COLORS, unit() * 6)) if dyed else None,
        clean_shaven=unit() < 0.3,
        background=(muted(), muted()),
        background_roughness=unit(),
        exposure=math.exp(bounded(0.14, 0.35)),
        gamma=math.exp(bounded(0.12, 0.3)),
        cast=to_color(tint(0.05)),
        saturation=0.0 if unit() < 0.05 else 0.65 + 0.5 * unit(),
        blur=0.3 + 0.8 * unit() if blurred else 0.0,
        motion=2 + 3 * unit() if shaken else 0.0,
        noise=1 + 7 * unit() ** 2,
        texture=int(unit() * (1 << 16)),
    )
