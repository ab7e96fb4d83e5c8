"""Drawing maps: colours lie where the maps say, whatever the placement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.drawing import draw_heatmaps, draw_pafs
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import FrameError, MapsError, SkeletonError
from openpose_ros.placement import place_frame
from openpose_ros.skeletons import load_skeleton

Image = npt.NDArray[Any]
SKELETON = load_skeleton('coco_18')
PLACEMENT = place_frame((640, 480), (656, 368), multiple=8, stride=8)
MAP_SHAPE = (46, 82)


def frame(size: tuple[int, int] = (640, 480)) -> Image:
    return np.full((size[1], size[0], 3), 128, np.uint8)


def disc(image: Image, x: float, y: float) -> Image:
    return image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3].astype(int)


def one_person() -> tuple[Image, Image, Image]:
    """Return a person's keypoints in pixels, heatmaps and PAFs."""
    person = scatter_people(1, SKELETON, MAP_SHAPE, seed=3)
    heatmaps, pafs = render_maps(person, SKELETON, MAP_SHAPE)
    return PLACEMENT.to_source(person[0, :, :2]), heatmaps, pafs


def test_draw_heatmaps_shows_every_keypoint_where_it_is() -> None:
    positions, heatmaps, _ = one_person()
    image = draw_heatmaps(frame(), heatmaps, PLACEMENT, SKELETON)
    for x, y in positions:
        blue, _green, red = disc(image, x, y).mean(axis=(0, 1))
        assert red > 200
        assert blue < 60


def test_draw_heatmaps_leaves_the_background_out() -> None:
    heatmaps = np.zeros((19, *MAP_SHAPE), np.float32)
    heatmaps[18] = 1
    dimmed = draw_heatmaps(frame(), heatmaps[:18], PLACEMENT, SKELETON)
    assert 0 < dimmed.max() < 128
    np.testing.assert_array_equal(draw_heatmaps(frame(), heatmaps, PLACEMENT, SKELETON), dimmed)


def test_draw_heatmaps_of_one_keypoint_shows_no_other() -> None:
    positions, heatmaps, _ = one_person()
    image = draw_heatmaps(frame(), heatmaps, PLACEMENT, SKELETON, keypoint='left_ankle')
    left, right = (positions[SKELETON.index(name)] for name in ('left_ankle', 'left_wrist'))
    assert disc(image, *left)[..., 2].mean() > 200
    assert disc(image, *right)[..., 2].mean() < 100


def test_draw_heatmaps_of_unknown_keypoint_lists_known_ones() -> None:
    with pytest.raises(SkeletonError, match="no keypoint 'toe'; it has nose, neck"):
        draw_heatmaps(frame(), one_person()[1], PLACEMENT, SKELETON, keypoint='toe')


@pytest.mark.parametrize(
    ('angle', 'red', 'green', 'blue'),
    [
        (0, True, False, False),  # to the right: red
        (120, False, True, False),  # downwards to the left: green
        (180, False, True, True),  # to the left: cyan
        (240, False, False, True),  # upwards to the left: blue
    ],
)
def test_draw_pafs_hue_is_the_direction(angle: float, red: bool, green: bool, blue: bool) -> None:
    pafs = np.zeros((38, *MAP_SHAPE), np.float32)
    limb = SKELETON.limbs[3]
    pafs[limb.paf_x], pafs[limb.paf_y] = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    image = draw_pafs(frame(), pafs, PLACEMENT, SKELETON)
    assert [bool(channel > 127) for channel in image[240, 320]] == [blue, green, red]


def test_draw_pafs_strength_is_the_length_of_the_vector() -> None:
    pafs = np.zeros((38, *MAP_SHAPE), np.float32)
    pafs[SKELETON.limbs[0].paf_x] = np.linspace(0, 1, MAP_SHAPE[1])
    red = draw_pafs(frame(), pafs, PLACEMENT, SKELETON)[240, :, 2].astype(int)
    assert (np.diff(red[10:-10]) >= -1).all()
    assert red[-10] - red[10] > 80


def test_draw_pafs_lies_along_the_limbs() -> None:
    positions, _, pafs = one_person()
    image = draw_pafs(frame(), pafs, PLACEMENT, SKELETON)
    assert 0 < image[5, 5].max() < 128  # nobody there: only dimmed
    for name in ('hip', 'knee'):
        here = positions[SKELETON.index(f'right_{name}')]
        below = positions[SKELETON.index('right_knee' if name == 'hip' else 'right_ankle')]
        blue, green, _red = disc(image, *(here + below) / 2).mean(axis=(0, 1))
        assert green > 180  # downwards is a yellow green
        assert blue < 80


def test_draw_pafs_leaves_out_limbs_that_are_not_drawn() -> None:
    pafs = np.zeros((38, *MAP_SHAPE), np.float32)
    for limb in SKELETON.limbs:
        if not limb.drawn:
            pafs[limb.paf_x] = 1
    assert draw_pafs(frame(), pafs, PLACEMENT, SKELETON).max() < 128


DRAWINGS: dict[str, Callable[[Image], Image]] = {
    'heatmaps': lambda image: draw_heatmaps(
        image, np.zeros((19, *MAP_SHAPE), np.float32), PLACEMENT, SKELETON
    ),
    'pafs': lambda image: draw_pafs(
        image, np.zeros((38, *MAP_SHAPE), np.float32), PLACEMENT, SKELETON
    ),
}


@pytest.mark.parametrize('draw', DRAWINGS.values(), ids=DRAWINGS)
def test_drawing_maps_goes_into_the_frame_itself(draw: Callable[[Image], Image]) -> None:
    image = frame()
    assert draw(image) is image


@pytest.mark.parametrize('draw', DRAWINGS.values(), ids=DRAWINGS)
def test_drawing_maps_into_read_only_frame_names_the_way_out(
    draw: Callable[[Image], Image],
) -> None:
    image = frame()
    image.flags.writeable = False
    with pytest.raises(FrameError, match=r'pass frame\.copy\(\)'):
        draw(image)


@pytest.mark.parametrize('draw', DRAWINGS.values(), ids=DRAWINGS)
def test_drawing_maps_on_another_frame_is_an_error(draw: Callable[[Image], Image]) -> None:
    with pytest.raises(FrameError, match='is 320x240, but its maps belong to a frame of 640x480'):
        draw(frame(size=(320, 240)))


@pytest.mark.parametrize(
    'maps', [np.zeros((1, 38, 46, 82), np.float32), np.zeros((9, 46, 82)), None]
)
def test_maps_of_another_form_are_told(maps: Any) -> None:
    for draw in (draw_heatmaps, draw_pafs):
        with pytest.raises(MapsError, match=r'but must be \(\d\d, height, width\) for .* pass'):
            draw(frame(), maps, PLACEMENT, SKELETON)
