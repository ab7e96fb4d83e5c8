"""Where people are, which way they face and look: by keypoints, with depth and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bodies import Build, Stance
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial import Transform
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.orientations import orientations
from openpose_ros.spatial.people import locate, up_in_image
from tests.spatial.bodies import in_space, room_of, shots, surfaces

SKELETONS = ('coco_18', 'coco_17', 'body_25', 'mpi_15', 'trt_pose_18')
WITH_A_FACE = tuple(name for name in SKELETONS if name != 'mpi_15')
TURNS = tuple(np.radians([0, 30, -30, 55, -55, 130, -130, 180]))


def apart(one: float, other: float) -> float:
    return abs((one - other + np.pi) % (2 * np.pi) - np.pi)


@pytest.mark.parametrize('skeleton', SKELETONS)
@pytest.mark.parametrize('turn', TURNS)
def test_facing_with_depth(skeleton: str, turn: float) -> None:
    for shot in shots(room_of(np.pi + turn), skeleton):
        located = in_space(shot)
        error = apart(located.facing[0], turn)
        assert error < np.radians(20), f'{np.degrees(located.facing[0])}'
        assert error < 3 * located.facing_stddev[0] < 3 * 0.45


@pytest.mark.parametrize('skeleton', SKELETONS)
@pytest.mark.parametrize('turn', [np.pi / 2, -np.pi / 2, 1.3, -1.3])
def test_facing_of_a_profile_says_how_sure_it_is(skeleton: str, turn: float) -> None:
    for shot in shots(room_of(np.pi + turn), skeleton):
        located = in_space(shot)
        if not np.isnan(located.facing[0]):
            assert apart(located.facing[0], turn) < 2.5 * located.facing_stddev[0]


@pytest.mark.parametrize('skeleton', SKELETONS)
@pytest.mark.parametrize('turn', TURNS)
def test_facing_without_depth_is_as_good_as_it_says(skeleton: str, turn: float) -> None:
    for shot in shots(room_of(np.pi + turn), skeleton):
        located = in_space(shot, deep=False)
        assert apart(located.facing[0], turn) < 2.5 * located.facing_stddev[0]
        front = apart(located.facing[0], 0) < np.pi / 2
        assert front == (abs(turn) < np.pi / 2)  # by left and right alone


def test_without_depth_or_face_left_and_right_of_the_camera_are_both_likely() -> None:
    for shot in shots(room_of(np.pi + 0.8), 'mpi_15'):
        assert in_space(shot, deep=False).facing_stddev[0] > 0.6


def test_facing_is_measured_from_the_camera_and_not_from_its_axis() -> None:
    bearing = np.arctan2(1.2, 3.0)
    for shot in shots(room_of(np.pi + bearing, y=1.2)):  # towards the camera, off its axis
        assert shot.truths[0].facing == pytest.approx(0, abs=1e-9)
        assert apart(in_space(shot).facing[0], 0) < np.radians(15)


@pytest.mark.parametrize('stance', [Stance(), Stance('walking', 1.0), Stance('seated')])
@pytest.mark.parametrize('turn', [0.0, 0.5, np.pi])
def test_mid_hip_is_inside_the_body(stance: Stance, turn: float) -> None:
    for shot in shots(room_of(np.pi + turn, stance=stance)):
        located, truth = in_space(shot), shot.truths[0].mid_hip
        off = located.position[0] - truth
        assert np.linalg.norm(off) < 0.16
        assert off @ np.linalg.inv(located.covariance[0, :3, :3]) @ off < 12


@pytest.mark.parametrize('lost', ['left_hip', 'right_hip', 'both'])
def test_mid_hip_of_which_a_hip_is_not_seen(lost: str) -> None:
    for shot in shots(room_of(np.pi + 0.3)):
        names = shot.people.skeleton.keypoint_names
        keypoints = shot.people.keypoints.copy()
        for side in ('left_hip', 'right_hip') if lost == 'both' else (lost,):
            keypoints[:, names.index(side)] = [np.nan, np.nan, 0]
        people = replace(shot.people, keypoints=keypoints)
        hidden = replace(shot, people=people)
        located = in_space(hidden)
        off = located.position[0] - shot.truths[0].mid_hip
        assert np.linalg.norm(off) < 0.2
        assert off @ np.linalg.inv(located.covariance[0, :3, :3]) @ off < 12


@pytest.mark.parametrize('skeleton', SKELETONS)
@pytest.mark.parametrize('stance', [Stance(), Stance('seated'), Stance('walking', 2.0)])
def test_distance_by_proportions_is_as_good_as_it_says(skeleton: str, stance: Stance) -> None:
    for shot in shots(room_of(np.pi - 0.4, stance=stance), skeleton):
        located, truth = in_space(shot, deep=False), shot.truths[0].mid_hip
        off = located.position[0] - truth
        along = truth / np.linalg.norm(truth)
        spread = np.sqrt(along @ located.covariance[0, :3, :3] @ along)
        assert abs(off @ along) < 2 * spread
        assert 0.04 < spread / np.linalg.norm(truth) < 0.25
        across = located.covariance[0, :3, :3] - spread**2 * np.outer(along, along)
        assert np.linalg.eigvalsh(across).max() < (spread / 2) ** 2  # long along the ray
        assert located.positions is None


def test_child_seems_to_be_a_grown_up_farther_away() -> None:
    build = Build(stature=1.2)
    ratios = [
        np.linalg.norm(in_space(shot, deep=False).position[0])
        / np.linalg.norm(shot.truths[0].mid_hip)
        for shot in shots(room_of(np.pi, build=build))
    ]
    assert 1.3 < np.median(ratios) < 1.5  # as the module says
    with_depth = [in_space(shot) for shot in shots(room_of(np.pi, build=build))]
    for located, shot in zip(with_depth, shots(room_of(np.pi, build=build))):
        assert np.linalg.norm(located.position[0] - shot.truths[0].mid_hip) < 0.15


def test_distance_by_proportions_may_be_unwanted() -> None:
    shot = shots(room_of(np.pi))[0]
    located = locate(
        shot.people, shot.room.lens, Located.unknown(1), shot.truths[0].up, monocular=False
    )
    assert np.isnan(located.position).all()
    assert np.isnan(located.covariance).all()
    assert np.isfinite(located.facing).all()  # proportions of one body need no distance


@pytest.mark.parametrize('skeleton', WITH_A_FACE)
@pytest.mark.parametrize('turn', [0.0, 0.6, -0.6, 1.2, -1.2])
@pytest.mark.parametrize('deep', [True, False])
def test_gaze_is_near_or_not_known(skeleton: str, turn: float, deep: bool) -> None:
    known = 0
    for shot in shots(room_of(np.pi, stance=Stance(head_yaw=turn, head_pitch=0.1)), skeleton):
        gaze = in_space(shot, deep=deep).gaze[0]
        if not np.isnan(gaze).any():
            known += 1
            assert np.linalg.norm(gaze) == pytest.approx(1)
            assert gaze @ shot.truths[0].body.gaze > np.cos(np.radians(35))
    assert known or not deep


def test_gaze_follows_a_head_that_nods() -> None:
    heights = []
    for pitch in (-0.5, 0.5):
        found = shots(room_of(np.pi, x=2.0, stance=Stance(head_pitch=pitch)))
        heights.append(np.nanmean([in_space(s).gaze[0] @ s.truths[0].up for s in found]))
    assert heights[0] > 0.15
    assert heights[1] < -0.15


def test_head_from_behind_looks_nowhere_that_is_said() -> None:
    for shot in shots(room_of(0.0), 'mpi_15'):
        assert np.isnan(in_space(shot).gaze).all()


@pytest.mark.parametrize('turn', [0.0, 0.7, -1.0, np.pi])
def test_orientation_has_x_to_the_front_and_z_up(turn: float) -> None:
    shot = shots(room_of(np.pi + turn))[0]
    located, truth = in_space(shot), shot.truths[0]
    turned = Transform(np.zeros(3), located.orientation[0])
    np.testing.assert_allclose(turned.turn([0, 0, 1.0]), truth.up, atol=1e-9)
    front = turned.turn([1.0, 0, 0])
    assert abs(front @ truth.up) < 1e-9
    assert front @ truth.body.front > np.cos(np.radians(20))
    # The turn about the vertical is as sure as the facing, and no other is in doubt.
    about = located.covariance[0, 3:, 3:]
    assert truth.up @ about @ truth.up == pytest.approx(located.facing_stddev[0] ** 2)
    assert np.trace(about) == pytest.approx(located.facing_stddev[0] ** 2, abs=1e-3)


@pytest.mark.parametrize('rotate', [0, 90, 180, 270])
def test_camera_on_its_side_finds_the_same(rotate: int) -> None:
    shot = shots(room_of(np.pi + 0.5))[0]
    lens = shot.room.lens
    rays = lens.rays(shot.people.keypoints[..., :2])
    # Rolls the optical frame: what was up in the image is where `rotate` turns back from.
    turns = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    a, b, c, d = turns[rotate]
    rolled = np.stack(
        [a * rays[..., 0] + b * rays[..., 1], c * rays[..., 0] + d * rays[..., 1]], 2
    )
    pixels = lens.project(np.concatenate([rolled, rays[..., 2:]], axis=2))
    keypoints = np.concatenate([pixels, shot.people.keypoints[..., 2:]], axis=2)
    people = replace(shot.people, keypoints=keypoints.astype(np.float32))
    upright = locate(shot.people, lens, Located.unknown(1), up_in_image(0))
    found = locate(people, lens, Located.unknown(1), up_in_image(rotate))
    assert found.facing[0] == pytest.approx(upright.facing[0], abs=0.02)
    assert np.linalg.norm(found.position) == pytest.approx(
        np.linalg.norm(upright.position), rel=0.02
    )


def test_nothing_is_made_up_of_what_is_not_seen() -> None:
    skeleton = load_skeleton('coco_18')
    keypoints = np.zeros((3, 18, 3), np.float32)
    keypoints[..., :2] = np.nan
    keypoints[1, skeleton.index('left_wrist')] = [300, 200, 0.8]  # a wrist alone
    keypoints[2, skeleton.index('left_knee')] = [300, 300, 0.8]  # a shank alone
    keypoints[2, skeleton.index('left_ankle')] = [300, 400, 0.8]
    people = People(keypoints, np.array([0.0, 0.1, 0.2], np.float32), skeleton)
    room = room_of(np.pi)
    for known in (Located.unknown(3), Located.unknown(3, 18)):
        located = locate(people, room.lens, known, up_in_image(0))
        for field in ('position', 'covariance', 'orientation', 'gaze', 'facing', 'facing_stddev'):
            assert np.isnan(getattr(located, field)).all(), field


def test_depth_without_a_facing_keeps_the_position() -> None:
    shot = shots(room_of(np.pi))[0]
    names = shot.people.skeleton.keypoint_names
    kept = [names.index('left_hip'), names.index('left_knee')]
    keypoints = shot.people.keypoints.copy()
    keypoints[:, [k for k in range(len(names)) if k not in kept]] = [np.nan, np.nan, 0]
    located = in_space(replace(shot, people=replace(shot.people, keypoints=keypoints)))
    assert np.isfinite(located.position).all()
    assert np.isfinite(located.covariance[0, :3, :3]).all()
    assert np.isnan(located.covariance[0, 3:]).all()
    assert np.isnan(located.covariance[0, :, 3:]).all()
    assert np.isnan(located.orientation).all()


def test_nobody_is_nobody() -> None:
    people = People.empty(load_skeleton('coco_18'))
    assert len(locate(people, room_of(0).lens, Located.unknown(0), up_in_image(0))) == 0


def test_nothing_that_was_known_is_changed() -> None:
    shot = shots(room_of(np.pi))[0]
    known = replace(surfaces(shot), velocity=np.ones((1, 3)))
    before = known.positions.copy()
    located = locate(shot.people, shot.room.lens, known, shot.truths[0].up)
    np.testing.assert_array_equal(known.positions, before)
    np.testing.assert_array_equal(located.velocity, known.velocity)
    assert np.isnan(known.position).all()


def test_what_everybody_unknown_shares_cannot_be_changed() -> None:
    located = Located.unknown(2)
    with pytest.raises(ValueError, match='read-only'):
        located.position[0] = 1, 2, 3
    assert np.isnan(Located.unknown(2).position).all()


@pytest.mark.parametrize('up', [(0, -1, 0), (1, 0, 0), (0, 0, 1), (0, 0, -1), (0.6, -0.48, 0.64)])
def test_orientations_are_turns_about_any_vertical(up: tuple[float, ...]) -> None:
    random, vertical = np.random.default_rng(1), np.array(up, np.float64)
    towards = np.cross(random.normal(size=(100, 3)), vertical)
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    facing = random.uniform(-np.pi, np.pi, 100)
    found = orientations(facing, towards, vertical)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    for angle, line, quaternion in zip(facing, towards, found):
        turn = Transform(np.zeros(3), quaternion)
        left = np.cross(vertical, line)
        front = np.cos(angle) * line + np.sin(angle) * left
        np.testing.assert_allclose(turn.turn([1.0, 0, 0]), front, atol=1e-9)
        np.testing.assert_allclose(turn.turn([0, 0, 1.0]), vertical, atol=1e-9)
    # Only what is horizontal of a direction counts, and how long it is does not.
    slanting = 3.0 * towards + 2.0 * vertical
    np.testing.assert_allclose(orientations(facing, slanting, vertical), found, atol=1e-9)
    assert np.isnan(orientations(facing[:1], -2.0 * vertical[np.newaxis], vertical)).all()
    assert np.isnan(orientations(np.full(1, np.nan), towards[:1], vertical)).all()


@pytest.mark.parametrize('turn', [0.75, -0.75])
@pytest.mark.parametrize('lost', [('left_shoulder', 'right_hip'), ('right_shoulder', 'left_hip')])
def test_neck_stands_for_the_shoulder_that_is_missed(lost: tuple[str, str], turn: float) -> None:
    """Who looked to the camera, turned aside, was said to face it then: 44 degrees off."""
    seen = 0
    for shot in shots(room_of(np.pi + turn, stance=Stance(head_yaw=-turn))):
        names = shot.people.skeleton.keypoint_names
        keypoints = shot.people.keypoints.copy()
        keypoints[:, [names.index(name) for name in lost]] = [np.nan, np.nan, 0]
        shoulders = [names.index(name) for name in ('left_shoulder', 'neck', 'right_shoulder')]
        if np.count_nonzero(keypoints[0, shoulders, 2]) < 2:
            continue  # others are missed now and then, too
        seen += 1
        located = in_space(replace(shot, people=replace(shot.people, keypoints=keypoints)))
        assert apart(located.facing[0], turn) < np.radians(25)
        # Without the neck one shoulder and one hip tell nothing, and it is as the head looks.
        keypoints = keypoints.copy()
        keypoints[:, names.index('neck')] = [np.nan, np.nan, 0]
        alone = in_space(replace(shot, people=replace(shot.people, keypoints=keypoints)))
        assert apart(alone.facing[0], turn) > np.radians(30)
    assert seen > 1
