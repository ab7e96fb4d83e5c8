"""Where hands and faces are: OpenPose's rule, as its source has it, point by point."""

from __future__ import annotations

from math import dist, nan
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros import People, load_skeleton
from openpose_ros.hands import can_have_faces, face_rectangles, hand_rectangles
from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_18')
keypoints = st.tuples(
    *[st.floats(-50, 2000, width=32)] * 2, st.sampled_from([0.0, 0.02, 0.2, 0.9])
)


def people_of(rows: Any, skeleton: Skeleton = COCO) -> People:
    array = np.array(rows, np.float32)[np.newaxis]
    array[..., :2] = np.where(array[..., 2:] > 0, array[..., :2], nan)
    return People(array, np.ones(1, np.float32), skeleton)


def hand_by_the_book(rows: Any, side: str) -> tuple[float, float, float]:
    """Return what handDetector.cpp:7-46 computes."""
    wrist, elbow, shoulder = (
        rows[COCO.index(f'{side}_{part}')] for part in ('wrist', 'elbow', 'shoulder')
    )
    if min(part[2] for part in (wrist, elbow, shoulder)) <= 0.03:
        return nan, nan, nan
    x = wrist[0] + 0.33 * (wrist[0] - elbow[0])
    y = wrist[1] + 0.33 * (wrist[1] - elbow[1])
    width = 1.5 * max(dist(wrist[:2], elbow[:2]), 0.9 * dist(elbow[:2], shoulder[:2]))
    return x - width / 2, y - width / 2, width


def face_by_the_book(rows: Any) -> tuple[float, float, float]:
    """Return what faceDetector.cpp:22-116 computes for a skeleton with eyes and ears."""
    neck, nose, left_ear, right_ear, left_eye, right_eye = (
        rows[COCO.index(name)]
        for name in ('neck', 'nose', 'left_ear', 'right_ear', 'left_eye', 'right_eye')
    )
    x = y = size = 0.0
    counter = 0
    eyes = left_eye[2] > 0.25, right_eye[2] > 0.25
    ears = left_ear[2] > 0.25, right_ear[2] > 0.25
    if neck[2] > 0.25 and nose[2] > 0.25:
        if eyes[0] == ears[0] and eyes[1] == ears[1] and eyes[0] != eyes[1]:
            eye, ear = (left_eye, left_ear) if eyes[0] else (right_eye, right_ear)
            x += (eye[0] + ear[0] + nose[0]) / 3
            y += (eye[1] + ear[1] + nose[1]) / 3
            size += 0.85 * (
                dist(nose[:2], eye[:2]) + dist(nose[:2], ear[:2]) + dist(neck[:2], nose[:2])
            )
        else:
            x += (neck[0] + nose[0]) / 2
            y += (neck[1] + nose[1]) / 2
            size += 2 * dist(neck[:2], nose[:2])
        counter += 1
    for both, (one, other), factor in (
        (all(eyes), (left_eye, right_eye), 3),
        (all(ears), (left_ear, right_ear), 2),
    ):
        if both:
            x += (one[0] + other[0]) / 2
            y += (one[1] + other[1]) / 2
            size += factor * dist(one[:2], other[:2])
            counter += 1
    if not counter:
        return nan, nan, nan
    x, y, size = x / counter, y / counter, size / counter
    return x - size / 2, y - size / 2, size


@settings(deadline=None)
@given(st.lists(keypoints, min_size=18, max_size=18))
def test_squares_are_those_of_openpose(rows: list[tuple[float, float, float]]) -> None:
    people = people_of(rows)
    hands, faces = hand_rectangles(people), face_rectangles(people)
    assert (hands.shape, faces.shape) == ((1, 2, 3), (1, 3))
    assert hands.dtype == faces.dtype == np.float32
    for place, side in enumerate(('left', 'right')):
        wanted = hand_by_the_book(rows, side)
        np.testing.assert_allclose(hands[0, place], wanted, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(faces[0], face_by_the_book(rows), rtol=1e-4, atol=1e-2)


def test_nobody_has_no_hands() -> None:
    nobody = People.empty(COCO)
    assert hand_rectangles(nobody).shape == (0, 2, 3)
    assert face_rectangles(nobody).shape == (0, 3)


def test_mpi_has_hands_and_no_face() -> None:
    skeleton = load_skeleton('mpi_15')
    rows = np.random.default_rng(0).uniform(10, 200, (15, 3))
    rows[:, 2] = 0.9
    people = people_of(rows, skeleton)
    assert np.isfinite(hand_rectangles(people)).all()
    assert not can_have_faces(people)
    assert np.isnan(face_rectangles(people)).all()


def test_coco_17_has_no_neck_and_still_a_face() -> None:
    skeleton = load_skeleton('coco_17')
    rows = np.random.default_rng(0).uniform(10, 200, (17, 3))
    rows[:, 2] = 0.9
    assert np.isfinite(face_rectangles(people_of(rows, skeleton))).all()


@pytest.mark.parametrize(('name', 'count'), [('hand_21', 21), ('face_70', 70)])
def test_their_skeletons_are_data(name: str, count: int) -> None:
    skeleton = load_skeleton(name)
    assert skeleton.num_keypoints == count
    drawn = [(limb.start, limb.end) for limb in skeleton.limbs if limb.drawn]
    assert len(drawn) == {'hand_21': 20, 'face_70': 63}[name]
    if name == 'face_70':
        assert skeleton.mirror[skeleton.index('right_pupil')] == skeleton.index('left_pupil')
