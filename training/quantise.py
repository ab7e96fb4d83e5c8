"""
An exported network in int8, as QuantizeLinear and DequantizeLinear around float operations.

    python -m training.quantise NETWORK.onnx INT8.onnx PACK… [--share S] [--equalise]
                                [--symmetric OTHER.onnx]

ONNX Runtime's own static quantiser does the work, a scale a channel for weights (int8) and a
scale and zero point a tensor for activations (uint8), which its kernels with VNNI want; int8
activations without a zero point took as long as float32. TensorRT takes nothing else: --symmetric
writes that form of the same file.

On x86 processors without VNNI two products of uint8 and int8 can overflow 16 bits. Counted in
every pointwise convolution on six pictures, that changes 1 of 22,000 values, 1 of 1,500 in the
worst layer.

Ranges are those seen on some hundred pictures of the packs, each at several sizes, away from the
maps' edges: from the smallest value to the largest, or, with --share 0.9999, what that share of
all values lies within. In the corner of a picture,
where all around is padding, networks like to learn values ten times as large as anywhere else
(130 in the first cell, 13 elsewhere); a range that held them would leave the rest a few steps. AP
at 256x256, of a network half trained, was 0.088 in float32, 0.042 with such ranges, 0.089 without
the edge.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
import copy
import itertools
import logging
from pathlib import Path
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from openpose_ros.models import load_model
from openpose_ros.preprocess import preprocess
from training.equalise import equalise
from training.pack import Picture, read_pack

SIZES = ((256, 256), (456, 256), (656, 368))  # width, height
EDGE_CELLS = 3  # at stride 8
PICTURES = 300  # of all packs together, at least as many of each as its part
BINS = 4096
# Counting took several times as long as the network: of larger maps, a ninth of the cells do.
THIN, _LARGE = 3, 18
_SILENT = 4
_log = logging.getLogger(__name__)


class Calibration(Sequence[np.ndarray]):
    """
    A network's inputs, float32 (1, 3, h, w), made when they are asked for.

    Parameters
    ----------
    network : Path
        Its manifest or metadata say how pictures become inputs.
    pictures : sequence of Picture
        Each is shown at every size.
    sizes : sequence of (int, int)
        Widths and heights; a picture keeps its aspect.

    """

    def __init__(
        self, network: Path, pictures: Sequence[Picture], sizes: Sequence[tuple[int, int]] = SIZES
    ) -> None:
        self._spec, self._pictures, self._sizes = load_model(network), pictures, sizes

    def __len__(self) -> int:
        return len(self._pictures) * len(self._sizes)

    def __getitem__(self, index: int) -> np.ndarray:  # type: ignore[override]
        if not 0 <= index < len(self):
            raise IndexError(index)
        picture, size = divmod(index, len(self._sizes))
        pixels = self._pictures[picture].pixels()
        return preprocess(pixels, self._spec, self._sizes[size])[0]


def calibration_batches(
    network: Path,
    packs: Iterable[Path],
    *,
    pictures: int = PICTURES,
    sizes: Sequence[tuple[int, int]] = SIZES,
) -> Calibration:
    """Return the network's inputs of pictures spread over each pack, at every size."""
    packs = list(packs)
    part = -(-pictures // max(1, len(packs)))
    chosen: list[Picture] = []
    for pack in packs:
        count = sum(1 for _ in read_pack(pack))
        wanted = {i * count // part for i in range(part)}
        chosen += [picture for i, picture in enumerate(read_pack(pack)) if i in wanted]
    return Calibration(network, chosen, sizes)


class Spread:
    """
    What values a tensor takes: a histogram whose bins widen as larger ones come.

    Attributes
    ----------
    low, high : float
        The smallest and the largest value, 0 included.

    """

    def __init__(self) -> None:
        self.low = self.high = 0.0
        self._reach = 1e-3
        self._counts = np.zeros(2 * BINS, np.int64)  # from -reach to reach

    def add(self, values: np.ndarray, thin: int = 1, first: int = 0) -> None:
        """
        Count values.

        Parameters
        ----------
        values : float32 array
            Of any shape.
        thin, first : int
            Of the last two axes every `thin`th is counted, from `first` on; the smallest and
            the largest value are those of all.

        """
        if not values.size:
            return
        self.low, self.high = min(self.low, values.min()), max(self.high, values.max())
        if thin > 1:
            values = values[..., first::thin, first::thin]
        while max(-self.low, self.high) > self._reach:  # two bins become one, around 0
            pairs = self._counts.reshape(-1, 2).sum(axis=1)
            self._counts[:] = 0
            self._counts[BINS // 2 : BINS // 2 + BINS] = pairs
            self._reach *= 2
        place = np.floor((values.ravel() / self._reach + 1) * BINS).astype(np.int64)
        self._counts += np.bincount(np.clip(place, 0, 2 * BINS - 1), minlength=2 * BINS)

    def range(self, share: float) -> tuple[float, float]:
        """
        Return the range in which a share of all values lies; as many are below as above.

        Parameters
        ----------
        share : float
            1 for the smallest and the largest value.

        """
        low, high = float(self.low), float(self.high)
        if share >= 1 or not self._counts.any():
            return low, high
        outside = (1 - share) / 2 * self._counts.sum()
        below, above = np.cumsum(self._counts), np.cumsum(self._counts[::-1])
        edges = np.linspace(-self._reach, self._reach, 2 * BINS + 1)
        left = edges[np.searchsorted(below, outside, side='right')]
        right = edges[2 * BINS - np.searchsorted(above, outside, side='right')]
        return min(0.0, max(low, float(left))), max(0.0, min(high, float(right)))


def activation_ranges(
    model: onnx.ModelProto, batches: Iterable[np.ndarray], *, share: float = 1.0
) -> dict[str, tuple[float, float]]:
    """
    Return the range of every tensor's values, away from the edges.

    Parameters
    ----------
    model : ModelProto
        With one input, and maps (1, C, h, w) as its tensors. Not changed.
    batches : iterable of float32 (1, 3, H, W)
        Its inputs.
    share : float
        Of all values the range holds so many; 1 for all.

    """
    model = copy.deepcopy(model)
    names = [name for node in model.graph.node for name in node.output]
    given = {output.name for output in model.graph.output}
    model.graph.output.extend(
        helper.make_empty_tensor_value_info(name) for name in names if name not in given
    )
    options = SessionOptions()
    options.log_severity_level = _SILENT
    session = InferenceSession(
        model.SerializeToString(), options, providers=['CPUExecutionProvider']
    )
    source = session.get_inputs()[0].name
    spreads: dict[str, Spread] = {}
    for number, batch in enumerate(batches):
        for name, value in zip(names, session.run(names, {source: batch}), strict=True):
            if value.ndim == 4:
                edge = EDGE_CELLS * 8 * value.shape[2] // batch.shape[2]
                inner = value[:, :, edge:-edge, edge:-edge]
                thin = THIN if min(inner.shape[2:]) > _LARGE else 1
                spreads.setdefault(name, Spread()).add(inner, thin, number % thin)
    return {name: spread.range(share) for name, spread in spreads.items()}


def quantise(
    source: Path,
    target: Path,
    batches: Sequence[np.ndarray],
    *,
    share: float = 1.0,
    equal: bool = False,
) -> None:
    """
    Write a network in int8, height and width as free as they were.

    Parameters
    ----------
    source : Path
        As `training.export` writes it.
    target : Path
        Overwritten.
    batches : sequence of float32 (1, 3, H, W)
        Inputs to measure the ranges of activations on.
    share : float
        See `activation_ranges`.
    equal : bool
        See `training.equalise`.

    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder, 'prepared.onnx')
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        model = onnx.load(str(prepared))
        for number, node in enumerate(model.graph.node):  # by their names they are left out
            node.name = node.name or f'{node.op_type}_{number}'
        if equal:
            model = equalise(model, batches)
        onnx.save(model, str(prepared))
        overrides = {
            name: [{'rmin': np.float32(low), 'rmax': np.float32(high)}]
            for name, (low, high) in activation_ranges(model, batches, share=share).items()
        }
        operations = [node.op_type for node in model.graph.node]
        quantize_static(
            str(prepared),
            str(target),
            _Reader(model.graph.input[0].name, [batches[0]]),  # for what has no range of its own
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            # The picture as it comes is no int8 without a zero point.
            nodes_to_exclude=[node.name for node in model.graph.node[: operations.index('Conv')]],
            extra_options={'WeightSymmetric': True, 'TensorQuantOverrides': overrides},
        )
    quantised = onnx.load(str(target))
    del quantised.metadata_props[:]
    quantised.metadata_props.extend(onnx.load(str(source)).metadata_props)
    onnx.checker.check_model(quantised, full_check=True)
    onnx.save(quantised, str(target))


class _Reader(CalibrationDataReader):
    """Hands out batches as ONNX Runtime's calibration asks for them."""

    def __init__(self, name: str, batches: Sequence[np.ndarray]) -> None:
        self._left = iter([{name: batch} for batch in batches])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._left, None)


def symmetric(model: onnx.ModelProto) -> onnx.ModelProto:
    """
    Return the form that TensorRT takes: int8 activations whose zero point is 0, float biases.

    Parameters
    ----------
    model : ModelProto
        As `quantise` writes it: uint8 activations. Not changed.

    Returns
    -------
    ModelProto
        Scales cover the same ranges. A ReLU, which a zero point of 0 stands for in uint8, is
        written out again.

    """
    model = copy.deepcopy(model)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    unsigned = TensorProto.UINT8
    nodes, points, floats = [], set(), {}
    for node in model.graph.node:
        if node.op_type in ('QuantizeLinear', 'DequantizeLinear'):
            source, scale, point = node.input
            if constants[point].data_type == TensorProto.INT32:
                steps = numpy_helper.to_array(constants[source])
                floats[node.output[0]] = steps * numpy_helper.to_array(constants[scale])
                continue
            if constants[point].data_type == unsigned:
                points.add((scale, point))
                zero = numpy_helper.to_array(constants[point])
                if node.op_type == 'QuantizeLinear' and not zero and makers.get(source) == 'Conv':
                    node.input[0] = f'{source}_relu'
                    nodes.append(helper.make_node('Relu', [source], [node.input[0]]))
        nodes.append(node)
    for scale, point in points:
        step, zero = (numpy_helper.to_array(constants[name]) for name in (scale, point))
        step = step * np.float32(max(zero, 255 - zero) / 127)
        constants[scale].CopyFrom(numpy_helper.from_array(np.asarray(step, np.float32), scale))
        constants[point].CopyFrom(numpy_helper.from_array(np.zeros_like(zero, np.int8), point))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in floats.items()
    )
    used = set(itertools.chain.from_iterable(node.input for node in nodes))
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('network', type=Path)
    parser.add_argument('output', type=Path)
    parser.add_argument('packs', type=Path, nargs='+', metavar='PACK')
    parser.add_argument(
        '--share', type=float, default=1.0, help='of all values a range holds (default: all)'
    )
    parser.add_argument('--equalise', action='store_true', help='see training/equalise.py')
    parser.add_argument('--symmetric', type=Path, metavar='FILE', help="TensorRT's form as well")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    quantise(
        arguments.network,
        arguments.output,
        calibration_batches(arguments.network, arguments.packs),
        share=arguments.share,
        equal=arguments.equalise,
    )
    _log.info('%s: %d bytes', arguments.output, arguments.output.stat().st_size)
    if arguments.symmetric is not None:
        onnx.save(symmetric(onnx.load(str(arguments.output))), str(arguments.symmetric))


if __name__ == '__main__':
    main()
