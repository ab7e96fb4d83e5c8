"""How far maps are from those that another program made."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime

from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.writing import write_graph

ALLOWED = 1e-4  # of the largest value


def maps_of(graph: Graph, picture: Any) -> dict[str, Any]:
    """Return each output (height, width, channels) for a picture (1, height, width, 3)."""
    content = write_graph(graph, name='judged', precision='fp32', metadata={})
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    found = session.run(None, {graph.picture: np.ascontiguousarray(picture.transpose(0, 3, 1, 2))})
    names = [value.name for value in session.get_outputs()]
    return {name: maps[0].transpose(1, 2, 0) for name, maps in zip(names, found)}


def difference(found: Any, expected: Any) -> float:
    """Return the largest difference, as a part of the largest value expected."""
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())
