"""
Maps of people who do not exist, with the truth known: for tests, benchmarks and the fake engine.

The maps follow the paper's ground truth (Cao et al., arXiv:1812.08008, section 3.3 for the
heatmaps, 3.4 for the part affinity fields).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import ParameterError
from openpose_ros.skeletons import Skeleton

FloatArray = npt.NDArray[np.float32]

# A standing person seen from the front, x to the right from the middle line, y down from the
# crown, in body heights. The head is a child's, so that a small person's face has its own cells.
_TEMPLATE = {
    'head': (0.0, 0.02),
    'nose': (0.0, 0.14),
    'right_eye': (-0.055, 0.09),
    'left_eye': (0.055, 0.09),
    'right_ear': (-0.13, 0.12),
    'left_ear': (0.13, 0.12),
    'neck': (0.0, 0.27),
    'right_shoulder': (-0.15, 0.28),
    'left_shoulder': (0.15, 0.28),
    'right_elbow': (-0.21, 0.42),
    'left_elbow': (0.21, 0.42),
    'right_wrist': (-0.24, 0.55),
    'left_wrist': (0.24, 0.55),
    'chest': (0.0, 0.42),
    'mid_hip': (0.0, 0.56),
    'right_hip': (-0.09, 0.57),
    'left_hip': (0.09, 0.57),
    'right_knee': (-0.11, 0.76),
    'left_knee': (0.11, 0.76),
    'right_ankle': (-0.12, 0.94),
    'left_ankle': (0.12, 0.94),
    'right_heel': (-0.10, 0.97),
    'left_heel': (0.10, 0.97),
    'right_big_toe': (-0.15, 1.0),
    'left_big_toe': (0.15, 1.0),
    'right_small_toe': (-0.20, 0.99),
    'left_small_toe': (0.20, 0.99),
}


_NARROWEST = 0.2  # of a person without width, in heights: the room that somebody needs


def render_maps(
    people_keypoints: npt.ArrayLike,
    skeleton: Skeleton,
    shape: tuple[int, int],
    *,
    sigma: float = 1.25,
    limb_width: float = 1.0,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """
    Draw the maps that a perfect network would return for these people.

    A heatmap is exp(-d² / sigma²) around each person's keypoint, the greatest of all people where
    they overlap (equations 6 and 7); the background is 1 minus the greatest heatmap. A part
    affinity field is the unit vector from a limb's start to its end in every cell whose centre
    lies alongside the limb and within `limb_width` of it, averaged over the people who have such
    a vector there (equations 8 and 9), and zero elsewhere.

    Parameters
    ----------
    people_keypoints : float (N, K, 2 or 3)
        Rows x, y and perhaps score, in map cells; (0, 0) is the centre of the first cell. A
        keypoint is missing, and with it its limbs, where x or y is NaN or the score is 0.
    skeleton : Skeleton
        Names the K keypoints, and the L limbs with their channels.
    shape : (int, int)
        Height and width of the maps, cells.
    sigma : float
        Spread of the heatmaps, cells. The default is about OpenPose's own (7 pixels as a standard
        deviation, stride 8).
    limb_width : float
        From the limb's middle line to the border of its field, cells.
    noise : float
        Standard deviation of Gaussian noise added to all maps, the background included.
    seed : int
        Of the noise.

    Returns
    -------
    heatmaps : float32 (K + 1, h, w)
        Background last. The caller owns both arrays.
    pafs : float32 (2 L, h, w)

    Raises
    ------
    ParameterError
        If the keypoints are not (N, K, 2 or 3) for this skeleton.

    """
    people = np.asarray(people_keypoints, np.float32)
    count = skeleton.num_keypoints
    if people.ndim != 3 or people.shape[1] != count or people.shape[2] not in (2, 3):
        raise ParameterError(
            f'keypoints have shape {people.shape}, but skeleton {skeleton.name} needs '
            f'(N, {count}, 2) or (N, {count}, 3)'
        )
    found = ~np.isnan(people[..., :2]).any(axis=2, keepdims=True)
    if people.shape[2] == 3:
        found &= people[..., 2:] != 0
    points = np.where(found, people[..., :2], np.float32(np.nan))
    heatmaps = _heatmaps(points, shape, sigma)
    pafs = _pafs(points, skeleton, shape, limb_width)
    if noise:
        random = np.random.default_rng(seed)
        for maps in (heatmaps, pafs):
            maps += np.float32(noise) * random.standard_normal(maps.shape, np.float32)
    return heatmaps, pafs


def _heatmaps(points: FloatArray, shape: tuple[int, int], sigma: float) -> FloatArray:
    height, width = shape
    heatmaps = np.zeros((points.shape[1] + 1, height, width), np.float32)
    for person in points:
        # The two-dimensional Gaussian is the product of one along each axis.
        x_part = np.exp(-((np.arange(width) - person[:, :1]) ** 2) / sigma**2)
        y_part = np.exp(-((np.arange(height) - person[:, 1:]) ** 2) / sigma**2)
        np.fmax(heatmaps[:-1], y_part[:, :, np.newaxis] * x_part[:, np.newaxis], heatmaps[:-1])
    heatmaps[-1] = 1 - heatmaps[:-1].max(axis=0)
    return heatmaps


def _pafs(
    points: FloatArray, skeleton: Skeleton, shape: tuple[int, int], limb_width: float
) -> FloatArray:
    pafs = np.zeros((2 * skeleton.num_limbs, *shape), np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    for limb in skeleton.limbs:
        total = np.zeros((2, *shape), np.float32)
        vectors = np.zeros(shape, np.float32)
        for start, end in zip(points[:, limb.start], points[:, limb.end]):
            length = np.hypot(*(end - start))
            if not length > 0:  # one end is missing (NaN), or there is no direction
                continue
            unit_x, unit_y = (end - start) / length
            along = unit_x * (x - start[0]) + unit_y * (y - start[1])
            across = unit_x * (y - start[1]) - unit_y * (x - start[0])
            inside = (along >= 0) & (along <= length) & (np.abs(across) <= limb_width)
            vectors += inside
            total[0] += unit_x * inside
            total[1] += unit_y * inside
        pafs[[limb.paf_x, limb.paf_y]] = total / np.maximum(vectors, 1)
    return pafs


def scatter_people(
    count: int, skeleton: Skeleton, shape: tuple[int, int], seed: int = 0
) -> FloatArray:
    """
    Place people beside and above each other, as large as the map has room for.

    Parameters
    ----------
    count : int
        How many, from 0.
    skeleton : Skeleton
        A skeleton of the parts that this module knows is laid out as standing people; any other
        as its tree of limbs, the first keypoint on top.
    shape : (int, int)
        Height and width of the map, cells.
    seed : int
        Of sizes, places and poses.

    Returns
    -------
    float32 (N, K, 3)
        Rows x, y, score 1, in map cells, inside the map. No two people overlap: each stays in a
        rectangle of its own, with a cell of room to the next where the map is large enough.

    """
    height, width = shape
    layout = _layout(skeleton)
    # Everything in the unit of a person's height.
    aspect = max(float(np.ptp(layout[:, 0])), _NARROWEST)
    rows = _rows_of_most_room(count, height, width, aspect)
    columns = max(-(-count // rows), 1)
    box = np.array([width / columns, height / rows], np.float32)
    random = np.random.default_rng(seed)
    places = random.permutation(rows * columns)[:count]
    people = np.ones((count, skeleton.num_keypoints, 3), np.float32)
    for person, place in zip(people, places):
        row, column = divmod(int(place), columns)
        # A cell of room, which nobody but the tiniest goes without.
        room = np.maximum(box - 1, 0.8 * box)
        size = min(float(room[1]), float(room[0]) / aspect) * random.uniform(0.85, 1)
        pose = layout + random.uniform(-0.02, 0.02, layout.shape)
        pose = (pose - pose.min(axis=0)) * size
        slack = np.maximum(room - pose.max(axis=0), 0)
        corner = np.array([column, row]) * box + (box - room) / 2 - 0.5
        person[:, :2] = corner + slack * random.uniform(0, 1, 2) + pose
    return np.clip(people, 0, [width - 1, height - 1, 1]).astype(np.float32)


def _rows_of_most_room(count: int, height: int, width: int, aspect: float) -> int:
    """Return the number of rows with which people can be largest."""
    rows = np.arange(1, max(count, 1) + 1)
    columns = -(-count // rows)
    return int(rows[np.argmax(np.minimum(height / rows, width / np.maximum(columns, 1) / aspect))])


@cache
def _layout(skeleton: Skeleton) -> FloatArray:
    """Return where each keypoint lies in a figure of height 1; flat ones are as wide as that."""
    if set(skeleton.keypoint_names) <= set(_TEMPLATE):
        places = np.array([_TEMPLATE[name] for name in skeleton.keypoint_names], np.float32)
        extent = np.ptp(places, axis=0)
        return np.asarray(places / (extent[1] or extent[0] or 1), np.float32)
    return _tree_layout(skeleton)


def _tree_layout(skeleton: Skeleton) -> FloatArray:
    """Draw the tree of limbs: each step one row down, the leaves side by side."""
    joined: dict[int, list[int]] = {index: [] for index in range(skeleton.num_keypoints)}
    for limb in skeleton.limbs:
        if not limb.redundant:
            joined[limb.start].append(limb.end)
            joined[limb.end].append(limb.start)
    places = np.zeros((skeleton.num_keypoints, 2), np.float32)
    leaves = iter(range(skeleton.num_keypoints))

    def place(here: int, parent: int, depth: int) -> float:
        below = [place(child, here, depth + 1) for child in joined[here] if child != parent]
        places[here] = sum(below) / len(below) if below else next(leaves), depth
        return float(places[here, 0])

    place(0, -1, 0)
    return np.asarray(places / np.maximum(places.max(axis=0), 1) * (0.6, 1), np.float32)
