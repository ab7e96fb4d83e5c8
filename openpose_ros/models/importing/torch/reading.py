"""From a checkpoint of PyTorch's to a `Graph`."""

from __future__ import annotations

from pathlib import Path

from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.limits import read_bytes
from openpose_ros.models.importing.torch.checkpoints import read_tensors
from openpose_ros.models.importing.torch.networks import build


def read(path: Path, *, stages: int | None = None) -> Graph:
    """
    Read a network.

    Parameters
    ----------
    path : Path
        The .pth.
    stages : int, optional
        How many to keep; by default all.

    Raises
    ------
    ValueError
        If it cannot be converted.
    ModelError
        If the file cannot be read.

    """
    return build(read_tensors(read_bytes(path)), stages)
