"""
Writing an ONNX file, node by node.

The same nodes give the same bytes whatever the version of the onnx package: nothing is left to
its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, TensorProto

IR_VERSION, OPSET = 7, 13  # of 2020: every runtime that is still in use reads them
_ELEMENT_TYPES = {
    'float32': TensorProto.FLOAT,
    'float16': TensorProto.FLOAT16,
    'int8': TensorProto.INT8,
    'uint8': TensorProto.UINT8,
    'int32': TensorProto.INT32,
    'int64': TensorProto.INT64,
}
Attribute = int | float | str | Sequence[int]


class OnnxGraph:
    """
    An ONNX graph in the making.

    Parameters
    ----------
    dtype : numpy dtype
        float32 or float16: what floats are stored and computed in. Input and outputs are float32.
    reserved : sequence of str
        Names that no tensor inside gets.

    """

    def __init__(self, name: str, dtype: Any, reserved: Sequence[str]) -> None:
        self._model = onnx.ModelProto(ir_version=IR_VERSION, producer_name='openpose_ros')
        self._model.opset_import.add(domain='', version=OPSET)
        self._graph = self._model.graph
        self._graph.name = name
        self._dtype = np.dtype(dtype)
        self._taken = set(reserved)
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Any] = {}
        self._nodes_of_constants: dict[str, Any] = {}
        self._nodes: dict[str, Any] = {}

    def unique(self, wish: str) -> str:
        """Return a name that no tensor has yet."""
        name, number = wish, 1
        while name in self._taken:
            number += 1
            name = f'{wish}_{number}'
        self._taken.add(name)
        return name

    def node(
        self, operator: str, inputs: Sequence[str], name: str, **attributes: Attribute
    ) -> str:
        """Add a node of one output and return the name of that."""
        node = _node(operator, inputs, self.unique(name), attributes)
        self._nodes[node.name] = node
        return str(node.name)

    def node_of_constants(
        self, operator: str, inputs: Sequence[str], name: str, **attributes: Attribute
    ) -> str:
        """Add a node whose inputs are constants; whatever node came before may use it."""
        node = _node(operator, inputs, self.unique(name), attributes)
        self._nodes_of_constants[node.name] = node
        return str(node.name)

    def add_input(self, node: str, tensor: str) -> None:
        """Give one more input to a node, by its name."""
        self._nodes[node].input.append(tensor)

    def constant(self, values: npt.ArrayLike, name: str) -> str:
        """Add a constant, floats in the graph's type, or find the same one; return its name."""
        array = np.asarray(values)
        if array.dtype.kind == 'f':
            with np.errstate(over='ignore'):  # refused in the next line
                array = array.astype(self._dtype)
            if not np.isfinite(array).all():
                raise ValueError(f'{name} has values that {self._dtype} cannot hold')
        return self.constant_as_it_is(array, name)

    def constant_as_it_is(self, array: npt.NDArray[Any], name: str) -> str:
        """Add a constant whose type does not depend on the graph's, or find the same one."""
        array = array.astype(array.dtype.newbyteorder('<'), copy=False)
        content = array.tobytes()
        key = array.dtype.name, array.shape, hashlib.sha256(content).digest()
        if key not in self._constants:
            tensor = onnx.TensorProto(name=self.unique(name), raw_data=content)
            tensor.dims.extend(array.shape)
            tensor.data_type = _ELEMENT_TYPES[array.dtype.name]
            self._constants[key] = tensor
        return str(self._constants[key].name)

    def set_input(self, node: str, index: int, values: npt.ArrayLike) -> None:
        """Let a node take another constant."""
        given = self._nodes.get(node) or self._nodes_of_constants[node]
        given.input[index] = self.constant(values, f'{given.input[index]}_shared')

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """Add an input; return the tensor to be worked on."""
        _describe(self._graph.input.add(name=name), shape)
        self._taken.add(name)
        if self._dtype == np.float32:
            return name
        return self.node('Cast', [name], f'{name}_half', to=int(TensorProto.FLOAT16))

    def output(self, name: str, tensor: str, shape: Sequence[int | str]) -> None:
        """Add an output."""
        _describe(self._graph.output.add(name=name), shape)
        if self._dtype == np.float32:
            self._nodes[name] = _node('Identity', [tensor], name, {})
        else:
            self._nodes[name] = _node('Cast', [tensor], name, {'to': int(TensorProto.FLOAT)})

    def finish(self, metadata: Mapping[str, str]) -> bytes:
        """
        Return the file.

        Raises
        ------
        ValueError
            If the graph contradicts itself.

        """
        nodes = [*self._nodes_of_constants.values(), *self._nodes.values()]
        used = {name for node in nodes for name in node.input}
        self._graph.node.extend(nodes)
        while self._constants:  # one at a time: weights are never there twice
            tensor = self._constants.pop(next(iter(self._constants)))
            if tensor.name in used:
                self._graph.initializer.append(tensor)
        for key, value in metadata.items():
            self._model.metadata_props.add(key=key, value=value)
        content: bytes = self._model.SerializeToString(deterministic=True)
        self._model.Clear()
        try:
            onnx.checker.check_model(content, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as exc:
            reason = ' '.join(str(exc).split())[:200]
            raise ValueError(f'its shapes do not fit: {reason}') from exc
        return content


def _node(
    operator: str, inputs: Sequence[str], name: str, attributes: Mapping[str, Attribute]
) -> Any:
    node = onnx.NodeProto(op_type=operator, name=name)
    node.input.extend(inputs)
    node.output.append(name)
    for key, value in sorted(attributes.items()):
        _set(node.attribute.add(name=key), value)
    return node


def _describe(value: Any, shape: Sequence[int | str]) -> None:
    tensor = value.type.tensor_type
    tensor.elem_type = TensorProto.FLOAT
    for size in shape:
        if isinstance(size, str):
            tensor.shape.dim.add(dim_param=size)
        else:
            tensor.shape.dim.add(dim_value=size)


def _set(attribute: Any, value: Attribute) -> None:
    if isinstance(value, int):
        attribute.type, attribute.i = AttributeProto.INT, value
    elif isinstance(value, float):
        attribute.type, attribute.f = AttributeProto.FLOAT, value
    elif isinstance(value, str):
        attribute.type, attribute.s = AttributeProto.STRING, value.encode()
    else:
        attribute.type = AttributeProto.INTS
        attribute.ints.extend(value)
