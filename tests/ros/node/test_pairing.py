"""Which depth image belongs to an image."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from openpose_ros.ros.node.pairing import DepthPairs

MS = 1_000_000
START = 10**12


def pairs_of(*stamps_ms: float) -> DepthPairs:
    pairs = DepthPairs()
    for stamp in stamps_ms:
        pairs.add(f'depth at {stamp}', START + round(stamp * MS))
    return pairs


def matched(pairs: DepthPairs, stamp_ms: float, max_dt_s: float = 0.02) -> object:
    found = pairs.match(START + round(stamp_ms * MS), max_dt_s)
    return found and found.message


def is_settled(pairs: DepthPairs, stamp_ms: float) -> bool:
    return pairs.is_settled(START + round(stamp_ms * MS), 0.02)


@pytest.mark.parametrize(
    ('stamp', 'expected'),
    [
        (33, 'depth at 33'),
        (40, 'depth at 33'),
        (51, 'depth at 66'),
        (86, 'depth at 66'),  # 20 ms, the limit itself
        (86.001, None),
        (-20.001, None),
    ],
)
def test_the_nearest_in_time_is_it(stamp: float, expected: str | None) -> None:
    assert matched(pairs_of(0, 33, 66), stamp) == expected


def test_the_last_five_are_kept() -> None:
    pairs = pairs_of(*range(0, 600, 100))
    assert matched(pairs, 0) is None
    assert matched(pairs, 100) == 'depth at 100'
    assert matched(pairs, 500) == 'depth at 500'


def test_a_limit_of_zero_takes_equal_stamps_only() -> None:
    pairs = pairs_of(0, 33)
    assert matched(pairs, 33, 0.0) == 'depth at 33'
    assert matched(pairs, 33.000001, 0.0) is None


def test_stamps_that_jump_back_begin_anew() -> None:
    pairs = pairs_of(1000, 1033, 0)
    assert matched(pairs, 1033) is None
    assert matched(pairs, 5) == 'depth at 0'


def test_an_image_waits_while_its_depth_may_come() -> None:
    assert not is_settled(pairs_of(), 0)
    assert not is_settled(pairs_of(0), 33)
    assert not is_settled(pairs_of(0, 33), 66)  # none is near enough
    assert is_settled(pairs_of(0, 33, 66), 66)
    assert is_settled(pairs_of(0, 33, 67), 66)  # it came already
    assert is_settled(pairs_of(0, 66), 40)  # a later one came: this has none


def test_the_next_depth_image_may_fit_better() -> None:
    # At 60 Hz the last one is near enough, and the image's own still to come.
    assert not is_settled(pairs_of(0, 16.7), 33.4)
    # At 30 Hz, in between: the one that is there is nearer than the next will be.
    assert is_settled(pairs_of(0, 33), 45)
    assert not is_settled(pairs_of(0, 33), 51)


def test_none_waits_where_no_depth_comes() -> None:
    pairs = pairs_of()
    for _ in range(5):
        assert not is_settled(pairs, 100)
        pairs.waited_in_vain()
    assert is_settled(pairs, 100)
    pairs.add('depth', START)
    assert not is_settled(pairs, 100)


def test_what_lacks_is_said_in_one_line() -> None:
    said = pairs_of().complaint(START, 0.02)
    assert 'no depth image comes' in said
    late = pairs_of(0, 33).complaint(START + 100 * MS, 0.02)
    assert '0.067 s' in late
    assert 'depth_wait' in late
    apart = pairs_of(0, 100).complaint(START + 50 * MS, 0.02)
    assert '0.050 s' in apart
    assert 'max_depth_dt' in apart
    for line in (said, late, apart):
        assert '\n' not in line


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**9), max_size=8), st.integers(0, 10**9), st.floats(0, 0.5))
def test_a_match_is_near_enough_and_none_is_nearer(
    stamps: list[int], stamp: int, max_dt_s: float
) -> None:
    pairs = DepthPairs()
    stamps = sorted(stamps)
    for one in stamps:
        pairs.add(one, one)
    found = pairs.match(stamp, max_dt_s)
    distances = [abs(one - stamp) for one in stamps[-5:]]
    if found is None:
        assert all(distance > max_dt_s * 1e9 for distance in distances)
    else:
        assert abs(found.stamp_ns - stamp) == min(distances) <= max_dt_s * 1e9
    pairs.clear()
    assert pairs.match(stamp, 1e9) is None
