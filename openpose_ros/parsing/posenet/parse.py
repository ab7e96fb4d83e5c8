"""
PoseNet's front door: it checks the maps, then roots and poses follow.

Source: arXiv:1803.08225 (PersonLab), section 3.1, as `@tensorflow-models/posenet` 2.2.2 decodes
it: dist/multi_pose and dist/single_pose. Its tests hold this decoder to that one's poses.
"""

from __future__ import annotations

from functools import cache
from numbers import Real

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import MapsError, ParameterError, SkeletonError
from openpose_ros.parsing._kernels.compiling import NOT_FINITE
from openpose_ros.parsing.given import check_given
from openpose_ros.parsing.posenet._kernels import poses as _kernels
from openpose_ros.parsing.posenet.params import PoseNetParams
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton, load_skeleton

FloatArray = npt.NDArray[np.float32]

_DEFAULT_PARAMS = PoseNetParams()


def parse_posenet(
    heatmaps: FloatArray,
    offsets: FloatArray,
    displacement_forward: FloatArray,
    displacement_backward: FloatArray,
    skeleton: Skeleton | None = None,
    params: PoseNetParams | None = None,
    *,
    stride: int = 16,
) -> People:
    """
    Turn one picture's heatmaps, offsets and displacements into people.

    The best keypoints come first, from `score_threshold` on, where no cell within
    `local_maximum_radius` scores more. From each, unless a person who was found before has the
    same keypoint within `nms_radius`, the displacements lead along the skeleton's tree to all
    others, whose places the offsets refine twice. A person's score is the mean of their
    keypoints' scores, 0 for those within `nms_radius` of the same keypoint of a person who was
    found before.

    With `single_person` each keypoint is at the maximum of its heatmap, moved by the offset there,
    and the score is the mean; nobody is there where none of them scores `score_threshold`.

    Parameters
    ----------
    heatmaps : float32 (K, h, w)
        One map a keypoint, in the skeleton's order. Probabilities: after the sigmoid.
    offsets : float32 (2 K, h, w)
        From the centre of a cell to the keypoint, pixels of the network's input: K of y, K of x.
    displacement_forward, displacement_backward : float32 (2 (K - 1), h, w)
        From a limb's start to its end, and back; pixels of the network's input, in the channels
        that the skeleton says. Not read in the single-person mode.
    skeleton : Skeleton, optional
        coco_17 by default; its limbs are a tree.
    params : PoseNetParams, optional
        The defaults by default.
    stride : int
        Pixels of the network's input a map cell.

    Returns
    -------
    People
        In map cells; (0, 0) is the centre of the first cell. Best first, of equals the one with
        the better root. The arrays are new. All keypoints have a place, however low their score,
        unless it is 0.

    Raises
    ------
    MapsError
        If a shape or dtype is wrong, or a value that the decoder reads is NaN or infinite.
    ParameterError
        If the stride is no whole number from 1, or `params` are none.
    SkeletonError
        If the limbs are no tree, or the skeleton is none.

    """
    skeleton = skeleton or load_skeleton('coco_17')
    params = params or _DEFAULT_PARAMS
    check_given(skeleton, params, PoseNetParams)
    edges = tree_of(skeleton)
    count = skeleton.num_keypoints
    _check_stride(stride)
    heatmaps = _checked('heatmaps', heatmaps, count, skeleton)
    offsets = _checked('offsets', offsets, 2 * count, skeleton, like=heatmaps)
    if params.single_person:
        keypoints = np.empty((1, count, 3), np.float32)
        scores = np.empty(1)
        found = _kernels.find_pose(heatmaps, offsets, float(stride), keypoints, scores)
        if found != NOT_FINITE and keypoints[0, :, 2].max() < params.score_threshold:
            found = 0
    else:
        forward, backward = (
            _checked(name, maps, 2 * (count - 1), skeleton, like=heatmaps)
            for name, maps in (
                ('displacement_forward', displacement_forward),
                ('displacement_backward', displacement_backward),
            )
        )
        keypoints = np.empty((params.max_poses, count, 3), np.float32)
        scores = np.empty(params.max_poses)
        threshold = np.float32(params.score_threshold)
        if threshold > params.score_threshold:
            threshold = np.nextafter(threshold, np.float32(0))
        found = _kernels.find_poses(
            heatmaps,
            heatmaps.view(np.int32),
            offsets,
            forward,
            backward,
            edges,
            float(stride),
            np.float64(params.score_threshold),
            threshold.view(np.int32),
            params.local_maximum_radius,
            np.float64(params.nms_radius),
            keypoints,
            scores,
        )
    if found == NOT_FINITE:
        raise MapsError(
            'the maps hold NaN or infinity: the network or its input is broken; '
            'run it on another backend or picture to see which'
        )
    return _people(keypoints[:found], scores[:found], skeleton, stride)


def _check_stride(stride: object) -> None:
    if not isinstance(stride, Real) or not float(stride) >= 1 or float(stride) % 1:
        raise ParameterError(f'stride is {stride!r}, but must be a whole number from 1, pixels')


@cache
def tree_of(skeleton: Skeleton) -> npt.NDArray[np.int64]:
    """
    Return the limbs as rows of start, end, and the channels of x and y.

    Raises
    ------
    SkeletonError
        If they are no tree.

    """
    redundant = [limb for limb in skeleton.limbs if limb.redundant]
    if redundant:
        raise SkeletonError(
            f'skeleton {skeleton.name} has {len(redundant)} redundant limbs, but PoseNet follows '
            'a tree; take coco_17, or a skeleton without them'
        )
    rows = [(limb.start, limb.end, limb.paf_x, limb.paf_y) for limb in skeleton.limbs]
    edges = np.array(rows, np.int64).reshape(-1, 4)
    edges.flags.writeable = False
    return edges


def _people(
    keypoints: FloatArray, scores: npt.NDArray[np.float64], skeleton: Skeleton, stride: int
) -> People:
    """Return the poses in map cells, best first, with scores from 0 to 1."""
    order = np.argsort(-scores, kind='stable')
    keypoints = keypoints[order]
    keypoints[..., :2] /= stride
    keypoints[..., 2] = keypoints[..., 2].clip(0, 1)
    keypoints[keypoints[..., 2] == 0, :2] = np.nan
    return People(keypoints, scores[order].clip(0, 1).astype(np.float32), skeleton)


def _checked(
    name: str,
    maps: FloatArray,
    channels: int,
    skeleton: Skeleton,
    *,
    like: FloatArray | None = None,
) -> FloatArray:
    """Return the maps C-ordered, or raise a MapsError."""
    if not isinstance(maps, np.ndarray) or maps.dtype != np.float32:
        found = maps.dtype if isinstance(maps, np.ndarray) else type(maps).__name__
        raise MapsError(f'{name} are {found}, expected a float32 array; convert with .astype')
    if maps.ndim != 3 or maps.shape[0] != channels or 0 in maps.shape:
        raise MapsError(
            f'{name} have shape {maps.shape}, expected ({channels}, height, width) for the '
            f'skeleton {skeleton.name}; pass one picture, channels first, or name its skeleton'
        )
    if like is not None and maps.shape[1:] != like.shape[1:]:
        raise MapsError(
            f'heatmaps are {like.shape[2]}x{like.shape[1]} cells but {name} are '
            f'{maps.shape[2]}x{maps.shape[1]}; all must come from the same picture'
        )
    return maps if maps.flags.carray else np.require(maps, requirements=['C', 'A'])
