"""Maps of several views on one grid: mirrored, resampled, averaged."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.augmentation.merging import averaged, mirrored, resampled
from openpose_ros.engine import Maps
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.parsing import parse_pafs
from openpose_ros.placement import place_frame
from openpose_ros.skeletons import available_skeletons, load_skeleton

COCO = load_skeleton('coco_18')


@pytest.mark.parametrize('name', available_skeletons())
def test_mirrored_maps_are_those_of_mirrored_people(name: str) -> None:
    """One person, bent and with a part missing, so that nothing is its own mirror image."""
    skeleton = load_skeleton(name)
    (person,) = scatter_people(1, skeleton, (40, 60), seed=3)
    person[skeleton.mirror[2]] = np.nan
    shown = person[list(skeleton.mirror)].copy()
    shown[:, 0] = 59 - shown[:, 0]
    there = Maps(*(plane[np.newaxis] for plane in render_maps([shown], skeleton, (40, 60))))
    here = render_maps([person], skeleton, (40, 60))
    for found, wanted in zip(mirrored(there, skeleton), here):
        np.testing.assert_allclose(found[0], wanted, atol=1e-5)


def test_resampling_keeps_a_slope_and_its_place() -> None:
    """Cubic convolution reproduces straight lines, within the cells that it has."""
    size = (1280, 720)
    coarse, fine = (
        place_frame(size, net, stride=8, multiple=8) for net in ((328, 184), (656, 368))
    )
    y, x = np.mgrid[:23, :41].astype(np.float32)
    places = coarse.to_source(np.stack([x, y], -1))
    maps = Maps(places[np.newaxis, np.newaxis, ..., 0], places[np.newaxis, np.newaxis, ..., 1])
    found = resampled(maps, coarse, fine)
    y, x = np.mgrid[:46, :82].astype(np.float32)
    wanted = fine.to_source(np.stack([x, y], -1))
    inside = slice(4, -4)
    for axis, plane in enumerate(found):
        assert plane.shape == (1, 1, 46, 82)
        assert plane.dtype == np.float32
        np.testing.assert_allclose(
            plane[0, 0, inside, inside], wanted[inside, inside, axis], atol=1e-2
        )


def test_people_seen_at_several_scales_stay_where_they_are() -> None:
    size, nets = (1280, 720), [(656, 368), (496, 280), (328, 184)]
    placements = [place_frame(size, net, stride=8, multiple=8) for net in nets]
    people = scatter_people(4, COCO, (40, 76), seed=1)
    pixels = placements[0].to_source(people[..., :2])
    views = []
    for placement in placements:
        cells = placement.to_cells(pixels)
        width, height = placement.input_size
        maps = render_maps(cells, COCO, (height // 8, width // 8))
        views.append((Maps(*(plane[np.newaxis] for plane in maps)), placement))
    heatmaps, pafs = averaged(views, placements[0])
    found = parse_pafs(heatmaps[0], pafs[0], COCO)
    assert len(found) == 4
    for person in found.keypoints:
        distances = np.linalg.norm(people[..., :2] - person[:, :2], axis=2)
        assert np.nanmax(distances, axis=1).min() < 1.0
    assert views[0][0].heatmaps.max() <= 1.0  # what came in is as it was
