"""The surface under each keypoint once more, as plainly as can be: what the kernel must say."""

import numpy as np

_STEPS = 6  # samples along a limb, its ends left out
_WINDOW, _RINGS = 0.04, 6  # metres around a keypoint, in so many samples outwards
_BODY, _LIMB = 0.6, 0.2  # metres: how deep most of a body is, and of what is next to a joint
_REACH, _LIMB_REACH = 1.0, 0.22  # metres: by how much they are nearer or further than that
_EXTENT = 2.5  # metres: how far apart the ends of a body can be
_NEAR = 0.35  # metres: who is so near to the middle of a body needs no limb to be of it
_THICKNESS = 0.05  # metres: how deep one surface is in a window
_NOISE = 0.03  # of the distance, by which depths of one surface differ too
_CLEAR = 0.9  # share of them that must be of one surface
# Samples outwards, within which something of a body must be known, or what is known is not so:
# only this share may be holes.
_BESIDE, _HOLED = 3.0, 0.3
_FEWEST, _ENOUGH = 8, 40  # depths that are needed around a keypoint, and that are taken

_grid = np.stack(np.meshgrid(*2 * [np.arange(-_RINGS, _RINGS + 1.0)]), axis=-1).reshape(-1, 2)
_grid = _grid[np.argsort(np.hypot(*_grid.T), kind='stable')]
_AROUND = _grid[np.hypot(*_grid.T) <= _RINGS]  # outwards


def densest(values, width):
    """Return the median of the most values that lie so close together."""
    ordered = sorted(values)
    groups = [
        [value for value in ordered[start:] if value - ordered[start] <= width]
        for start in range(len(ordered))
    ]
    best = max(groups, key=len)
    return best[len(best) // 2]


def depth_at(millimetres, metres, x, y):
    """Return the depth at a place, metres; 0 where it is not known (REP 118)."""
    if not (x > -0.5 and y > -0.5):  # NaN too
        return 0.0
    column, row = int(x + 0.5), int(y + 0.5)
    if row < millimetres.shape[0] and column < millimetres.shape[1]:
        return 0.001 * millimetres[row, column]
    if row < metres.shape[0] and column < metres.shape[1]:
        depth = metres[row, column]
        if depth > 0 and depth < np.inf:
            return float(depth)
    return 0.0


def find_depths(millimetres, metres, points, limbs, lengths, focal, depths):
    """
    Fill depths (N, K), metres; NaN where there is none that is the body's.

    Parameters
    ----------
    millimetres, metres : (H, W)
        The depth image, as one of them; the other is empty.
    points : float64 (N, K, 2)
        Where the keypoints are in it, pixels; NaN where there is none.
    limbs : int64 (L, 2)
        Keypoints that are joined by something solid.
    lengths : float64 (L,)
        The longest that each may be, metres.
    focal : float
        Of the depth image, pixels.
    depths : float64 (N, K)
        What is found.

    """
    people, keypoints = points.shape[:2]
    along = np.empty((len(limbs), _STEPS))
    values = np.empty(max(len(limbs) * _STEPS, keypoints, _ENOUGH))
    for person in range(people):
        # How far away somebody can be, of whom keypoints are so far apart.
        left, right, top, bottom = np.inf, -np.inf, np.inf, -np.inf
        for keypoint in range(keypoints):
            x, y = points[person, keypoint]
            if x == x and y == y:
                left, right = min(left, x), max(right, x)
                top, bottom = min(top, y), max(bottom, y)
        extent = np.sqrt(max(right - left, 0.0) ** 2 + max(bottom - top, 0.0) ** 2)
        furthest = _EXTENT * focal / extent if extent > 0 else np.inf
        count = 0
        for limb in range(len(limbs)):
            x0, y0 = points[person, limbs[limb, 0]]
            x1, y1 = points[person, limbs[limb, 1]]
            for step in range(_STEPS):
                part = (step + 1) / (_STEPS + 1)
                depth = depth_at(millimetres, metres, x0 + part * (x1 - x0), y0 + part * (y1 - y0))
                along[limb, step] = depth if depth < furthest else 0.0
                if 0 < depth < furthest:
                    values[count] = depth
                    count += 1
        if count == 0:
            for keypoint in range(keypoints):
                x, y = points[person, keypoint]
                depth = depth_at(millimetres, metres, x, y)
                if 0 < depth < furthest:
                    values[count] = depth
                    count += 1
        depths[person] = np.nan
        if count == 0:
            continue
        middle = densest(values[:count], _BODY)
        for keypoint in range(keypoints):
            x, y = points[person, keypoint]
            # What its limbs are like next to it.
            count = 0
            for limb in range(len(limbs)):
                for end in range(2):
                    if limbs[limb, end] == keypoint:
                        for near in range(_STEPS // 2):
                            depth = along[limb, near if end == 0 else _STEPS - 1 - near]
                            if depth > 0 and abs(depth - middle) < _REACH:
                                values[count] = depth
                                count += 1
            anchor, reach = middle, _REACH
            if count:
                anchor = densest(values[:count], _LIMB)
                reach = _LIMB_REACH + _NOISE * anchor
            # The nearest places around it that show something of that.
            spacing = max(_WINDOW * focal / middle / _RINGS, 1.0)
            count = around = holes = 0
            nearest = 0.0  # of this body, or of whatever is as far away
            for place in range(len(_AROUND)):
                aside, down = _AROUND[place]
                depth = depth_at(millimetres, metres, x + spacing * aside, y + spacing * down)
                if depth == 0:
                    holes += 1
                    continue
                if abs(depth - middle) < _REACH:
                    around += 1
                    if nearest == 0:
                        nearest = depth
                        far = aside * aside + down * down > _BESIDE * _BESIDE
                        if far and holes > _HOLED * place:
                            break  # it lies in a hole, of which the rim says nothing
                if abs(depth - anchor) < reach:
                    values[count] = depth
                    count += 1
                    if count == _ENOUGH:
                        break
            if count >= _FEWEST:
                thickness = _THICKNESS + _NOISE * anchor
                depth = densest(values[:count], thickness)
                agreeing = values[:count][np.abs(values[:count] - depth) < thickness]
                # Else it is unclear which of two surfaces it is on.
                if abs(depth - nearest) < thickness and len(agreeing) >= _CLEAR * around:
                    depths[person, keypoint] = agreeing.mean()
        # What its limbs cannot reach, from the middle of the body on, is not of this body.
        reached = np.abs(depths[person] - middle) < _NEAR
        changed = True
        while changed:
            changed = False
            for limb in range(len(limbs)):
                one, other = limbs[limb]
                far = abs(depths[person, one] - depths[person, other])
                if reached[one] != reached[other] and far < lengths[limb] + _NOISE * middle:
                    reached[one] = reached[other] = changed = True
        if np.sum(reached) < 2:  # one alone has nobody to vouch for it
            reached[:] = False
        for keypoint in range(keypoints):
            if not reached[keypoint]:
                depths[person, keypoint] = np.nan
