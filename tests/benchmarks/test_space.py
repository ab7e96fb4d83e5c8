"""What benchmarks.space measures, on few rooms: surface, pose, facing, gaze, and the spot."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from benchmarks.scenes import film, scene
from benchmarks.space import Samples, follow, measured, monocular
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.surfaces import surface_positions

AROUND = ('standing', 'turning', 'seated', 'walking', 'partly outside')


def share(values: list[float], limit: float) -> float:
    return float(np.mean(np.array(values) <= limit))


def check(samples: Samples, enough: float) -> None:
    surface = np.array(samples['surface'])
    assert np.median(surface) < 0.03
    assert np.percentile(surface, 95) < 0.055
    # In test_surfaces none is. These are at all distances and of hidden parts, too: 2 of 14,541.
    assert np.mean(surface > 0.3) < 0.001
    assert np.mean(samples['unsaid']) < 0.2
    assert share(samples['followed, facing or back, position'], 0.10) > enough
    assert share(samples['followed, facing or back, facing'], 10) > enough
    assert share(samples['followed, profile, spreads'], 2) > enough
    gaze = np.array(samples['gaze'])
    assert share(gaze[~np.isnan(gaze)].tolist(), 25) > enough
    assert share(samples['spot'], 0.10) > enough
    assert share(samples['step'], 0.05) > enough


def test_people_are_where_they_are_said_to_be() -> None:
    check(measured(AROUND, range(1), 10.0, 1.5), 0.85)


@pytest.mark.slow
def test_people_are_where_they_are_said_to_be_in_more_rooms() -> None:
    check(measured(AROUND, range(1, 9), 10.0, 2.5), 0.93)


@pytest.mark.slow
def test_who_cross_each_other_are_told_apart() -> None:
    samples = measured(['crossing'], range(4), 10.0, 2.5)
    assert np.percentile(samples['surface'], 95) < 0.07  # two bodies hide each other's edges
    assert share(samples['followed, profile, spreads'], 2) > 0.9
    assert share(samples['followed, profile, position'], 0.2) > 0.9


def test_depth_of_long_ago_is_told_from_that_of_now() -> None:
    """The figures can fail: half a second between colour and depth of who walks."""
    samples: Samples = defaultdict(list)
    follow(film(scene('walking', 1), 1, rate_hz=5, seconds=1.5, depth_late_s=0.5), samples)
    assert np.percentile(samples['surface'], 95) > 0.1


def test_without_depth_distances_are_within_their_spread(
    capsys: pytest.CaptureFixture[str],
) -> None:
    monocular(range(3))
    lines = capsys.readouterr().out.splitlines()
    assert sum('holds' in line for line in lines) == 4, lines
    assert 'children seem' in lines[-1]


def test_wrist_before_a_wall_stays_on_the_body() -> None:
    for shot in film(scene('standing', 2), 2, rate_hz=3, seconds=1):
        positions = surface_positions(DepthImage(shot.depth), shot.people, shot.room.lens)
        assert np.nanmax(positions[..., 2]) < 3.6  # the wall is at 7 m
