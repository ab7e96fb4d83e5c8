"""The networks that a dict of PyTorch's tensors can be, by the names of the tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.deploy import build_openpose
from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.torch import lightweight

_ROLES = {'weight': 0, 'bias': 1}
_UNKNOWN = 'expected those of OpenPose or of lightweight-human-pose-estimation.pytorch'


def build(tensors: Mapping[str, npt.NDArray[Any]], stages: int | None) -> Graph:
    """
    Build the network whose tensors these are.

    Parameters
    ----------
    tensors : mapping of str to array
        By the names of a `state_dict`.
    stages : int, optional
        How many to keep; by default all.

    Raises
    ------
    ValueError
        If it is none of those that are known here.

    """
    if lightweight.FIRST in tensors:
        return lightweight.build(tensors, stages)
    return build_openpose(_layers(tensors), stages, _UNKNOWN)


def _layers(tensors: Mapping[str, npt.NDArray[Any]]) -> dict[str, list[npt.NDArray[Any]]]:
    """Return the arrays of each layer, by the last word of its name: `model0.conv1_1`, say."""
    found: dict[str, dict[int, npt.NDArray[Any]]] = {}
    for name, values in tensors.items():
        path, _, role = name.rpartition('.')
        layer = path.rpartition('.')[2]
        parts = found.setdefault(layer, {})
        if (
            role not in _ROLES
            or _ROLES[role] in parts
            or not np.issubdtype(values.dtype, np.floating)
        ):
            raise ValueError(f"its tensor '{name[:80]}' is of no layer of OpenPose's; {_UNKNOWN}")
        parts[_ROLES[role]] = values
    return {layer: [parts[at] for at in sorted(parts)] for layer, parts in found.items()}
