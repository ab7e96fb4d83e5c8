"""Hands and faces through the estimator: what is drawn is found where it was drawn."""

from __future__ import annotations

from dataclasses import replace
import json
from typing import Any

import numpy as np
import pytest

from openpose_ros import People, PoseEstimator, draw_people
from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.errors import ParameterError
from openpose_ros.hands import face_rectangles, hand_rectangles
from openpose_ros.io.frame import Frame
from openpose_ros.io.people_json import people_from_line, to_line, to_openpose
from openpose_ros.parts import PartFinder, PartParams, Parts
from openpose_ros.ros.messages import people_from_message
from openpose_ros.ros.messages.people import persons_message, skeleton_info_message, time_message
from openpose_ros.rotation import rotate_upright, unrotate_people
from tests.parts.scenes import COCO, SIDE, Array, body_engine, paint, part_engine, spec_of, spread
from tests.ros.fakes import TYPES, header

SIZE = (1280, 720)


def parts(**params: Any) -> Parts:
    return Parts(
        PartFinder('hand', part_engine('hand_21')),
        PartFinder('face', part_engine('face_70')),
        PartParams(**params),
    )


def people_on(size: tuple[int, int], count: int, seed: int = 0) -> Array:
    people = scatter_people(count, COCO, (size[1] // 16 - 6, size[0] // 16 - 6), seed=seed)
    people[..., :2] = 16 * people[..., :2] + 56
    people[..., 2] = 1
    return people


def as_people(keypoints: Array) -> People:
    return People(keypoints.astype(np.float32), np.ones(len(keypoints), np.float32), COCO)


def within(square: Array) -> float:
    """Return half a map cell of a crop, in pixels of the frame, and a dot's rounding."""
    return float(0.5 * 8 * square[2] / SIDE) + 0.75


def check(found: Array, points: Array, square: Array, size: tuple[int, int]) -> int:
    """See that keypoints are where they were drawn; return how many were inside of the frame."""
    radius = dot_of(square)
    inside = ((points > radius) & (points < np.array(size) - 1 - radius)).all(axis=1)
    distances = np.linalg.norm(found[inside, :2] - points[inside], axis=1)
    assert distances.max(initial=0) < within(square)
    assert (found[inside, 2] > 0.5).all()
    return int(inside.sum())


def dot_of(square: Array) -> int:
    return max(1, round(float(square[2]) / 50))


@pytest.mark.parametrize('flipped', [False, True])
def test_forty_crops_are_found_where_they_were_drawn(flipped: bool) -> None:
    """Some near the borders, of which the part on the frame is found."""
    random = np.random.default_rng(1)
    finder = PartFinder('hand', part_engine('hand_21'))
    seen = 0
    for _ in range(20):
        side = random.uniform(90, 400)
        corner = random.uniform((-0.4 * side, -0.4 * side), np.array(SIZE) - 0.6 * side)
        square = np.array([*corner, side], np.float32)
        frame = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
        points = spread(square, 21)
        paint(frame, 'hand_21', points, dot_of(square))
        (found,) = finder.find(frame, square[np.newaxis], [flipped])
        seen += check(found, points, square, SIZE)
    assert seen > 250


def test_hands_and_faces_of_people_come_with_them() -> None:
    people = people_on(SIZE, 2)
    frame, drawn = scene(people, SIZE)
    with PoseEstimator(
        None, body_engine(people, SIZE), parts=parts(hand_min_size=10, max_crops=100)
    ) as estimator:
        estimate = estimator.estimate(frame)
    assert list(estimate.times)[-2:] == ['hands', 'faces']
    found = estimate.people
    assert found.left_hands is not None
    assert found.faces is not None
    assert (found.left_hands.shape, found.faces.shape) == ((2, 21, 3), (2, 70, 3))
    compare(found, people, drawn, SIZE)
    line = to_line(Frame(frame, 'a.png', 0), found)
    again = people_from_line(line)
    message = people_from_message(persons_message(TYPES, found, header(1), SIZE))
    for copy in (again, message):
        for field, rows in found.parts.items():
            np.testing.assert_allclose(copy.parts[field], rows, atol=2e-3)
    person = json.loads(line)['people'][0]
    assert [len(person[name]) for name in ('left_hand', 'right_hand', 'face')] == [21, 21, 70]
    theirs = to_openpose(found)['people'][0]
    assert len(theirs['hand_left_keypoints_2d']) == 63
    assert len(theirs['face_keypoints_2d']) == 210
    assert theirs['hand_left_keypoints_2d'][2] > 0.5
    canvas = draw_people(np.zeros_like(frame), found)
    without = draw_people(
        np.zeros_like(frame), replace(found, left_hands=None, right_hands=None, faces=None)
    )
    assert (canvas != without).any()


def test_people_of_a_camera_on_its_side_keep_their_hands() -> None:
    people = people_on(SIZE, 2)
    upright, drawn = scene(people, SIZE)
    source = np.ascontiguousarray(np.rot90(upright))  # which 90 degrees clockwise bring upright
    size = source.shape[1], source.shape[0]
    with PoseEstimator(
        None, body_engine(people, SIZE), parts=parts(hand_min_size=10, max_crops=100)
    ) as estimator:
        found = estimator(rotate_upright(source, 90))
    turned = unrotate_people(found, 90, size)
    assert turned.left_hands is not None
    assert found.left_hands is not None
    x, y = found.left_hands[..., 0], found.left_hands[..., 1]
    np.testing.assert_allclose(turned.left_hands[..., 0], y)
    np.testing.assert_allclose(turned.left_hands[..., 1], size[1] - 1 - x)
    compare(found, people, drawn, SIZE)


def test_small_hands_are_left_alone_and_more_than_enough_counted() -> None:
    people = people_on(SIZE, 3)
    frame, _ = scene(people, SIZE)
    with PoseEstimator(None, body_engine(people, SIZE), parts=parts(max_crops=2)) as estimator:
        estimate = estimator.estimate(frame)
        assert estimate.crops_left_out > 0
        looked_at = [
            int((rows[..., 2] > 0).any(axis=1).sum()) for rows in estimate.people.parts.values()
        ]
        assert sum(looked_at) <= 2
        estimator.parts.params = PartParams(hand_min_size=4096)
        estimate = estimator.estimate(frame)
        assert estimate.crops_left_out == 0
        for rows in estimate.people.parts.values():
            assert not rows[..., 2].any()
            assert np.isnan(rows[..., :2]).all()


def test_nobody_has_no_hands() -> None:
    with PoseEstimator(None, body_engine(people_on(SIZE, 0), SIZE), parts=parts()) as estimator:
        found = estimator(np.zeros((720, 1280, 3), np.uint8))
    assert {name: rows.shape for name, rows in found.parts.items()} == {
        'left_hands': (0, 21, 3),
        'right_hands': (0, 21, 3),
        'faces': (0, 70, 3),
    }


@pytest.mark.parametrize(
    ('skeleton', 'decoder'), [('coco_18', 'paf'), ('face_70', 'heatmaps'), ('hand_21', 'paf')]
)
def test_a_network_for_something_else_is_refused(skeleton: str, decoder: str) -> None:
    engine = part_engine('hand_21')
    engine.spec = spec_of(skeleton, decoder, (SIDE, SIDE))
    with pytest.raises(ParameterError, match='a network for a hand has'):
        PartFinder('hand', engine)


def test_a_network_for_hands_finds_no_bodies() -> None:
    with pytest.raises(ParameterError, match='give it as --hand or --face'):
        PoseEstimator(None, part_engine('hand_21'))


def test_the_skeletons_of_parts_are_said() -> None:
    wanted = parts()
    assert wanted.hand is not None
    stamp = time_message(TYPES, 5)
    info = skeleton_info_message(TYPES, COCO, stamp, hand=wanted.hand.spec.skeleton)
    assert (info.hand.name, len(info.hand.keypoint_names)) == ('hand_21', 21)
    assert (info.face.name, len(info.face.keypoint_names)) == ('', 0)


def scene(people: Array, size: tuple[int, int]) -> tuple[Array, dict[str, list[Array]]]:
    """Return a frame with the dots of everybody's hands and faces, and where these are."""
    frame = np.zeros((size[1], size[0], 3), np.uint8)
    bodies = as_people(people)
    hands, faces = hand_rectangles(bodies), face_rectangles(bodies)
    drawn: dict[str, list[Array]] = {}
    for field, squares, skeleton, count in (
        ('faces', faces, 'face_70', 70),
        ('left_hands', hands[:, 0], 'hand_21', 21),
        ('right_hands', hands[:, 1], 'hand_21', 21),
    ):
        drawn[field] = [spread(square, count) for square in squares]
        for points, square in zip(drawn[field], squares):
            paint(frame, skeleton, points, dot_of(square))
    return frame, drawn


def compare(
    found: People, people: Array, drawn: dict[str, list[Array]], size: tuple[int, int]
) -> None:
    """See that most keypoints of the parts are where they were drawn; some lie on each other."""
    bodies = as_people(people)
    hands, faces = hand_rectangles(bodies), face_rectangles(bodies)
    squares = {'faces': faces, 'left_hands': hands[:, 0], 'right_hands': hands[:, 1]}
    order = [
        int(np.nanmean(np.linalg.norm(people[..., :2] - rows[:, :2], axis=2), axis=1).argmin())
        for rows in found.keypoints
    ]
    near = total = 0
    for field, rows in found.parts.items():
        for index, person in enumerate(order):
            points = drawn[field][person]
            inside = ((points > 0) & (points < np.array(size) - 1)).all(axis=1)
            away = np.linalg.norm(rows[index][inside, :2] - points[inside], axis=1)
            near += int((away < within(squares[field][person])).sum())
            total += int(inside.sum())
    assert total > 100
    assert near / total > 0.7
