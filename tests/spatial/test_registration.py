"""Depth of another camera, seen from that of the image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial import Camera, Transform
from openpose_ros.spatial.depth import DepthImage
from openpose_ros.spatial.registration import registered

SKELETON = load_skeleton('coco_18')
COLOUR = Camera(
    (640, 480), (525, 522), (317, 244), 0.0, 'plumb_bob', (-0.12, 0.06, 8e-4, -5e-4, -0.01)
)
DEPTH = Camera((424, 320), (330, 331), (212, 158))
# 6 cm to the right of the colour camera, turned by 2 degrees.
TO_COLOUR = Transform(
    np.array([0.06, 0.002, 0.01]), np.array([0, np.sin(0.0175), 0, np.cos(0.0175)])
)


def people_in(*boxes: tuple[float, float, float, float]) -> People:
    keypoints = np.full((len(boxes), 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for row, (left, top, right, bottom) in zip(keypoints, boxes):
        row[:2] = [[left, top, 1], [right, bottom, 1]]
    return People(keypoints, np.ones(len(boxes), np.float32), SKELETON)


def plane(z: float, camera: Camera = DEPTH) -> np.ndarray[Any, Any]:
    """Return the depth of what stands before the colour camera at z."""
    width, height = camera.size
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    rays = camera.rays(grid)
    turned, shift = TO_COLOUR.turn(rays), TO_COLOUR.translation
    return np.asarray((z - shift[2]) / turned[..., 2], np.float32)


@pytest.mark.parametrize('kind', ['metres', 'millimetres'])
def test_a_wall_is_where_it_is(kind: str) -> None:
    pixels: Any = plane(3.0)
    if kind == 'millimetres':
        pixels = np.rint(pixels * 1000).astype(np.uint16)
    found = registered(
        DepthImage(pixels), DEPTH, COLOUR, TO_COLOUR, people_in((200, 100, 400, 350))
    )
    width, height = found.size
    assert width / height == pytest.approx(640 / 480, rel=0.01)
    scale = width / 640
    inside = found.pixels[int(105 * scale) : int(345 * scale), int(205 * scale) : int(395 * scale)]
    assert np.isnan(inside).mean() < 0.02
    assert np.nanmax(np.abs(inside - 3.0)) < 0.002
    # Only what can fall into the box was looked at.
    assert np.isnan(found.pixels[:, : int(20 * scale)]).all()
    assert np.isnan(found.pixels[:, int(560 * scale) :]).all()


def test_the_nearer_of_two_is_seen() -> None:
    depth = plane(3.0)
    middle = DEPTH.project(TO_COLOUR.inverse().apply(COLOUR.rays([300.0, 220.0]) * 1.5))
    x, y = np.rint(middle).astype(int)
    depth[y - 25 : y + 26, x - 25 : x + 26] = plane(1.5)[y - 25 : y + 26, x - 25 : x + 26]
    people = people_in((200, 100, 400, 350))
    found = registered(DepthImage(depth), DEPTH, COLOUR, TO_COLOUR, people)
    scale = found.size[0] / 640
    row, column = round(220.5 * scale - 0.5), round(300.5 * scale - 0.5)
    assert np.nanmax(np.abs(found.pixels[row - 8 : row + 9, column - 8 : column + 9] - 1.5)) < 0.01


def test_a_box_at_the_rim_and_one_outside() -> None:
    people = people_in((580, 100, 645, 470), (-300, 0, -10, 200))
    found = registered(DepthImage(plane(3.0)), DEPTH, COLOUR, TO_COLOUR, people)
    scale = found.size[0] / 640
    rim = found.pixels[int(120 * scale) : int(440 * scale), int(585 * scale) : int(628 * scale)]
    assert np.isnan(rim).mean() < 0.02


def test_nobody_and_nothing() -> None:
    nobody = registered(DepthImage(plane(3.0)), DEPTH, COLOUR, TO_COLOUR, People.empty(SKELETON))
    assert np.isnan(nobody.pixels).all()
    nothing = DepthImage(np.zeros((320, 424), np.uint16))
    found = registered(nothing, DEPTH, COLOUR, TO_COLOUR, people_in((200, 100, 400, 350)))
    assert np.isnan(found.pixels).all()
