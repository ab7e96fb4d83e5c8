"""Which output of a network is which, where its file does not say it by this package's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from openpose_ros.models.importing.graph import Graph, Node
from openpose_ros.models.importing.operations import (
    Add,
    Affine,
    Concat,
    Convolution,
    Sigmoid,
    Slice,
)

HEATMAPS, PAFS = 19, 38  # channels for coco_18, the background included
JOINED = HEATMAPS + PAFS
POSENET = ('heatmaps', 'offsets', 'displacement_fwd', 'displacement_bwd')
_POSENET_CHANNELS = {'heatmaps': 17, 'offsets': 34, 'displacement_fwd': 32, 'displacement_bwd': 32}
_POSENET_WORDS = {
    'heatmap': 'heatmaps',
    'offset': 'offsets',
    'displacement_fwd': 'displacement_fwd',
    'displacement_bwd': 'displacement_bwd',
}


def openpose_outputs(
    tensors: Mapping[str, str], nodes: list[Node], channels: Mapping[str, int]
) -> dict[str, str]:
    """
    Find heatmaps and PAFs among the outputs of a network for coco_18.

    Parameters
    ----------
    tensors : mapping of str to str
        The tensor of each output, by the name that the file has for it.
    nodes : list of Node
        Of the network. One tensor of heatmaps and PAFs, in this order as in tf-pose-estimation
        (tf_pose/network_mobilenet_v2.py:82 and estimator.py:339 at 9aaf347), is taken apart here.
    channels : mapping of str to int
        Of each tensor.

    Returns
    -------
    dict of str to str
        The tensor of 'heatmaps' and of 'pafs'; empty where these are other outputs.

    """
    found = {channels[tensor]: tensor for tensor in tensors.values()}
    if len(tensors) == 2 and found.keys() == {HEATMAPS, PAFS}:
        return {'heatmaps': found[HEATMAPS], 'pafs': found[PAFS]}
    if len(tensors) != 1 or JOINED not in found:
        return {}
    joined = found[JOINED]
    made = next(node for node in nodes if node.name == joined)
    if isinstance(made.operation, Concat):
        parts = {channels[name]: name for name in made.inputs}
        if [*parts] == [HEATMAPS, PAFS]:
            nodes.remove(made)
            return {'heatmaps': parts[HEATMAPS], 'pafs': parts[PAFS]}
    cuts = {'heatmaps': Slice(0, HEATMAPS), 'pafs': Slice(HEATMAPS, JOINED)}
    for name, operation in cuts.items():
        nodes.append(Node(f'{joined}~{name}', operation, (joined,)))
    return {name: f'{joined}~{name}' for name in cuts}


def posenet_outputs(
    tensors: Mapping[str, str], nodes: list[Node], channels: Mapping[str, int]
) -> dict[str, str]:
    """
    Find PoseNet's four outputs, and give its heatmaps the sigmoid that they lack.

    TensorFlow.js' PoseNet computes the sigmoid outside of the graph (posenet/src/base_model.ts:73
    of tfjs-models at 18a7342). Names tell the outputs, as MobileNet's and ResNet's come in
    different orders (mobilenet.ts:28, resnet.ts:30); where they do not, the channels do, and that
    the displacement forward comes before the one backward in both.

    Parameters
    ----------
    tensors : mapping of str to str
        The tensor of each output, by the name that the file has for it.
    nodes : list of Node
        Of the network; a sigmoid is added here.
    channels : mapping of str to int
        Of each tensor.

    Returns
    -------
    dict of str to str
        The tensor of each of `POSENET`; empty where these are other outputs.

    """
    found = _named(tensors) or _counted(tensors, channels)
    if {name: channels[tensor] for name, tensor in found.items()} != _POSENET_CHANNELS:
        return {}
    made = {node.name: node.operation for node in nodes}
    if not isinstance(made[found['heatmaps']], Sigmoid):
        name = f'{found["heatmaps"]}~sigmoid'
        nodes.append(Node(name, Sigmoid(), (found['heatmaps'],)))
        found['heatmaps'] = name
    return {name: found[name] for name in POSENET}


def _named(tensors: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, tensor in tensors.items():
        kinds = [kind for word, kind in _POSENET_WORDS.items() if word in name.lower()]
        if len(kinds) != 1 or kinds[0] in found:
            return {}
        found[kinds[0]] = tensor
    return found


def _counted(tensors: Mapping[str, str], channels: Mapping[str, int]) -> dict[str, str]:
    free = [*POSENET]
    found: dict[str, str] = {}
    for tensor in tensors.values():
        fitting = [name for name in free if _POSENET_CHANNELS[name] == channels[tensor]]
        if not fitting:
            return {}
        found[fitting[0]] = tensor
        free.remove(fitting[0])
    return found


def recognised(
    picture: str, nodes: Sequence[Node], tensors: Mapping[str, str], *, openpose: str
) -> Graph:
    """
    Return a network with its outputs named as this package has them.

    Parameters
    ----------
    picture : str
        Name of the input.
    nodes : sequence of Node
        In order.
    tensors : mapping of str to str
        The tensor of each output, by the name that the file has for it.
    openpose : str
        The family that it is of where its outputs are heatmaps and PAFs.

    Raises
    ------
    ValueError
        If it contradicts itself, or its outputs are those of no network that is known here.

    """
    whole = Graph(picture, tuple(nodes), tensors)
    made = [*nodes]
    found = openpose_outputs(tensors, made, whole.channels)
    if found:
        return Graph(picture, tuple(made), found, openpose)
    found = posenet_outputs(tensors, made, whole.channels)
    if found:
        return Graph(picture, tuple(made), found, _posenet_family(picture, nodes))
    counts = [
        f"'{name[:60]}' of {whole.channels[tensor]}" for name, tensor in [*tensors.items()][:6]
    ]
    raise ValueError(
        f'its outputs are {", ".join(counts)} channels; expected heatmaps and PAFs of {HEATMAPS} '
        f"and {PAFS}, or one of {JOINED}, or PoseNet's four of 17, 34, 32 and 32"
    )


def normalises(picture: str, nodes: Iterable[Node]) -> bool:
    """Whether a network itself brings its picture into the range that it was trained on."""
    return any(picture in node.inputs and isinstance(node.operation, Affine) for node in nodes)


def has_depthwise(nodes: Iterable[Node]) -> bool:
    """Whether a network has depthwise convolutions: MobileNet has, VGG and ResNet have none."""
    return any(
        isinstance(node.operation, Convolution) and node.operation.groups > 1 for node in nodes
    )


def _posenet_family(picture: str, nodes: Sequence[Node]) -> str:
    if normalises(picture, nodes):
        return ''  # and nothing says what it expects before that
    if has_depthwise(nodes):
        return 'posenet-mobilenet'
    return 'posenet-resnet' if any(isinstance(node.operation, Add) for node in nodes) else ''
