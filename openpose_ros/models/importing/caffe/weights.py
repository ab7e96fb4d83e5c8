"""
The weights of a .caffemodel: a NetParameter, of which only names and blobs are read.

The numbers of the fields are those of src/caffe/proto/caffe.proto of BVLC/caffe at 9b89154.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.models.importing.limits import check_nodes, check_shape, check_tensors
from openpose_ros.models.importing.protobuf import Message

LAYER, LAYERS = 100, 2  # of NetParameter: the new form and the old one
_NAME_AND_BLOBS = {LAYER: (1, 7), LAYERS: (4, 6)}
_SHAPE, _DATA, _DOUBLE_DATA = 7, 5, 8  # of BlobProto
_OLD_SHAPE = (1, 2, 3, 4)  # num, channels, height, width
_DIM = 1  # of BlobShape


def read_weights(content: bytes) -> dict[str, list[npt.NDArray[np.float32]]]:
    """
    Read the blobs of each layer that has some.

    Parameters
    ----------
    content : bytes
        Of the .caffemodel.

    Returns
    -------
    dict of str to list of float32 arrays
        By the name of the layer; those that are for training only have no blobs.

    Raises
    ------
    ValueError
        If it is no such file, or larger than the limits allow.

    """
    net = Message(content)
    found: dict[str, list[npt.NDArray[np.float32]]] = {}
    layers = tensors = 0
    for form, (name_field, blobs_field) in _NAME_AND_BLOBS.items():
        for layer in net.messages(form):
            layers += 1
            check_nodes(layers)
            if blobs_field not in layer:
                continue
            name = layer.text(name_field)
            blobs = []
            for blob in layer.messages(blobs_field):
                tensors += 1
                check_tensors(tensors)
                blobs.append(_blob(blob, f"a blob of '{name[:80]}'"))
            if name in found:
                raise ValueError(f"two of its layers are called '{name[:80]}'")
            found[name] = blobs
    if not layers:
        raise ValueError('it has no layers')
    return found


def _blob(blob: Message, what: str) -> npt.NDArray[np.float32]:
    values: npt.NDArray[Any] = blob.floats(_DATA)
    if _DOUBLE_DATA in blob:
        values = blob.floats(_DOUBLE_DATA, '<f8')
    shape = [blob.whole(number) for number in _OLD_SHAPE]
    if _SHAPE in blob:
        shape = blob.message(_SHAPE).whole_numbers(_DIM)
    sizes = check_shape(shape, values.nbytes, values.itemsize, what)
    with np.errstate(over='ignore'):  # what float32 cannot hold is refused where it is written
        return values.astype(np.float32, copy=False).reshape(sizes)
