"""People who are drawn are found: all of them, nobody else, and where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.parsing import PafParams, parse_pafs
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton, load_skeleton
from tests.parsing.paf.strategies import JIT, Array

SHAPE = (46, 82) if JIT else (23, 41)
COUNTS = [1, 2, 5, 10, 20, 30, 50] if JIT else [1, 2]
SEEDS = range(5 if JIT else 1)
NOISE = 0.01
IN_PARTS = PafParams(min_score=0.1)  # a part of a body scores less than a whole one
DOG = Path(__file__).parents[2] / 'data/dog.json'


def errors(people: People, drawn: Array) -> Array:
    """Return how far each keypoint is from where it was drawn, cells, people matched to drawn."""
    offsets = people.keypoints[:, np.newaxis, :, :2] - drawn[np.newaxis, :, :, :2]
    distances = np.hypot(*np.moveaxis(offsets, -1, 0))
    matched = linear_sum_assignment(np.nanmedian(distances, axis=2))
    return np.asarray(distances[matched])


def check_truth(skeleton: Skeleton, count: int, seed: int, params: PafParams) -> None:
    drawn = scatter_people(count, skeleton, SHAPE, seed)
    maps = render_maps(drawn, skeleton, SHAPE, noise=NOISE, seed=seed)
    people = parse_pafs(*maps, skeleton, params)
    assert len(people) == count
    distances = errors(people, drawn)
    assert np.nanmedian(distances) <= 0.12
    assert (np.nanmedian(distances, axis=1) <= 0.25).all(), 'one is not who was drawn'
    # Limbs shorter than a cell, of eyes and toes, may lie between the cells of their field.
    assert np.isnan(distances).mean() <= 0.05, 'keypoints are missing'
    assert (distances > 1).mean() <= 0.002, 'keypoints of somebody else'
    assert people.overflow == 0


@pytest.mark.parametrize('matching', ['greedy', 'optimal'])
@pytest.mark.parametrize('count', COUNTS)
def test_as_many_are_found_as_were_drawn_and_where(count, matching):
    for seed in SEEDS:
        check_truth(load_skeleton('coco_18'), count, seed, PafParams(matching=matching))


@pytest.mark.parametrize(
    'name',
    ['body_25', 'mpi_15', 'trt_pose_18', DOG],
    ids=['body_25', 'mpi_15', 'trt_pose_18', 'dog'],
)
@pytest.mark.parametrize('count', [c for c in COUNTS if c <= 20])
def test_every_skeleton_is_found(name, count):
    for seed in SEEDS:
        check_truth(load_skeleton(name), count, seed, PafParams())


@pytest.mark.parametrize('window', [3, 7])
@pytest.mark.parametrize('penalty', [False, True])
def test_people_are_found_whatever_the_options(window, penalty):
    params = PafParams(nms_window=window, length_penalty=penalty)
    for count in COUNTS[:3]:
        check_truth(load_skeleton('coco_18'), count, 0, params)


@pytest.mark.parametrize('single', [False, True])
def test_nobody_is_found_in_empty_noise(single):
    skeleton = load_skeleton('coco_18')
    nobody = np.zeros((0, skeleton.num_keypoints, 3))
    for seed in SEEDS:
        maps = render_maps(nobody, skeleton, SHAPE, noise=NOISE, seed=seed)
        assert len(parse_pafs(*maps, skeleton, PafParams(single_person=single))) == 0


def test_one_person_alone_is_found_without_fields():
    skeleton = load_skeleton('coco_18')
    for seed in SEEDS:
        check_truth(skeleton, 1, seed, PafParams(single_person=True))


def test_people_with_missing_parts_are_found_without_them():
    skeleton = load_skeleton('coco_18')
    drawn = scatter_people(COUNTS[1], skeleton, SHAPE)
    gone = [skeleton.index(name) for name in ('right_ankle', 'left_wrist', 'nose')]
    drawn[0, gone] = np.nan
    people = parse_pafs(*render_maps(drawn, skeleton, SHAPE, noise=NOISE), skeleton)
    missing = np.isnan(people.keypoints[..., 0])
    assert sorted(missing.sum(axis=1).tolist()) == [0] * (COUNTS[1] - 1) + [3]
    assert np.flatnonzero(missing.any(axis=0)).tolist() == sorted(gone)


def without_redundant(skeleton: Skeleton) -> tuple[Skeleton, list[int]]:
    """Return a skeleton of the tree alone, and the channels of the fields that it keeps."""
    kept = [limb for limb in skeleton.limbs if not limb.redundant]
    channels = [channel for limb in kept for channel in (limb.paf_x, limb.paf_y)]
    limbs = (replace(limb, paf_x=2 * i, paf_y=2 * i + 1) for i, limb in enumerate(kept))
    return replace(skeleton, limbs=tuple(limbs)), channels


@pytest.mark.parametrize('name', ['coco_18', 'body_25', 'trt_pose_18'])
@pytest.mark.parametrize('count', [c for c in COUNTS if c <= 20])
def test_redundant_limbs_hold_people_together(name, count):
    """Of a crowd whose necks are hidden, each is in parts; a face stays with its arm."""
    skeleton = load_skeleton(name)
    tree, channels = without_redundant(skeleton)
    for seed in SEEDS:
        drawn = scatter_people(count, skeleton, SHAPE, seed)
        drawn[:, skeleton.index('neck')] = np.nan
        heatmaps, pafs = render_maps(drawn, skeleton, SHAPE, noise=NOISE, seed=seed)
        with_them = parse_pafs(heatmaps, pafs, skeleton, IN_PARTS)
        alone = parse_pafs(heatmaps, np.ascontiguousarray(pafs[channels]), tree, IN_PARTS)
        assert count <= len(with_them) < len(alone)
        # Two parts or three instead of up to five.
        assert len(with_them) <= 3.1 * count
