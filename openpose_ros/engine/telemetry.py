"""
ONNX Runtime and OpenVINO as this package imports them: with nothing told to their makers.

What a robot runs is nobody's business, and what tells it does harm besides: threads and processes
that hang or break the child of a fork at its end, warnings on the terminal, files in the home, and
an import that fails for a user without one.
"""

from __future__ import annotations

from importlib import import_module
import os
from typing import Any

from openpose_ros._imports import hidden


def import_onnxruntime() -> Any:
    """
    Import ONNX Runtime without the telemetry that 1.32 starts when it is imported.

    Who sets ORT_DISABLE_TELEMETRY to 0, or imports onnxruntime first, has it.
    """
    os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')
    return import_module('onnxruntime')


def import_openvino() -> Any:
    """
    Import OpenVINO without openvino_telemetry, which tells a web page of each import.

    Who imports either first has it.
    """
    with hidden('openvino_telemetry'):
        return import_module('openvino')
