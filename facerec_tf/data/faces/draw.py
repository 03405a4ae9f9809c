"""Paints one face: background, light, parts in order, then the camera.

The head is a rounded relief: an ellipsoid plus one soft bump or hollow per feature. Its slopes are
known in closed form, so any light shades nose, cheeks and sockets as it would a real face, and the
same person looks different under another lamp.
"""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np

from facerec_tf.data.faces import features as face
from facerec_tf.data.faces import hair
from facerec_tf.data.faces.canvas import GRID, NOISE, SIZE, SUPERSAMPLE, Sheet, View, enlarged
from facerec_tf.data.faces.identity import Identity
from facerec_tf.data.faces.nuisance import Nuisance
from facerec_tf.data.faces.worn import draw_worn

_CANVAS = SIZE * SUPERSAMPLE
_CELL = SIZE / GRID  # crop pixels per cell of the light's grid
_AXIS = (np.arange(GRID, dtype=np.float32) + 0.5) * _CELL  # the cells' centres, crop pixels


def draw_face(identity: Identity, nuisance: Nuisance) -> np.ndarray:
    """Draws a person under given conditions.

    Args:
        identity: the person.
        nuisance: the conditions.

    Returns:
        uint8 array `[112, 112, 3]`, RGB, aligned to the ArcFace template.
    """
    view = View(identity, nuisance)
    light, shine = light_field(identity, nuisance, view)
    sheet = Sheet(_background(nuisance), light, view)
    layer = hair.hair_layer(sheet, identity, nuisance)
    hair.draw_back_hair(sheet, layer, identity, nuisance)
    face.draw_neck(sheet, identity, nuisance)
    face.draw_ears(sheet, identity, nuisance)
    sheet.paste(_skin(sheet, shine, identity, nuisance), face.outline(identity, view))
    face.draw_marks(sheet, identity)
    face.draw_folds(sheet, identity, nuisance)
    face.draw_eyes(sheet, identity, nuisance)
    face.draw_nose(sheet, identity, nuisance)
    face.draw_mouth(sheet, identity, nuisance)
    face.draw_brows(sheet, identity, nuisance)
    hair.draw_hair(sheet, layer, identity, nuisance)
    draw_worn(sheet, layer, identity, nuisance)
    small = cv2.resize(sheet.image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return _photograph(small, nuisance)


def light_field(
    identity: Identity, nuisance: Nuisance, view: View
) -> tuple[np.ndarray, np.ndarray]:
    """Lights the head's relief.

    Args:
        identity: the bones.
        nuisance: the lamps.
        view: where features fall.

    Returns:
        The light that reaches each cell, float32 `[56, 56, 3]`, 1 is neutral, and the specular
        reflection, float32 `[56, 56]`.
    """
    slope_x, slope_y, hollow = _relief(identity, nuisance, view)
    facing = 1 / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    azimuth, elevation = nuisance.light_azimuth, nuisance.light_elevation
    lamp_x = math.sin(azimuth) * math.cos(elevation)
    lamp_y = -math.sin(elevation)
    lamp_z = math.cos(azimuth) * math.cos(elevation)
    lambert = facing * (lamp_z - lamp_x * slope_x - lamp_y * slope_y)
    lambert = np.maximum(lambert * 0.85 + 0.15, 0)  # skin lets light creep round the edge
    if nuisance.shadow:
        cos, sin = math.cos(nuisance.shadow_angle), math.sin(nuisance.shadow_angle)
        distance = cos * (_AXIS - 56) + (sin * (_AXIS - 56) - nuisance.shadow_offset)[:, None]
        lambert *= 1 - nuisance.shadow * np.clip(0.5 + distance / 7, 0, 1)
    ambient = (0.72 + 0.28 * facing) * (1 - 0.05 * np.maximum(hollow, 0))
    key = np.array(nuisance.key_light, np.float32)
    fill = np.array(nuisance.fill_light, np.float32)
    light = lambert[..., None] * key + ambient[..., None] * fill
    half_z = math.sqrt((1 + lamp_z) / 2)  # halfway between lamp and viewer
    mirror = facing * (half_z - (lamp_x * slope_x + lamp_y * slope_y) / (2 * half_z))
    shine = np.maximum(mirror, 0)
    for _ in range(4):
        shine = shine * shine
    return light, nuisance.gloss * shine


def _relief(
    identity: Identity, nuisance: Nuisance, view: View
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns dz/dx, dz/dy and the depth of hollows, float32 `[56, 56]` each."""
    eye_x, eye_y, tip = identity.eye_x, identity.eye_y, identity.nose_y
    bridge, high, cheek = identity.nose_bridge, identity.nose_bridge_height, identity.cheekbone
    mouth, chin, smile = identity.mouth_y, identity.chin_y, max(0.0, nuisance.smile)
    width = identity.nose_width
    brow_y = eye_y - identity.brow_gap + 2
    # x, y, height above the face where it sits, radius in x, radius in y, amplitude
    bumps = np.array(
        [
            (0, eye_y + 0.10 * (tip - eye_y), 3, bridge + 1.5, 7, 0.5 * high),
            (0, eye_y + 0.55 * (tip - eye_y), 6, bridge + 1.5, 6, 0.7 * high),
            (0, tip - 1, identity.nose_projection, identity.nose_tip + 1, identity.nose_tip, 3.4),
            (-0.72 * width, tip + 1.2, 4, 3.4, 3.4, 1.9),
            (0.72 * width, tip + 1.2, 4, 3.4, 3.4, 1.9),
            (-eye_x + 1.5, eye_y - 1, 0, 8, 5.5, -identity.eye_depth),
            (eye_x - 1.5, eye_y - 1, 0, 8, 5.5, -identity.eye_depth),
            (-0.9 * eye_x, brow_y, 0, 9, 3.5, 0.45 * identity.eye_depth),
            (0.9 * eye_x, brow_y, 0, 9, 3.5, 0.45 * identity.eye_depth),
            (-23, tip - 3 - 2 * smile, 0, 8, 6.5, cheek + 1.5 * smile),
            (23, tip - 3 - 2 * smile, 0, 8, 6.5, cheek + 1.5 * smile),
            (-22, mouth - 3, 0, 7, 9, -0.45 * cheek),
            (22, mouth - 3, 0, 7, 9, -0.45 * cheek),
            (0, mouth, 2, 11, 6, 2.2),
            (0, mouth + 8.5, 2, 8, 3, -1.6),
            (0, chin - 6, 3, 7, 5, 2.6),
        ]
    )
    center = (view.surface(bumps[:, :2], bumps[:, 2]) / SUPERSAMPLE).astype(np.float32)
    radius = bumps[:, 3:5].astype(np.float32)
    # A Gaussian bump is a product of a row and a column, so a matrix product sums them all.
    along_x = (_AXIS - center[:, :1]) / radius[:, :1]
    along_y = (_AXIS - center[:, 1:]) / radius[:, 1:]
    row, column = np.exp(-(along_x**2)), np.exp(-(along_y**2))
    column *= bumps[:, 5:].astype(np.float32)
    slope_x = column.T @ (-2 * along_x / radius[:, :1] * row)
    slope_y = (-2 * along_y / radius[:, 1:] * column).T @ row
    hollow = -(column.T @ row)
    # The head itself, an ellipsoid about the projected centre; clipped where it turns away.
    middle = view.project(np.zeros((1, 3)))[0] / SUPERSAMPLE
    x = (_AXIS - np.float32(middle[0])) / np.float32(1.08 * identity.head_width)
    y = (_AXIS - np.float32(middle[1])) / np.float32(62)
    y = y[:, None]
    depth = np.sqrt(np.maximum(1 - x * x - y * y, 0.10))
    slope_x -= 0.95 * np.clip(x, -1, 1) / depth
    slope_y -= 0.55 * np.clip(y, -1, 1) / depth
    return slope_x, slope_y, hollow


def _skin(sheet: Sheet, shine: np.ndarray, identity: Identity, nuisance: Nuisance) -> np.ndarray:
    """Returns lit skin with blush and beard shadow, uint8 `[224, 224, 3]`."""
    skin = sheet.light * (255 * np.array(identity.skin, np.float32))
    cheeks = sheet.view.surface(np.array(((-22.0, 12), (22, 12), (0, identity.nose_y))))
    x, y = (cheeks / SUPERSAMPLE).astype(np.float32).T[..., None]
    blush = np.exp(-(((_AXIS - y) / 9) ** 2)).T @ np.exp(-(((_AXIS - x) / 10) ** 2))
    skin[..., 1:] *= (1 - (0.07 + 0.10 * nuisance.makeup) * blush)[..., None]
    skin += (255 * shine)[..., None]
    skin = cv2.resize(skin, (SIZE, SIZE))
    hair.tint_beard(skin, sheet, identity, nuisance)
    return enlarged(np.clip(skin, 0, 255).astype(np.uint8))


def _background(nuisance: Nuisance) -> np.ndarray:
    """Returns a blurred room or garden, uint8 `[224, 224, 3]`."""
    first, second = (np.array(color, np.float32) for color in nuisance.background)
    cells = 3 + int(7 * nuisance.background_roughness)
    start = nuisance.texture
    ramp = np.linspace(0, 1, cells, dtype=np.float32)[:, None]
    ramp = ramp + 0.35 * NOISE[start : start + cells * cells].reshape(cells, cells)
    coarse = first + np.clip(ramp, 0, 1)[..., None] * (second - first)
    coarse = (35 + 190 * coarse).astype(np.uint8)
    return cv2.resize(coarse, (_CANVAS, _CANVAS), interpolation=cv2.INTER_CUBIC)


def _photograph(image: np.ndarray, nuisance: Nuisance) -> np.ndarray:
    """Applies the camera: blur, exposure, gamma, white balance, saturation and noise."""
    if nuisance.blur:
        image = cv2.GaussianBlur(image, (0, 0), nuisance.blur)
    if nuisance.motion:
        image = cv2.filter2D(
            image, -1, _motion_kernel(round(nuisance.motion), nuisance.texture % 4)
        )
    levels = _levels() ** nuisance.gamma
    table = 255 * nuisance.exposure * levels[:, None] * np.array(nuisance.cast)
    # A shoulder instead of a hard clip keeps bright skin from burning out.
    table = np.where(table > 200, 200 + 55 * np.tanh((table - 200) / 55), table)
    image = cv2.LUT(image, np.rint(table).astype(np.uint8)[None])
    if nuisance.saturation != 1:
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        image = cv2.addWeighted(image, nuisance.saturation, grey, 1 - nuisance.saturation, 0)
    start = nuisance.texture
    grain = np.float32(nuisance.noise) * NOISE[start : start + image.size].reshape(image.shape)
    return np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)


@functools.cache
def _levels() -> np.ndarray:
    return np.linspace(0, 1, 256)


@functools.cache
def _motion_kernel(length: int, direction: int) -> np.ndarray:
    kernel = np.zeros((length, length), np.float32)
    if direction == 0:
        kernel[length // 2] = 1
    elif direction == 1:
        kernel[:, length // 2] = 1
    else:
        np.fill_diagonal(kernel if direction == 2 else kernel[::-1], 1)
    return kernel / kernel.sum()
