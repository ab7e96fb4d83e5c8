"""Augmentation through the estimator: what is shown is what comes back, in pixels of the frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros import PoseEstimator, load_skeleton
from openpose_ros.augmentation import AugmentationParams
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import ParameterError
from openpose_ros.models import InputSpec, ModelSpec
from openpose_ros.parsing import PafParams

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_18')
SPEC = ModelSpec(
    name='drawn',
    file='drawn.onnx',
    sha256='0' * 64,
    skeleton=COCO,
    input=InputSpec(colour='BGR', mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0)),
    net_resolution=(256, 192),
)
WALKER = Path(__file__).parents[2] / 'docs/photos/walker.jpg'
_DOT = 5  # half a side, pixels
_APART = range(1, 14)  # keypoints whose dots do not lie on each other: all but those of the face


def paint(people: Array, size: tuple[int, int]) -> Array:
    """
    Draw a dot for each keypoint, whose green says the keypoint, and whose red the person.

    Blue rises to the right, so that a mirrored frame can be told.
    """
    width, height = size
    frame = np.zeros((height, width, 3), np.uint8)
    frame[..., 0] = np.linspace(0, 255, width)
    for number, person in enumerate(people):
        for keypoint in _APART:
            x, y = person[keypoint, :2]
            left, top = round(x) - _DOT, round(y) - _DOT
            dot = frame[top : top + 2 * _DOT + 1, left : left + 2 * _DOT + 1]
            dot[..., 1:] = 10 * (keypoint + 1), 30 * (number + 1)
    return frame


def see(batch: Array) -> tuple[Array, Array]:
    """Do what a network does: return the maps of what is drawn, and only of that."""
    blue, green, red = batch[0]
    flat = np.ones(green.shape, bool)  # not at the edge of a dot, where colours mix
    for plane in (green, red):
        flat &= cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) < 1
    mirrored = blue[:, :8].mean() > blue[:, -8:].mean()
    people = np.full((7, COCO.num_keypoints, 2), np.nan)
    for number in range(7):
        mine = flat & (np.abs(red - 30 * (number + 1)) < 2)
        for keypoint in _APART:
            y, x = np.nonzero(mine & (np.abs(green - 10 * (keypoint + 1)) < 2))
            if len(x):
                name = COCO.mirror[keypoint] if mirrored else keypoint
                people[number, name] = x.mean(), y.mean()
    height, width = (side // 8 for side in batch.shape[2:])
    heatmaps, pafs = render_maps((people - 3.5) / 8, COCO, (height, width))
    return heatmaps[np.newaxis], pafs[np.newaxis]


def estimator(**augmentation: Any) -> PoseEstimator:
    return PoseEstimator(
        SPEC, FakeEngine(see, SPEC), augmentation=AugmentationParams(**augmentation)
    )


def check(found: Array, people: Array, within: float) -> None:
    assert len(found) == len(people)
    for person in people:
        distances = np.linalg.norm(found[..., :2] - person[:, :2], axis=2)[:, _APART]
        assert np.nanmax(distances, axis=1).min() < within


@pytest.mark.parametrize(
    'augmentation',
    [
        {},
        {'flip': True},
        {'scale_number': 2},
        {'scale_number': 2, 'scale_gap': 0.4, 'flip': True},
    ],
    ids=str,
)
def test_people_of_all_views_are_where_they_were_drawn(augmentation: dict[str, Any]) -> None:
    people = scatter_people(2, COCO, (42, 58), seed=5)
    people[..., :2] = 8 * people[..., :2] + 12
    frame = paint(people, (512, 384))
    estimate = estimator(**augmentation).estimate(frame)
    check(estimate.people.keypoints, people, 4.0)
    stages = ['preprocess', 'infer', *(['merge'] if augmentation else []), 'parse']
    assert list(estimate.times) == stages


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('size', [(1000, 700), (256, 700), (1001, 333)])
def test_nobody_is_cut_by_tiles_or_found_twice(size: tuple[int, int], flip: bool) -> None:
    """People of half a tile's height, wherever they stand; the whole view sees too little."""
    width, height = size
    columns, rows = max(1, (width - 140) // 250), max(1, (height - 140) // 200)
    people = scatter_people(min(6, columns * rows), COCO, (42, 58), seed=2)
    spread = people[..., :2] - people[..., :2].mean(axis=1, keepdims=True)
    spread *= 60 / np.abs(spread).max(axis=(1, 2), keepdims=True)
    random = np.random.default_rng(3)
    for number in range(len(people)):
        row, column = divmod(number, columns)
        centre = 70 + column * 250 + random.integers(0, 50), 70 + row * 200 + random.integers(0, 9)
        people[number, :, :2] = spread[number] + centre
    frame = paint(people, size)
    estimate = estimator(tiles=True, flip=flip).estimate(frame)
    check(estimate.people.keypoints, people, 4.0)
    assert estimate.placement.scaled_size == size


def test_room_for_peaks_grows_with_the_maps() -> None:
    people = scatter_people(6, COCO, (42, 58), seed=5)
    people[..., :2] = 16 * people[..., :2] + 40
    frame = paint(people, (1056, 800))
    little = PafParams(max_peaks=1)
    with PoseEstimator(SPEC, FakeEngine(see, SPEC), little, (1056, 800)) as one:
        assert one(frame).overflow > 0
    with PoseEstimator(
        SPEC, FakeEngine(see, SPEC), little, augmentation=AugmentationParams(tiles=True)
    ) as tiled:
        assert tiled(frame).overflow == 0
        assert tiled.params == little


def test_views_are_told_as_they_are_done() -> None:
    told: list[tuple[int, int]] = []
    with estimator(tiles=True) as finder:
        finder.on_view = lambda done, total: told.append((done, total))
        finder.estimate(np.zeros((700, 1000, 3), np.uint8))
    total = told[0][1]
    assert total > 10
    assert told == [(done, total) for done in range(1, total + 1)]


def test_augmentation_changes_between_frames_or_is_refused_whole() -> None:
    people = scatter_people(1, COCO, (42, 58), seed=5)
    people[..., :2] = 8 * people[..., :2] + 12
    frame = paint(people, (512, 384))
    with estimator() as finder:
        assert 'merge' not in finder.estimate(frame).times
        finder.augmentation = AugmentationParams(flip=True)
        assert 'merge' in finder.estimate(frame).times
        before = finder.augmentation
        with pytest.raises(ParameterError, match='scale_number'):
            finder.augmentation = AugmentationParams(scale_number=8)
        assert finder.augmentation is before


def test_the_network_in_the_box_finds_small_people_by_tiles() -> None:
    """Walkers of an eighth of the frame's height, two of them across the borders of tiles."""
    walker = cv2.imread(str(WALKER))[40:350, 290:487]
    walker = cv2.resize(walker, None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
    height, width = walker.shape[:2]
    frame = np.full((900, 1300, 3), 140, np.uint8)
    places = [(210, 40), (600, 100), (1000, 200), (200, 500), (560, 600), (1100, 640)]
    for x, y in places:
        frame[y : y + height, x : x + width] = walker
    with PoseEstimator.from_model(
        net_resolution=(256, 256),
        params=PafParams(min_score=0.4),  # an arm apart from its walker has less
        augmentation=AugmentationParams(tiles=True),
    ) as finder:
        found = finder(frame)
        finder.augmentation = AugmentationParams()
        assert len(finder(frame)) <= 1
    centres = np.array([(x + width / 2, y + height / 2) for x, y in places])
    middles = np.nanmean(found.keypoints[..., :2], axis=1)
    nearest = np.linalg.norm(centres - middles[:, np.newaxis], axis=2)
    assert sorted(nearest.argmin(axis=1)) == list(range(6))
    assert nearest.min(axis=1).max() < 40
