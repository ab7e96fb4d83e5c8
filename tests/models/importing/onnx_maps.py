"""What an ONNX file makes of a picture, and how far that is from what it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime


def maps_of(path: Path, picture: Any) -> dict[str, Any]:
    """Return each output (channels, height, width) for a picture (1, 3, height, width)."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 2  # say if a graph is odd
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    found = session.run(None, {session.get_inputs()[0].name: picture})
    return {value.name: tensor[0] for value, tensor in zip(session.get_outputs(), found)}


def largest_difference(found: Any, expected: Any) -> float:
    """Return the largest difference as a part of the largest value that is expected."""
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float(np.abs(found - expected).max() / np.abs(expected).max())
