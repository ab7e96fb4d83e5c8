"""People who are followed: smoothed, their velocity, and where they should be while hidden."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from openpose_ros.spatial import Transform
from openpose_ros.spatial.located import Located
from openpose_ros.spatial.paths import Paths

UP = np.array([0.0, -1.0, 0.0])
NAN = float('nan')


def somebody(
    *rows: tuple[float, float, float], facing: float = 0.0, stddev: float = 0.1
) -> Located:
    """Return people at places, who all face the same way."""
    count = len(rows)
    covariance = np.full((count, 6, 6), np.nan)
    covariance[:, :3, :3] = 0.03**2 * np.eye(3)
    position = np.array(rows, np.float64).reshape(count, 3)
    covariance[np.isnan(position[:, 0])] = np.nan
    return replace(
        Located.unknown(count),
        position=position,
        covariance=covariance,
        facing=np.full(count, facing),
        facing_stddev=np.full(count, stddev),
    )


def test_velocity_of_who_walks() -> None:
    paths, random = Paths(), np.random.default_rng(2)
    for tick in range(30):
        t = tick / 15
        noise = random.normal(0, 0.02, 3)
        located, _ = paths.update(
            ['a1'], somebody((t - 1 + noise[0], noise[1], 3 - 0.5 * t + noise[2])), [], UP, t
        )
        if tick == 0:
            assert np.isnan(located.velocity).all()  # one sighting is no velocity
    np.testing.assert_allclose(located.velocity[0], [1.0, 0.0, -0.5], atol=0.25)
    np.testing.assert_allclose(located.position[0], [t - 1, 0, 3 - 0.5 * t], atol=0.05)


def test_noise_becomes_less() -> None:
    paths, random = Paths(), np.random.default_rng(3)
    off, raw = [], []
    for tick in range(200):
        noise, turn = random.normal(0, 0.03, 3), random.normal(0, 0.1)
        located, _ = paths.update(
            ['a1'], somebody((noise[0], noise[1], 3 + noise[2]), facing=turn), [], UP, tick / 15
        )
        off.append([*(located.position[0] - [0, 0, 3]), located.facing[0]])
        raw.append([*noise, turn])
    ratio = np.std(off[30:], axis=0) / np.std(raw[30:], axis=0)
    assert (ratio < 0.9).all()
    assert ratio[3] < 0.75


def test_it_is_told_how_fast_somebody_turns_and_how_sure_that_is() -> None:
    paths, random, said = Paths(), np.random.default_rng(4), []
    for tick in range(15):
        facing = 1.2 * tick / 10 + random.normal(0, 0.03)
        given = somebody((0, 0, 3), (1, 0, 3), facing=(facing + np.pi) % (2 * np.pi) - np.pi)
        located, _ = paths.update([7, 0], given, [], UP, tick / 10)
        said.append(located.turning[0])
    assert np.isnan(located.turning[1]).all()
    assert said[-1] == pytest.approx([1.2, 0.2], abs=0.15)
    assert (np.diff(np.array(said)[:5, 1]) < 0).all()
    _, expected = paths.update([], somebody(), [7], UP, 1.6)
    assert expected.turning[0, 0] == said[-1][0]
    assert expected.turning[0, 1] > said[-1][1]


def test_who_is_nobody_known_is_left_as_she_is() -> None:
    paths = Paths()
    for tick in range(5):
        given = somebody((0.1 * tick, 0, 3), (1, 0, 3 + 0.5 * (tick % 2)))
        located, _ = paths.update(['a1', ''], given, [], UP, tick / 10)
    np.testing.assert_array_equal(located.position[1], given.position[1])
    assert np.isnan(located.velocity[1]).all()
    assert np.isfinite(located.velocity[0]).all()


def test_what_was_not_measured_is_not_said() -> None:
    paths = Paths()
    paths.update(['a1'], somebody((0, 0, 3)), [], UP, 0.0)
    paths.update(['a1'], somebody((0, 0, 3)), [], UP, 0.1)
    located, _ = paths.update(
        ['a1'], somebody((NAN, NAN, NAN), facing=NAN, stddev=NAN), [], UP, 0.2
    )
    assert np.isnan(located.position).all()
    assert np.isfinite(located.facing).all()  # for a moment
    for tick in range(3, 10):
        located, _ = paths.update(
            ['a1'], somebody((0, 0, 3), facing=NAN, stddev=NAN), [], UP, 0.1 * tick
        )
    assert np.isnan(located.facing).all()
    assert np.isnan(located.orientation).all()
    assert np.isfinite(located.position).all()


def test_who_is_hidden_should_go_on() -> None:
    paths = Paths()
    for tick in range(20):
        paths.update(['a1'], somebody((0.1 * tick, 0, 3)), [], UP, 0.1 * tick)
    spreads = []
    for tick in range(20, 30):
        located, expected = paths.update([], Located.unknown(0), ['a1', 'zz9'], UP, 0.1 * tick)
        spreads.append(expected.covariance[0, 0, 0])
        assert len(located) == 0
    np.testing.assert_allclose(expected.position[0], [2.9, 0, 3], atol=0.15)
    np.testing.assert_allclose(expected.velocity[0], [1, 0, 0], atol=0.15)
    assert np.all(np.diff(spreads) > 0)
    assert np.isnan(expected.orientation[0]).all()  # not for so long
    assert np.isnan(expected.position[1]).all()  # who was never located


def test_facing_goes_round() -> None:
    paths = Paths()
    for tick in range(60):
        true = np.pi - 1.0 + tick / 15
        facing = (true + np.pi) % (2 * np.pi) - np.pi
        located, _ = paths.update(['a1'], somebody((0, 0, 3), facing=facing), [], UP, tick / 15)
        assert -np.pi <= located.facing[0] <= np.pi
    assert abs((located.facing[0] - true + np.pi) % (2 * np.pi) - np.pi) < 0.05
    front = Transform(np.zeros(3), located.orientation[0]).turn([1.0, 0, 0])
    np.testing.assert_allclose(
        front, [np.sin(located.facing[0]), 0, -np.cos(located.facing[0])], atol=1e-6
    )
    assert located.facing_stddev[0] == pytest.approx(
        np.sqrt(UP @ located.covariance[0, 3:, 3:] @ UP)
    )


def test_one_wild_measurement_moves_little() -> None:
    paths = Paths()
    for tick in range(20):
        paths.update(['a1'], somebody((0, 0, 3)), [], UP, tick / 15)
    located, _ = paths.update(['a1'], somebody((0, 0, 5), facing=2.5), [], UP, 20 / 15)
    assert located.position[0, 2] < 3.4
    assert located.facing[0] < 0.5


def test_time_that_jumps_back_forgets_everybody() -> None:
    paths = Paths()
    for tick in range(5):
        paths.update(['a1'], somebody((0, 0, 3)), [], UP, 100 + tick / 10)
    located, _ = paths.update(['a1'], somebody((1, 0, 4)), [], UP, 1.0)
    np.testing.assert_allclose(located.position[0], [1, 0, 4], atol=1e-3)
    assert np.isnan(located.velocity).all()


def test_who_is_neither_found_nor_expected_is_forgotten() -> None:
    paths = Paths()
    for tick in range(5):
        paths.update(['a1'], somebody((0, 0, 3)), [], UP, tick / 10)
    paths.update(['b2'], somebody((2, 0, 3)), [], UP, 0.6)
    _, expected = paths.update(['b2'], somebody((2, 0, 3)), ['a1'], UP, 0.7)
    assert np.isnan(expected.position).all()


def test_same_moment_twice_changes_nothing_for_the_worse() -> None:
    paths = Paths()
    for stamp_s in (0.0, 0.1, 0.1, 0.2):
        located, _ = paths.update(['a1'], somebody((0, 0, 3)), [], UP, stamp_s)
    np.testing.assert_allclose(located.position[0], [0, 0, 3], atol=1e-3)


def test_who_turns_is_followed_within_some_images() -> None:
    paths = Paths()
    for index in range(12):
        located = replace(
            Located.unknown(1),
            position=np.array([[0.0, 0.0, 3.0]]),
            covariance=0.001 * np.eye(6)[np.newaxis],
            facing=np.array([0.12 * index]),
            facing_stddev=np.array([0.14]),
        )
        seen, _ = paths.update(['a'], located, [], np.array([0.0, -1.0, 0.0]), 0.1 * index)
        assert abs(seen.facing[0] - 0.12 * index) < 0.03, index


def test_doubt_between_front_and_back_is_not_made_less_by_one_image() -> None:
    paths = Paths()
    located, _ = paths.update(['a'], somebody((0, 0, 3), facing=-2.5, stddev=1.0), [], UP, 0.0)
    assert located.facing_stddev[0] >= 1.0
    for tick in range(1, 4):
        given = somebody((0, 0, 3), facing=0.3, stddev=0.9 - 0.1 * tick)
        located, _ = paths.update(['a'], given, [], UP, 0.1 * tick)
    assert abs(located.facing[0] - 0.3) < 0.4  # nor is it believed for long


def test_noise_of_facing_grows_with_its_spread() -> None:
    """Where it is clear, most of the spread is no noise; the change is a smooth one."""
    seen = []
    for stddev in np.linspace(0.1, 1.2, 60):
        located, _ = Paths().update(['a'], somebody((0, 0, 3), stddev=stddev), [], UP, 0.0)
        seen.append(located.facing_stddev[0])
    assert (np.diff(seen) > 0).all()
    assert seen[0] < 0.07
    assert seen[-1] > 1.2
