"""Reading a TensorFlow.js model: model.json, with its files of weights beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from openpose_ros.documents import parse_json
from openpose_ros.models.importing.graph import Graph
from openpose_ros.models.importing.keras.config import read_config
from openpose_ros.models.importing.keras.to_graph import to_graph as layers_to_graph
from openpose_ros.models.importing.limits import MOST_JSON, read_bytes
from openpose_ros.models.importing.tensorflow.nodes import unused
from openpose_ros.models.importing.tensorflow.to_graph import to_graph
from openpose_ros.models.importing.tfjs.topology import read_nodes
from openpose_ros.models.importing.tfjs.weights import read_weights, weight_files


def read(path: Path) -> Graph:
    """
    Read a network.

    Parameters
    ----------
    path : Path
        model.json, of a graph model or a layers model.

    Raises
    ------
    ModelError
        If a file cannot be read.
    ValueError
        If they are no such model, or one with operations that are not known here.

    """
    document = _document(path)
    topology, weights = document['modelTopology'], read_weights(document, path.parent)
    if 'node' not in topology:
        return layers_to_graph(read_config(topology), _by_layer(weights))
    nodes = read_nodes(topology, weights)
    return to_graph(nodes, _outputs(document) or unused(nodes))


def other_files(path: Path) -> list[Path]:
    """Return the files that a model is read from beside model.json."""
    return weight_files(_document(path), path.parent)


def _document(path: Path) -> dict[str, Any]:
    document = parse_json(read_bytes(path, MOST_JSON))
    if not isinstance(document, dict) or not isinstance(document.get('modelTopology'), dict):
        raise ValueError('it is no model.json of TensorFlow.js: it has no modelTopology')
    return document


def _by_layer(weights: Mapping[str, npt.NDArray[Any]]) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """Return the weights of each layer, by what Keras calls them: 'conv1_1/kernel' is one."""
    found: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for name, values in weights.items():
        layer, _, part = name.rpartition('/')
        found.setdefault(layer, {})[part] = values
    return found


def _outputs(document: Mapping[str, Any]) -> list[str]:
    """Return the outputs that the signature names; none where there is no signature."""
    for holder in (document, document.get('userDefinedMetadata')):
        signature = holder.get('signature') if isinstance(holder, dict) else None
        outputs = signature.get('outputs') if isinstance(signature, dict) else None
        if isinstance(outputs, dict):
            told = [value.get('name') for value in outputs.values() if isinstance(value, dict)]
            return [name.removesuffix(':0') for name in told if isinstance(name, str)]
    return []
