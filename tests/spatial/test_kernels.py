"""What the kernels say of people is what NumPy says, and what plain loops say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
import math

import numpy as np
import pytest

from benchmarks.scenes import KINDS, LENS, Shot, film, millimetres, scene
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial import Camera, Located
from openpose_ros.spatial._kernels.angles import exponential
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.parts import parts_in, parts_of_one_more
from openpose_ros.spatial.paths import Paths
from openpose_ros.spatial.people import locate, poses_in_numpy
from openpose_ros.spatial.quick import quick_rays
from openpose_ros.spatial.rays import keypoint_directions, keypoint_rays
from openpose_ros.spatial.surfaces import limbs_of, surface_positions
from tests.spatial.plain_depths import find_depths

NOTHING = np.zeros((0, 0), np.uint16), np.zeros((0, 0), np.float32)
WIDE = Camera((640, 480), (200.0, 210.0), (300.0, 250.0), 0.4, 'equidistant', (0.05, 0, 0, 0))

FIELDS = ('position', 'velocity', 'facing', 'facing_stddev')


def shots(kind: str, skeleton: str) -> Iterator[Shot]:
    for seed in (300, 301, 302):
        room = scene(kind, seed)
        for shot in film(
            room, seed, rate_hz=2, seconds=1, skeleton=load_skeleton(skeleton), missed=0.2
        ):
            if len(shot.people):
                yield shot


def assert_alike(one: Located, other: Located) -> None:
    # Of whom left and right of the camera are alike, rounding says which of the two is meant.
    clear = ~(other.facing_stddev > 0.35)
    off = one.facing - other.facing
    off -= 2 * np.pi * np.round(off / (2 * np.pi))  # -pi and pi are the same
    np.testing.assert_allclose(off[clear], 0 * off[clear], atol=1e-9, err_msg='facing')
    for name in ('position', 'covariance', 'orientation'):
        np.testing.assert_allclose(
            getattr(one, name)[clear],
            getattr(other, name)[clear],
            rtol=1e-7,
            atol=1e-9,
            err_msg=name,
        )
    for name in ('gaze', 'facing_stddev'):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=1e-7, atol=1e-9, err_msg=name
        )


def test_exponential_is_that_of_the_library() -> None:
    powers = [0.0, -1e-9, *np.linspace(-40, -0.01, 400).tolist()]
    found = [exponential(power) for power in powers]
    np.testing.assert_allclose(found, np.exp(powers), rtol=1e-12)
    for power in (-41.0, -300.0, -709.0, -1e6, -math.inf):
        assert 0 <= exponential(power) < 1e-17


@pytest.mark.parametrize('skeleton', ['coco_18', 'body_25', 'mpi_15'])
@pytest.mark.parametrize('kind', KINDS)
def test_poses_are_those_of_numpy(kind: str, skeleton: str) -> None:
    random = np.random.default_rng(5)
    for shot in shots(kind, skeleton):
        up = shot.truths[0].up
        positions = surface_positions(DepthImage(shot.depth), shot.people, LENS)
        for share in (0.0, 0.5, 1.0):  # of the places that are not known
            some = positions.copy()
            some[random.uniform(size=some.shape[:2]) < share] = np.nan
            known = replace(Located.unknown(len(shot.people)), positions=some)
            for monocular in (True, False):
                with np.errstate(invalid='ignore', divide='ignore'):
                    expected = poses_in_numpy(shot.people, LENS, known, up, monocular)
                assert_alike(locate(shot.people, LENS, known, up, monocular=monocular), expected)


@pytest.mark.parametrize('seen', [(), ('left_hip',), ('left_hip', 'left_knee'), ('nose',)])
def test_of_whom_little_is_seen_too(seen: tuple[str, ...]) -> None:
    shot = next(shots('standing', 'coco_18'))
    keypoints = shot.people.keypoints.copy()
    names = shot.people.skeleton.keypoint_names
    keypoints[:, [name not in seen for name in names]] = np.nan, np.nan, 0
    people = replace(shot.people, keypoints=keypoints)
    positions = np.array(np.where(keypoints[..., 2:] > 0, [0.1, 0.2, 3.0], np.nan), np.float32)
    known = replace(Located.unknown(len(people)), positions=positions)
    up = shot.truths[0].up
    with np.errstate(invalid='ignore', divide='ignore'):
        assert_alike(
            locate(people, LENS, known, up), poses_in_numpy(people, LENS, known, up, True)
        )


def test_straight_above_the_camera() -> None:
    shot = next(shots('standing', 'coco_18'))
    positions = surface_positions(DepthImage(shot.depth), shot.people, LENS)
    known = replace(Located.unknown(len(shot.people)), positions=positions)
    along = -np.nanmean(positions[0], axis=0).astype(np.float64)
    up = along / np.linalg.norm(along)
    with np.errstate(invalid='ignore', divide='ignore'):
        expected = poses_in_numpy(shot.people, LENS, known, up, True)
    assert_alike(locate(shot.people, LENS, known, up), expected)


@pytest.mark.parametrize('kind', ['turning', 'seated', 'crossing', 'partly outside'])
def test_surfaces_are_those_of_plain_loops(kind: str) -> None:
    for shot in list(shots(kind, 'coco_18'))[:3]:
        people, whole = shot.people, millimetres(shot.depth)
        for pixels in (shot.depth, whole, np.ascontiguousarray(shot.depth[::2, ::2])):
            found = surface_positions(DepthImage(pixels), people, LENS)
            scale = pixels.shape[1] / LENS.size[0]
            points = (people.keypoints[..., :2].astype(np.float64) + 0.5) * scale - 0.5
            points[people.keypoints[..., 2] <= 0] = np.nan
            expected = np.empty(points.shape[:2])
            images = (NOTHING[0], pixels) if pixels.dtype == np.float32 else (pixels, NOTHING[1])
            limbs, lengths = limbs_of(people.skeleton)
            find_depths(*images, points, limbs, lengths, LENS.focal[0] * scale, expected)
            np.testing.assert_allclose(found[..., 2], expected, rtol=1e-6)


@pytest.mark.parametrize('camera', [LENS, WIDE, Camera((640, 480), (500.0, 510.0), (310, 240))])
def test_rays_of_keypoints_are_quick_rays(camera: Camera) -> None:
    random = np.random.default_rng(2)
    keypoints = random.uniform(-100, 740, (6, 18, 3)).astype(np.float32)
    keypoints[..., 2] = random.choice([0.0, 0.7], (6, 18))
    pixels = np.where(keypoints[..., 2:] > 0, keypoints[..., :2], np.nan)
    np.testing.assert_allclose(
        keypoint_rays(camera, keypoints), quick_rays(camera, pixels), atol=1e-9
    )
    rays, directions = quick_rays(camera, pixels), np.empty((6, 18, 3))
    keypoint_directions(camera, keypoints, directions)
    np.testing.assert_allclose(
        directions, rays / np.linalg.norm(rays, axis=2, keepdims=True), atol=1e-9
    )


@pytest.mark.parametrize('name', ['coco_18', 'body_25', 'mpi_15'])
def test_parts_are_the_same_of_points_with_an_unknown_one_more(name: str) -> None:
    random, skeleton = np.random.default_rng(4), load_skeleton(name)
    points = random.normal(size=(4, skeleton.num_keypoints, 3))
    points[random.uniform(size=points.shape[:2]) < 0.3] = np.nan
    more = np.concatenate([points, np.full((4, 1, 3), np.nan)], axis=1)
    np.testing.assert_array_equal(parts_of_one_more(more, skeleton), parts_in(points, skeleton))


def test_people_are_smoothed_as_if_each_were_alone() -> None:
    """In whatever order they are found, whoever is missed, and beside who has no id."""
    random = np.random.default_rng(3)
    names, together, alone = 'abcde', Paths(), {name: Paths() for name in 'abcde'}
    up = np.array([0.0, -1.0, 0.0])
    for index in range(30):
        stamp_s = 0.1 * index
        here = [name for name in names if random.uniform() < 0.7]
        random.shuffle(here)
        ids = ['', *here] if index % 3 else here
        located = replace(
            Located.unknown(len(ids)),
            position=random.normal([0, 0, 3], 0.1, (len(ids), 3)),
            covariance=np.broadcast_to(0.01 * np.eye(6), (len(ids), 6, 6)).copy(),
            facing=random.normal(0, 0.1, len(ids)),
            facing_stddev=np.full(len(ids), 0.2),
        )
        if len(ids) > 1:  # one whose facing is not known
            located.facing[-1] = located.facing_stddev[-1] = np.nan
        missed = [name for name in names if name not in here]
        seen, unseen = together.update(ids, located, missed, up, stamp_s)
        for name in names:
            found = [ids.index(name)] if name in here else []
            own = replace(
                located,
                **{
                    field: getattr(located, field)[found]
                    for field in (*FIELDS, 'orientation', 'gaze', 'covariance')
                },
            )
            expected = alone[name].update(
                [name] if found else [], own, [] if found else [name], up, stamp_s
            )[0 if found else 1]
            got, place = (seen, found[0]) if found else (unseen, missed.index(name))
            for field in (*FIELDS, 'orientation'):
                np.testing.assert_allclose(
                    getattr(got, field)[place],
                    getattr(expected, field)[0],
                    atol=1e-9,
                    err_msg=f'{name} {field} {index}',
                )
        if '' in ids:
            np.testing.assert_array_equal(seen.position[0], located.position[0])
