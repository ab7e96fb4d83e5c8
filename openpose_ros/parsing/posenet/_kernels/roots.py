"""Where poses may begin: local maxima of the heatmaps, and the queue that gives the best first."""

from __future__ import annotations

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import MAP, MAPS, NOT_FINITE, NUMBERS, piece
from openpose_ros.parsing._kernels.sorting import argsort_descending

_EXPONENT = np.int32(0x7F800000)  # all set in a float32 that is NaN or infinite
_WITHOUT_SIGN = np.int32(0x7FFFFFFF)
_SCORES = types.float32[::1]
_BITS = types.Array(types.int32, 3, 'C', readonly=True)


@piece(types.boolean(MAP, types.int64, types.int64, types.int64))
def is_maximum(heatmap, x, y, radius):
    """Say whether no cell of the window is larger; others may be as large."""
    height, width = heatmap.shape
    value = heatmap[y, x]
    for row in range(max(0, y - radius), min(height, y + radius + 1)):
        for column in range(max(0, x - radius), min(width, x + radius + 1)):
            if heatmap[row, column] > value:
                return False
    return True


@piece(types.int64(MAPS, _BITS, types.float64, types.int32, types.int64, NUMBERS))
def find_roots(heatmaps, bits, threshold, low_bits, radius, places):
    """
    Fill places (K h w,) with the local maxima from the threshold on: (y w + x) K + keypoint.

    `bits` is the int32 view of the heatmaps, `low_bits` that of a float32 not above the threshold.
    They come map by map. Returns how many there are, or NOT_FINITE.
    """
    num_maps, height, width = heatmaps.shape
    count = 0
    for k in range(num_maps):
        for y in range(height):
            # Without their signs, floats compare as integers do, NaN as the largest, and a loop
            # over integers becomes vector instructions: most rows end here.
            largest = np.int32(0)
            for x in range(width):
                largest = max(largest, bits[k, y, x] & _WITHOUT_SIGN)
            if largest >= _EXPONENT:
                return NOT_FINITE
            if largest < low_bits:
                continue
            for x in range(width):
                if heatmaps[k, y, x] >= threshold and is_maximum(heatmaps[k], x, y, radius):
                    places[count] = (y * width + x) * num_maps + k
                    count += 1
    return count


@piece(types.void(MAPS, NUMBERS, types.int64, NUMBERS, _SCORES), allocating=True)
def fill_queue(heatmaps, places, count, queue, scores):
    """
    Fill queue and scores (count,) with the places, a heap of which the best comes first.

    Of equals the heap decides, so it is the reference's (max_heap.ts), of places row by row, in
    each cell keypoint by keypoint: node n has the children 2 n and 2 n + 1, and 0 has the one
    child 1. Sigmoids that are saturated do give equal scores.
    """
    num_maps, width = heatmaps.shape[0], heatmaps.shape[2]
    negative, order = np.empty(count), np.empty(2 * count, np.int64)
    for i in range(count):
        negative[i] = -places[i]
    argsort_descending(negative, count, order)
    for i in range(count):
        place = places[order[i]]
        cell, k = place // num_maps, place % num_maps
        score = heatmaps[k, cell // width, cell % width]
        node = i
        queue[node], scores[node] = place, score
        while node > 0 and scores[node // 2] < scores[node]:
            parent = node // 2
            queue[node], queue[parent] = queue[parent], queue[node]
            scores[node], scores[parent] = scores[parent], scores[node]
            node = parent


@piece(types.int64(NUMBERS, _SCORES, types.int64))
def take_best(queue, scores, count):
    """Return the best place of count in the queue, and leave count - 1 there."""
    best, last, node = queue[0], count - 1, 0
    queue[0], scores[0] = queue[last], scores[last]
    last -= 1
    while 2 * node <= last:
        child = 2 * node
        if child < last and scores[child] < scores[child + 1]:
            child += 1
        if scores[node] >= scores[child]:
            break
        queue[node], queue[child] = queue[child], queue[node]
        scores[node], scores[child] = scores[child], scores[node]
        node = child
    return best
