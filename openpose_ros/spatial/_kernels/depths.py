"""
How far away the surface under each keypoint is: of the body, not of what is behind it.

All arrays are flat: a place of one axis compiles in a third of the time that one of three takes.
"""

import math

from numba import types
import numpy as np

from openpose_ros.parsing._kernels.compiling import COUNTS, NUMBERS, VALUES, compiled, piece
from openpose_ros.spatial.windows import ENOUGH, REACH, RINGS

_MILLIMETRES = types.Array(types.uint16, 1, 'C', readonly=True)
_METRES = types.Array(types.float32, 1, 'C', readonly=True)
_KEYPOINTS = types.Array(types.float32, 1, 'C', readonly=True)
_VALUES = types.float64[::1]

STEPS = 6  # samples along a limb, its ends left out
_BODY, _LIMB = 0.6, 0.2  # metres: how deep most of a body is, and of what is next to a joint
_REACH, _LIMB_REACH = 1.0, 0.22  # metres: by how much they are nearer or further than that
_EXTENT = 2.5  # metres: how far apart the ends of a body can be
_NEAR = 0.35  # metres: who is so near to the middle of a body needs no limb to be of it
_THICKNESS = 0.05  # metres: how deep one surface is in a window
_NOISE = 0.03  # of the distance, by which depths of one surface differ too
_CLEAR = 0.9  # share of them that must be of one surface
# Samples outwards, within which something of a body must be known, or what is known is not so:
# only this share may be holes.
_RIM, _HOLED = 3.0, 0.3
_FEWEST = 8  # depths that are needed around a keypoint

ACROSS = 2 * RINGS + 1
_OUTSIDE = -(2**40)
_UNKNOWN, _FAR = np.nan, np.inf
_grid = np.stack(np.meshgrid(*2 * [np.arange(-RINGS, RINGS + 1)]), axis=-1).reshape(-1, 2)
_away = np.hypot(*_grid.T)
_outwards = np.argsort(_away, kind='stable')[: np.count_nonzero(_away <= RINGS)]
_COLUMNS, _ROWS = np.ascontiguousarray(_grid[_outwards].T) + RINGS
_BESIDE = int(np.count_nonzero(_away <= _RIM))  # places that lie within it


@piece(types.float64(_VALUES, types.int64, types.float64, _VALUES))
def densest(values, count, width, ordered):
    """Return the median of the most of the first values that lie so close together."""
    least = greatest = values[0]
    for place in range(1, count):
        value = values[place]
        least = value if value < least else least
        greatest = value if value > greatest else greatest
    # Mostly these are all of them: then half of the search is spared, on average.
    wanted = count // 2 if greatest - least <= width else -1
    # Each goes to where as many are smaller: no branch depends on them, as where they are sorted.
    for place in range(count):
        value = values[place]
        smaller = 0
        for other in range(count):
            beside = values[other]
            smaller += (beside < value) | ((beside == value) & (other < place))
        ordered[smaller] = value
        if smaller == wanted:
            return value
    best, most, end = 0, 0, 0
    for start in range(count):
        while end < count and ordered[end] - ordered[start] <= width:
            end += 1
        if end - start > most:
            best, most = start, end - start
    return ordered[best + most // 2]


@piece(types.float64(_MILLIMETRES, _METRES, types.int64))
def depth_at(millimetres, metres, place):
    """Return the depth of a pixel, metres; 0 where it is not known (REP 118), or outside."""
    if place < 0:
        return 0.0
    if len(metres) == 0:
        return 0.001 * millimetres[place]
    depth = metres[place]
    return depth if depth > 0 and depth < _FAR else 0.0


@piece(types.int64(types.float64, types.int64, types.int64))
def nearest_pixel(place, count, stride):
    """Return where the pixel of a place is along an axis of so many; far below 0: outside."""
    if place > -0.5 and place < count - 0.5:
        return np.int64(place + 0.5) * stride
    return _OUTSIDE  # NaN too


@piece(
    types.float64(
        _MILLIMETRES,
        _METRES,
        *2 * (types.int64,),
        *6 * (types.float64,),
        *2 * (_VALUES,),
        *2 * (NUMBERS,),
    )
)
def depth_around(
    millimetres,
    metres,
    width,
    height,
    x,
    y,
    spacing,
    middle,
    anchor,
    reach,
    values,
    ordered,
    rows,
    columns,
):
    """
    Return the depth of the surface around a keypoint, metres; NaN where it is not clear.

    Parameters
    ----------
    millimetres, metres, width, height, values, ordered, rows, columns
        As of `find_surfaces`.
    x, y : float
        The keypoint, in the pixels of the depth image.
    spacing : float
        Pixels from place to place.
    middle : float
        Of the body, metres.
    anchor, reach : float
        What it should be about, and by how much it may differ, metres.

    """
    # The nearest places around it that show something of that.
    count = around = holes = 0
    nearest = 0.0  # of this body, or of whatever is as far away
    for step in range(ACROSS):
        away = spacing * (step - RINGS)
        rows[step] = nearest_pixel(y + away, height, width)
        columns[step] = nearest_pixel(x + away, width, 1)
    for place in range(len(_ROWS)):
        depth = depth_at(millimetres, metres, rows[_ROWS[place]] + columns[_COLUMNS[place]])
        # Whether it counts changes from place to place: what branches is slow.
        is_known = depth > 0
        holes += not is_known
        is_near = is_known & (abs(depth - middle) < _REACH)
        around += is_near
        if is_near and nearest == 0:
            nearest = depth
            if place >= _BESIDE and holes > _HOLED * place:
                break  # it lies in a hole, of which the rim says nothing
        values[count] = depth
        count += is_known & (abs(depth - anchor) < reach)
        if count == ENOUGH:
            break
    if count < _FEWEST:
        return _UNKNOWN
    thickness = _THICKNESS + _NOISE * anchor
    depth = densest(values, count, thickness, ordered)
    agreeing, total = 0, 0.0
    for place in range(count):
        is_one = abs(values[place] - depth) < thickness
        agreeing += is_one
        total += is_one * values[place]
    # Else it is unclear which of two surfaces it is on.
    if abs(depth - nearest) < thickness and agreeing >= _CLEAR * around:
        return total / agreeing
    return _UNKNOWN


@piece(types.int64(COUNTS, VALUES, types.float64, _VALUES, NUMBERS))
def reach_all(limbs, lengths, middle, depths, reached):
    """
    Return how many keypoints limbs reach from the middle of the body on, and mark these.

    What they cannot reach is not of this body.
    """
    count = 0
    for keypoint in range(len(depths)):
        reached[keypoint] = abs(depths[keypoint] - middle) < _NEAR
        count += reached[keypoint]
    changed = True
    while changed:
        changed = False
        for limb in range(len(lengths)):
            one, other = limbs[2 * limb], limbs[2 * limb + 1]
            far = abs(depths[one] - depths[other])
            if reached[one] != reached[other] and far < lengths[limb] + _NOISE * middle:
                reached[one] = reached[other] = 1
                changed = True
                count += 1
    return count


@compiled(
    types.void(
        _MILLIMETRES,
        _METRES,
        types.int64,
        types.int64,
        _KEYPOINTS,
        types.int64,
        types.float64,
        types.float64,
        COUNTS,
        VALUES,
        types.float64,
        VALUES,
        types.float32[::1],
        *6 * (_VALUES,),
        *3 * (NUMBERS,),
    ),
)
def find_surfaces(
    millimetres,
    metres,
    width,
    height,
    keypoints,
    number,
    scale_x,
    scale_y,
    limbs,
    lengths,
    focal,
    rays,
    positions,
    xs,
    ys,
    depths,
    along,
    values,
    ordered,
    reached,
    rows,
    columns,
):
    """
    Fill positions; NaN where there is no depth that is the body's.

    Parameters
    ----------
    millimetres, metres : uint16 and float32 (height * width,)
        The depth image, row after row, as one of them; the other is empty.
    width, height : int
        Of the depth image.
    keypoints : float32 (N * K * 3,)
        In the pixels of the image; of score 0: not found.
    number : int
        K.
    scale_x, scale_y : float
        From the image to the depth image.
    limbs : int64 (L * 2,)
        Keypoints that are joined by something solid.
    lengths : float64 (L,)
        The longest that each may be, metres.
    focal : float
        Of the depth image, pixels.
    rays : float64 (N * K * 3,)
        Of the keypoints, of z = 1.
    positions : float32 (N * K * 3,)
        What is found, metres.
    xs, ys, depths, along, values, ordered, reached, rows, columns : arrays
        What `surfaces` makes; overwritten.

    """
    joined = len(lengths)
    for first in range(0, len(keypoints), 3 * number):  # of each person
        # How far away somebody can be, of whom keypoints are so far apart.
        left = top = _FAR
        right = bottom = -_FAR
        for keypoint in range(number):
            x = y = depths[keypoint] = _UNKNOWN
            place = first + 3 * keypoint
            if keypoints[place + 2] > 0:
                x = (keypoints[place] + 0.5) * scale_x - 0.5
                y = (keypoints[place + 1] + 0.5) * scale_y - 0.5
            xs[keypoint], ys[keypoint] = x, y
            # Not where it is NaN.
            left = x if x < left else left
            right = x if x > right else right
            top = y if y < top else top
            bottom = y if y > bottom else bottom
        aside, down = right - left, bottom - top
        extent = math.sqrt(aside * aside + down * down)
        furthest = _EXTENT * focal / extent if extent > 0 else _FAR
        count = 0
        for limb in range(joined + number):
            if limb < joined:
                start, end = limbs[2 * limb], limbs[2 * limb + 1]
            else:  # where limbs have no depth, keypoints may
                start = end = limb - joined
                if start == 0 and count:
                    break
            x, y = xs[start], ys[start]
            aside, down = xs[end] - x, ys[end] - y
            for step in range(STEPS):
                part = (step + 1) / (STEPS + 1)
                row = nearest_pixel(y + part * down, height, width)
                column = nearest_pixel(x + part * aside, width, 1)
                depth = depth_at(millimetres, metres, row + column)
                if not depth < furthest:
                    depth = 0.0
                along[limb * STEPS + step] = depth
                if depth > 0:
                    values[count] = depth
                    count += 1
        middle = densest(values, count, _BODY, ordered) if count else _UNKNOWN
        spacing = REACH * focal / middle / RINGS
        if spacing < 1:
            spacing = 1.0
        for keypoint in range(number):
            x, y = xs[keypoint], ys[keypoint]
            if not (x == x and middle == middle):
                continue
            # What its limbs are like next to it.
            count = 0
            for end in range(2 * joined):
                if limbs[end] == keypoint:
                    is_last = end & 1
                    sample = (end >> 1) * STEPS + is_last * (STEPS - 1)
                    for near in range(STEPS // 2):
                        depth = along[sample + near - 2 * is_last * near]
                        if depth > 0 and abs(depth - middle) < _REACH:
                            values[count] = depth
                            count += 1
            anchor, reach = middle, _REACH
            if count:
                anchor = densest(values, count, _LIMB, ordered)
                reach = _LIMB_REACH + _NOISE * anchor
            depths[keypoint] = depth_around(
                millimetres,
                metres,
                width,
                height,
                x,
                y,
                spacing,
                middle,
                anchor,
                reach,
                values,
                ordered,
                rows,
                columns,
            )
        count = reach_all(limbs, lengths, middle, depths, reached)
        for keypoint in range(number):
            # One alone has nobody to vouch for it.
            depth = depths[keypoint] if count >= 2 and reached[keypoint] else _UNKNOWN
            place = first + 3 * keypoint
            for axis in range(place, place + 3):
                positions[axis] = depth * rays[axis]
