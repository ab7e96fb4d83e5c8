"""Mid-hips inside the body: how deep the middle is behind what is seen of hips and shoulders."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.spatial.hips import ELLIPSES, mid_hips, torso_distances, torso_surfaces
from openpose_ros.spatial.parts import NAMES, PLACE
from openpose_ros.spatial.proportions import HIPS
from openpose_ros.spatial.sight import Sight, axes

UP = np.array([0.0, 0.0, 1.0])
FAR = 200.0  # metres: so far away all rays are alike
STANDS = np.zeros(1)


def seen_at(ellipse: np.ndarray, facing: float, side: float) -> tuple[float, float]:
    """Return how far across, and how near, an ellipse is seen where a joint is; side by side."""
    deep, broad, out = ellipse
    around = np.linspace(-np.pi, np.pi, 2_000_001)
    left, front = broad * np.cos(around), deep * np.sin(around)
    across = np.cos(facing) * left + np.sin(facing) * front
    near = np.cos(facing) * front - np.sin(facing) * left
    x = side * out * np.cos(facing)
    on_ray = np.abs(across - x) < 2e-6
    return x, float(near[on_ray].max())


def distance_of(parts: dict[str, tuple[float, float]], facing: float) -> float:
    surface = np.full((1, len(NAMES), 3), np.nan)
    for name, (across, near) in parts.items():
        surface[0, PLACE[name]] = across, FAR - near, 0.3
    with np.errstate(invalid='ignore', divide='ignore'):
        found, _ = torso_distances(torso_surfaces(surface, UP), np.array([facing]), STANDS)
    return float(found[0])


@pytest.mark.parametrize('degrees', [0, 20, -40, 55, -75, 90, 130, -160])
@pytest.mark.parametrize('sides', [(1.0, -1.0), (1.0,), (-1.0,)])
def test_middle_is_where_the_rays_of_hips_meet_an_ellipse_about_it(
    sides: tuple[float, ...], degrees: float
) -> None:
    facing = float(np.radians(degrees))
    parts = {
        'left_hip' if side > 0 else 'right_hip': seen_at(ELLIPSES[0], facing, side)
        for side in sides
    }
    assert distance_of(parts, facing) == pytest.approx(FAR, abs=1e-3)


@pytest.mark.parametrize('degrees', [0, 30, -60, 90, 150])
def test_middle_is_found_by_the_mid_hip_alone_too(degrees: float) -> None:
    facing = float(np.radians(degrees))
    parts = {'mid_hip': seen_at(ELLIPSES[0], facing, 0.0)}
    assert distance_of(parts, facing) == pytest.approx(FAR, abs=1e-3)


@pytest.mark.parametrize('degrees', [0, 25, -50, 65, 90, 180])
def test_shoulders_of_who_stands_upright_do_not_move_the_hips(degrees: float) -> None:
    """At 50 degrees shoulders were thought 10 cm deeper, and hips to be hidden, therefore."""
    facing = float(np.radians(degrees))
    parts = {
        f'{name}_{part}': seen_at(ellipse, facing, side)
        for part, ellipse in zip(('hip', 'shoulder'), ELLIPSES)
        for name, side in (('left', 1.0), ('right', -1.0))
    }
    assert distance_of(parts, facing) == pytest.approx(FAR, abs=1e-3)


def test_without_hips_the_middle_is_below_the_shoulders() -> None:
    parts = {'left_shoulder': seen_at(ELLIPSES[1], 0.9, 1.0)}
    assert distance_of(parts, 0.9) == pytest.approx(FAR, abs=1e-3)
    assert np.isnan(distance_of({'nose': (0.0, 0.1)}, 0.9))


@pytest.mark.parametrize('degrees', [0, 25, -50, 65, 90, -90, 180])
@pytest.mark.parametrize(('hip', 'side'), [('left_hip', 1.0), ('right_hip', -1.0)])
def test_mid_hip_is_as_far_away_as_it_is_whichever_hip_is_missed(
    hip: str, side: float, degrees: float
) -> None:
    """In profile it was said 11 cm nearer or farther."""
    facing, middle = np.radians([degrees]), np.array([[0.4, 2.8, -0.3]])
    towards, aside = axes(middle / np.linalg.norm(middle), UP)
    left = np.cos(facing) * aside - np.sin(facing) * towards
    directions = np.full((1, len(NAMES), 3), np.nan)
    directions[0, PLACE[hip]] = middle + side * HIPS / 2 * left
    directions /= np.hypot(directions[..., :1], directions[..., 1:2])
    distance, spread = np.array([np.hypot(0.4, 2.8)]), np.array([0.02])
    sight = Sight(directions, None, distance, spread, 0.004, UP, towards, aside)
    position, _ = mid_hips(sight, facing, np.ones(1))
    np.testing.assert_allclose(position, middle, atol=1e-9)


def test_a_mid_hip_nearer_than_half_a_hips_breadth_is_not_known() -> None:
    towards, aside = axes(np.array([[0.0, 1.0, 0.0]]), UP)
    directions = np.full((1, len(NAMES), 3), np.nan)
    directions[0, PLACE['left_hip']] = 0, 1, 0
    near = np.array([HIPS / 4])
    sight = Sight(directions, None, near, np.array([0.02]), 0.004, UP, towards, aside)
    position, _ = mid_hips(sight, np.zeros(1), np.ones(1))
    assert np.isnan(position).all()
