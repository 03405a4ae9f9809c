"""Objects that hide parts of a drawn face: glasses, hats, masks, hands, scarves, loose hair."""

from __future__ import annotations

import math

import numpy as np

from facerec_tf.data.faces.canvas import SUPERSAMPLE, Sheet, mix, noise, smooth
from facerec_tf.data.faces.identity import Identity
from facerec_tf.data.faces.nuisance import Nuisance

_BROW_LINE = -24.0


def draw_worn(sheet: Sheet, layer: np.ndarray, identity: Identity, nuisance: Nuisance) -> None:
    """Paints whatever this photograph adds before the face.

    Args:
        sheet: the picture with face and hair.
        layer: uint8 `[224, 224, 3]`, lit hair colour.
        identity: the person.
        nuisance: what is worn.
    """
    if nuisance.eyewear != "none":
        _draw_glasses(sheet, identity, nuisance)
    if nuisance.headwear != "none":
        _draw_hat(sheet, identity, nuisance)
    if nuisance.cover in ("mask", "scarf"):
        _draw_mask(sheet, identity, nuisance)
    elif nuisance.cover == "hand":
        _draw_hand(sheet, identity, nuisance)
    elif nuisance.cover == "strand":
        _draw_strand(sheet, layer, identity, nuisance)


def _draw_glasses(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    dark = nuisance.eyewear == "sunglasses"
    shape = noise(nuisance.texture, 4)
    half = 11.5 + 0.8 * shape[0]
    height = 8 + 0.9 * shape[1] + 1.2 * dark
    middle = identity.eye_y + 1
    round_ = 0.7 + 0.25 * math.tanh(shape[2])  # corner of the lens, 1 is a rectangle
    frame = mix((0.06, 0.05, 0.06), nuisance.cloth, 0.5 if shape[3] > 0.3 else 0.1)
    width = 0.7 + 0.5 * (shape[2] > 0)
    corner = 0.72 + 0.2 * round_
    profile = np.array(
        ((-1, 0), (-corner, -corner), (0, -1), (corner, -corner), (1, 0), (0.9 * corner, corner),
         (0, 1), (-0.9 * corner, corner))
    )  # fmt: skip
    rims = []
    for side in (-1, 1):
        points = profile * (half, height) + (side * 17.6, middle)
        rims.append(smooth(sheet.view.surface(points, 3), closed=True))
    color = sheet.lit(frame, rims[0][0])
    for rim in rims:
        if dark:
            sheet.blend(rim, sheet.lit((0.07, 0.06, 0.07), rim[0]), 0.93)
        glare = rim[6:20] * 0.8 + 0.2 * rim.mean(0)
        sheet.blend(glare, (235, 240, 250), 0.12 + 0.25 * nuisance.gloss)
        sheet.stroke(np.vstack((rim, rim[:1])), color, width)
    bridge = np.array(((-17.6 + half, middle - 2), (0, middle - 4), (17.6 - half, middle - 2)))
    sheet.stroke(smooth(sheet.view.surface(bridge, 5)), color, width)
    for side in (-1, 1):
        start = sheet.view.surface(np.array(((side * (17.6 + half), middle - 2),)), 3)
        end = sheet.view.project(np.array(((side * identity.head_width * 1.02, middle - 4, -2),)))
        sheet.stroke(np.vstack((start, end)), color, width)


def _draw_hat(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    width = identity.head_width + 4
    low = _BROW_LINE - 7 + 0.5 * nuisance.cover_offset
    angle = np.linspace(-1, 1, 9) * 0.5 * np.pi
    top = np.column_stack((width * np.sin(angle), low - 2 - 44 * np.cos(angle), np.zeros(9)))
    edge = np.column_stack((np.linspace(1, -1, 7) * width * 0.97, np.full(7, low)))
    edge[:, 1] += 5 * (np.abs(np.linspace(1, -1, 7)) ** 2) - 1
    band = sheet.view.surface(edge, 3)
    crown = np.vstack((smooth(sheet.view.project(top)), smooth(band)))
    sheet.paste(sheet.layer(nuisance.cloth), crown)
    shade = mix(nuisance.cloth, (0, 0, 0), 0.35)
    if nuisance.headwear == "beanie":
        raised = sheet.view.surface(edge - (0, 11), 4)
        cuff = np.vstack((smooth(band), smooth(raised)[::-1]))
        sheet.fill(cuff, sheet.lit(mix(nuisance.cloth, (1, 1, 1), 0.12), band[3]))
        sheet.strokes(np.stack((band, raised), axis=1), sheet.lit(shade, band[3]))
        for row in np.linspace(0.25, 0.75, 9):
            line = np.stack((smooth(band)[int(36 * row)], smooth(raised)[int(36 * row)]))
            sheet.stroke(line, sheet.lit(shade, band[3]), 0.5)
        return
    reach = 9 + 0.8 * nuisance.cover_offset
    brim = edge[1:6] + np.column_stack((np.zeros(5), reach * np.array((0.1, 0.75, 1, 0.75, 0.1))))
    shape = np.vstack((smooth(band[1:6]), smooth(sheet.view.surface(brim, 16))[::-1]))
    below = np.add(shape, (0, 9))
    sheet.blend(below, sheet.lit(mix(identity.skin, (0.1, 0, 0), 0.8), band[3]), 0.45)
    sheet.fill(shape, sheet.lit(shade, band[3]))
    for row in (12, 27, 42):
        seam = np.stack((crown[row], 0.5 * (crown[27] + crown[row]) + (0, 20)))
        sheet.stroke(seam, sheet.lit(shade, band[3]), 0.5)


def _draw_mask(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    width, chin = identity.head_width, identity.chin_y
    jaw = width * identity.jaw_width
    top = identity.nose_y - 5 + 0.7 * nuisance.cover_offset
    if nuisance.cover == "scarf":
        top += 11
    flat = np.array(
        ((-0.93 * width, top + 3), (-0.5 * width, top - 1), (0, top - 4), (0.5 * width, top - 1),
         (0.93 * width, top + 3), (jaw + 1, 0.72 * chin), (0.5 * jaw, chin + 2), (0, chin + 5),
         (-0.5 * jaw, chin + 2), (-jaw - 1, 0.72 * chin))
    )  # fmt: skip
    raised = np.array((0, 4, 0.7 * identity.nose_projection, 4, 0, 0, 2, 3, 2, 0))
    if nuisance.cover == "scarf":
        flat[5:] = flat[5:] * (1.25, 1) + (0, 22)
    points = sheet.view.surface(flat, raised)
    shape = smooth(points, closed=True, samples=5)
    pale = mix(nuisance.cloth, (0.75, 0.85, 0.92), 0.6 if nuisance.cover == "mask" else 0.0)
    middle = 0.5 * (points[2] + points[7])
    color = sheet.lit(pale, middle)
    sheet.paste(sheet.layer(pale, contrast=0.85), shape)
    side = points[[2, 3, 4, 5, 6, 7]] if nuisance.light_azimuth < 0 else points[[2, 1, 0, 9, 8, 7]]
    sheet.blend(side, mix(color, (0, 0, 0), 0.5), 0.3)
    for row in (0.3, 0.5, 0.7):
        ends = np.stack([a + row * (b - a) for a, b in ((points[0], points[9]),
                                                        (points[2], points[7]),
                                                        (points[4], points[5]))])  # fmt: skip
        sheet.stroke(smooth(ends), mix(color, (0, 0, 0), 0.25), 0.5)
    if nuisance.cover == "mask":
        for edge, ear in ((points[0], -1), (points[4], 1)):
            hook = sheet.view.project(np.array(((ear * width, identity.ear_y - 4, -2),)))
            sheet.stroke(np.vstack((edge[None], hook)), mix(color, (255, 255, 255), 0.3), 0.6)


def _draw_hand(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    side = nuisance.cover_side
    raise_ = 3.0 * nuisance.cover_offset
    color = sheet.lit(mix(identity.skin, (0.7, 0.3, 0.2), 0.12), (112 + 40 * side, 190))
    line = mix(color, (50, 15, 10), 0.5)
    lean = math.radians(28) * -side
    cos, sin = math.cos(lean), math.sin(lean)

    def place(points: list) -> np.ndarray:
        x, y = np.array(points, float).T
        flat = np.column_stack((x * cos - y * sin, x * sin + y * cos))
        return SUPERSAMPLE * np.add(flat, (56 + 26 * side, 98 - raise_))

    palm = place([(-14, 60), (-15, 6), (-12, -2), (13, -2), (16, 8), (15, 60)])
    sheet.fill(smooth(palm, closed=True), color)
    for finger, (reach, tilt) in enumerate(((21, -0.10), (26, -0.03), (25, 0.04), (18, 0.12))):
        x = -11.5 + 7.6 * finger
        tip = x + tilt * reach
        shape = place([(x - 3.9, 4), (tip - 3.6, -reach + 4), (tip, -reach),
                       (tip + 3.6, -reach + 4), (x + 3.9, 4)])  # fmt: skip
        finger_shape = smooth(shape)
        sheet.fill(finger_shape, mix(color, (255, 235, 220), 0.03 * finger))
        sheet.stroke(finger_shape, line, 0.5)
        nail = place([(tip, -reach + 3.4)])[0]
        sheet.dot(nail, 4.2, mix(color, (255, 215, 210), 0.4), 1.2)


def _draw_strand(sheet: Sheet, layer: np.ndarray, identity: Identity, nuisance: Nuisance) -> None:
    side, offset = nuisance.cover_side, nuisance.cover_offset
    x = side * np.array((4, 17 + offset, 25 + offset, 27, 24))
    y = np.array((-44, -28, -8, 14, 36.0))
    half = np.array((5, 7, 6, 4.5, 1))
    inner = sheet.view.surface(np.column_stack((x - half, y)), 4)
    outer = sheet.view.surface(np.column_stack((x + half, y)), 4)
    inner, outer = smooth(inner), smooth(outer)
    sheet.paste(layer, np.vstack((inner, outer[::-1])))
    base = tuple(layer[60, 112].tolist())
    lines = inner + np.array((0.15, 0.4, 0.6, 0.85))[:, None, None] * (outer - inner)
    sheet.strokes(lines[::2], mix(base, (255, 230, 200), 0.2))
    sheet.strokes(lines[1::2], mix(base, (0, 0, 0), 0.4))
