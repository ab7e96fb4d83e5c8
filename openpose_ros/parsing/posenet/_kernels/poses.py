"""Poses: from a root along the tree to all keypoints, and what earlier poses leave of a score."""

from __future__ import annotations

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import MAPS, NOT_FINITE, TABLE, compiled, piece
from openpose_ros.parsing.posenet._kernels.roots import fill_queue, find_roots, take_best

_REFINEMENTS = 2  # steps by offsets at the end of each edge, as the reference takes them
_POSITIONS = types.Array(types.float64, 3, 'C')
_KEYPOINTS = types.Array(types.float32, 3, 'C')
_BITS = types.Array(types.int32, 3, 'C', readonly=True)


@piece(types.int64(types.float64, types.float64, types.int64))
def nearest_cell(position, stride, length):
    """Return the cell nearest to a position, of two equally near the later; within the map."""
    # math.floor is a whole number to Numba, and what lies beyond those would become any of them.
    return np.int64(min(max(np.floor(position / stride + 0.5), 0.0), length - 1.0))


@piece(types.void(MAPS, types.int64, types.int64, types.int64, types.float64, types.float64[::1]))
def place_at(offsets, k, cell_x, cell_y, stride, position):
    """Set position (2,) to x and y of keypoint k as seen from a cell; y comes first in offsets."""
    position[0] = cell_x * stride + offsets[offsets.shape[0] // 2 + k, cell_y, cell_x]
    position[1] = cell_y * stride + offsets[k, cell_y, cell_x]


@piece(
    types.boolean(
        MAPS,
        MAPS,
        MAPS,
        types.int64,
        types.int64,
        types.int64,
        types.float64,
        types.float64[::1],
        types.float64[::1],
        types.float32[::1],
    )
)
def follow(
    heatmaps, offsets, displacements, channel_x, channel_y, target, stride, start, end, found
):
    """
    Set end (2,) to where an edge leads from start (2,), and found (3,) to its score.

    Returns False where a map holds NaN or infinity.
    """
    height, width = heatmaps.shape[1], heatmaps.shape[2]
    cell_x = nearest_cell(start[0], stride, width)
    cell_y = nearest_cell(start[1], stride, height)
    end[0] = start[0] + displacements[channel_x, cell_y, cell_x]
    end[1] = start[1] + displacements[channel_y, cell_y, cell_x]
    for _ in range(_REFINEMENTS):
        if not (math.isfinite(end[0]) and math.isfinite(end[1])):
            return False
        cell_x = nearest_cell(end[0], stride, width)
        cell_y = nearest_cell(end[1], stride, height)
        place_at(offsets, target, cell_x, cell_y, stride, end)
    if not (math.isfinite(end[0]) and math.isfinite(end[1])):
        return False
    cell_x = nearest_cell(end[0], stride, width)
    cell_y = nearest_cell(end[1], stride, height)
    found[2] = heatmaps[target, cell_y, cell_x]
    return True


@piece(
    types.boolean(
        MAPS,
        MAPS,
        MAPS,
        MAPS,
        TABLE,
        types.float64,
        types.Array(types.float64, 2, 'C'),
        types.Array(types.float32, 2, 'C'),
        types.boolean[::1],
    ),
)
def follow_tree(
    heatmaps, offsets, forward, backward, edges, stride, positions, keypoints, is_there
):
    """
    Fill positions (K, 2) and scores of keypoints (K, 3) from the one that is_there.

    `edges` (K - 1, 4) hold parent, child, channel of x, channel of y. As in the reference they are
    followed to parents from the last to the first and then to children from the first to the last,
    again where a tree's edges come in another order than from its root. Returns False where a map
    holds NaN or infinity.
    """
    count = len(edges)
    missing = count
    while missing > 0:
        before = missing
        for step in range(2 * count):
            upwards = step < count
            edge = count - 1 - step if upwards else step - count
            start, end = edges[edge, 0], edges[edge, 1]
            if upwards:
                start, end = end, start
            if not is_there[start] or is_there[end]:
                continue
            if not follow(
                heatmaps,
                offsets,
                backward if upwards else forward,
                edges[edge, 2],
                edges[edge, 3],
                end,
                stride,
                positions[start],
                positions[end],
                keypoints[end],
            ):
                return False
            is_there[end] = True
            missing -= 1
        if missing == before:
            break
    return True


@piece(
    types.boolean(
        _POSITIONS, types.int64, types.int64, types.float64, types.float64, types.float64
    )
)
def is_taken(positions, num_poses, k, x, y, squared_radius):
    """Say whether one of the poses has its keypoint k within the radius of a place."""
    for pose in range(num_poses):
        across, down = x - positions[pose, k, 0], y - positions[pose, k, 1]
        if across * across + down * down <= squared_radius:
            return True
    return False


@compiled(
    types.int64(
        MAPS,
        _BITS,
        MAPS,
        MAPS,
        MAPS,
        TABLE,
        types.float64,
        types.float64,
        types.int32,
        types.int64,
        types.float64,
        _KEYPOINTS,
        types.float64[::1],
    ),
    allocating=True,
)
def find_poses(
    heatmaps,
    bits,
    offsets,
    forward,
    backward,
    edges,
    stride,
    threshold,
    low_bits,
    radius,
    nms_radius,
    keypoints,
    scores,
):
    """
    Fill keypoints (room, K, 3), in input pixels, and scores (room,), the best root first.

    `threshold`, `low_bits` and `radius` are as find_roots has them. Returns how many there are, or
    NOT_FINITE.
    """
    num_maps, height, width = heatmaps.shape
    places = np.empty(num_maps * height * width, np.int64)
    waiting = find_roots(heatmaps, bits, threshold, low_bits, radius, places)
    if waiting == NOT_FINITE:
        return NOT_FINITE
    queue, queued = np.empty(waiting, np.int64), np.empty(waiting, np.float32)
    fill_queue(heatmaps, places, waiting, queue, queued)
    room = min(len(scores), waiting)
    positions = np.empty((room, num_maps, 2))
    is_there = np.empty(num_maps, np.bool_)
    count = 0
    while count < room and waiting > 0:
        place = take_best(queue, queued, waiting)
        waiting -= 1
        cell, root = place // num_maps, place % num_maps
        pose, found = positions[count], keypoints[count]
        place_at(offsets, root, cell % width, cell // width, stride, pose[root])
        x, y = pose[root, 0], pose[root, 1]
        if not (math.isfinite(x) and math.isfinite(y)):
            return NOT_FINITE
        if is_taken(positions, count, root, x, y, nms_radius * nms_radius):
            continue
        for k in range(num_maps):
            is_there[k] = False
        is_there[root] = True
        found[root, 2] = heatmaps[root, cell // width, cell % width]
        if not follow_tree(
            heatmaps, offsets, forward, backward, edges, stride, pose, found, is_there
        ):
            return NOT_FINITE
        total = 0.0
        for k in range(num_maps):
            x, y = pose[k, 0], pose[k, 1]
            found[k, 0], found[k, 1] = x, y
            if not is_taken(positions, count, k, x, y, nms_radius * nms_radius):
                total += found[k, 2]
        scores[count] = total / num_maps
        count += 1
    return count


@compiled(types.int64(MAPS, MAPS, types.float64, _KEYPOINTS, types.float64[::1]), allocating=True)
def find_pose(heatmaps, offsets, stride, keypoints, scores):
    """
    Fill keypoints (1, K, 3), in input pixels, and scores (1,) from the maximum of each heatmap.

    Of equals the first, row by row. Returns 1, or NOT_FINITE.
    """
    num_maps, height, width = heatmaps.shape
    place = np.empty(2)
    total = 0.0
    for k in range(num_maps):
        best_x, best_y = 0, 0
        best = heatmaps[k, 0, 0]
        for y in range(height):
            for x in range(width):
                value = heatmaps[k, y, x]
                if not math.isfinite(value):
                    return NOT_FINITE
                if value > best:
                    best, best_x, best_y = value, x, y
        place_at(offsets, k, best_x, best_y, stride, place)
        if not (math.isfinite(place[0]) and math.isfinite(place[1])):
            return NOT_FINITE
        keypoints[0, k, 0], keypoints[0, k, 1], keypoints[0, k, 2] = place[0], place[1], best
        total += best
    scores[0] = total / num_maps
    return 1
