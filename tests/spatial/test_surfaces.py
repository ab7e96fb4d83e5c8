"""The surface under each keypoint."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from benchmarks.depth import said as positions_said
from benchmarks.scenes import LENS, film, millimetres, scene
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial import Camera
from openpose_ros.spatial._kernels.depths import densest, depth_at, nearest_pixel
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.sizes import is_same_picture
from openpose_ros.spatial.surfaces import surface_positions

SKELETON = load_skeleton('coco_18')
PINHOLE = Camera((320, 240), (260, 260), (159.5, 119.5))


def errors_of(kinds: list[str], seeds: int) -> np.ndarray[Any, Any]:
    """Return how far off the visible keypoints are that stand at about 3 m; NaN: not said."""
    found = []
    for kind in kinds:
        for seed in range(seeds):
            for shot in film(scene(kind, seed), seed, rate_hz=1.5, seconds=2):
                if not shot.truths:
                    continue
                positions = positions_said(shot)
                for row, truth, keypoints in zip(positions, shot.truths, shot.people.keypoints):
                    at_3_m = np.abs(truth.surface[:, 2] - 3) < 0.35
                    use = truth.visible & (keypoints[:, 2] > 0) & at_3_m
                    found.append(np.linalg.norm(row - truth.surface, axis=1)[use])
    return np.concatenate(found)


def test_at_3_m_positions_are_right_or_unsaid() -> None:
    errors = errors_of(['standing', 'turning', 'seated', 'walking', 'crossing'], 5)
    said = errors[~np.isnan(errors)]
    assert len(errors) > 300
    assert len(said) >= 0.8 * len(errors)
    assert np.median(said) < 0.03
    assert np.mean(said <= 0.05) >= 0.97
    assert said.max() <= 0.30


@pytest.mark.parametrize('kind', ['seated', 'walking'])
def test_of_who_sits_or_walks_19_in_20_are_within_5_cm(kind: str) -> None:
    errors = errors_of([kind], 10)
    said = errors[~np.isnan(errors)]
    assert len(errors) > 100
    assert len(said) >= 0.8 * len(errors)
    assert np.mean(said <= 0.05) >= 0.95


def person(*places: tuple[str, float, float]) -> People:
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for name, x, y in places:
        keypoints[0, SKELETON.index(name)] = x, y, 0.8
    return People(keypoints, np.ones(1, np.float32), SKELETON)


ARM = person(('left_shoulder', 100, 100), ('left_elbow', 150, 100), ('left_wrist', 200, 100))


def arm(wall: float, end: float) -> DepthImage:
    """Return an arm at 2 m along row 100, 9 pixels thick, before a wall."""
    depth = np.full((240, 320), wall, np.float32)
    depth[96:105, 90 : int(end)] = 2.0
    return DepthImage(depth)


@pytest.mark.parametrize('wall', [2.4, 2.8, 4.0, 9.0])
@pytest.mark.parametrize('end', [196, 200, 206])  # the wrist is beside the arm, at its end, on it
def test_a_wrist_does_not_fall_onto_the_wall(wall: float, end: float) -> None:
    z = surface_positions(arm(wall, end), ARM, PINHOLE)[0, :, 2]
    wrist = z[SKELETON.index('left_wrist')]
    assert np.isnan(wrist) or wrist == pytest.approx(2.0)
    assert z[SKELETON.index('left_elbow')] == pytest.approx(2.0)
    if end > 200 or wall > 3:  # else it is unclear whether the wrist is before the wall
        assert wrist == pytest.approx(2.0)


def test_a_person_before_another_keeps_her_depth() -> None:
    depth = np.full((240, 320), 2.0, np.float32)
    depth[80:90, 145:156] = 1.0  # what somebody else holds before her upper arm
    z = surface_positions(DepthImage(depth), ARM, PINHOLE)[0, :, 2]
    assert z[SKELETON.index('left_elbow')] == pytest.approx(2.0)


def test_who_would_be_too_large_is_not_on_the_wall_behind() -> None:
    # Of a whole body only the head and the feet are found, and depth has a hole around them.
    people = person(('nose', 160, 20), ('left_eye', 164, 17), ('left_ankle', 150, 225))
    depth = np.full((240, 320), 7.0, np.float32)
    assert np.isnan(surface_positions(DepthImage(depth), people, PINHOLE)).all()
    depth[:] = 2.2
    z = surface_positions(DepthImage(depth), people, PINHOLE)[0, :, 2]
    assert np.nanmax(np.abs(z - 2.2)) < 1e-6
    assert (~np.isnan(z)).sum() == 3


def test_nothing_is_said_in_the_middle_of_a_hole() -> None:
    depth = np.array(arm(4.0, 300).pixels)
    depth[:, 185:215] = 0
    z = surface_positions(DepthImage(depth), ARM, PINHOLE)[0, :, 2]
    assert np.isnan(z[SKELETON.index('left_wrist')])
    assert z[SKELETON.index('left_elbow')] == pytest.approx(2.0)


def test_positions_lie_on_the_rays() -> None:
    positions = surface_positions(arm(4.0, 220), ARM, PINHOLE)[0]
    x, y, z = positions[SKELETON.index('left_elbow')]
    assert (x / z, y / z) == pytest.approx(((150 - 159.5) / 260, (100 - 119.5) / 260))
    assert positions.dtype == np.float32
    missing = [
        name not in ('left_shoulder', 'left_elbow', 'left_wrist')
        for name in SKELETON.keypoint_names
    ]
    assert np.isnan(positions[missing]).all()


def test_millimetres_and_metres_are_the_same() -> None:
    shot = next(film(scene('standing', 1), 1))
    metres = surface_positions(DepthImage(shot.depth), shot.people, LENS)
    whole = surface_positions(DepthImage(millimetres(shot.depth)), shot.people, LENS)
    np.testing.assert_array_equal(np.isnan(metres), np.isnan(whole))
    np.testing.assert_allclose(metres, whole, atol=0.002)


def test_depth_may_be_of_another_size() -> None:
    shot = next(film(scene('standing', 2), 2, depth_noise=0.0))
    full = surface_positions(DepthImage(shot.depth), shot.people, LENS)
    half = surface_positions(
        DepthImage(np.ascontiguousarray(shot.depth[::2, ::2])), shot.people, LENS
    )
    both = ~np.isnan(full[..., 2]) & ~np.isnan(half[..., 2])
    assert both.sum() > 10
    assert np.median(np.abs(full - half)[both]) < 0.01


@pytest.mark.parametrize('kind', ['uint16', 'float32'])
def test_nothing_is_said_without_depth(kind: str) -> None:
    depth = DepthImage(np.zeros((240, 320), kind))
    assert np.isnan(surface_positions(depth, ARM, PINHOLE)).all()
    assert surface_positions(depth, People.empty(SKELETON), PINHOLE).shape == (0, 18, 3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_whatever_is_in_the_image_nothing_breaks(seed: int) -> None:
    random = np.random.default_rng(seed)
    keypoints = random.normal(100, 400, (3, 18, 3)).astype(np.float32)
    keypoints[..., 2] = random.choice([0, 0.5], (3, 18))
    keypoints[keypoints[..., 2] == 0, :2] = np.nan
    people = People(keypoints, np.ones(3, np.float32), SKELETON)
    pixels = random.choice(np.float32([np.nan, -1, 0, np.inf, 0.01, 2, 2.1, 1e30]), (48, 64))
    positions = surface_positions(DepthImage(pixels), people, PINHOLE)
    missing = keypoints[..., 2] == 0
    assert np.isnan(positions[missing]).all()
    assert (np.nan_to_num(positions[..., 2], nan=1.0) > 0).all()


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 20), min_size=1, max_size=60), st.floats(0.01, 2))
def test_densest_is_that_of_its_twin(values: list[float], width: float) -> None:
    ordered = sorted(values)
    groups = [
        [value for value in ordered[start:] if value - ordered[start] <= width]
        for start in range(len(ordered))
    ]
    best = max(groups, key=len)
    array = np.array([*values, 99.0])
    room = np.empty(len(array))
    assert densest(array, len(values), width, room) == best[len(best) // 2]


def test_depth_at_a_place() -> None:
    metres = np.array([[1.0, np.nan], [0.0, np.inf], [-1.0, 3.0]], np.float32)
    nothing = np.zeros(0, np.uint16)
    expected = {(0, 0): 1, (0.4, -0.4): 1, (1, 0): 0, (0, 1): 0, (1, 1): 0, (0, 2): 0, (1, 2): 3}
    outside = {(-0.6, 0): 0, (1.6, 2): 0, (1, 2.6): 0, (np.nan, 0): 0, (1e9, 0): 0}
    for (x, y), depth in {**expected, **outside}.items():
        place = nearest_pixel(float(y), 3, 2) + nearest_pixel(float(x), 2, 1)
        assert depth_at(nothing, metres.reshape(-1), place) == depth, (x, y)
    mm = np.array([0, 2500], np.uint16)
    assert depth_at(mm, np.zeros(0, np.float32), 1) == 2.5
    assert depth_at(mm, np.zeros(0, np.float32), 0) == 0


def test_which_sizes_are_of_one_picture() -> None:
    assert is_same_picture((640, 480), (640, 480))
    assert is_same_picture((320, 240), (1280, 960))
    assert is_same_picture((848, 477), (1920, 1080))
    assert is_same_picture((107, 60), (1920, 1080))
    assert not is_same_picture((640, 480), (1280, 720))
