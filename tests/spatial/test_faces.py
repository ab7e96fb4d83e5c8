"""Noses and ears: what windows of depth see around them, and what is missed beyond the image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.bodies import Stance
from benchmarks.scenes import LENS, film, scene
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial.angles import ANGLES, wrapped
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.edges import (
    alone_at_edges,
    any_alone,
    near_edges,
    outside,
    torsos_outside,
)
from openpose_ros.spatial.faces import on_faces
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.parts import NAMES, PLACE, parts_in
from openpose_ros.spatial.people import locate
from openpose_ros.spatial.rays import keypoint_rays
from openpose_ros.spatial.surfaces import surface_positions
from openpose_ros.spatial.windows import nearer
from tests.spatial.bodies import room_of

COCO = load_skeleton('coco_18')
FRONT = int(np.argmin(np.abs(ANGLES)))


def looking_at(degrees: float) -> int:
    return int(np.argmin(np.abs(ANGLES - np.radians(degrees))))


def test_windows_see_the_face_behind_a_nose_and_the_head_before_an_ear() -> None:
    nose, left, right = nearer(np.array([[0.115, 0.0], [0.0, 0.074], [0.0, -0.074]]))
    assert -0.03 < nose[FRONT] < -0.015
    assert left[FRONT] > 0.03
    # Of an ear that is turned to the camera the window is that of the ear.
    assert abs(left[looking_at(-90)]) < 0.005
    assert left[looking_at(90)] == 0  # the head hides it
    # Left and right are alike, but for rounding at the limits.
    np.testing.assert_allclose(left[looking_at(-60)], right[looking_at(60)], atol=1e-9)


def offs(heading: float, name: str) -> tuple[float, float]:
    """Return by how much a part seems farther than it is, before and after (medians), metres."""
    index, before, after = COCO.index(name), [], []
    room = room_of(heading, stance=Stance())
    for seed in range(3):
        for shot in film(room, seed, rate_hz=3, seconds=2, missed=0.0):
            truth = shot.truths[0]
            seen = surface_positions(DepthImage(shot.depth), shot.people, LENS)
            known = replace(Located.unknown(1), positions=seen)
            found = locate(shot.people, LENS, known, truth.up).positions
            assert found is not None
            if truth.visible[index]:
                before.append(seen[0, index, 2] - truth.surface[index, 2])
                after.append(found[0, index, 2] - truth.surface[index, 2])
    assert len(after) > 10
    return float(np.nanmedian(before)), float(np.nanmedian(after))


@pytest.mark.parametrize(
    ('heading', 'name'), [(np.pi, 'nose'), (np.pi - 0.25, 'left_ear'), (np.pi + 0.25, 'right_ear')]
)
def test_part_of_a_face_is_found_nearer_to_where_it_is(heading: float, name: str) -> None:
    before, after = offs(heading, name)
    assert abs(before) > 0.02  # else there was nothing to mend
    assert abs(after) < 0.7 * abs(before)


def test_only_faces_are_moved_along_their_rays_and_nobody_of_whom_nothing_is_known() -> None:
    random = np.random.default_rng(0)
    positions = random.uniform(1, 3, (2, 18, 3)).astype(np.float32)
    positions[0, COCO.index('left_eye')] = np.nan
    surface = np.full((2, len(NAMES), 3), [0.1, -2.0, 0.3])
    heads = np.zeros((2, len(ANGLES)))
    heads[0, FRONT], heads[1] = 5.0, np.nan
    lost = np.array([False, True])
    before = positions.copy()
    moved = on_faces(positions, heads, surface, lost, COCO)
    np.testing.assert_array_equal(positions, before)
    np.testing.assert_array_equal(moved[1], before[1])
    factors = moved[0] / before[0]
    nose = COCO.index('nose')
    np.testing.assert_allclose(factors[nose], factors[nose, 0])
    assert 0.985 < factors[nose, 0] < 0.995  # some 2 cm of 2 m
    assert np.isnan(moved[0, COCO.index('left_eye')]).all()
    faceless = [index for index, name in enumerate(COCO.keypoint_names) if name not in FACE]
    np.testing.assert_array_equal(moved[0, faceless], before[0, faceless])


FACE = ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear')


def test_skeleton_without_a_face_is_left_as_it_is() -> None:
    skeleton = load_skeleton('mpi_15')
    positions = np.ones((1, 15, 3), np.float32)
    heads = np.ones((1, len(ANGLES)))
    surface = np.full((1, len(NAMES), 3), np.nan)
    moved = on_faces(positions, heads, surface, np.zeros(1, np.bool_), skeleton)
    np.testing.assert_array_equal(moved, positions)
    people = People(np.zeros((1, 15, 3), np.float32), np.ones(1, np.float32), skeleton)
    assert not near_edges(people, LENS)


def ear_at(x: float) -> People:
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    keypoints[0, COCO.index('left_ear')] = x, 200, 0.8
    return People(keypoints, np.ones(1, np.float32), COCO)


def test_what_is_beyond_the_edge_is_told_for_each_way_to_look() -> None:
    assert not near_edges(ear_at(320), LENS)
    people = ear_at(6)
    assert near_edges(people, LENS)
    cut = outside(people, LENS, np.array([[1.0, 0, 0]]), np.array([2.4]))
    nose = 0
    # She looks to the camera: her nose is to the left of her left ear, outside the image; she
    # shows that ear, looking to her right, and it is too; looking to her left it would be inside.
    assert cut[0, nose, FRONT] == 1
    assert cut[0, nose, looking_at(-90)] == 1
    assert cut[0, nose, looking_at(90)] == 0
    assert (outside(ear_at(320), LENS, np.array([[1.0, 0, 0]]), np.array([2.4])) == 0).all()


@pytest.mark.parametrize('seed', [37, 48])
def test_who_comes_into_the_image_is_not_taken_for_who_turns_away(seed: int) -> None:
    """One side of her is seen, with an ear or an eye; the rest of the face is beyond the edge."""
    shot = next(film(scene('walking', seed), seed, rate_hz=10))
    truth, people = shot.truths[0], shot.people
    assert np.abs(truth.facing) < 0.7
    assert near_edges(people, LENS)
    seen = surface_positions(DepthImage(shot.depth), people, LENS)
    known = replace(Located.unknown(1), positions=seen)
    located = locate(people, LENS, known, truth.up)
    # It was 158 and 114 degrees off, 3.1 and 1.9 spreads; now 54 at most, 1.2.
    off = abs(wrapped(located.facing[0] - truth.facing))
    assert off < 1.5 * located.facing_stddev[0]
    assert off < 1.0
    assert located.facing_stddev[0] < 0.9
    # Were the image wider, what is missed would say that she looks away.
    wide = replace(LENS, size=(1280, 480), centre=(LENS.centre[0] + 320, LENS.centre[1]))
    keypoints = people.keypoints + np.array([320, 0, 0], np.float32)
    away = locate(replace(people, keypoints=keypoints), wide, known, truth.up)
    assert abs(wrapped(away.facing[0] - truth.facing)) > 1.8


def shoulder_at(x: float, *others: str) -> People:
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for name in ('right_shoulder', *others):
        keypoints[0, COCO.index(name)] = x, 200, 0.8
    return People(keypoints, np.ones(1, np.float32), COCO)


def beyond(people: People) -> npt.NDArray[np.float64]:
    aside, away = np.array([[1.0, 0, 0]]), np.array([2.4])
    positions = np.full((1, 18, 3), 2.4, np.float32)
    alone = alone_at_edges(people, LENS, positions)
    return np.asarray(torsos_outside(alone, people, LENS, aside, away)[0])


def test_shoulder_that_is_missed_at_the_edge_is_beyond_it() -> None:
    likely = beyond(shoulder_at(610))
    # Her left shoulder is to the right in the image where she looks to the camera.
    assert likely[FRONT] > 0.9
    assert likely[looking_at(180)] < 0.1
    assert 0.1 < likely[looking_at(65)] < 0.9  # it is about at the edge
    left = beyond(shoulder_at(30))
    assert left[FRONT] < 0.1 < 0.9 < left[looking_at(180)]
    np.testing.assert_array_equal(beyond(shoulder_at(320)), 1)  # no edge is near
    # What is so near might reach the edge from there, too.
    near = np.full((1, 18, 3), 0.6, np.float32)
    assert alone_at_edges(shoulder_at(320), LENS, near)[0].tolist() == [True, False]
    assert alone_at_edges(shoulder_at(320), LENS, None).any()


def test_shoulder_and_hip_that_are_missed_at_the_edge_say_as_much_as_one() -> None:
    both, shoulder = shoulder_at(600, 'right_hip'), shoulder_at(600)
    keypoints = both.keypoints.copy()
    keypoints[0, COCO.index('right_shoulder')] = np.nan, np.nan, 0
    hip = replace(both, keypoints=keypoints)
    np.testing.assert_allclose(beyond(both) ** 2, beyond(shoulder) * beyond(hip))
    assert beyond(both).min() >= min(beyond(shoulder).min(), beyond(hip).min())


def test_neck_or_other_shoulder_says_as_much_whichever_way_she_faces() -> None:
    assert not alone_at_edges(shoulder_at(610, 'neck'), LENS, None).any()
    assert not alone_at_edges(shoulder_at(610, 'left_shoulder'), LENS, None).any()
    np.testing.assert_array_equal(beyond(shoulder_at(610, 'neck')), 1)


@pytest.mark.parametrize('other', ['neck', 'left_shoulder', 'left_hip', 'nose'])
def test_who_may_be_cut_at_an_edge_is_found_by_directions_too(other: str) -> None:
    people = shoulder_at(610, other)
    directions = parts_in(keypoint_rays(LENS, people.keypoints), COCO)
    assert any_alone(directions) == alone_at_edges(people, LENS, None).any()
    assert any_alone(directions) == (other in ('left_hip', 'nose'))


@pytest.mark.parametrize(('seed', 'frame'), [(243, 0), (204, 0)])
def test_side_of_who_comes_into_the_image_says_which_way_she_faces(seed: int, frame: int) -> None:
    shots = film(scene('walking', seed), seed, rate_hz=10)
    shot = [next(shots) for _ in range(frame + 1)][-1]
    seen = surface_positions(DepthImage(shot.depth), shot.people, LENS)
    known = replace(Located.unknown(1), positions=seen)
    located = locate(shot.people, LENS, known, shot.truths[0].up)
    assert abs(wrapped(located.facing[0] - shot.truths[0].facing)) < 0.7  # 97 degrees before


def test_places_of_the_face_are_a_slice() -> None:
    assert [PLACE[name] for name in FACE] == list(range(PLACE['nose'], PLACE['nose'] + 5))


def test_who_is_painted_on_a_wall_stays_flat() -> None:
    room = room_of(np.pi - 0.25, stance=Stance())
    shot = next(iter(film(room, 1, rate_hz=3, seconds=1, missed=0.0)))
    wall = DepthImage(np.full(shot.depth.shape, 3.0, np.float32))
    seen = surface_positions(wall, shot.people, LENS)
    known = replace(Located.unknown(1), positions=seen)
    found = locate(shot.people, LENS, known, shot.truths[0].up).positions
    assert found is not None
    shown = ~np.isnan(found[0, :, 2])
    assert shown[COCO.index('nose')]
    np.testing.assert_allclose(found[0, shown, 2], 3.0, atol=1e-5)
