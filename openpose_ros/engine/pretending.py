"""Synthetic maps of the kind that a model returns, whatever its decoder."""

from __future__ import annotations

import numpy.typing as npt

from openpose_ros.engine.synthetic import FloatArray, render_maps
from openpose_ros.engine.synthetic_posenet import render_posenet_maps
from openpose_ros.models import ModelSpec


def maps_like(
    spec: ModelSpec, people_keypoints: npt.ArrayLike, shape: tuple[int, int]
) -> tuple[FloatArray, ...]:
    """
    Draw what a perfect network of this model's kind would return for these people.

    Parameters
    ----------
    spec : ModelSpec
        Names skeleton, decoder and stride; no file is needed.
    people_keypoints : float (N, K, 2 or 3)
        As `render_maps` takes them.
    shape : (int, int)
        Height and width of the maps, cells.

    Returns
    -------
    tuple of float32 (channels, h, w)
        In the order in which the decoder takes them.

    """
    if spec.decoder == 'posenet':
        return render_posenet_maps(people_keypoints, spec.skeleton, shape, stride=spec.stride)
    maps = render_maps(people_keypoints, spec.skeleton, shape)
    return maps[:1] if spec.decoder == 'heatmaps' else maps
