"""From a .caffemodel, perhaps with its .prototxt, to a `Graph`."""

from __future__ import annotations

from pathlib import Path

from openpose_ros.errors import ModelError
from openpose_ros.models.importing.caffe.layers import build
from openpose_ros.models.importing.caffe.prototxt import parse
from openpose_ros.models.importing.caffe.weights import read_weights
from openpose_ros.models.importing.deploy import build_openpose
from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.limits import one_line, read_bytes

_MOST_TEXT = 1 << 22  # bytes of a .prototxt


def read(path: Path, *, prototxt: Path | None = None, stages: int | None = None) -> Graph:
    """
    Read a network.

    Parameters
    ----------
    path : Path
        The .caffemodel.
    prototxt : Path, optional
        Its graph; by default one of OpenPose's own, recognised by the names of the layers.
    stages : int, optional
        Of one of OpenPose's own, how many to keep; by default all that the file has.

    Raises
    ------
    ValueError
        If it cannot be converted.
    ModelError
        If a file cannot be read.

    """
    layers = read_weights(read_bytes(path))
    if prototxt is None:
        return build_openpose(layers, stages, 'give its graph with --prototxt')
    try:
        return build(parse(str(read_bytes(prototxt, _MOST_TEXT), 'utf-8')), layers)
    except ValueError as exc:
        raise ModelError(f'cannot convert {path} by {prototxt}: {one_line(exc)}') from exc
