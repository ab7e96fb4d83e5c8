"""PoseNet's decoder: what it finds, what it refuses, and that it is its twin and its reference."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.posenet_reference import (
    DRAWN_SETS,
    Job,
    decode,
    differences,
    drawn_job,
    read_recorded,
)
from openpose_ros import load_skeleton
from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.engine.synthetic_posenet import render_posenet_maps
from openpose_ros.errors import MapsError, ParameterError, SkeletonError
from openpose_ros.parsing import PoseNetParams, parse_posenet
from openpose_ros.people import People
from openpose_ros.skeletons import Limb, Skeleton
from tests.parsing.paf.strategies import JIT
from tests.parsing.posenet import naive

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_17')
SHAPE = (31, 41)
NAMES = ('heatmaps', 'offsets', 'displacement_forward', 'displacement_backward')


def scene(count: int, **options: Any) -> tuple[Array, tuple[Array, Array, Array, Array]]:
    """Return people and the maps of them."""
    people = scatter_people(count, COCO, SHAPE, seed=1)
    return people, render_posenet_maps(people, COCO, SHAPE, **options)


def assert_as_twin(job: Job, skeleton: Skeleton = COCO) -> People:
    found = parse_posenet(*job.maps, skeleton, job.params, stride=job.stride)
    poses = naive.decode(*job.maps, skeleton, job.params, job.stride)
    keypoints, scores = naive.people(poses, job.stride)
    assert len(found) == len(keypoints)
    np.testing.assert_allclose(found.scores, scores, rtol=1e-6, atol=1e-7)
    if len(found):
        np.testing.assert_allclose(found.keypoints, keypoints, rtol=1e-6, atol=1e-6)
    return found


def test_finds_the_people_who_were_drawn() -> None:
    people, maps = scene(5, stride=8, noise=0.01)
    found = parse_posenet(*maps, stride=8)
    assert len(found) == 5
    assert found.skeleton is COCO
    assert (np.diff(found.scores) <= 0).all()
    distances = np.abs(found.keypoints[:, None, :, :2] - people[None, ..., :2]).max(axis=(2, 3))
    assert sorted(distances.argmin(axis=1)) == list(range(5))
    assert distances.min(axis=1).max() < 0.1  # cells


def test_nobody_is_found_where_nobody_is() -> None:
    maps = scene(0)[1]
    for single in (False, True):
        found = parse_posenet(*maps, params=PoseNetParams(single_person=single))
        assert found.keypoints.shape == (0, 17, 3)


@pytest.mark.skipif(not JIT, reason="without Numba, NumPy's float32 rounds a cell otherwise")
@pytest.mark.parametrize('part', range(8))
def test_poses_are_those_of_the_reference(part: int) -> None:
    recorded = read_recorded('drawn')
    assert len(recorded) == DRAWN_SETS
    assert sum(map(len, recorded)) > 1000
    for number in range(part, DRAWN_SETS, 8):
        pixels, score = differences(decode(drawn_job(number)), recorded[number])
        assert pixels <= 0.01, number
        assert score <= 1e-4, number


@pytest.mark.parametrize('number', range(20))
def test_kernels_are_their_twin(number: int) -> None:
    job = drawn_job(number)
    assert_as_twin(job)
    radius = number % 3 + 1
    assert_as_twin(job._replace(params=PoseNetParams(local_maximum_radius=radius, max_poses=3)))


CHAIN = Skeleton(  # its limbs neither from the root nor in an order that one round could follow
    'chain',
    ('a', 'b', 'c', 'd', 'e'),
    (Limb(3, 2, 0, 4), Limb(1, 0, 1, 5), Limb(1, 2, 2, 6), Limb(4, 3, 3, 7)),
    (0, 1, 2, 3, 4),
    ((0, 0, 0),) * 5,
)


def values(shape: tuple[int, ...], scale: float) -> st.SearchStrategy[Array]:
    """Return few values, many of them equal, and some out of the way."""
    choices = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, -1.0, 7.3])
    size = int(np.prod(shape))
    return st.lists(choices, min_size=size, max_size=size).map(
        lambda some: np.array(some, np.float32).reshape(shape) * np.float32(scale)
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_kernels_are_their_twin_on_any_maps(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    heatmaps = np.abs(data.draw(values((5, height, width), 1.0))).clip(0, 1)
    others = [
        data.draw(values((channels, height, width), scale))
        for channels, scale in ((10, 6.0), (8, 9.0), (8, 1e30))
    ]
    params = PoseNetParams(
        score_threshold=data.draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])),
        nms_radius=data.draw(st.sampled_from([1.0, 4.0, 20.0])),
        max_poses=data.draw(st.integers(1, 9)),
        local_maximum_radius=data.draw(st.integers(1, 3)),
        single_person=data.draw(st.booleans()),
    )
    assert_as_twin(Job((heatmaps, *others), 8, params), CHAIN)  # type: ignore[arg-type]


def test_single_person_is_the_maximum_of_each_heatmap() -> None:
    people, maps = scene(1)
    found = parse_posenet(*maps, params=PoseNetParams(single_person=True))
    np.testing.assert_allclose(found.keypoints[0, :, :2], people[0, :, :2], atol=1e-4)
    assert found.scores[0] == pytest.approx(found.keypoints[0, :, 2].mean(), abs=1e-6)
    # Displacements are not read, so they may be anything.
    other = parse_posenet(*maps[:2], None, None, params=PoseNetParams(single_person=True))  # type: ignore[arg-type]
    np.testing.assert_array_equal(other.keypoints, found.keypoints)


def test_room_radius_and_threshold_are_obeyed() -> None:
    maps = scene(5, stride=16)[1]
    assert len(parse_posenet(*maps, params=PoseNetParams(max_poses=2))) == 2
    assert len(parse_posenet(*maps, params=PoseNetParams(nms_radius=700))) == 1
    highest = float(maps[0].max())
    assert len(parse_posenet(*maps, params=PoseNetParams(score_threshold=highest))) == 1
    above = np.nextafter(highest, 2)
    assert not len(parse_posenet(*maps, params=PoseNetParams(score_threshold=min(above, 1.0))))


def test_keypoint_without_a_score_is_missing_and_none_scores_above_one() -> None:
    _, (heatmaps, *others) = scene(1)
    heatmaps[3] = 0
    heatmaps[4] *= 3
    found = parse_posenet(heatmaps, *others)
    assert np.isnan(found.keypoints[0, 3, :2]).all()
    assert found.keypoints[0, 3, 2] == 0
    assert found.keypoints[..., 2].max() == 1
    assert found.bounding_boxes().shape == (1, 4)


@pytest.mark.parametrize('single', [False, True])
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('which', range(4))
def test_what_is_not_finite_is_refused_where_it_is_read(
    which: int, value: float, single: bool
) -> None:
    maps = scene(3)[1]
    maps[which][:] = value
    params = PoseNetParams(single_person=single)
    if single and which > 1:
        assert len(parse_posenet(*maps, params=params)) == 1
        return
    with pytest.raises(MapsError, match='NaN or infinity'):
        parse_posenet(*maps, params=params)


def test_one_cell_that_is_not_finite_is_refused_in_a_heatmap() -> None:
    maps = scene(2)[1]
    maps[0][16, 30, 40] = np.nan
    for single in (False, True):
        with pytest.raises(MapsError, match='NaN or infinity'):
            parse_posenet(*maps, params=PoseNetParams(single_person=single))


@pytest.mark.parametrize('which', range(4))
def test_maps_of_another_form_are_refused_by_name(which: int) -> None:
    maps = list(scene(1)[1])
    for spoiled, said in (
        (maps[which][1:], 'expected'),
        (maps[which][:, 1:], 'cells but'),
        (maps[which].astype(np.float64), 'float64'),
        (maps[which][None], 'one picture'),
        (maps[which][:, :0], 'expected'),
        (maps[which].tolist(), 'list'),
    ):
        with pytest.raises(MapsError, match=said) as caught:
            parse_posenet(*maps[:which], spoiled, *maps[which + 1 :])
        assert NAMES[which] in str(caught.value)
        assert '\n' not in str(caught.value)


def test_maps_may_lie_in_memory_as_they_like_and_stay_as_they_are() -> None:
    maps = scene(3, noise=0.02)[1]
    expected = parse_posenet(*maps)
    before = [some.copy() for some in maps]
    turned = [np.asfortranarray(some) for some in maps]
    found = parse_posenet(*turned)
    np.testing.assert_array_equal(found.keypoints, expected.keypoints)
    for some in maps:
        some.flags.writeable = False
    np.testing.assert_array_equal(parse_posenet(*maps).keypoints, expected.keypoints)
    for some, copy in zip(maps, before):
        np.testing.assert_array_equal(some, copy)


def test_skeleton_and_stride_that_do_not_fit_are_refused() -> None:
    maps = scene(1)[1]
    with pytest.raises(SkeletonError, match='redundant'):
        parse_posenet(*maps, load_skeleton('coco_18'))
    with pytest.raises(SkeletonError, match='is a str, but must be a Skeleton'):
        parse_posenet(*maps, 'coco_17')  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='params are dict, but must be PoseNetParams'):
        parse_posenet(*maps, params={'max_poses': 3})  # type: ignore[arg-type]
    for stride in (0, -8, 7.5, None, '16', float('nan'), float('inf')):
        with pytest.raises(ParameterError, match=r'stride is .*, but must be a whole number'):
            parse_posenet(*maps, stride=stride)  # type: ignore[arg-type]


def test_parameters_have_ranges() -> None:
    for name, value in (
        ('score_threshold', 1.1),
        ('nms_radius', 0),
        ('max_poses', 0),
        ('local_maximum_radius', 0),
        ('single_person', 'yes'),
    ):
        with pytest.raises(ParameterError, match=name):
            PoseNetParams(**{name: value})
    assert PoseNetParams.from_mapping({'nms_radius': 30}).nms_radius == 30.0
    with pytest.raises(ParameterError, match="'nms_window'"):
        PoseNetParams.from_mapping({'nms_window': 5})
