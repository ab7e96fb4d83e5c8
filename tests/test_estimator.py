"""The estimator: from a frame to people in its pixels, whatever lies between."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import os
from pathlib import Path
import pickle
import subprocess
import sys
import threading
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.accuracy import ANNOTATIONS, read_annotations
from benchmarks.posenet_reference import decode, differences, picture_jobs, read_recorded
from openpose_ros import PoseEstimator, draw_people, load_model, load_skeleton
from openpose_ros.augmentation import AugmentationParams
from openpose_ros.engine import open_engine
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import EngineError, FrameError, MapsError, ParameterError
from openpose_ros.models import InputSpec, ModelSpec, ScoreCalibration
from openpose_ros.parsing import PafParams, PoseNetParams
from openpose_ros.parsing.paf import parse
from openpose_ros.placement import place_frame
from openpose_ros.skeletons import Skeleton

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_18')
DOG = load_skeleton(Path(__file__).parent / 'data/dog.json')
ROOT = Path(__file__).parents[1]
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


def dim(people: int, size: tuple[int, int]) -> FakeEngine:
    """Return an engine that sees people of different scores."""
    drawn = people_on(size, people, COCO)
    placement = place_frame(size, SPEC.net_resolution, multiple=8, stride=8)
    cells = drawn.copy()
    cells[..., :2] = placement.to_cells(cells[..., :2])
    parts = [render_maps(one[np.newaxis], COCO, (46, 82)) for one in cells]
    strengths = np.linspace(0.3, 0.9, people)
    heatmaps = sum(s * maps[0] for s, maps in zip(strengths, parts))
    pafs = sum(maps[1] for maps in parts)
    return FakeEngine(lambda batch: (heatmaps[np.newaxis], pafs[np.newaxis]), SPEC)


@pytest.mark.parametrize('least', [0.0, 0.03, 0.2, 0.5, 0.9, 0.999, 1.0])
def test_scores_are_told_as_the_model_says_and_min_score_is_one_of_these(least: float) -> None:
    size = (1280, 720)
    calibration = ScoreCalibration(11.0, -6.0)
    with PoseEstimator(SPEC, dim(5, size), {'min_score': 0.0}) as plain:
        own = plain(grey(size))
    assert len(own) == 5
    assert own.scores.max() - own.scores.min() > 0.2
    spec = replace(SPEC, score_calibration=calibration)
    with PoseEstimator(spec, dim(5, size), {'min_score': least}) as estimator:
        people = estimator(grey(size))
        assert estimator.params == PafParams(min_score=least)  # as it was asked for
    expected = calibration.told(own.scores).astype(np.float32)
    passed = expected >= np.float32(least)
    np.testing.assert_array_equal(people.scores, expected[passed])
    np.testing.assert_array_equal(people.keypoints, own.keypoints[passed])


def test_a_score_that_is_told_passes_as_min_score() -> None:
    size = (1280, 720)
    spec = replace(SPEC, score_calibration=ScoreCalibration(7.3, -2.9))
    with PoseEstimator(spec, dim(5, size), {'min_score': 0.0}) as estimator:
        for rank, score in enumerate(estimator(grey(size)).scores):
            estimator.params = PafParams(min_score=float(score))
            assert len(estimator(grey(size))) == rank + 1


def test_the_best_stay_the_best_where_scores_are_told() -> None:
    size = (1280, 720)
    spec = replace(SPEC, score_calibration=ScoreCalibration(11.0, -6.0))
    with PoseEstimator(spec, dim(5, size), {'min_score': 0.0}) as estimator:
        everybody = estimator(grey(size))
        estimator.params = {'min_score': 0.0, 'max_people': 2}
        best = estimator(grey(size))
    np.testing.assert_array_equal(best.scores, everybody.scores[:2])
    np.testing.assert_array_equal(best.keypoints, everybody.keypoints[:2])


@pytest.mark.parametrize(
    ('said', 'asked', 'meant'),
    [
        ('field', {}, 'field'),
        ('peaks', {}, 'peaks'),
        ('peaks', {'limb_order': 'auto'}, 'peaks'),
        ('peaks', {'limb_order': 'field'}, 'field'),
        ('field', {'limb_order': 'peaks'}, 'peaks'),
    ],
)
@pytest.mark.parametrize('calibration', [None, ScoreCalibration(11.0, -6.0)])
def test_limbs_are_taken_as_the_network_says_unless_the_user_does(
    said: str, asked: dict[str, str], meant: str, calibration: ScoreCalibration | None
) -> None:
    """Of two necks one has the stronger field to the nose, and the other is surer."""
    size, (height, width) = (656, 368), (46, 82)
    nose, neck = (COCO.keypoint_names.index(name) for name in ('nose', 'neck'))
    limb = next(each for each in COCO.limbs if {each.start, each.end} == {nose, neck})
    heatmaps = np.zeros((1, 19, height, width), np.float32)
    heatmaps[0, nose, 20, 40] = heatmaps[0, neck, 30, 40] = 0.9
    heatmaps[0, neck, 20, 50] = 0.2
    pafs = np.zeros((1, 38, height, width), np.float32)
    sign = 1 if limb.start == nose else -1
    pafs[0, limb.paf_y, 21:31, 39:42] = 0.7 * sign
    pafs[0, limb.paf_x, 19:22, 40:51] = 0.8 * sign
    spec = replace(SPEC, limb_order=said, score_calibration=calibration)
    params = {'min_parts': 2, 'min_score': 0.0, **asked}
    with PoseEstimator(spec, FakeEngine(lambda _: (heatmaps, pafs), spec), params) as estimator:
        (person,) = estimator(grey(size)).keypoints
    assert person[neck, 2] == np.float32(0.9 if meant == 'peaks' else 0.2)


def test_the_first_frame_after_warming_up_allocates_no_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size, made = (1280, 720), []
    room = parse.Room
    monkeypatch.setattr(parse, 'Room', lambda *args: made.append(args) or room(*args))
    spec = replace(SPEC, limb_order='peaks', score_calibration=ScoreCalibration(11.0, -6.0))
    with PoseEstimator(spec, dim(5, size)) as estimator:
        estimator.warm_up(size)
        made.clear()
        estimator(grey(size))
    assert not made


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


def test_what_is_no_estimate_is_refused_in_one_line() -> None:
    estimator = estimator_of(people_on((640, 480), 1, COCO), (640, 480))
    with pytest.raises(ParameterError, match='an estimate is a NoneType, but must be what'):
        estimator.parse_again(None)  # type: ignore[arg-type]


def test_an_estimate_of_another_decoder_is_refused() -> None:
    names = ('human-pose-estimation-0001', 'posenet-mobilenet-v1-075')
    one, other = (PoseEstimator.from_model(name, backend='fake') for name in names)
    for mine, theirs in ((one, other), (other, one)):
        with pytest.raises(ParameterError, match='the estimate is of another decoder than'):
            mine.parse_again(theirs.estimate(grey((64, 48))))


def test_kept_maps_are_parsed_again_without_the_network() -> None:
    size = (640, 480)
    estimator = estimator_of(people_on(size, 3, COCO), size)
    first = estimator.estimate(grey(size))
    estimator.engine.close()  # so that it could not run
    estimator.params = replace(estimator.params, max_people=2)
    again = estimator.parse_again(first)
    assert np.array_equal(again.people.keypoints, first.people.keypoints[:2], equal_nan=True)
    assert again.maps is first.maps
    assert again.times['infer'] == first.times['infer']
    assert len(first.people) == 3


def test_maps_of_several_views_are_parsed_again_with_as_much_room() -> None:
    with PoseEstimator.from_model(
        backend='fake', augmentation=AugmentationParams(tiles=True)
    ) as estimator:
        first = estimator.estimate(grey((2000, 1200)))
        assert first.growth > 1
        again = estimator.parse_again(first)
    assert np.array_equal(again.people.keypoints, first.people.keypoints, equal_nan=True)


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


def test_estimator_of_nothing_is_the_default_one() -> None:
    with PoseEstimator() as plain, PoseEstimator.from_model() as named:
        assert plain.spec == named.spec
        assert plain.engine.name == named.engine.name
        assert plain.net_resolution == named.net_resolution
        assert plain.params == named.params
        assert plain.spec.name in repr(plain)
        assert f'in {plain.engine.precision} with {plain.engine.description}' in repr(plain)


def test_estimator_closes_what_it_opened_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    monkeypatch.setattr(FakeEngine, 'close', lambda engine: closed.append(engine))
    monkeypatch.setattr(
        'openpose_ros.estimator.open_engine', lambda model, **_: open_engine(model, backend='fake')
    )
    with pytest.raises(ParameterError, match=r'min_parts is 19, .* coco_18 has 18 keypoints'):
        PoseEstimator(params=PafParams(min_parts=19))
    assert len(closed) == 1


def test_estimator_refuses_more_keypoints_than_the_skeleton_has() -> None:
    params = PafParams(min_parts=19)
    with pytest.raises(ParameterError, match=r'min_parts is 19, .* coco_18 has 18 keypoints'):
        PoseEstimator.from_model(backend='fake', params=params)
    estimator = PoseEstimator.from_model(backend='fake')
    with pytest.raises(ParameterError, match=r'min_parts is 19, .* coco_18 has 18 keypoints'):
        estimator.params = params
    assert estimator.params.min_parts == 3


@pytest.mark.parametrize('kind', [str, Path])
def test_estimator_takes_the_file_of_a_picture(tmp_path: Path, kind: type) -> None:
    frame = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    path = tmp_path / 'photo.png'
    cv2.imwrite(str(path), frame)
    estimator = PoseEstimator.from_model(backend='fake')
    found = estimator.estimate(kind(path))
    np.testing.assert_array_equal(found.frame, frame)
    np.testing.assert_array_equal(estimator(kind(path)).keypoints, estimator(frame).keypoints)
    with pytest.raises(FrameError, match=r'cannot read .*nothing'):
        estimator(kind(tmp_path / 'nothing.png'))


def test_what_is_odd_about_a_picture_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = cv2.imencode('.jpg', np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
    path = tmp_path / 'photo.jpg'
    estimator = PoseEstimator.from_model(backend='fake')
    path.write_bytes(whole)
    estimator(path)
    assert not caplog.messages
    path.write_bytes(whole[:-2])
    estimator(path)
    noise = np.random.default_rng(2).integers(0, 255, (48, 64, 3), np.uint8)
    cut = cv2.imencode('.jpg', noise)[1].tobytes()
    path.write_bytes(cut[: len(cut) // 2])
    estimator(path)
    assert len(caplog.messages) == 2
    assert all(line.startswith(f'{path} ') for line in caplog.messages)


def test_a_path_may_be_bytes_in_what_has_one(tmp_path: Path) -> None:
    class Named:
        def __fspath__(self) -> bytes:
            return os.fsencode(path)

    path = tmp_path / 'photo.png'
    cv2.imwrite(str(path), np.full((48, 64, 3), 90, np.uint8))
    assert len(PoseEstimator.from_model(backend='fake')(Named())) > 0  # type: ignore[arg-type]


@pytest.mark.parametrize('given', [None, {'flip': True}])
def test_augmentation_of_another_type_is_refused(given: Any) -> None:
    estimator = PoseEstimator.from_model(backend='fake')
    with pytest.raises(ParameterError, match=r'augmentation is a .*must be AugmentationParams'):
        estimator.augmentation = given


def noise(count: int) -> list[Array]:
    """Return frames in each of which a network finds something else."""
    photo = cv2.imread(str(ROOT / 'openpose_ros/cli/data/crew.jpg'))
    return [np.ascontiguousarray(np.roll(photo, 40 * place, axis=1)) for place in range(count)]


@pytest.mark.parametrize('backend', ['onnxruntime', 'openvino'])
def test_threads_get_the_results_of_one(backend: str) -> None:
    if backend == 'openvino':
        pytest.importorskip('openvino')
    frames = noise(4)
    with PoseEstimator.from_model(backend=backend) as estimator:
        alone = [estimator(frame).keypoints for frame in frames]
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(estimator, frames * 8))
    for index, people in enumerate(found):
        np.testing.assert_array_equal(people.keypoints, alone[index % len(frames)])


def test_closing_waits_for_the_frame_in_hand() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def handler(batch: Array) -> tuple[Array, Array]:
        begun.set()
        assert may_end.wait(20)
        return np.zeros((1, 19, 46, 82)), np.zeros((1, 38, 46, 82))

    estimator = PoseEstimator(SPEC, FakeEngine(handler, SPEC))
    with ThreadPoolExecutor(2) as pool:
        found = pool.submit(estimator, grey((640, 480)))
        assert begun.wait(20)
        closing = pool.submit(estimator.close)
        may_end.set()
        assert len(found.result()) == 0
        closing.result()


@pytest.mark.parametrize('backend', ['fake', 'onnxruntime', 'openvino', 'auto'])
def test_pickled_estimator_finds_the_same_in_another_process(backend: str, tmp_path: Path) -> None:
    if backend == 'openvino':
        pytest.importorskip('openvino')
    path = ROOT / 'openpose_ros/cli/data/crew.jpg'
    params = PafParams(max_people=2)
    kept = tmp_path / 'estimator.pickle'
    with PoseEstimator.from_model(
        backend=backend, net_resolution=(256, 192), params=params, threads=1
    ) as estimator:
        kept.write_bytes(pickle.dumps(estimator))
        here = estimator(path)
        facts = estimator.description, estimator.net_resolution
    program = (
        'import pickle, sys\n'
        'with pickle.load(open(sys.argv[1], "rb")) as estimator:\n'
        '    print(repr((estimator.description, estimator.net_resolution)))\n'
        '    print(estimator(sys.argv[2]).to_dict())'
    )
    run = subprocess.run(
        [sys.executable, '-c', program, str(kept), str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.stdout.splitlines() == [repr(facts), str(here.to_dict())], run.stderr


def test_estimator_whose_engine_cannot_be_opened_again_is_not_pickled() -> None:
    estimator = estimator_of(np.zeros((0, 18, 3)), (640, 480))
    with pytest.raises((pickle.PicklingError, AttributeError), match='handler'):
        pickle.dumps(estimator)


def test_notebook_shows_the_people_on_their_frame() -> None:
    size = (640, 480)
    estimator = estimator_of(people_on(size, 2, COCO), size)
    frame = grey(size)
    found = estimator.estimate(frame)
    shown = cv2.imdecode(np.frombuffer(found._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown, draw_people(grey(size), found.people))
    assert (frame == 128).all()
    assert repr(found).startswith('<Estimate: <People: 2 people, skeleton coco_18, ')
    assert '\n' not in repr(found)
    assert '640x480' in repr(found)


def test_notebook_shows_a_frame_of_one_row() -> None:
    found = PoseEstimator.from_model(backend='fake').estimate(np.zeros((1, 5000, 3), np.uint8))
    shown = cv2.imdecode(np.frombuffer(found._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (1, 1024, 3)


def test_net_resolution_may_be_replaced_by_what_the_model_takes() -> None:
    estimator = PoseEstimator.from_model('openpose-ros-small', backend='fake')
    own = estimator.net_resolution
    estimator.net_resolution = (128, 64)
    assert estimator.estimate(grey((64, 32))).maps.heatmaps.shape[2:] == (8, 16)
    for size in ('128x64', (127, 64), (-1, -1)):
        with pytest.raises(ParameterError, match='net_resolution is '):
            estimator.net_resolution = size  # type: ignore[assignment]
    assert estimator.net_resolution == (128, 64)
    estimator.net_resolution = None  # type: ignore[assignment]
    assert estimator.net_resolution == own


def test_warm_up_for_what_is_no_size_is_told() -> None:
    estimator = PoseEstimator.from_model('openpose-ros-small', backend='fake')
    for size in ((640,), None, '640x480', (-1, 480), (640.0, 480.0)):
        with pytest.raises(ParameterError, match=r'source_size is .*, but must be \(width, h'):
            estimator.warm_up(size)  # type: ignore[arg-type]


def test_what_is_no_engine_is_told_at_once() -> None:
    for engine in ('onnxruntime', PafParams()):
        with pytest.raises(
            ParameterError, match=r'the engine is a \w+, but must be what open_engi'
        ):
            PoseEstimator('openpose-ros-small', engine)  # type: ignore[arg-type]


def test_engine_of_another_model_is_told_at_once() -> None:
    engine = open_engine('openpose-ros-small', backend='fake')
    told = "is 'openpose-ros-base', but the engine runs 'openpose-ros-small'; name none"
    with pytest.raises(ParameterError, match=told):
        PoseEstimator('openpose-ros-base', engine)
    assert PoseEstimator('openpose-ros-small', engine).spec.name == 'openpose-ros-small'


def test_what_are_no_part_params_is_told_at_once() -> None:
    for params in (None, {'max_crops': 3}):
        with pytest.raises(ParameterError, match=r'part_params are a \w+, but must be PartParams'):
            PoseEstimator.from_model(backend='fake', part_params=params)  # type: ignore[arg-type]


def test_notebook_shows_large_frames_smaller() -> None:
    size = (2048, 1200)
    found = estimator_of(people_on(size, 1, COCO), size).estimate(grey(size))
    for shown in (found, replace(found, frame=None)):
        picture = cv2.imdecode(np.frombuffer(shown._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (600, 1024, 3)
        assert picture.std() > 0


def test_warm_up_parses_people() -> None:
    parsed = []
    estimator = estimator_of(np.zeros((0, 18, 3)), (640, 480))
    parse = estimator._parse
    estimator._parse = lambda *given: parsed.append(parse(*given)) or parsed[-1]
    estimator.warm_up()
    assert [len(people) for people in parsed] == [0, 2]


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


POSENET = 'posenet-mobilenet-v1-075'


def test_manifest_names_the_decoder() -> None:
    with PoseEstimator.from_model(POSENET, backend='fake', net_resolution=(641, 481)) as estimator:
        assert estimator.params == PoseNetParams()
        estimate = estimator.estimate(grey((640, 480)))
        people = estimate.people
        assert len(people) == 3
        assert people.skeleton.name == 'coco_17'
        # Offsets are pixels of the input, and a cell is 16 of them.
        drawn = scatter_people(3, people.skeleton, (31, 41))
        drawn[..., :2] = estimate.placement.to_source(drawn[..., :2])
        np.testing.assert_allclose(
            in_order(people.keypoints)[..., :2], in_order(drawn)[..., :2], atol=0.1
        )
        estimator.params = PoseNetParams(max_poses=1)
        assert len(estimator(grey((640, 480)))) == 1


@pytest.mark.parametrize(
    ('model', 'params', 'says'),
    [
        (POSENET, PafParams(), 'pass PoseNetParams'),
        (None, PoseNetParams(), 'pass PafParams'),
        (POSENET, {'nms_window': 5}, 'nms_window is a parameter of another decoder'),
        (None, {'nms_radius': 30}, 'nms_radius is a parameter of another decoder'),
        (None, {'nms_windw': 5}, "the nearest is 'nms_window'"),
        (POSENET, {'max_poses': 0}, 'max_poses is 0'),
        (POSENET, 5, 'params are int'),
    ],
)
def test_params_of_another_decoder_are_refused(model: str | None, params: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        PoseEstimator.from_model(model, backend='fake', params=params)
    with PoseEstimator.from_model(model, backend='fake') as estimator:
        before = estimator.params
        with pytest.raises(ParameterError, match=says):
            estimator.params = params
        assert estimator.params is before


def test_params_may_be_names_and_values() -> None:
    params = {'nms_radius': 30, 'single_person': True}
    with PoseEstimator.from_model(POSENET, backend='fake', params=params) as estimator:
        assert estimator.params == PoseNetParams(nms_radius=30, single_person=True)
        assert len(estimator(grey((640, 480)))) == 1


def test_poses_of_pictures_are_those_of_the_reference(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded on the same maps; another version of ONNX Runtime may round otherwise."""
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    annotations = read_annotations(shared / 'images' / ANNOTATIONS)
    jobs = picture_jobs(shared / 'images', annotations)
    recorded = read_recorded('pictures')
    assert len(jobs) == len(recorded) == 40
    for (job, _), expected in zip(jobs, recorded):
        pixels, score = differences(decode(job), expected)
        assert pixels <= 0.05
        assert score <= 1e-4
