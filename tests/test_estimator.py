"""The estimator: from a frame to people in its pixels, whatever lies between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros import PoseEstimator, load_model, load_skeleton
from openpose_ros.engine import open_engine
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import EngineError, FrameError, MapsError, ParameterError
from openpose_ros.models import InputSpec, ModelSpec
from openpose_ros.parsing import PafParams
from openpose_ros.placement import place_frame
from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_18')
DOG = load_skeleton(Path(__file__).parent / 'data/dog.json')
SHARED = Path(__file__).parents[2] / 'shared'


def spec_of(skeleton: Skeleton) -> ModelSpec:
    return ModelSpec(
        name='drawn',
        file='drawn.onnx',
        sha256='0' * 64,
        skeleton=skeleton,
        input=InputSpec(colour='BGR', mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0)),
        net_resolution=(656, 368),
    )


SPEC = spec_of(COCO)


def estimator_of(
    keypoints_px: Array, size: tuple[int, int], spec: ModelSpec = SPEC
) -> PoseEstimator:
    """Return an estimator that sees these people in frames of this size."""

    def handler(batch: Array) -> tuple[Array, Array]:
        placement = place_frame(size, batch.shape[:1:-1], multiple=8, stride=8)
        cells = keypoints_px.copy()
        cells[..., :2] = placement.to_cells(cells[..., :2])
        height, width = (side // 8 for side in batch.shape[2:])
        heatmaps, pafs = render_maps(cells, spec.skeleton, (height, width))
        return heatmaps[np.newaxis], pafs[np.newaxis]

    return PoseEstimator(spec, FakeEngine(handler, spec))


def people_on(size: tuple[int, int], count: int, skeleton: Skeleton) -> Array:
    """Return people (N, K, 3) in pixels of a frame, not in its outermost 48."""
    people = scatter_people(count, skeleton, (size[1] // 16 - 6, size[0] // 16 - 6), seed=count)
    people[..., :2] = 16 * people[..., :2] + 8 + 48
    return people


def grey(size: tuple[int, int]) -> Array:
    return np.full((size[1], size[0], 3), 128, np.uint8)


def in_order(keypoints: Array) -> Array:
    """Return people from left to right."""
    return keypoints[np.argsort(np.nanmean(keypoints[..., 0], axis=1))]


@pytest.mark.parametrize('skeleton', [COCO, DOG], ids=['people', 'dogs'])
@pytest.mark.parametrize('size', [(1280, 720), (640, 480), (600, 900)], ids=str)
def test_estimator_finds_everybody_in_pixels(size: tuple[int, int], skeleton: Skeleton) -> None:
    drawn = people_on(size, 3, skeleton)
    people = estimator_of(drawn, size, spec_of(skeleton))(grey(size))
    assert people.skeleton is skeleton
    assert people.keypoints.shape == drawn.shape
    cell = max(place_frame(size, (656, 368), multiple=8, stride=8).cell_size)
    found, expected = in_order(people.keypoints), in_order(drawn)
    np.testing.assert_allclose(found[..., :2], expected[..., :2], atol=0.25 * cell)


@pytest.mark.parametrize('net', [(656, 368), (-1, 256), (320, -1)], ids=str)
@pytest.mark.parametrize('size', [(1280, 720), (333, 500)], ids=str)
def test_estimator_position_is_that_in_the_picture(
    size: tuple[int, int], net: tuple[int, int]
) -> None:
    """A network that sees bright spots: its maps are the picture, averaged over each cell."""

    def handler(batch: Array) -> tuple[Array, Array]:
        height, width = (side // 8 for side in batch.shape[2:])
        brightness = batch[0, 0].reshape(height, 8, width, 8).mean(axis=(1, 3)) / 255
        heatmaps = np.zeros((1, 19, height, width))
        heatmaps[0, 0] = brightness
        return heatmaps, np.zeros((1, 38, height, width))

    params = PafParams(single_person=True, min_parts=1, min_score=0)
    spec = replace(SPEC, input=replace(SPEC.input, pad=0))
    estimator = PoseEstimator(spec, FakeEngine(handler, spec), params, net)
    cell = max(estimator.estimate(grey(size)).placement.cell_size)
    rows, columns = np.mgrid[: size[1], : size[0]]
    for x, y in ((0.4, 0.3), (0.51, 0.77)):
        x, y = x * size[0], y * size[1]
        spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (1.3 * cell) ** 2)
        frame = np.repeat(spot.astype(np.uint8)[..., np.newaxis], 3, axis=2)
        people = estimator(frame)
        assert len(people) == 1
        np.testing.assert_allclose(people.keypoints[0, 0, :2], [x, y], atol=0.12 * cell)


def test_estimate_says_how_people_were_found() -> None:
    size = (640, 480)
    drawn = people_on(size, 2, COCO)
    estimator = estimator_of(drawn, size)
    estimate = estimator.estimate(grey(size))
    assert list(estimate.times) == ['preprocess', 'infer', 'parse']
    assert all(seconds > 0 for seconds in estimate.times.values())
    assert estimate.maps.heatmaps.shape == (1, 19, 46, 82)
    assert estimate.maps.pafs.shape == (1, 38, 46, 82)
    assert estimate.placement == place_frame(size, (656, 368), multiple=8, stride=8)
    np.testing.assert_array_equal(estimate.people.keypoints, estimator(grey(size)).keypoints)


def test_estimator_moves_keypoints_in_the_padding_to_the_frames_edge() -> None:
    size = (640, 480)
    drawn = people_on(size, 1, COCO)
    x = drawn[0, :, 0]  # a view: the person goes across the edge, into 107 pixels of padding
    x[:] = 580 + 100 * (x - x.min()) / np.ptp(x)
    people = estimator_of(drawn, size)(grey(size))
    found = people.keypoints[0, :, 0]
    assert (x > 645).sum() > 3
    assert (found[x > 645] == 639).all()
    np.testing.assert_allclose(found[x < 635], x[x < 635], atol=2)


def test_estimator_keeps_what_is_missing_missing() -> None:
    size = (640, 480)
    drawn = people_on(size, 1, COCO)
    ankle = COCO.index('left_ankle')
    drawn[0, ankle] = np.nan
    keypoints = estimator_of(drawn, size)(grey(size)).keypoints[0]
    assert np.isnan(keypoints[ankle, :2]).all()
    assert keypoints[ankle, 2] == 0


def test_estimator_of_nobody() -> None:
    assert len(estimator_of(np.zeros((0, 18, 3)), (640, 480))(grey((640, 480)))) == 0


def test_estimator_params_hold_from_the_next_frame_on() -> None:
    size = (640, 480)
    estimator = estimator_of(people_on(size, 3, COCO), size)
    assert len(estimator(grey(size))) == 3
    estimator.params = replace(estimator.params, max_people=1)
    assert len(estimator(grey(size))) == 1


def test_estimator_uses_its_input_buffer_again() -> None:
    batches = []

    def handler(batch: Array) -> tuple[Array, Array]:
        batches.append(batch)
        shape = tuple(side // 8 for side in batch.shape[2:])
        return np.zeros((1, 19, *shape)), np.zeros((1, 38, *shape))

    estimator = PoseEstimator(SPEC, FakeEngine(handler, SPEC), net_resolution=(-1, 368))
    for size in ((640, 480), (640, 480), (480, 640)):
        estimator(grey(size))
    first, second, third = batches
    assert np.shares_memory(first, second)
    assert third.shape == (1, 3, 368, 280)


def test_warm_up_runs_what_the_first_frame_would() -> None:
    shapes = []

    def handler(batch: Array) -> tuple[Array, Array]:
        shapes.append(batch.shape)
        shape = tuple(side // 8 for side in batch.shape[2:])
        return np.zeros((1, 19, *shape)), np.zeros((1, 38, *shape))

    estimator = PoseEstimator(SPEC, FakeEngine(handler, SPEC), net_resolution=(-1, 368))
    estimator.warm_up((1280, 720))
    assert shapes == [(1, 3, 368, 656)]


def test_estimator_closes_its_engine() -> None:
    size = (640, 480)
    with estimator_of(people_on(size, 1, COCO), size) as estimator:
        assert len(estimator(grey(size))) == 1
    with pytest.raises(EngineError, match='closed'):
        estimator(grey(size))
    estimator.close()


def test_estimator_what_is_no_frame_is_an_error() -> None:
    with pytest.raises(FrameError, match='the frame is a NoneType'):
        estimator_of(np.zeros((0, 18, 3)), (640, 480))(None)  # type: ignore[arg-type]


def test_estimator_nan_maps_are_an_error_and_the_next_frame_is_not() -> None:
    broken = [True]

    def handler(batch: Array) -> tuple[Array, Array]:
        heatmaps = np.zeros((1, 19, 46, 82))
        heatmaps[0, 3, 20, 30] = np.nan if broken.pop() else 0
        return heatmaps, np.zeros((1, 38, 46, 82))

    estimator = PoseEstimator(SPEC, FakeEngine(handler, SPEC))
    with pytest.raises(MapsError):
        estimator(grey((640, 480)))
    broken.append(False)
    assert len(estimator(grey((640, 480)))) == 0


def test_estimator_impossible_net_resolution_is_an_error() -> None:
    engine = open_engine(SPEC, backend='fake')
    with pytest.raises(ParameterError, match='net_resolution is 650x368'):
        PoseEstimator(SPEC, engine, net_resolution=(650, 368))
    with pytest.raises(ParameterError, match='net_resolution is 650x368'):
        PoseEstimator.from_model(backend='fake', net_resolution=(650, 368))


def test_from_model_fake_shows_synthetic_people() -> None:
    params = PafParams(max_people=2)
    with PoseEstimator.from_model(backend='fake', net_resolution=(656, 368), params=params) as e:
        assert e.engine.name == 'fake'
        assert e.spec.name == load_model(need_file=False).name
        assert e.net_resolution == (656, 368)
        assert e.params is params
        assert len(e(grey((1280, 720)))) == 2


def test_from_model_default_net_resolution_is_the_models() -> None:
    with PoseEstimator.from_model(backend='fake') as estimator:
        assert estimator.net_resolution == estimator.spec.net_resolution


NETWORK = SHARED / 'models/human-pose-estimation-0001.onnx'


@pytest.mark.skipif(not NETWORK.is_file(), reason='no network beside the checkout')
def test_estimator_finds_a_skier_with_a_real_network() -> None:
    frame = cv2.imread(str(SHARED / 'images/000000000785.jpg'))
    with PoseEstimator.from_model(NETWORK) as estimator:
        people = estimator(frame)
    assert len(people) == 1
    positions = people.keypoints[0, :, :2]
    # As annotated in COCO's val2017.
    for name, place in (
        ('nose', (367, 81)),
        ('right_wrist', (308, 180)),
        ('left_knee', (430, 295)),
    ):
        np.testing.assert_allclose(positions[COCO.index(name)], place, atol=12)
