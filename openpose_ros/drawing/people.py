"""People: limbs, joints and labels, anti-aliased and in fractions of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
import math

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros.drawing.defaults import RENDER_THRESHOLD
from openpose_ros.drawing.labels import colour_of, label_text
from openpose_ros.errors import ParameterError
from openpose_ros.frames import FrameArray, check_frame
from openpose_ros.people import PART_SKELETONS, People, check_people
from openpose_ros.skeletons import Skeleton, load_skeleton

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
Colour = tuple[int, int, int]

_SHIFT = 4  # OpenCV takes positions in 1/16 pixel
_OUTLINE = (32, 32, 32)
# As OpenPose draws hands and faces: --hand_render_threshold 0.2, --face_render_threshold 0.4, of
# which the lower one serves both here.
_PART_THRESHOLD = 0.2
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_people(
    frame: FrameArray,
    people: People,
    *,
    render_threshold: float = RENDER_THRESHOLD,
    labels: bool = False,
    distances_m: Sequence[float] = (),
) -> FrameArray:
    """
    Draw each person's limbs and joints.

    Lines are as thick as suits the size of the person; each limb has the colour of its end, and
    a dark outline that sets it off from a bright ground. The best person is drawn last, on top.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red; drawn into.
    people : People
        In pixels of the frame. Positions may be NaN, and lie outside of the frame.
    render_threshold : float
        Only keypoints with a score above it are drawn.
    labels : bool
        Write above each person who they are, or else their place in `people`, and their score.
        Without it, only ids and distances are written, of who has one.
    distances_m : sequence of float, length N or 0
        How far each is from the camera, metres; NaN: unknown.

    Returns
    -------
    uint8 (H, W, 3)
        `frame` itself.

    Raises
    ------
    FrameError
        If the frame cannot be drawn into.
    ParameterError
        If the people are none, or there are distances of others.

    """
    check_frame(frame, drawable=True)
    check_people(people)
    distances = _numbers('distances_m', distances_m)
    (render_threshold,) = _numbers('render_threshold', [render_threshold])
    if len(distances) not in (0, len(people)):
        raise ParameterError(
            f'there are {len(distances)} distances, but {len(people)} people; give one for each, '
            'NaN where it is not known, or none'
        )
    positions, shown = _shown(people.keypoints, render_threshold, frame)
    if shown.any():
        _draw_limbs_and_joints(frame, positions, shown, people.skeleton)
    for field, keypoints in people.parts.items():
        skeleton = load_skeleton(PART_SKELETONS[field])
        threshold = max(render_threshold, _PART_THRESHOLD)
        places, visible = _shown(keypoints, threshold, frame)
        if visible.any():
            _draw_limbs_and_joints(frame, places, visible, skeleton)
    distances = distances or [math.nan] * len(people)
    for index in reversed(range(len(people))):
        name = people.known_ids[index]
        text = label_text(name, distances[index])
        if labels:
            text = f'{text or index}: {people.scores[index]:.2f}'
        if text and shown[index].any():  # above everybody's limbs
            colour = colour_of(name)[::-1] if name else _OUTLINE
            _label(frame, text, positions[index][shown[index]], colour)
    return frame


def _numbers(name: str, given: Sequence[float]) -> list[float]:
    try:
        return [float(number) for number in given]
    except (TypeError, ValueError):
        raise ParameterError(
            f'{name} holds {given!r:.100}, but must be numbers; NaN is what is not known'
        ) from None


def _shown(
    keypoints: FloatArray, threshold: float, frame: FrameArray
) -> tuple[FloatArray, BoolArray]:
    """Return positions (N, K, 2) that OpenCV can take, and which are to be drawn (N, K)."""
    positions = keypoints[..., :2]
    shown = (keypoints[..., 2] > threshold) & np.isfinite(positions).all(axis=2)
    # Far outside of the frame OpenCV's fixed-point numbers would overflow.
    size = np.array(frame.shape[1::-1], np.float32)
    return np.where(shown[..., np.newaxis], positions, 0).clip(-size, 2 * size), shown


def _draw_limbs_and_joints(
    frame: FrameArray, positions: FloatArray, shown: BoolArray, skeleton: Skeleton
) -> None:
    widths = _limb_widths(positions, shown, min(frame.shape[:2]))
    limbs = [limb for limb in skeleton.limbs if limb.drawn]
    starts, ends = [limb.start for limb in limbs], [limb.end for limb in limbs]
    limb_shown = shown[:, starts] & shown[:, ends]
    centres = _fixed_point(positions).tolist()
    outline = [_OUTLINE] * len(skeleton.colours)
    layers = [  # the lower first: the bars of the limbs, by how much all is wider, the colours
        (_bars(positions[:, starts], positions[:, ends], 0.5 * widths + edge), edge, colours)
        for edge, colours in ((1, outline), (0, [rgb[::-1] for rgb in skeleton.colours]))
    ]
    radii = _fixed_point(0.75 * widths).tolist()
    for person in reversed(range(len(positions))):
        joints = np.flatnonzero(shown[person]).tolist()
        visible = np.flatnonzero(limb_shown[person]).tolist()
        for bars, edge, colours in layers:
            for limb in visible:
                _fill(frame, bars[person, limb], colours[ends[limb]])
            for joint in joints:
                radius = radii[person] + (edge << _SHIFT)
                _dot(frame, centres[person][joint], radius, colours[joint])


def _limb_widths(positions: FloatArray, shown: BoolArray, picture: int) -> FloatArray:
    """Return the width (N,) of each person's limbs in pixels, for the size of what is shown."""
    lowest = np.where(shown[..., np.newaxis], positions, np.inf).min(axis=1)
    highest = np.where(shown[..., np.newaxis], positions, -np.inf).max(axis=1)
    sizes = (highest - lowest).max(axis=1)  # -inf where nothing is shown
    thinnest, thickest = max(1.0, picture / 300), max(1.0, picture / 60)
    return np.asarray((sizes / 60).clip(thinnest, thickest), np.float32)


def _bars(starts: FloatArray, ends: FloatArray, half_widths: FloatArray) -> IntArray:
    """Return the corners (N, L, 4, 2) of a bar around each line from start to end (N, L, 2)."""
    along = ends - starts
    along /= np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-6)[..., np.newaxis]
    across = along[..., ::-1] * [-1, 1] * half_widths[:, np.newaxis, np.newaxis]
    corners = [starts + across, ends + across, ends - across, starts - across]
    return _fixed_point(np.stack(corners, axis=2))


def _fixed_point(pixels: FloatArray) -> IntArray:
    return np.rint(pixels * (1 << _SHIFT)).astype(np.int32)


def _fill(frame: FrameArray, corners: IntArray, colour: Colour) -> None:
    # Half the time of cv2.line, which would add a round end to each side, under our joints.
    cv2.fillConvexPoly(frame, corners, colour, cv2.LINE_AA, _SHIFT)


def _dot(frame: FrameArray, centre: list[int], radius: int, colour: Colour) -> None:
    cv2.circle(frame, tuple(centre), radius, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _label(frame: FrameArray, text: str, positions: FloatArray, colour: Colour) -> None:
    """Write a line above a person, inside the frame, over a bar in a colour."""
    height, width = frame.shape[:2]
    scale = max(0.4, min(height, width) / 1000)
    thickness = max(1, round(1.6 * scale))
    (across, up), below = cv2.getTextSize(text, _FONT, scale, thickness)
    (left, top), (right, bottom) = positions.min(axis=0), positions.max(axis=0)
    lift = max(3 * below, 0.08 * (bottom - top))  # the topmost keypoints are eyes and ears
    x = int(min(max((left + right - across) / 2, 0), max(width - across, 0)))
    y = int(min(max(top - lift, up + below), max(height - below, 0)))
    corners = (x, y - up - below), (x + across, y + below)
    cv2.rectangle(frame, *corners, _OUTLINE, -1)
    cv2.rectangle(frame, (x, y + below - thickness), corners[1], colour, -1)
    cv2.putText(frame, text, (x, y), _FONT, scale, (255, 255, 255), thickness, cv2.LINE_AA)
