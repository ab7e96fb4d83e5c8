"""
A published ONNX network as a PyTorch module: teacher on a GPU, and source of first weights.

Only the operations of human-pose-estimation-0001 (Open Model Zoo, Apache-2.0) and its like are
known: convolutions, activations, additions and concatenations in one straight graph.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor, nn
import torch.nn.functional as F  # noqa: N812, PyTorch's own name for it

_ELEMENTWISE = {'Add': torch.add, 'Mul': torch.mul}
_ACTIVATIONS = {'Relu': F.relu, 'Elu': F.elu}


class OnnxTeacher(nn.Module):
    """
    Runs an ONNX file's graph node by node; weights are buffers, nothing is trained.

    Parameters
    ----------
    path : Path
        The network.

    Raises
    ------
    ValueError
        If the graph holds an operation that is not known here; it is named.

    """

    def __init__(self, path: Path) -> None:
        import onnx
        from onnx import helper, numpy_helper

        super().__init__()
        graph = onnx.load(str(path)).graph
        for weight in graph.initializer:
            array = torch.from_numpy(numpy_helper.to_array(weight).copy())
            self.register_buffer(_key(weight.name), array)
        self.input = graph.input[0].name
        self.outputs = [output.name for output in graph.output]
        nodes = []
        for node in graph.node:  # weights need not be initializers
            weights = [name for name in node.input if _key(name) in self._buffers]
            if node.op_type == 'Constant':
                value = numpy_helper.to_array(helper.get_attribute_value(node.attribute[0]))
                self.register_buffer(_key(node.output[0]), torch.from_numpy(value.copy()))
            elif node.op_type == 'Identity' and weights:
                self.register_buffer(_key(node.output[0]), self.weight(weights[0]))
            else:
                nodes.append(node)
        known = {'Conv', 'Concat', 'Identity', *_ELEMENTWISE, *_ACTIVATIONS}
        unknown = sorted({node.op_type for node in nodes} - known)
        if unknown:
            raise ValueError(f'{path}: operations {unknown} are not known; known: {sorted(known)}')
        self.nodes = []
        for node in nodes:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == 'Conv' and len(set(attributes['pads'])) != 1:
                raise ValueError(f'{path}: {node.output[0]} has uneven padding')
            self.nodes.append((node.op_type, list(node.input), node.output[0], attributes))
        self._last = {name: n for n, (_, inputs, *_) in enumerate(self.nodes) for name in inputs}

    def weight(self, name: str) -> Tensor:
        """Return the initializer of that ONNX name."""
        return self.get_buffer(_key(name))

    def trace(
        self, images: Tensor, until: str | None = None, *, wanted: Collection[str] | None = None
    ) -> dict[str, Tensor]:
        """
        Compute every value of the graph, or those up to one.

        Parameters
        ----------
        images : float32 (N, 3, H, W)
            BGR, 0 to 255.
        until : str, optional
            The last value that is needed.
        wanted : collection of str, optional
            All but these are let go when nothing needs them any more.

        Returns
        -------
        dict of str to float32 (N, C, h, w)
            By ONNX name.

        """
        values = {self.input: images}

        def value(name: str) -> Tensor:
            return values[name] if name in values else self.weight(name)

        for number, (kind, inputs, output, attributes) in enumerate(self.nodes):
            arguments = [value(name) for name in inputs]
            if kind == 'Conv':
                values[output] = F.conv2d(
                    *arguments,
                    stride=tuple(attributes['strides']),
                    padding=attributes['pads'][0],
                    dilation=tuple(attributes['dilations']),
                    groups=attributes['group'],
                )
            elif kind == 'Concat':
                values[output] = torch.cat(arguments, dim=attributes['axis'])
            elif kind == 'Identity':
                values[output] = arguments[0]
            else:
                function = _ELEMENTWISE.get(kind) or _ACTIVATIONS[kind]
                values[output] = function(*arguments)
            if output == until:
                break
            if wanted is not None:
                for name in set(inputs) - set(wanted):
                    if self._last[name] == number:
                        values.pop(name, None)
        return values

    @torch.no_grad()
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """
        Compute heatmaps and PAFs.

        Parameters
        ----------
        images : float32 (N, 3, H, W)
            BGR, 0 to 255; H and W multiples of 8.

        Returns
        -------
        (float32 (N, 19, H/8, W/8), float32 (N, 38, H/8, W/8))

        """
        values = self.trace(images, wanted=('heatmaps', 'pafs'))
        return values['heatmaps'], values['pafs']


def _key(name: str) -> str:
    return 'onnx_' + name.replace('.', '_').replace('/', '_')
