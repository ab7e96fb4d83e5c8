"""Frames with hands and faces as dots, bodies around them, and networks that see the dots."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from openpose_ros import load_skeleton
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps
from openpose_ros.models import InputSpec, ModelSpec
from openpose_ros.placement import place_frame

Array = npt.NDArray[Any]
COCO = load_skeleton('coco_18')
RAW = InputSpec(colour='BGR', mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0))
SIDE = 184  # of the crop that the networks of the parts take
_GREEN = 3  # from one keypoint's dot to the next


def spec_of(skeleton: str, decoder: str, size: tuple[int, int]) -> ModelSpec:
    return ModelSpec(
        name=f'drawn-{skeleton}',
        file='drawn.onnx',
        sha256='0' * 64,
        skeleton=load_skeleton(skeleton),
        decoder=decoder,
        input=RAW,
        net_resolution=size,
    )


def part_engine(skeleton: str, delay_s: float = 0.0) -> FakeEngine:
    """Return a network that sees the dots of a part, and nothing else."""
    spec = spec_of(skeleton, 'heatmaps', (SIDE, SIDE))
    count = spec.skeleton.num_keypoints

    def see(batch: Array) -> tuple[Array]:
        maps = []
        for _, green, red in batch:
            flat = np.ones(green.shape, bool)  # not at the edge of a dot, where colours mix
            for plane in (green, red):
                flat &= cv2.morphologyEx(plane, cv2.MORPH_GRADIENT, np.ones((3, 3))) < 1
            mine = flat & (np.abs(red - _red_of(skeleton)) < 2)
            points = np.full((1, count, 2), np.nan)
            for keypoint in range(count):
                y, x = np.nonzero(mine & (np.abs(green - _GREEN * (keypoint + 1)) < 1))
                if len(x):
                    points[0, keypoint] = x.mean(), y.mean()
            cells = SIDE // 8
            heatmaps, _ = render_maps((points - 3.5) / 8, spec.skeleton, (cells, cells))
            maps.append(heatmaps)
        return (np.stack(maps),)

    return FakeEngine(see, spec, delay_s=delay_s)


def body_engine(people: Array, size: tuple[int, int]) -> FakeEngine:
    """Return a network that sees these people (N, 18, 3) in frames of that size."""
    spec = spec_of('coco_18', 'paf', (656, 368))

    def see(batch: Array) -> tuple[Array, Array]:
        placement = place_frame(size, batch.shape[:1:-1], multiple=8, stride=8)
        cells = people.copy()
        cells[..., :2] = placement.to_cells(cells[..., :2])
        height, width = (side // 8 for side in batch.shape[2:])
        heatmaps, pafs = render_maps(cells, COCO, (height, width))
        return heatmaps[np.newaxis], pafs[np.newaxis]

    return FakeEngine(see, spec)


def paint(frame: Array, skeleton: str, points: Array, radius: int) -> None:
    """Draw a dot for each keypoint (K, 2)."""
    for keypoint, (x, y) in enumerate(points):
        colour = (0, _GREEN * (keypoint + 1), _red_of(skeleton))
        left, top = round(float(x)) - radius, round(float(y)) - radius
        rows = slice(max(0, top), max(0, top + 2 * radius + 1))
        frame[rows, max(0, left) : max(0, left + 2 * radius + 1)] = colour


def spread(square: Array, count: int) -> Array:
    """Return points (count, 2) on a grid inside of a square, none at its edge."""
    columns = int(np.ceil(np.sqrt(count)))
    rows, places = divmod(np.arange(count), columns)
    share = np.stack([places, rows], axis=1)
    return np.asarray(square[:2] + square[2] * (0.12 + 0.76 * share / (columns - 1)))


def _red_of(skeleton: str) -> int:
    return 250 if skeleton == 'hand_21' else 200
