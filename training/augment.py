"""
Random views of marked pictures: scale, rotation, flip, crop, mosaic, colour.

The same affine transform moves the picture's pixels and the maps' cells; PAF vectors are turned
along. Everything random comes from the generator that is passed in, so that a step's batch is a
function of its number and an interrupted run goes on exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from training.dataset import MarkedPicture
from training.rescale import narrow_peaks
from training.skeleton import COCO_18, HEATMAP_MIRROR, PAF_MIRROR, PAF_X, PAF_Y
from training.targets import CHANNELS, merge_maps, render_maps, render_mask
from training.teacher_maps import HEATMAPS, INT8_ONE, PAD_VALUE, STRIDE

NARROW_FROM = 1.2  # enlargements of maps up to this are left alone
View = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class AugmentParams:
    """
    Ranges of the random transforms.

    Attributes
    ----------
    scale : (float, float)
        Enlargement of a picture relative to its own `scale`, drawn log-uniformly.
    rotation_deg : float
        Standard deviation of the angle.
    turned : float
        Probability of an angle from anywhere within `turned_deg` instead: people who lie, hang or
        bend over are rare in photographs.
    turned_deg : float
        Its limit to both sides.
    flip : float
        Probability.
    mosaic : float
        Probability that a view is put together from four.
    mosaic_scale : float
        Factor on `scale` within a mosaic.
    colour : float
        Strength of brightness, contrast and tint changes, 0 for none.

    """

    scale: tuple[float, float] = (0.25, 1.7)
    rotation_deg: float = 15.0
    turned: float = 0.0
    turned_deg: float = 110.0
    flip: float = 0.5
    mosaic: float = 0.35
    mosaic_scale: float = 0.7
    colour: float = 0.12


def random_view(
    pictures: Sequence[MarkedPicture],
    size: tuple[int, int],
    rng: np.random.Generator,
    params: AugmentParams,
) -> View:
    """
    Draw a picture, or four for a mosaic, and a random view of it.

    Parameters
    ----------
    pictures : sequence of MarkedPicture
        Drawn from with equal probability.
    size : (int, int)
        Height and width of the view in pixels, multiples of 8.
    rng : numpy.random.Generator
        Advanced by this call.
    params : AugmentParams
        Ranges of the transforms.

    Returns
    -------
    (uint8 (H, W, 3), float32 (57, H/8, W/8), float32 (57, H/8, W/8))
        BGR picture; its maps, 19 heatmaps, then 38 PAFs; their mask, 0 where nothing is known.

    """
    mosaic = rng.random() < params.mosaic and min(size) >= 12 * STRIDE
    draw = _mosaic if mosaic else _single
    image, maps, mask = draw(pictures, size, rng, params)
    return change_colour(image, rng, params.colour), maps, mask


def transform(picture: MarkedPicture, size: tuple[int, int], matrix: np.ndarray) -> View:
    """
    Apply one similarity transform to a picture and to its maps.

    Parameters
    ----------
    picture : MarkedPicture
        Its maps come from the teacher's of the nearest size, or are drawn from its people.
    size : (int, int)
        Height and width of the result in pixels, multiples of 8.
    matrix : float64 (2, 3)
        From pixel-edge coordinates of `picture.image` to those of the result (the first pixel's
        centre is at 0.5, 0.5). Its determinant is negative for a flip.

    Returns
    -------
    (uint8 (H, W, 3), float32 (57, H/8, W/8), float32 (57, H/8, W/8))
        As `random_view`.

    """
    linear, shift = matrix[:, :2], matrix[:, 2]
    # OpenCV counts from the first pixel's centre.
    centred = np.column_stack([linear, shift + linear @ (0.5, 0.5) - (0.5, 0.5)])
    scale = math.sqrt(abs(np.linalg.det(linear)))
    source = picture.image
    if scale < 0.6:  # bilinear sampling alone would alias
        small = cv2.resize(source, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        factor = np.array([source.shape[1] / small.shape[1], source.shape[0] / small.shape[0]])
        inner = linear * factor
        centred = np.column_stack([inner, shift + inner @ (0.5, 0.5) - (0.5, 0.5)])
        source = small
    image = cv2.warpAffine(
        source,
        centred,
        size[::-1],
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(PAD_VALUE,) * 3,
    )
    cells = (size[0] // STRIDE, size[1] // STRIDE)
    maps, mask = None, np.ones((CHANNELS, *cells), np.float32)
    if picture.levels:
        enlargement, known = min(picture.levels, key=lambda level: abs(math.log(level[0] / scale)))
        maps = _sample_maps(known, matrix, enlargement, cells)
    if maps is None or len(picture.people) or len(picture.ignored):
        people = move_people(picture.people, matrix)
        rendered = render_maps(people, cells)
        if maps is None:
            mask = render_mask(people, _move_boxes(picture.ignored, matrix), cells)
            maps = rendered
        else:
            maps = merge_maps(maps, rendered)
    return image, maps, mask


def move_people(people: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """
    Apply a transform to keypoints; a flip swaps left and right.

    Parameters
    ----------
    people : float32 (N, 18, 3)
        x_px, y_px (the first pixel's centre is at 0, 0), v.
    matrix : float64 (2, 3)
        See `transform`.

    Returns
    -------
    float32 (N, 18, 3)
        A new array, x and y from the upper left edge (the first pixel's centre is at 0.5, 0.5).

    """
    moved = people.astype(np.float32)
    moved[..., :2] = (people[..., :2] + 0.5) @ matrix[:, :2].T + matrix[:, 2]
    if np.linalg.det(matrix[:, :2]) < 0:
        moved = moved[:, list(COCO_18.mirror)]
    return moved


def change_colour(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """
    Change brightness, contrast and tint; now and then drop colour, blur, or add noise.

    Parameters
    ----------
    image : uint8 (H, W, 3)
        Not written to.
    rng : numpy.random.Generator
        Advanced by this call.
    strength : float
        0 returns the picture as it is.

    """
    if strength == 0:
        return image
    gain = np.exp(rng.normal(0, strength, 3) * 0.4 + rng.normal(0, strength))
    offset = rng.normal(0, 60 * strength)
    gamma = math.exp(rng.normal(0, strength))
    ramp = (np.arange(256) / 255) ** gamma
    table = np.clip((ramp[:, None] - 0.5) * 255 * gain + 127.5 + offset, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])
    chance = rng.random()
    if chance < 0.06:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    elif chance < 0.16:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.3))
    elif chance < 0.24:
        noise = rng.normal(0, rng.uniform(2, 10), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    return image


def _single(
    pictures: Sequence[MarkedPicture],
    size: tuple[int, int],
    rng: np.random.Generator,
    params: AugmentParams,
    factor: float = 1.0,
) -> View:
    picture = pictures[rng.integers(len(pictures))]
    low, high = params.scale
    scale = picture.scale * factor * math.exp(rng.uniform(math.log(low), math.log(high)))
    angle = math.radians(rng.normal(0, params.rotation_deg)) if params.rotation_deg else 0.0
    if params.turned and rng.random() < params.turned:
        angle = math.radians(rng.uniform(-params.turned_deg, params.turned_deg))
    flip = -1.0 if rng.random() < params.flip else 1.0
    linear = scale * np.array(
        [[math.cos(angle) * flip, -math.sin(angle)], [math.sin(angle) * flip, math.cos(angle)]]
    )
    height, width = picture.image.shape[:2]
    # The view's centre: anywhere that wastes no view on the border, if the picture is larger.
    margin = np.array([size[1], size[0]]) / scale / 2
    inner = np.array([width, height]) - 2 * margin
    centre = np.array([width, height]) / 2 + (rng.random(2) - 0.5) * np.abs(inner)
    shift = np.array([size[1], size[0]]) / 2 - linear @ centre
    return transform(picture, size, np.column_stack([linear, shift]))


def _mosaic(
    pictures: Sequence[MarkedPicture],
    size: tuple[int, int],
    rng: np.random.Generator,
    params: AugmentParams,
) -> View:
    rows, columns = size[0] // STRIDE, size[1] // STRIDE
    row = int(rng.integers(rows // 3, rows - rows // 3 + 1))
    column = int(rng.integers(columns // 3, columns - columns // 3 + 1))
    image = np.empty((*size, 3), np.uint8)
    maps, mask = np.empty((2, CHANNELS, rows, columns), np.float32)
    for top, bottom in ((0, row), (row, rows)):
        for left, right in ((0, column), (column, columns)):
            tile = ((bottom - top) * STRIDE, (right - left) * STRIDE)
            pixels, cells, known = _single(pictures, tile, rng, params, params.mosaic_scale)
            image[top * STRIDE : bottom * STRIDE, left * STRIDE : right * STRIDE] = pixels
            maps[:, top:bottom, left:right] = cells
            mask[:, top:bottom, left:right] = known
    return image, maps, mask


def _move_boxes(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the boxes around transformed boxes, float32 (M, 4)."""
    corners = boxes[:, [[0, 1], [2, 1], [0, 3], [2, 3]]] @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32)


def _sample_maps(
    maps: np.ndarray, matrix: np.ndarray, enlargement: float, size: tuple[int, int]
) -> np.ndarray:
    """Sample int8 (57, h, w) at the cells of a transformed picture; see `transform`."""
    inverse = np.linalg.inv(matrix[:, :2])
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float64)
    pixels = np.stack([(x + 0.5) * STRIDE, (y + 0.5) * STRIDE], axis=-1)
    source = (pixels - matrix[:, 2]) @ inverse.T * (enlargement / STRIDE)  # in cells, from edges
    first = np.clip(np.floor(source.reshape(-1, 2).min(axis=0)).astype(int) - 2, 0, None)
    last = np.maximum(np.ceil(source.reshape(-1, 2).max(axis=0)).astype(int) + 2, first + 1)
    part = torch.from_numpy(maps[:, first[1] : last[1], first[0] : last[0]].astype(np.float32))
    if part.shape[1] == 0 or part.shape[2] == 0:
        sampled = np.zeros((len(maps), *size), np.float32)
    else:
        span = np.array([part.shape[2], part.shape[1]])
        grid = torch.from_numpy(((source - first) / span * 2 - 1).astype(np.float32))
        sampled = F.grid_sample(
            part[None], grid[None], mode='bicubic', padding_mode='zeros', align_corners=False
        )[0].numpy()
    sampled *= 1 / INT8_ONE
    heatmaps, pafs = sampled[:HEATMAPS], sampled[HEATMAPS:]
    unit = matrix[:, :2] / math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    if np.linalg.det(unit) < 0:
        heatmaps = heatmaps[HEATMAP_MIRROR]
        # The transform itself turns the vectors, so that only the channels are swapped here.
        pafs = pafs[PAF_MIRROR]
    field_x, field_y = pafs[PAF_X], pafs[PAF_Y]
    turned = np.empty_like(pafs)
    turned[PAF_X] = unit[0, 0] * field_x + unit[0, 1] * field_y
    turned[PAF_Y] = unit[1, 0] * field_x + unit[1, 1] * field_y
    heatmaps = np.clip(heatmaps, 0, 1)
    ratio = math.sqrt(abs(np.linalg.det(matrix[:, :2]))) / enlargement
    if ratio > NARROW_FROM:
        heatmaps[:-1] = narrow_peaks(heatmaps[:-1], ratio=ratio)
    heatmaps[-1] = 1 - heatmaps[:-1].max(axis=0)
    return np.concatenate([heatmaps, turned])
