"""The parser's front door: it checks the maps, then peaks, limbs and people follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import MapsError
from openpose_ros.parsing.paf.assembly import assemble_people, single_person
from openpose_ros.parsing.paf.limbs import find_limbs
from openpose_ros.parsing.paf.params import PafParams, check_reachable
from openpose_ros.parsing.paf.peaks import find_peaks
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton, load_skeleton

_DEFAULT_PARAMS = PafParams()


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
        If `params` ask for more keypoints than the skeleton has.

    """
    skeleton = skeleton or load_skeleton('coco_18')
    params = params or _DEFAULT_PARAMS
    check_reachable(params, skeleton)
    num_keypoints, num_fields = skeleton.num_keypoints, 2 * skeleton.num_limbs
    heatmaps = _checked('heatmaps', heatmaps, (num_keypoints, num_keypoints + 1), skeleton)
    if params.single_person:
        peaks = find_peaks(heatmaps[:num_keypoints], replace(params, max_peaks=1))
        # the others are not wanted, so there is no overflow
        return single_person(replace(peaks, overflow=0), skeleton, params)
    pafs = _checked('pafs', pafs, (num_fields, num_fields), skeleton)
    if heatmaps.shape[1:] != pafs.shape[1:]:
        raise MapsError(
            f'heatmaps are {_size(heatmaps)} cells but pafs are {_size(pafs)}; '
            'both must come from the same picture and layer size'
        )
    peaks = find_peaks(heatmaps[:num_keypoints], params)
    connections = find_limbs(peaks, pafs, skeleton, params)
    return assemble_people(peaks, connections, skeleton, params)


def _checked(
    name: str, maps: npt.NDArray[np.float32], channels: tuple[int, int], skeleton: Skeleton
) -> npt.NDArray[np.float32]:
    """Return the maps C-ordered, or raise a MapsError."""
    if not isinstance(maps, np.ndarray) or maps.dtype != np.float32:
        found = maps.dtype if isinstance(maps, np.ndarray) else type(maps).__name__
        raise MapsError(f'{name} are {found}, expected a float32 array; convert with .astype')
    if maps.ndim != 3 or maps.shape[0] not in channels or 0 in maps.shape:
        expected = ' or '.join(str(count) for count in sorted(set(channels)))
        raise MapsError(
            f'{name} have shape {maps.shape}, expected ({expected}, height, width) for the '
            f'skeleton {skeleton.name}; pass one picture, channels first, or name its skeleton'
        )
    # np.require alone costs 2 us
    return maps if maps.flags.carray else np.require(maps, requirements=['C', 'A'])


def _size(maps: npt.NDArray[np.float32]) -> str:
    return f'{maps.shape[2]}x{maps.shape[1]}'
