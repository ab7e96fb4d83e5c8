"""Models: what is known about each network, where its file is, and how to get it."""

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
    'fetch_model',
    'import_model',
    'list_models',
    'load_model',
    'read_onnx_facts',
]
