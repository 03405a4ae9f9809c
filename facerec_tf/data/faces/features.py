"""The parts of a drawn face: neck, ears, eyes, brows, nose, mouth and skin marks.

Every function paints one part on a `Sheet`, in head coordinates.
"""

from __future__ import annotations

import math

import numpy as np

from facerec_tf.data.faces.canvas import SUPERSAMPLE, Sheet, View, mix, noise, smooth
from facerec_tf.data.faces.identity import Identity
from facerec_tf.data.faces.nuisance import Nuisance

HEAD_TOP = -56.0


def outline(identity: Identity, view: View) -> np.ndarray:
    """Returns the head's contour, canvas pixels `[n, 2]`.

    The contour is beside the ears (z = 0) and comes forward towards the chin, so a turned head
    carries its chin along.
    """
    cheek = identity.head_width
    forehead, jaw, chin = (
        cheek * part for part in (identity.forehead_width, identity.jaw_width, identity.chin_width)
    )
    bottom = identity.chin_y
    right = np.array(
        (
            (0.55 * forehead, HEAD_TOP + 5, 0),
            (0.92 * forehead, HEAD_TOP + 19, 0),
            (forehead, -22, 2),
            (cheek, 2, 2),
            (0.42 * cheek + 0.58 * jaw, 0.42 * bottom, 3),
            (0.9 * jaw, 0.68 * bottom, 8),
            (0.5 * jaw + 0.5 * chin, 0.88 * bottom, 14),
            (0.5 * chin, 0.985 * bottom, 19),
        )
    )
    left = right[::-1] * (-1, 1, 1)
    points = np.vstack(((0, HEAD_TOP, 0), right, (0, bottom + 0.8, 21), left))
    return smooth(view.project(points), closed=True, samples=5)


def draw_neck(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints neck, shoulders and clothes behind the head."""
    jaw = identity.head_width * identity.jaw_width
    project = sheet.view.project
    width = 0.86 * jaw
    bottom = identity.chin_y + 30
    shoulder = np.array(
        ((-90, bottom + 60, -15), (-78, bottom - 3, -15), (-width - 8, bottom - 14, -15),
         (-width, bottom - 18, -10), (width, bottom - 18, -10), (width + 8, bottom - 14, -15),
         (78, bottom - 3, -15), (90, bottom + 60, -15))
    )  # fmt: skip
    cloth = project(shoulder)
    sheet.fill(cloth, sheet.lit(nuisance.cloth, (112, 210)))
    neck = np.array(
        ((-width, 10, -12), (-width, bottom - 16, -12), (0, bottom - 4, -4),
         (width, bottom - 16, -12), (width, 10, -12))
    )  # fmt: skip
    seen = project(neck)
    color = sheet.lit(
        mix(identity.skin, (0.25, 0.1, 0.05), 0.28), project(neck[2:3] - (0, 24, 0))[0]
    )
    sheet.fill(seen, color)
    y = identity.chin_y
    throat = np.array(((-jaw, 20, 0), (-0.5 * jaw, y + 5, 8), (0.5 * jaw, y + 5, 8), (jaw, 20, 0)))
    sheet.blend(smooth(project(throat)), mix(color, (0, 0, 0), 0.5), 0.4)


def draw_ears(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints both ears behind the cheeks; a turned head hides the far one."""
    height = identity.ear_size
    for side in (-1, 1):
        near = -side * math.sin(nuisance.yaw)
        stick = (2.2 + 3.2 * identity.ear_spread) * max(0.0, 1 + 1.6 * near)
        if stick < 1:
            continue
        edge = side * (identity.head_width - 1.5)
        top = identity.ear_y - 0.7 * height

        def rim(scale: float, edge: float = edge, side: int = side, stick: float = stick,
                top: float = top) -> np.ndarray:  # fmt: skip
            profile = ((-2, 0.1), (0.9, -0.05), (1.25, 0.25), (1.0, 0.7), (0.5, 1.15), (-2, 1.25))
            points = [
                (edge + side * stick * x * scale, top + 1.6 * height * (0.5 + (y - 0.5) * scale), 0)
                for x, y in profile
            ]
            return smooth(sheet.view.project(np.array(points)), closed=True, samples=4)

        outer = rim(1.0)
        color = sheet.lit(identity.skin, outer[len(outer) // 2])
        sheet.fill(outer, mix(color, (120, 30, 20), 0.16))
        sheet.fill(rim(0.6), mix(color, (70, 10, 0), 0.38))


def draw_eyes(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints both eyes: white, iris, pupil, highlight, lids, lashes and fold."""
    width = identity.eye_width
    openness = identity.eye_openness * (1 - nuisance.blink) * (1 - 0.18 * max(0, nuisance.smile))
    height = width * openness
    cos, sin = math.cos(identity.eye_tilt), math.sin(identity.eye_tilt)
    for side in (-1, 1):

        def place(points: list, raised: float = 0.0, side: int = side) -> np.ndarray:
            # x runs from the inner (-1) to the outer corner (1), y down, both before the tilt.
            x, y = np.array(points).T
            x = width * x
            flat = np.column_stack(
                (side * (identity.eye_x + x * cos + y * sin), identity.eye_y - x * sin + y * cos)
            )
            return sheet.view.surface(flat, raised)

        arch = 0.35 * identity.eye_arch
        top, low = -0.95 * height, 0.62 * height
        upper = smooth(
            place([(-1, 0.7), (arch - 0.6, 0.72 * top), (arch, top),
                   (arch + 0.58, 0.66 * top), (1, 0)])
        )  # fmt: skip
        lower = smooth(
            place([(1, 0), (0.5, 0.86 * low), (-0.1, low), (-0.7, 0.62 * low), (-1, 0.7)])
        )
        eye = np.vstack((upper, lower))
        center = place([(0, 0)])[0]
        skin = sheet.lit(identity.skin, center)
        lash = mix(sheet.lit(identity.hair, center), (12, 8, 8), 0.6)

        # Lid: a shade between the fold and the eye, darker with make-up.
        crease = identity.lid_crease * (1 - 0.5 * nuisance.blink) + 0.6
        fold = smooth(
            place([(-0.95, 0.2), (arch - 0.55, 0.8 * top - crease), (arch, top - crease),
                   (arch + 0.6, 0.72 * top - crease), (1.12, -0.9)])
        )  # fmt: skip
        lid = np.vstack((fold, upper[::-1]))
        sheet.blend(lid, mix(mix(skin, (60, 20, 20), 0.35), nuisance.cloth, 0.2), 0.55)
        if identity.lid_crease > 0.4:
            sheet.stroke(fold, mix(skin, (50, 15, 10), 0.5), 0.5)
        bag = smooth(place([(-0.8, 1 + low), (-0.1, 1.9 + low), (0.8, 0.8 + low)]))
        sheet.stroke(bag, mix(skin, (60, 20, 20), 0.12 + 0.3 * identity.age), 0.5)

        if height > 0.6:
            with sheet.clipped(eye):
                sheet.fill(eye, sheet.lit((0.93, 0.91, 0.90), center))
                gaze = np.array(nuisance.gaze) * (width * side, width)
                iris = place([((gaze[0]) / width, gaze[1] - 0.12 * height)])[0]
                radius = identity.iris_size * width * sheet.view.zoom
                squash = 1 / max(0.75, math.cos(nuisance.yaw))
                color = sheet.lit(identity.iris, center)
                sheet.dot(iris, radius, mix(color, (10, 8, 8), 0.6), squash)
                sheet.dot(iris, 0.84 * radius, color, squash)
                glow = np.add(iris, (0, 0.25 * radius))
                sheet.dot(glow, 0.55 * radius, mix(color, (255, 240, 210), 0.2))
                sheet.dot(iris, 0.42 * radius, (12, 9, 9), squash)
                sheet.stroke(np.add(upper, (0, 1.6)), mix(skin, (30, 15, 15), 0.75), 0.9)
                toward = 0.3 * radius * math.copysign(1, nuisance.light_azimuth)
                sheet.dot(np.add(iris, (toward, -0.3 * radius)), 0.2 * radius, (250, 250, 250))
                corner = place([(-0.9, 0.55)])[0]
                sheet.dot(corner, 0.14 * radius + 1, mix(skin, (200, 90, 90), 0.5))
        sheet.stroke(lower, mix(skin, (70, 25, 20), 0.45), 0.5)
        wing = place([(1.16, -0.8 - 0.4 * identity.lashes)])
        liner = identity.lashes * (1 + 0.6 * nuisance.makeup)
        sheet.stroke(np.vstack((upper[5:], wing)), lash, liner * 0.6)


def draw_brows(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints both brows, tapering outwards, with hairs."""
    length, thick, arch = identity.brow_length, identity.brow_thickness, identity.brow_arch
    thick *= 1 + 0.15 * nuisance.makeup
    base = identity.eye_y - identity.brow_gap - nuisance.brow_raise
    for side in (-1, 1):
        along = np.array((-1.0, -0.6, -0.1, 0.4, 0.8, 1.1))
        rise = arch * np.array((0, 0.35, 0.8, 1.0, 0.55, -0.3))
        rise += identity.brow_tilt * length * along
        half = 0.5 * thick * np.array((0.75, 1.0, 1.05, 0.85, 0.55, 0.1))
        x = side * (identity.eye_x + 0.6 + length * along)
        upper = sheet.view.surface(np.column_stack((x, base - rise - half)), 1.5)
        lower = sheet.view.surface(np.column_stack((x, base - rise + half)), 1.5)
        shape = np.vstack((smooth(upper, samples=4), smooth(lower, samples=4)[::-1]))
        skin = sheet.lit(identity.skin, shape[8])
        hair = sheet.lit(mix(identity.hair, (0.1, 0.07, 0.06), 0.4), shape[8])
        sheet.blend(shape, mix(skin, hair, 0.85), 0.8)
        upper, lower = smooth(upper, samples=3), smooth(lower, samples=3)
        hairs = np.stack((lower[:-2], upper[2:] * 1.05 - 0.05 * lower[2:]), axis=1)
        sheet.strokes(hairs, mix(skin, hair, 1.0))


def draw_nose(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints nostrils, wings and the shade under the tip; the bridge is in the light itself."""
    width, tip = identity.nose_width, identity.nose_y
    raised = identity.nose_projection
    spread = width * (1 + 0.07 * max(0, nuisance.smile))
    base = tip + 3.6 - 0.7 * identity.nose_upturn
    under = sheet.view.surface(
        np.array(((-spread * 0.75, base), (0, base + 1.6), (spread * 0.75, base), (0, base - 1.6))),
        np.array((0.45, 0.8, 0.45, 0.8)) * raised,
    )
    skin = sheet.lit(identity.skin, under[1])
    dark = mix(skin, (45, 10, 5), 0.55)
    sheet.blend(smooth(under, closed=True), dark, 0.4)
    for side in (-1, 1):
        wing = sheet.view.surface(
            side
            * np.array(
                ((0.72 * spread, 0), (1.03 * spread, 0), (1.0 * spread, 0), (0.7 * spread, 0))
            )
            + np.array(((0, tip - 3.8), (0, tip - 0.8), (0, tip + 2.6), (0, tip + 3.9))),
            np.array((0.4, 0.25, 0.25, 0.4)) * raised,
        )
        sheet.stroke(smooth(wing), mix(skin, (60, 15, 10), 0.42), 0.6)
        hole = (side * 0.46 * spread, base - 0.1)
        seen = sheet.view.surface(np.array((hole,)), 0.6 * raised)[0]
        size = 0.21 * spread * sheet.view.zoom
        sheet.dot(seen, size, mix(skin, (30, 5, 0), 0.75), 0.5 + 0.12 * identity.nose_upturn)


def draw_mouth(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints lips, teeth and the dark of an open mouth."""
    smile, gape = nuisance.smile, 7.5 * nuisance.mouth_open
    width = identity.mouth_width * (1 + 0.14 * smile - 0.10 * nuisance.mouth_open)
    lift = 2.0 + identity.mouth_tilt + 2.8 * smile  # the corners' rise
    center, bow = identity.mouth_y - 0.3 * gape + 0.4 * lift, identity.cupid_bow
    x = width * np.array((-1, -0.62, -0.22, 0, 0.22, 0.62, 1))
    bend = -lift * (np.abs(x) / width) ** 2  # everything follows the corners
    thin = 1 - 0.12 * max(0, smile)
    top = identity.upper_lip * thin * np.array((0, 0.62, 1.0 + 0.25 * bow, 1 - 0.3 * bow,
                                                1.0 + 0.25 * bow, 0.62, 0))  # fmt: skip
    low = identity.lower_lip * thin * np.array((0, 0.66, 0.97, 1.05, 0.97, 0.66, 0))
    gap = gape * np.array((0, 0.6, 0.95, 1, 0.95, 0.6, 0))
    dip = np.array((0, 0.25, -0.1, 0.35, -0.1, 0.25, 0)) * 1.6

    def place(y: np.ndarray, raised: float) -> np.ndarray:
        height = raised * np.array((0, 0.5, 0.9, 1, 0.9, 0.5, 0))
        return smooth(sheet.view.surface(np.column_stack((x, y + bend)), height), samples=4)

    upper_top = place(center - top, 3.5)
    upper_low = place(center + dip * 0.5, 3)
    lower_top = place(center + dip * 0.5 + gap, 3)
    lower_low = place(center + gap + low, 3)
    middle = sheet.view.surface(np.array(((0.0, center + 3),)))[0]
    skin = sheet.lit(identity.skin, middle)
    natural = mix(identity.skin, (0.62, 0.16, 0.20), 0.25 + 0.5 * identity.lip_redness)
    painted = mix(natural, (0.72, 0.06, 0.16), 0.75 * nuisance.makeup)
    lip = sheet.lit(painted, middle)
    if gape > 0.5:
        inside = np.vstack((upper_low, lower_top[::-1]))
        with sheet.clipped(inside):
            sheet.fill(inside, (55, 16, 18))
            edge = np.add(upper_low[::-1], (0, 2.2 * SUPERSAMPLE + 0.4 * gape))
            teeth = np.vstack((upper_low, edge))
            sheet.fill(teeth, sheet.lit((0.95, 0.93, 0.88), middle))
    sheet.fill(np.vstack((lower_top, lower_low[::-1])), mix(lip, (255, 220, 210), 0.06))
    sheet.fill(np.vstack((upper_top, upper_low[::-1])), mix(lip, (50, 5, 10), 0.22))
    shine = sheet.view.surface(np.array(((0.0, center + gape + 0.5 * identity.lower_lip),)), 3)[0]
    sheet.dot(shine, 0.3 * width * sheet.view.zoom, mix(lip, (255, 235, 230), 0.2), 0.2)
    if gape <= 0.5:
        sheet.stroke(upper_low, mix(lip, (40, 0, 0), 0.65), 0.6)
    shade = place(center + gap + low + 1.3, 2)[8:-8]
    sheet.stroke(shade, mix(skin, (60, 20, 10), 0.28), 0.8)


def draw_folds(sheet: Sheet, identity: Identity, nuisance: Nuisance) -> None:
    """Paints the lines of age and of laughter."""
    age, smile = identity.age, max(0.0, nuisance.smile)
    deep = min(0.45, 0.30 * age**2 + 0.22 * smile)
    center = sheet.view.surface(np.array(((0.0, 22.0),)))[0]
    line = mix(sheet.lit(identity.skin, center), (60, 15, 5), deep)
    if deep > 0.08:
        for side in (-1, 1):
            fold = np.array(
                (
                    (side * (identity.nose_width + 2.5), identity.nose_y - 1),
                    (side * (identity.mouth_width + 1), identity.mouth_y - 11),
                    (side * (identity.mouth_width + 4), identity.mouth_y - 1),
                )
            )
            sheet.stroke(smooth(sheet.view.surface(fold)), line, 0.6)
    if age > 0.6:
        raised = identity.eye_y - identity.brow_gap - 8
        for row in range(int(6 * age) - 2):
            wave = 0.6 * noise(identity.texture + 7 * row, 4)
            points = np.column_stack(((-16, -6, 6, 16), raised - 5.0 * row + wave))
            sheet.stroke(smooth(sheet.view.surface(points)), mix(line, (200, 150, 120), 0.3), 0.5)
        for side in (-1, 1):
            start = side * (identity.eye_x + 1.25 * identity.eye_width)
            for slope in (-2, 0.4, 2.6):
                foot = (
                    (start, identity.eye_y + 0.3 * slope),
                    (start + side * 5, identity.eye_y + slope),
                )
                sheet.stroke(sheet.view.surface(np.array(foot)), line, 0.5)


def draw_marks(sheet: Sheet, identity: Identity) -> None:
    """Paints freckles, moles and a scar."""
    skin = identity.skin
    if identity.freckles:
        count = int(20 + 60 * identity.freckles)
        spots = noise(identity.texture, 2 * count).reshape(count, 2) * (13, 6) + (0, 9)
        height = identity.nose_projection * np.maximum(0, 1 - np.abs(spots[:, 0]) / 8)
        seen = sheet.view.surface(spots, height)
        brown = sheet.lit(mix(skin, (0.45, 0.2, 0.08), 0.45), sheet.view.surface(spots[:1])[0])
        for point in seen:
            sheet.dot(point, 0.9, brown)
    for x, y, radius in identity.marks:
        seen = sheet.view.surface(np.array(((x, y),)))[0]
        brown = sheet.lit(mix(skin, (0.2, 0.08, 0.04), 0.75), seen)
        sheet.dot(seen, radius * sheet.view.zoom, brown)
    if identity.scar:
        *middle, angle = identity.scar
        along = np.array((math.cos(angle), math.sin(angle)))
        ends = np.array(middle) + np.array((-5 * along, (0.8, -0.5) * along, 5 * along))
        seen = sheet.view.surface(ends)
        sheet.stroke(smooth(seen), sheet.lit(mix(skin, (0.95, 0.75, 0.7), 0.5), seen[1]), 0.9)
