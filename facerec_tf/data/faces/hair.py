"""Hair, beards, and what people wear or hold before their face."""

from __future__ import annotations

import cv2
import numpy as np

from facerec_tf.data.faces.canvas import SIZE, SUPERSAMPLE, Sheet, noise, smooth
from facerec_tf.data.faces.features import HEAD_TOP
from facerec_tf.data.faces.identity import Identity
from facerec_tf.data.faces.nuisance import Nuisance
from facerec_tf.data.faces.styles import HAIR_STYLES, HairStyle


def worn_style(identity: Identity, nuisance: Nuisance) -> HairStyle:
    """Returns the cut worn in this photograph."""
    return HAIR_STYLES[nuisance.hair_style or identity.hair_style]


def hair_layer(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> np.ndarray:
    """Returns lit hair colour everywhere, uint8 `[224, 224, 3]`, to be pasted through shapes."""
    return sheet.layer(nuisance.hair_dye or identity.hair, contrast=0.75)


def draw_back_hair(sheet: Sheet, layer: np.ndarray, identity: Identity, nuisance: Nuisance) -> None:
    """Paints the hair behind neck and shoulders."""
    style = worn_style(identity, nuisance)
    volume = style.side * identity.hair_volume
    width = identity.head_width + volume
    if style.length is None:
        if style.curl < 1.5:
            return
        end, flare = style.side_end + 14, 0.8
    else:
        end, flare = style.length, 1.08
    wave = style.curl * noise(identity.texture, 12)
    half = width * np.array((0.3, 0.82, 1.02, 1.05, flare, 0.9 * flare))
    y = np.array((0, 0.12, 0.4, 0.65, 0.88, 1.0)) * (end - HEAD_TOP) + HEAD_TOP
    left = np.column_stack((-half + wave[:6], y, np.full(6, -14)))
    right = np.column_stack((half + wave[6:], y, np.full(6, -14)))
    shape = smooth(sheet.view.project(np.vstack((left, right[::-1]))), closed=True, samples=4)
    sheet.paste(cv2.convertScaleAbs(layer, alpha=0.72), shape)


def draw_hair(sheet: Sheet, layer: np.ndarray, identity: Identity, nuisance: Nuisance) -> None:
    """Paints the hair on skull and forehead, with strands, and locks beside the face."""
    style = worn_style(identity, nuisance)
    if style.top == 0:
        return
    volume = identity.hair_volume
    width = identity.head_width
    # The outer contour runs over the skull from the left to the right temple.
    angle = np.linspace(-1, 1, 11) * 0.5 * np.pi
    bumps = style.curl * noise(identity.texture + 40, 11)
    rx = width + volume * style.side + 0.6 * bumps
    ry = -HEAD_TOP - 14 + volume * style.top + bumps
    outer = np.column_stack((rx * np.sin(angle), -14 - ry * np.cos(angle), np.full(11, 0.0)))
    ends = np.array(((width + 0.5 * volume * style.side, style.side_end, 3.0),))
    outer = np.vstack((ends * (-1, 1, 1), outer, ends))
    # The hairline runs back over the forehead, on the face's surface.
    forehead = width * identity.forehead_width
    x = forehead * np.array((-0.97, -0.9, -0.74, -0.5, -0.25, 0, 0.25, 0.5, 0.74, 0.9, 0.97))
    drop = np.array((0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0))
    rise = np.array((style.side_end + 3, -20, -30, -36.5, -39, -40, -39, -36.5, -30, -20,
                     style.side_end + 3))  # fmt: skip
    middle = slice(2, 9)
    rise[middle] += identity.hairline_y + 40 - style.recede * np.array((1, 1.4, 1, 0.7, 1, 1.4, 1))
    rise[5] += identity.hairline_peak
    part = identity.hair_part
    away = np.abs(x[middle] / forehead - 0.7 * part)
    drop[middle] = style.fringe * (1 - style.sweep + style.sweep * np.minimum(1.6, 1.5 * away))
    if style.sweep:
        drop[middle] -= 2.5 * style.sweep * (away < 0.25)
    rough = 0.5 + 0.25 * style.curl + 0.07 * max(0, style.fringe)
    drop[middle] += rough * noise(identity.texture + 60, 7)
    raised = 0.15 * np.maximum(drop, 0) + 1
    inner = sheet.view.surface(np.column_stack((x, rise + drop)), raised)
    outer, inner = smooth(sheet.view.project(outer)), smooth(inner)
    painted = layer.copy()
    _strands(painted, outer, inner, identity.texture)
    sheet.paste(painted, np.vstack((outer, inner[::-1])))
    if style.length is not None:
        _draw_locks(sheet, painted, identity, style, style.length)


def _draw_locks(
    sheet: Sheet, layer: np.ndarray, identity: Identity, style: HairStyle, length: float
) -> None:
    """Paints hanging hair before ears and shoulders."""
    width, volume = identity.head_width, identity.hair_volume * style.side
    wave = style.curl * noise(identity.texture + 90, 10)
    y = np.linspace(-26, length, 5)
    for side in (-1, 1):
        bend = wave[:5] if side > 0 else wave[5:]
        cover = np.array((0.9, 0.9, 0.93, 0.97, 0.9))
        inner = np.column_stack((side * width * cover + bend, y, np.full(5, 4.0)))
        outside = (width + volume) * np.array((0.98, 1.06, 1.1, 1.12, 1.05))
        outer = np.column_stack((side * outside + bend, y, np.full(5, -4.0)))
        inner, outer = smooth(sheet.view.project(inner)), smooth(sheet.view.project(outer))
        _strands(layer, inner, outer, identity.texture + 300 * side + 300, along=True)
        sheet.paste(layer, np.vstack((inner, outer[::-1])))


def _strands(
    layer: np.ndarray, first: np.ndarray, second: np.ndarray, texture: int, along: bool = False
) -> None:
    """Draws strands on a hair layer between two contours: across from one to the other, or along.

    Args:
        layer: uint8 `[224, 224, 3]`, painted in place.
        first: canvas pixels `[n, 2]`.
        second: canvas pixels `[m, 2]`.
        texture: where the shades are read from the noise bank.
        along: whether strands follow the contours instead of joining them.
    """
    count = 9 if along else 44
    ease = np.linspace(0, 1, count if along else 4)
    if along:
        lines = first + ease[:, None, None] * (second - first)
    else:
        a = first[np.linspace(0, len(first) - 1, count).astype(int)][:, None]
        b = second[np.linspace(0, len(second) - 1, count).astype(int)][:, None]
        slide = 2.5 * noise(texture + 200, count)[:, None, None]
        lines = a + ease[:, None] * (b - a) + slide * (0, 1) * np.sin(3 * ease)[:, None]
    base = layer[np.clip(int(first[len(first) // 2, 1]) + 8, 0, 223), 112].astype(float)
    shade = noise(texture + 500, count)
    for low, high, amount in ((-9, -0.4, -0.28), (0.4, 1.1, 0.16), (1.1, 9, 0.34)):
        color = tuple((base * (1 + amount) + 25 * max(amount, 0)).tolist())
        chosen = lines[(shade > low) & (shade <= high)]
        cv2.polylines(layer, np.rint(chosen * 16).astype(np.int32), False, color, 1, cv2.LINE_AA, 4)


def tint_beard(skin: np.ndarray, sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Darkens lit skin, float32 `[112, 112, 3]` in 0..255, in place where a beard grows."""
    if identity.beard_style == "none" or nuisance.clean_shaven:
        return
    style = identity.beard_style
    jaw = identity.head_width * identity.jaw_width
    cheek = identity.head_width
    mouth, chin = identity.mouth_y, identity.chin_y
    width = identity.mouth_width
    shapes = []
    if style in ("stubble", "short", "full"):
        grow = {"stubble": 0.0, "short": 0.5, "full": 5.0}[style]
        shapes.append(
            [(-cheek, -4), (-cheek + 4, 6), (-width - 9, mouth - 9), (-width - 3, mouth - 7),
             (0, mouth - 10), (width + 3, mouth - 7), (width + 9, mouth - 9), (cheek - 4, 6),
             (cheek, -4), (cheek, 14), (jaw + 3, mouth), (0.6 * jaw, chin + grow),
             (0, chin + 1.5 * grow + 2), (-0.6 * jaw, chin + grow), (-jaw - 3, mouth), (-cheek, 14)]
        )  # fmt: skip
    if style in ("moustache", "goatee", "full"):
        shapes.append(
            [(-width - 2, mouth + 1), (-width + 2, mouth - 6), (0, mouth - 8.5),
             (width - 2, mouth - 6), (width + 2, mouth + 1), (0, mouth - 3)]
        )  # fmt: skip
    if style == "goatee":
        shapes.append(
            [(-width - 2, mouth - 1), (-width + 3, mouth + 6), (0, mouth + 7),
             (width - 3, mouth + 6), (width + 2, mouth - 1), (width, chin - 2), (0, chin + 3),
             (-width, chin - 2)]
        )  # fmt: skip
    mask = np.zeros((SIZE, SIZE), np.float32)
    for shape in shapes:
        polygon = smooth(sheet.view.surface(np.array(shape, float)), closed=True, samples=4)
        mask = np.maximum(mask, _soft_mask(polygon, 4))
    strength = identity.beard_density * (0.45 if style == "stubble" else 0.92)
    grain = noise(identity.texture + 900, SIZE * SIZE).reshape(SIZE, SIZE)
    mask *= strength * np.clip(0.85 + 0.22 * grain, 0, 1)
    hair = (
        255
        * np.array(identity.hair, np.float32)
        * (0.2 + 0.8 * cv2.resize(sheet.light, (SIZE, SIZE)))
    )
    skin += mask[..., None] * (hair - skin)


def _soft_mask(polygon: np.ndarray, blur: int) -> np.ndarray:
    """Returns float32 `[112, 112]`, 1 inside a polygon of canvas pixels, with a soft edge."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon / SUPERSAMPLE).astype(np.int32)], 255)
    return cv2.blur(mask, (blur, blur)).astype(np.float32) / 255
