"""
Where on a frame hands and faces are, by the keypoints of the body around them.

The rules are OpenPose's, of src/openpose/hand/handDetector.cpp and
src/openpose/face/faceDetector.cpp at 5c5d965, with their thresholds. Tracking from frame to frame,
which OpenPose adds for videos, is left out: each frame stands for itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People

FloatArray = npt.NDArray[np.float32]

SIDES = ('left', 'right')
_HAND_SCORE = 0.03  # a keypoint must score more; handDetector.cpp:143
_FACE_SCORE = 0.25  # faceDetector.cpp:121
_FACE_PARTS = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')


def hand_rectangles(people: People) -> FloatArray:
    """
    Return the square around each hand.

    Its middle lies beyond the wrist by 0.33 of the forearm, and its side is 1.5 times the longer
    one of the forearm and 0.9 of the upper arm.

    Parameters
    ----------
    people : People
        In pixels of the frame.

    Returns
    -------
    float32 (N, 2, 3)
        Of each person's left and right hand: x and y of the square's upper left corner, and its
        side, pixels. It may reach beyond the frame. NaN where wrist, elbow or shoulder was not
        found, or the skeleton has none.

    """
    rectangles = np.full((len(people), len(SIDES), 3), np.nan, np.float32)
    for place, side in enumerate(SIDES):
        parts = [_keypoint(people, f'{side}_{part}') for part in ('wrist', 'elbow', 'shoulder')]
        wrist, elbow, shoulder = (_above(part, _HAND_SCORE) for part in parts)
        forearm, upper_arm = _distance(wrist, elbow), _distance(elbow, shoulder)
        length = 1.5 * np.maximum(forearm, 0.9 * upper_arm)  # NaN where one is
        rectangles[:, place] = _squares(wrist + 0.33 * (wrist - elbow), length)
    return rectangles


def can_have_faces(people: People) -> bool:
    """Return whether the skeleton has what a face is found by: nose, eyes or ears; MPI has not."""
    return set(_FACE_PARTS) <= set(people.skeleton.keypoint_names)


def face_rectangles(people: People) -> FloatArray:
    """
    Return the square around each face.

    It is the mean of up to three squares: one by nose and neck (and by the eye and the ear of a
    face in profile), one by both eyes, of three times their distance, and one by both ears, of
    twice theirs.

    Parameters
    ----------
    people : People
        In pixels of the frame.

    Returns
    -------
    float32 (N, 3)
        x and y of the square's upper left corner, and its side, pixels. It may reach beyond the
        frame. NaN where none of the three is known, or the skeleton has no eyes and ears.

    """
    if not can_have_faces(people):
        return np.full((len(people), 3), np.nan, np.float32)
    neck = _above(_keypoint(people, 'neck'), _FACE_SCORE)
    parts = (_above(_keypoint(people, name), _FACE_SCORE) for name in _FACE_PARTS)
    nose, left_eye, right_eye, left_ear, right_ear = parts
    squares: list[tuple[FloatArray, FloatArray]] = [
        _by_nose(nose, neck, (left_eye, left_ear), (right_eye, right_ear)),
        (_middle(left_eye, right_eye), 3 * _distance(left_eye, right_eye)),
        (_middle(left_ear, right_ear), 2 * _distance(left_ear, right_ear)),
    ]
    return _squares(
        _mean_of_known([middle for middle, _ in squares]),
        _mean_of_known([side for _, side in squares]),
    )


def _by_nose(
    nose: FloatArray,
    neck: FloatArray,
    left: tuple[FloatArray, FloatArray],
    right: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Return middles and sides by nose and neck; left and right are eye and ear."""
    head = _distance(neck, nose)
    middle, side = _middle(neck, nose), 2 * head
    seen = [(_is_known(eye), _is_known(ear)) for eye, ear in (left, right)]
    profile = (seen[0][0] == seen[0][1]) & (seen[1][0] == seen[1][1]) & (seen[0][0] != seen[1][0])
    for (eye, ear), (eye_seen, _) in zip((left, right), seen):
        use = profile & eye_seen
        middle = np.where(use[:, np.newaxis], (eye + ear + nose) / 3, middle)
        by_parts = 0.85 * (_distance(nose, eye) + _distance(nose, ear) + head)
        side = np.where(use, by_parts, side)
    known = _is_known(nose) & _is_known(neck)
    return (
        np.where(known[:, np.newaxis], middle, np.float32(np.nan)),
        np.where(known, side, np.float32(np.nan)),
    )


def _mean_of_known(values: Sequence[FloatArray]) -> FloatArray:
    """Return the mean of what is not NaN, NaN where all is."""
    stacked = np.stack(values)
    known = ~np.isnan(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _keypoint(people: People, name: str) -> FloatArray:
    """Return (N, 3), NaN where the skeleton has no such keypoint."""
    if name not in people.skeleton.keypoint_names:
        return np.full((len(people), 3), np.nan, np.float32)
    return people.keypoints[:, people.skeleton.index(name)]


def _above(keypoint: FloatArray, score: float) -> FloatArray:
    """Return (N, 2), NaN where a keypoint scores no more than that."""
    return np.where(keypoint[:, 2:] > score, keypoint[:, :2], np.float32(np.nan))


def _middle(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray((one + other) / 2, np.float32)


def _distance(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(one - other, axis=1), np.float32)


def _is_known(points: FloatArray) -> npt.NDArray[np.bool_]:
    return ~np.isnan(points[:, 0])


def _squares(middle: FloatArray, side: FloatArray) -> FloatArray:
    return np.concatenate([middle - side[:, np.newaxis] / 2, side[:, np.newaxis]], axis=1)
