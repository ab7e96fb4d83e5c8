"""Models: what is known about each network, where its file is, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpose_ros._lazy import lazy_names

if TYPE_CHECKING:
    from openpose_ros.models.calibration import ScoreCalibration
    from openpose_ros.models.default import default_name
    from openpose_ros.models.fetching import fetch_model
    from openpose_ros.models.finding import list_models, load_model
    from openpose_ros.models.importing.importer import import_model
    from openpose_ros.models.onnx_file import OnnxFacts, read_onnx_facts
    from openpose_ros.models.spec import InputSpec, ModelSpec, OutputSpec, PublishedFile

__all__ = [
    'InputSpec',
    'ModelSpec',
    'OnnxFacts',
    'OutputSpec',
    'PublishedFile',
    'ScoreCalibration',
    'default_name',
    'fetch_model',
    'import_model',
    'list_models',
    'load_model',
    'read_onnx_facts',
]

__getattr__ = lazy_names(
    __name__,
    {
        'InputSpec': 'openpose_ros.models.spec',
        'ModelSpec': 'openpose_ros.models.spec',
        'OnnxFacts': 'openpose_ros.models.onnx_file',
        'OutputSpec': 'openpose_ros.models.spec',
        'PublishedFile': 'openpose_ros.models.spec',
        'ScoreCalibration': 'openpose_ros.models.calibration',
        'default_name': 'openpose_ros.models.default',
        'fetch_model': 'openpose_ros.models.fetching',
        'import_model': 'openpose_ros.models.importing.importer',
        'list_models': 'openpose_ros.models.finding',
        'load_model': 'openpose_ros.models.finding',
        'read_onnx_facts': 'openpose_ros.models.onnx_file',
    },
)
