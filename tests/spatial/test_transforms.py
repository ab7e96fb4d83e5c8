"""Transforms between frames: chains, times between two, and what is not known."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from openpose_ros.errors import TransformError
from openpose_ros.spatial import Transform, TransformBuffer
from openpose_ros.spatial.transforms import UNHEARD, interpolated, multiplied

S = 10**9


def some(seed: int) -> Transform:
    random = np.random.default_rng(seed)
    return Transform(random.normal(size=3), Rotation.random(random_state=seed).as_quat())


def matrix(transform: Transform) -> Any:
    whole = np.eye(4)
    whole[:3, :3] = Rotation.from_quat(transform.rotation).as_matrix()
    whole[:3, 3] = transform.translation
    return whole


SEEDS = st.integers(0, 10_000)


@given(SEEDS, SEEDS)
def test_transforms_are_those_of_matrices(one: int, other: int) -> None:
    a, b = some(one), some(other)
    np.testing.assert_allclose(matrix(a.after(b)), matrix(a) @ matrix(b), atol=1e-12)
    np.testing.assert_allclose(matrix(a.inverse()), np.linalg.inv(matrix(a)), atol=1e-12)
    points = np.random.default_rng(one).normal(size=(2, 5, 3))
    expected = points @ matrix(a)[:3, :3].T
    np.testing.assert_allclose(a.turn(points), expected, atol=1e-12)
    np.testing.assert_allclose(a.apply(points), expected + a.translation, atol=1e-12)
    product = Rotation.from_quat(a.rotation) * Rotation.from_quat(b.rotation)
    ours = Rotation.from_quat(multiplied(a.rotation, b.rotation))
    assert (ours * product.inv()).magnitude() < 1e-7


@given(SEEDS, SEEDS, st.floats(0, 1))
def test_between_two_is_linear_and_slerp(one: int, other: int, part: float) -> None:
    a, b = some(one), some(other)
    between = interpolated(a, b, part)
    expected = Slerp([0, 1], Rotation.from_quat([a.rotation, b.rotation]))(part)
    assert (Rotation.from_quat(between.rotation) * expected.inv()).magnitude() < 1e-6
    np.testing.assert_allclose(
        between.translation, (1 - part) * a.translation + part * b.translation, atol=1e-12
    )


def filled() -> TransformBuffer:
    """Return map > odom > base > arm > camera (static), and map > beacon."""
    buffer = TransformBuffer()
    for second in range(5):
        buffer.add('map', 'odom', some(1 + second), second * S)
        buffer.add('odom', 'base', some(11 + second), second * S)
        buffer.add('base', 'arm', some(21 + second), second * S)
        buffer.add('map', 'beacon', some(31 + second), second * S)
    buffer.add('arm', 'camera', some(99), 0, static=True)
    return buffer


def test_chains_go_up_and_down() -> None:
    buffer = filled()
    up = matrix(some(3)) @ matrix(some(13)) @ matrix(some(23)) @ matrix(some(99))
    np.testing.assert_allclose(matrix(buffer.lookup('map', 'camera', 2 * S)), up, atol=1e-9)
    down = np.linalg.inv(up)
    np.testing.assert_allclose(matrix(buffer.lookup('camera', 'map', 2 * S)), down, atol=1e-9)
    across = down @ matrix(some(33))
    np.testing.assert_allclose(matrix(buffer.lookup('camera', 'beacon', 2 * S)), across, atol=1e-9)
    np.testing.assert_allclose(matrix(buffer.lookup('/map', '/map', 77 * S)), np.eye(4))


def test_time_between_two_is_interpolated_and_beyond_is_unknown() -> None:
    buffer = filled()
    expected = interpolated(some(2), some(3), 0.25)
    found = buffer.lookup('map', 'odom', S + S // 4)
    np.testing.assert_allclose(matrix(found), matrix(expected), atol=1e-12)
    for stamp_ns, says in ((-S // 2, '0.500 s before the first'), (5 * S, '1.000 s after the')):
        with pytest.raises(TransformError, match=f"from 'odom' to 'map' is not known {says}"):
            buffer.lookup('map', 'odom', stamp_ns)
    buffer.lookup('arm', 'camera', 12345 * S)  # static: always


def test_frames_that_nothing_joins() -> None:
    buffer = filled()
    buffer.add('moon', 'rover', some(5), 0)
    with pytest.raises(TransformError, match="nothing was heard of 'robot'"):
        buffer.lookup('map', 'robot', S)
    with pytest.raises(TransformError, match='they are of two trees'):
        buffer.lookup('map', 'rover', 0)


def test_circle_is_an_error() -> None:
    buffer = TransformBuffer()
    buffer.add('a', 'b', some(1), 0)
    buffer.add('b', 'a', some(2), 0)
    buffer.add('root', 'c', some(3), 0)
    with pytest.raises(TransformError, match='form a circle'):
        buffer.lookup('a', 'c', 0)


def test_memory_is_bounded_and_late_ones_are_sorted_in() -> None:
    buffer = TransformBuffer(seconds=2.0)
    for stamp_ns in (5 * S, 3 * S, 4 * S):
        buffer.add('map', 'base', some(stamp_ns // S), stamp_ns)
    np.testing.assert_allclose(matrix(buffer.lookup('map', 'base', 4 * S)), matrix(some(4)))
    for second in range(6, 500):
        buffer.add('map', 'base', some(second), second * S)
    assert len(buffer._frames['base'].stamps_ns) == len(buffer._frames['base'].transforms) == 3
    with pytest.raises(TransformError, match='before the first'):
        buffer.lookup('map', 'base', 100 * S)


def test_frame_may_move_to_another_parent_and_time_may_jump() -> None:
    buffer = filled()
    buffer.add('beacon', 'arm', some(77), 2 * S)
    np.testing.assert_allclose(
        matrix(buffer.lookup('beacon', 'camera', 2 * S)), matrix(some(77)) @ matrix(some(99))
    )
    buffer.clear()
    with pytest.raises(TransformError):
        buffer.lookup('map', 'odom', S)
    buffer.lookup('arm', 'camera', 0)


def test_what_contradicts_another_is_told() -> None:
    buffer, still = TransformBuffer(), some(1)
    said = [buffer.add(parent, 'base', still, 100 * S) for parent in ('map', 'map', 'odom', 'map')]
    assert said[:3] == [''] * 3
    assert said[3].startswith("the frame 'base' is in 'map' and in 'odom' by turns")
    assert 'is 90.0 s older than one before' in buffer.add('map', 'base', still, 10 * S)
    for number in range(5000):
        buffer.add('map', f'body_{number}', still, 100 * S)
    assert len(buffer._parents._of) <= 1000


def test_frame_whose_time_jumps_back_far_starts_anew() -> None:
    buffer = TransformBuffer(seconds=10.0)
    buffer.add('map', 'base', some(1), 3600 * S)  # a clock that was wrong once
    buffer.add('map', 'other', some(2), 60 * S)
    for second in (60, 61, 62, 63, 64):
        buffer.add('map', 'base', some(second), second * S)
    np.testing.assert_allclose(matrix(buffer.lookup('map', 'base', 63 * S)), matrix(some(63)))
    np.testing.assert_allclose(matrix(buffer.lookup('map', 'other', 60 * S)), matrix(some(2)))
    with pytest.raises(TransformError, match='after the last'):
        buffer.lookup('map', 'base', 3600 * S)


def test_stamps_of_two_who_disagree_leave_those_of_the_later_one() -> None:
    buffer = TransformBuffer(seconds=10.0)
    for second in range(60, 70):
        buffer.add('map', 'base', some(second), second * S)
        buffer.add('map', 'base', some(1), -5 * S)
    for second in range(60, 70):
        found = buffer.lookup('map', 'base', second * S)
        np.testing.assert_allclose(matrix(found), matrix(some(second)))


def test_circle_beside_the_way_does_not_matter() -> None:
    buffer = filled()
    before = matrix(buffer.lookup('map', 'camera', S))
    buffer.add('camera', 'map', some(5), S)  # once, by mistake
    np.testing.assert_allclose(matrix(buffer.lookup('map', 'camera', S)), before)


def test_frames_of_which_nothing_comes_any_more_are_forgotten() -> None:
    buffer, still = TransformBuffer(), some(1)
    buffer.add('base', 'camera', some(3), 0, static=True)
    for number in range(2 * UNHEARD):
        buffer.add('map', f'body_{number}', still, number)
        if not number % 1000:
            buffer.add('map', 'base', still, number)
    assert len(buffer._frames) < 2 * UNHEARD
    buffer.lookup('map', 'camera', 2 * UNHEARD - 1000)


@pytest.mark.parametrize(
    ('parent', 'child', 'transform'),
    [
        ('map', 'base', Transform(np.array([np.nan, 0, 0]), np.array([0, 0, 0, 1.0]))),
        ('map', 'base', Transform(np.zeros(3), np.zeros(4))),
        ('map', 'base', Transform(np.zeros(3), np.array([0, 0, 0, np.inf]))),
        ('map', '/map', some(1)),
        ('', 'base', some(1)),
    ],
)
def test_transform_that_is_none_is_refused(parent: str, child: str, transform: Transform) -> None:
    buffer = TransformBuffer()
    with pytest.raises(TransformError):
        buffer.add(parent, child, transform, 0)
    assert buffer._frames == {}


def test_rotation_is_normalised() -> None:
    buffer = TransformBuffer()
    buffer.add('map', 'base', Transform(np.zeros(3), np.array([0, 0, 2.0, 2.0])), 0)
    np.testing.assert_allclose(
        buffer.lookup('map', 'base', 0).turn([1, 0, 0]), [0, 1, 0], atol=1e-12
    )
