"""The models that TensorFlow.js judged: how each is written, and the picture it was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.models.importing.tensorflow.networks import picture as picture_of
from tests.models.importing.tfjs import networks

SHARD = 3000  # bytes: several files of weights, which end within a weight
GRAPHS: dict[str, tuple[Any, dict[str, Any]]] = {
    'mobilenet-8': ((networks.mobilenet, 8), {}),
    'mobilenet-16': ((networks.mobilenet, 16), {'signed': False}),
    'mobilenet-16-uint8': ((networks.mobilenet, 16), {'kind': 'uint8'}),
    'mobilenet-16-uint16': ((networks.mobilenet, 16), {'kind': 'uint16'}),
    'mobilenet-16-float16': ((networks.mobilenet, 16), {'kind': 'float16'}),
    'mobilenet-32': ((networks.mobilenet, 32), {}),
    'resnet-16': ((networks.resnet, 16), {}),
    'resnet-32': ((networks.resnet, 32), {'signed': False}),
}
NAMES = (*GRAPHS, 'layers')


def write(name: str, folder: Path) -> Path:
    """Write a model and return its model.json."""
    if name == 'layers':
        topology, held = networks.layers()
        return networks.write(folder, held, topology, shard=SHARD)
    (make, stride), more = GRAPHS[name]
    return networks.write_graph_model(folder, make(stride), shard=SHARD, **more)


def picture(name: str) -> Any:
    """Return a picture of 16 k + 1 pixels (8 k for layers) in the range that the network has."""
    made = picture_of(*((40, 56) if name == 'layers' else (65, 97)))
    return made / 127.5 - 1
