"""The rooms with bodies that other tests and benchmarks believe."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bodies import Build, Stance, body
from benchmarks.scenes import (
    KINDS,
    LENS,
    Actor,
    Room,
    camera_info,
    film,
    looking,
    millimetres,
    render,
    scene,
)
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial import camera_of_info

SKELETONS = ('coco_18', 'coco_17', 'body_25', 'mpi_15', 'trt_pose_18')
DEPTH_TOLERANCE_M = 0.03  # a ray beside the pixel's centre meets slanting surfaces elsewhere


def room_of(heading: float, *, y: float = 0.0, stance: Stance | None = None) -> Room:
    """Return somebody 3 m before a camera that looks along x, and slightly down."""
    actor = Actor(Build(), lambda t: (3.0, y, heading), lambda t: stance or Stance())
    return Room((actor,), LENS, lambda t: looking(0, 0, 1.2, 0, 0.05))


@pytest.mark.parametrize('kind', KINDS)
def test_depth_image_is_where_the_truth_says(kind: str) -> None:
    room = scene(kind, 3)
    shots = list(film(room, 3, rate_hz=1, pixel_noise=0, missed=0))
    assert sum(len(shot.people) for shot in shots) >= 3
    apart = []
    for shot in shots:
        depth = render(room, shot.stamp_s)
        for truth in shot.truths:
            seen = truth.surface[~np.isnan(truth.surface[:, 0])]
            pixels = np.rint(room.lens.project(seen)).astype(int)
            inside = ((pixels >= 0) & (pixels < room.lens.size)).all(axis=1)
            x, y = pixels[inside].T
            apart.append(np.abs(depth[y, x] - seen[inside, 2]))
    close = np.concatenate(apart) < DEPTH_TOLERANCE_M
    assert close.mean() > 0.9, f'{kind}: {np.concatenate(apart)[~close]}'


def test_faults_of_depth_are_as_large_as_they_say() -> None:
    shot = next(film(room_of(np.pi), 1, depth_late_s=0))
    clean, faulty = render(shot.room, shot.stamp_s), shot.depth
    known = faulty > 0
    off = (faulty[known] - clean[known]) / clean[known]
    assert 0.009 < off.std() < 0.011
    edge = np.abs(np.diff(clean, axis=1, prepend=clean[:, :1])) > 0.5
    assert not known[edge].any()
    assert millimetres(np.array([[1.2345, 0, 99]], np.float32)).tolist() == [[1234, 0, 65535]]


@pytest.mark.parametrize(
    ('heading', 'facing'),
    [
        (np.pi, 0.0),  # towards the camera
        (np.pi + 0.5, 0.5),  # turned to her left
        (np.pi - 0.5, -0.5),
        (0.5 * np.pi, -0.5 * np.pi),
    ],
)
def test_facing_is_positive_to_her_own_left(heading: float, facing: float) -> None:
    (truth,) = next(film(room_of(heading), 1)).truths
    assert truth.facing == pytest.approx(facing, abs=1e-9)


def test_who_faces_the_camera_has_her_left_at_its_right() -> None:
    shot = next(film(room_of(np.pi), 1, pixel_noise=0, missed=0))
    names = shot.people.skeleton.keypoint_names
    x = {name: shot.people.keypoints[0, names.index(name), 0] for name in names}
    for part in ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle', 'eye', 'ear'):
        assert x[f'left_{part}'] > x[f'right_{part}']
    away = next(film(room_of(0.0), 1, pixel_noise=0, missed=0))
    missing = {
        name for name, score in zip(names, away.people.keypoints[0, :, 2].tolist()) if score == 0
    }
    assert missing == {'nose', 'left_eye', 'right_eye'}


def test_who_is_hidden_is_not_found() -> None:
    front, behind = room_of(np.pi).actors[0], room_of(np.pi).actors[0]
    hidden = Actor(Build(stature=1.6), lambda t: (4.0, 0.0, np.pi), behind.stance)
    room = Room((hidden, front), LENS, lambda t: looking(0, 0, 1.2, 0, 0))
    (truth,) = next(film(room, 1)).truths
    assert truth.who == 1


@pytest.mark.parametrize('skeleton', SKELETONS)
def test_every_keypoint_of_every_skeleton_has_its_place(skeleton: str) -> None:
    shot = next(film(room_of(np.pi), 1, skeleton=load_skeleton(skeleton), missed=0))
    assert (shot.people.keypoints[..., 2] > 0).all()
    assert shot.truths[0].visible.mean() > 0.9


@pytest.mark.parametrize('posture', ['standing', 'walking', 'seated'])
def test_feet_are_on_the_ground(posture: str) -> None:
    build = Build(stature=1.8)
    for phase in np.linspace(0, 2 * np.pi, 9):
        own = body(build, Stance(posture, float(phase)))
        ankles = [own.joints[f'{side}_ankle'][2] for side in ('left', 'right')]
        assert min(ankles) == pytest.approx(0.039 * 1.8)
    standing = body(build, Stance())
    assert standing.joints['head_top'][2] == pytest.approx(1.8, abs=0.03)


def test_camera_info_is_that_of_the_camera() -> None:
    points = np.array([[0.3, -0.2, 2.0], [-0.8, 0.5, 2.5]])
    again = camera_of_info(camera_info(LENS))
    np.testing.assert_allclose(again.project(points), LENS.project(points))


def test_same_seed_is_the_same_film() -> None:
    first, second = (list(film(scene('walking', 4), 4, rate_hz=2)) for _ in range(2))
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one.people.keypoints, other.people.keypoints)
        np.testing.assert_array_equal(one.depth, other.depth)
