"""The parser's front door: it checks the maps, then peaks, limbs and people follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import MapsError
from openpose_ros.parsing.given import check_given
from openpose_ros.parsing.paf._kernels import parse as _kernels
from openpose_ros.parsing.paf.limbs import PAFS_NOT_FINITE
from openpose_ros.parsing.paf.params import PafParams, check_reachable
from openpose_ros.parsing.paf.peaks import HEATMAPS_NOT_FINITE
from openpose_ros.parsing.paf.plan import plan_of
from openpose_ros.parsing.paf.room import Room
from openpose_ros.people import People, people_found
from openpose_ros.skeletons import Skeleton, load_skeleton

_DEFAULT_PARAMS = PafParams()
_FLOAT32 = np.dtype(np.float32)
_DEFAULT_SKELETON = load_skeleton('coco_18')
# The last one, found by identity. Among other work, when the processor's caches hold other things,
# each line of Python costs as much as a heatmap, and so does hashing parameters.
_recent = [plan_of(_DEFAULT_SKELETON, _DEFAULT_PARAMS)]
# Rooms that nobody uses: one a thread that parses. Who fails in one leaves it.
_free: list[Room] = []
_PEOPLE_MASK = (1 << _kernels.OVERFLOW_BITS) - 1
_NOWHERE = Room(_recent[0], (0, 0, 0), (0, 0, 0))


def parse_pafs(
    heatmaps: npt.NDArray[np.float32],
    pafs: npt.NDArray[np.float32],
    skeleton: Skeleton | None = None,
    params: PafParams | None = None,
) -> People:
    """
    Turn one picture's heatmaps and part affinity fields into people.

    Parameters
    ----------
    heatmaps : float32 (K, h, w) or (K + 1, h, w)
        One map a keypoint, in the skeleton's order; a last map, the background, is not read.
        Values nominally in [0, 1].
    pafs : float32 (2L, h, w)
        x and y components of each limb's field, channels as the skeleton says. Not read in the
        single-person mode.
    skeleton : Skeleton, optional
        coco_18 by default.
    params : PafParams, optional
        The defaults by default.

    Returns
    -------
    People
        In map cells; (0, 0) is the centre of the first cell. Best first. The arrays are new.

    Raises
    ------
    MapsError
        If a shape or dtype is wrong, or a value that the parser reads is NaN or infinite.
    ParameterError
        If `params` ask for more keypoints than the skeleton has, or are none.
    SkeletonError
        If the skeleton is none, a name say.

    """
    skeleton, params = skeleton or _DEFAULT_SKELETON, params or _DEFAULT_PARAMS
    plan = _recent[0]
    if skeleton is not plan.skeleton or params is not plan.params:
        check_given(skeleton, params, PafParams)
        check_reachable(params, skeleton)
        plan = plan_of(skeleton, params)
        _recent[0] = replace(plan, skeleton=skeleton, params=params)
    if params.single_person:
        heatmaps = _checked('heatmaps', heatmaps, plan.heatmaps, skeleton)
        pafs = heatmaps[:0]
    parse = _kernels.parse if params.matching == 'greedy' else _parse_optimally()
    count = _kernels.WRONG_SHAPE
    try:
        room = _free.pop()
    except IndexError:
        room = _NOWHERE
    # Not copied out of the room: copying is more cold code than making them.
    keypoints, scores = np.empty(room.shape, _FLOAT32), np.empty(room.shape[0], _FLOAT32)
    try:
        dtype, other = heatmaps.dtype, pafs.dtype
        are_floats = dtype is other is _FLOAT32 or dtype == other == _FLOAT32
    except AttributeError:  # they are no arrays
        are_floats = False
    if _kernels.IS_COMPILED and room.plan is plan and are_floats:
        # The signature refuses what is not in C order, the kernel what is not of this room: only
        # then the maps are looked at here. (Of dtypes Numba does not see the byte order.)
        try:  # noqa: SIM105  a context manager is more cold code
            count = parse(heatmaps, pafs, *room.arguments, keypoints, scores)
        except TypeError:
            pass
    if count < 0:  # seldom, so that the rest need not be asked each time
        if count == _kernels.WRONG_SHAPE:
            heatmaps = _checked('heatmaps', heatmaps, plan.heatmaps, skeleton)
            pafs = (
                heatmaps[:0]
                if params.single_person
                else _checked('pafs', pafs, plan.pafs, skeleton)
            )
            if heatmaps.shape[1:] != pafs.shape[1:]:
                raise MapsError(
                    f'heatmaps are {_size(heatmaps)} cells but pafs are {_size(pafs)}; '
                    'both must come from the same picture and layer size'
                )
            room = Room(plan, heatmaps.shape, pafs.shape)
            keypoints, scores = np.empty(room.shape, _FLOAT32), np.empty(room.shape[0], _FLOAT32)
            count = parse(heatmaps, pafs, *room.arguments, keypoints, scores)
        while count == _kernels.TOO_SMALL or count == _kernels.TOO_FEW_ROWS:
            if count == _kernels.TOO_SMALL:
                room = room.larger()
            else:
                room.shape = 2 * len(scores), *room.shape[1:]
            keypoints, scores = np.empty(room.shape, _FLOAT32), np.empty(room.shape[0], _FLOAT32)
            count = parse(heatmaps, pafs, *room.arguments, keypoints, scores)
        if count < 0:
            broken_heatmaps = count == _kernels.HEATMAPS_NOT_FINITE
            raise MapsError(HEATMAPS_NOT_FINITE if broken_heatmaps else PAFS_NOT_FINITE)
    overflow, count = count >> _kernels.OVERFLOW_BITS, count & _PEOPLE_MASK
    _free.append(room)
    return people_found(keypoints[:count], scores[:count], skeleton, overflow)


def _parse_optimally() -> Any:
    """Return what compiles for seconds when it is first asked for."""
    from openpose_ros.parsing.paf._kernels import optimal

    return optimal.parse_optimally


def _checked(
    name: str, maps: npt.NDArray[np.float32], channels: tuple[int, ...], skeleton: Skeleton
) -> npt.NDArray[np.float32]:
    """Return the maps C-ordered, or raise a MapsError."""
    if not isinstance(maps, np.ndarray) or maps.dtype != np.float32:
        found = maps.dtype if isinstance(maps, np.ndarray) else type(maps).__name__
        raise MapsError(f'{name} are {found}, expected a float32 array; convert with .astype')
    if maps.ndim != 3 or maps.shape[0] not in channels or 0 in maps.shape:
        expected = ' or '.join(map(str, channels))
        raise MapsError(
            f'{name} have shape {maps.shape}, expected ({expected}, height, width) for the '
            f'skeleton {skeleton.name}; pass one picture, channels first, or name its skeleton'
        )
    # np.require alone costs 2 us
    return maps if maps.flags.carray else np.require(maps, requirements=['C', 'A'])


def _size(maps: npt.NDArray[np.float32]) -> str:
    return f'{maps.shape[2]}x{maps.shape[1]}'
