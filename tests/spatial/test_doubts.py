"""Which places are not said: where another part of the same body may be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.scenes import Shot
from openpose_ros.spatial.located import Located, Positions
from openpose_ros.spatial.people import locate
from tests.spatial.bodies import room_of, shots, surfaces

FACING, SIDE = np.pi, np.pi / 2
SIDES = ((SIDE, 'left', 'right'), (-SIDE, 'right', 'left'))  # which of her sides is nearer


def seen(heading: float, skeleton: str = 'coco_18') -> tuple[Shot, Positions]:
    """Return a frame of somebody of whom all is found, and a surface under each keypoint."""
    shot = next(shot for shot in shots(room_of(heading), skeleton))
    keypoints = np.array(shot.people.keypoints)
    joints = np.array([shot.truths[0].body.joints[n] for n in shot.people.skeleton.keypoint_names])
    keypoints[0, :, :2] = shot.room.lens.project(joints)
    keypoints[0, :, 2] = 0.8
    people = replace(shot.people, keypoints=keypoints)
    return replace(shot, people=people), joints[np.newaxis].astype(np.float32)


def said(shot: Shot, positions: Positions) -> set[str]:
    """
    Return which of the places that are known are not said, by name.

    The others are as given, but those on faces (tests of these are in test_faces).
    """
    known = replace(Located.unknown(1), positions=positions)
    before = positions.copy()
    found = locate(shot.people, shot.room.lens, known, shot.truths[0].up).positions
    assert found is not None
    np.testing.assert_array_equal(positions, before)
    unsaid = np.isnan(found[0, :, 0]) & ~np.isnan(positions[0, :, 0])
    names = shot.people.skeleton.keypoint_names
    kept = ~unsaid & [name.rpartition('_')[2] not in ('nose', 'eye', 'ear') for name in names]
    np.testing.assert_array_equal(found[0, kept], positions[0, kept])
    return {name for name, is_out in zip(names, unsaid) if is_out}


def moved(shot: Shot, positions: Positions, name: str, to: str) -> Positions:
    """Return positions in which one is as far away as another, along its own ray."""
    names, changed = shot.people.skeleton.keypoint_names, positions.copy()
    one, other = names.index(name), names.index(to)
    changed[0, one] *= positions[0, other, 2] / positions[0, one, 2]
    return changed


@pytest.mark.parametrize('heading', [FACING, SIDE, -SIDE, FACING + 0.6])
@pytest.mark.parametrize('skeleton', ['coco_18', 'body_25', 'coco_17'])
def test_all_is_said_of_a_body_as_it_is(heading: float, skeleton: str) -> None:
    shot, positions = seen(heading, skeleton)
    assert said(shot, positions) <= {'left_hip', 'right_hip'}  # a hand may hang beside


@pytest.mark.parametrize('part', ['knee', 'ankle'])
def test_leg_that_is_seen_in_place_of_the_other_is_not_said(part: str) -> None:
    for heading, near, far in SIDES:
        shot, positions = seen(heading)
        before = said(shot, positions)
        both = moved(shot, positions, f'{far}_{part}', f'{near}_{part}')
        assert said(shot, both) - before == {f'{far}_{part}'}


def test_of_whom_no_leg_is_the_nearer_neither_is_said() -> None:
    shot, positions = seen(FACING)
    names, keypoints = shot.people.skeleton.keypoint_names, np.array(shot.people.keypoints)
    left, right = names.index('left_ankle'), names.index('right_ankle')
    keypoints[0, left, :2] = keypoints[0, right, :2] + [8, 0]  # pixels, of which 175 are a metre
    positions[0, left] = positions[0, right] + np.array([8 / 175, 0, 0], np.float32)
    people = replace(shot.people, keypoints=keypoints)
    assert {'left_ankle', 'right_ankle'} <= said(replace(shot, people=people), positions)


@pytest.mark.parametrize('part', ['elbow', 'wrist'])
def test_arm_beside_the_torso_is_not_taken_for_the_other(part: str) -> None:
    for heading, near, far in (*SIDES, (FACING, 'left', 'right')):
        shot, positions = seen(heading)
        before = said(shot, positions)
        both = moved(shot, positions, f'{far}_{part}', f'{near}_{part}')
        assert said(shot, both) - before == ({f'{far}_{part}'} if heading != FACING else set())


@pytest.mark.parametrize('part', ['elbow', 'wrist'])
def test_farther_arm_is_behind_the_body_or_not_seen(part: str) -> None:
    """Also where nothing is known of the nearer arm, as far as which it could be."""
    for heading, near, far in SIDES:
        shot, positions = seen(heading)
        names = shot.people.skeleton.keypoint_names
        positions[0, names.index(f'{near}_{part}')] = np.nan
        assert f'{far}_{part}' not in said(shot, positions)
        on_torso = moved(shot, positions, f'{far}_{part}', f'{near}_shoulder')
        assert f'{far}_{part}' in said(shot, on_torso)


def test_hip_behind_a_hand_is_not_said() -> None:
    shot, positions = seen(FACING)
    names = shot.people.skeleton.keypoint_names
    hip, wrist = names.index('left_hip'), names.index('left_wrist')
    keypoints = np.array(shot.people.keypoints)
    for off, expected in ((4, {'left_hip'}), (30, set())):  # pixels, of which 175 are a metre
        keypoints[0, wrist, :2] = keypoints[0, hip, :2] + [off, 0]
        people = replace(shot.people, keypoints=keypoints)
        assert said(replace(shot, people=people), positions) & {'left_hip'} == expected
        assert not np.isnan(positions).any()


def test_position_is_measured_by_hips_that_are_not_said() -> None:
    """The mid-hip is of both hips and the shoulders, and the better for it."""
    shot, _ = seen(FACING)
    known = surfaces(shot)
    assert known.positions is not None
    names = shot.people.skeleton.keypoint_names
    keypoints = np.array(shot.people.keypoints)
    hips = [names.index('left_hip'), names.index('right_hip')]
    wrists = [names.index('left_wrist'), names.index('right_wrist')]
    apart = locate(shot.people, shot.room.lens, known, shot.truths[0].up)
    keypoints[0, wrists] = keypoints[0, hips]
    people = replace(shot.people, keypoints=keypoints)
    behind = locate(people, shot.room.lens, known, shot.truths[0].up)
    assert behind.positions is not None
    assert np.isnan(behind.positions[0, hips]).all()
    np.testing.assert_allclose(behind.position, apart.position)


def test_knee_that_is_seen_on_who_stands_before_her_is_not_said() -> None:
    """It was 96 cm too near: no limb was too long for that."""
    back, far = seen(FACING)
    own = np.array(back.people.keypoints)
    index = back.people.skeleton.keypoint_names.index('left_knee')
    # Somebody of the same stature 0.8 m before her, so that her own knee is over the other's.
    nearer = far - np.array([0, 0, 0.8], np.float32)
    other = own.copy()
    other[0, :, :2] = back.room.lens.project(nearer[0].astype(np.float64))
    people = replace(
        back.people,
        keypoints=np.concatenate([own, other]),
        scores=np.array([0.8, 0.8], np.float32),
    )
    positions = np.concatenate([far, nearer])

    def unsaid(some: Positions, beside: float) -> set[tuple[int, int]]:
        keypoints = np.array(people.keypoints)
        keypoints[1, :, 0] += beside
        known = replace(Located.unknown(2), positions=some)
        found = locate(
            replace(people, keypoints=keypoints), back.room.lens, known, back.truths[0].up
        ).positions
        assert found is not None
        return set(zip(*np.isnan(found[..., 0]).nonzero()))

    whole = unsaid(positions, 0)
    wrong = positions.copy()
    wrong[0, index] *= nearer[0, index, 2] / far[0, index, 2]
    assert unsaid(wrong, 0) - whole == {(0, index)}
    # Where the other stands a metre aside, the knee may be stretched out so far.
    assert (0, index) not in unsaid(wrong, 250)
