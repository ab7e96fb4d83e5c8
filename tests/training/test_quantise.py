"""The int8 network computes what the float one does, at any size, and says so in its metadata."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnxruntime import InferenceSession
import pytest
import torch

from openpose_ros.models import load_model
from training.export import export
from training.network import NetworkConfig, PoseNetwork
from training.pack import make_picture, write_pack
from training.quantise import (
    Spread,
    activation_ranges,
    calibration_batches,
    quantise,
    symmetric,
)

SMALL = NetworkConfig(
    stem=8, trunk=((8, 1), (8, 2), (16, 2)), deep=((16, 2),), neck=16, paf_blocks=(1,)
)
# PyTorch's TorchScript exporter says that another one is to come.
pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::UserWarning'),
]


@pytest.fixture(scope='module')
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a float network and its int8 form, calibrated on noise."""
    folder = tmp_path_factory.mktemp('networks')
    torch.manual_seed(0)
    export(PoseNetwork(SMALL).eval(), folder / 'float.onnx')
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (96, 128, 3)).astype(np.uint8) for _ in range(8)]
    write_pack(folder / 'pack', (make_picture(f'noise/{i}', n) for i, n in enumerate(noise)))
    batches = calibration_batches(folder / 'float.onnx', [folder / 'pack'])
    assert len(batches) == 8 * 3
    assert batches[1].shape == (1, 3, 256, 456)
    quantise(folder / 'float.onnx', folder / 'int8.onnx', batches)
    return folder / 'float.onnx', folder / 'int8.onnx'


def run(model: Path | bytes, height: int, width: int) -> list[np.ndarray]:
    source = model if isinstance(model, bytes) else str(model)
    session = InferenceSession(source, providers=['CPUExecutionProvider'])
    image = np.random.default_rng(1).integers(0, 256, (1, 3, height, width)).astype(np.float32)
    return session.run(['heatmaps', 'pafs'], {'image': image})


def check_close(got: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for ours, theirs in zip(got, expected, strict=True):
        assert ours.shape == theirs.shape
        inner = (..., slice(3, -3), slice(3, -3))
        error = np.abs(ours[inner] - theirs[inner]).mean()
        assert error < 0.1 * theirs[inner].std(), (error, theirs[inner].std())


@pytest.mark.parametrize(('height', 'width'), [(256, 256), (128, 192)])
def test_int8_computes_what_float_does(files, height, width):
    check_close(run(files[1], height, width), run(files[0], height, width))


@pytest.mark.parametrize(('height', 'width'), [(256, 256), (128, 192)])
def test_symmetric_form_computes_what_float_does(files, height, width):
    form = symmetric(onnx.load(str(files[1]))).SerializeToString()
    check_close(run(form, height, width), run(files[0], height, width))


def test_symmetric_form_has_no_zero_points_and_float_biases(files):
    model = symmetric(onnx.load(str(files[1])))
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    linear = [n for n in model.graph.node if n.op_type in ('QuantizeLinear', 'DequantizeLinear')]
    assert linear
    for node in linear:
        assert constants[node.input[2]].dtype == np.int8, node.name
        assert not constants[node.input[2]].any(), node.name
    for node in model.graph.node:
        if node.op_type == 'Conv':
            assert constants[node.input[2]].dtype == np.float32, node.name


def test_every_convolution_is_quantised(files):
    graph = onnx.load(str(files[1])).graph
    made = {name: node.op_type for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type == 'Conv':
            assert [made[name] for name in node.input] == ['DequantizeLinear'] * 3, node.name


def test_int8_file_describes_itself(files):
    spec = load_model(files[1])
    assert (spec.skeleton.name, spec.net_resolution) == ('coco_18', (-1, 256))


def test_ranges_leave_out_the_edge():
    node = onnx.helper.make_node('Relu', ['x'], ['y'])
    sizes = ['n', 1, 'h', 'w']
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sizes) for name in 'xy'
    ]
    graph = onnx.helper.make_graph([node], 'relu', ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid('', 17)])
    model.ir_version = 8
    image = np.zeros((1, 1, 64, 64), np.float32)
    image[0, 0, 0, 0], image[0, 0, 32, 32] = 100, 2
    assert activation_ranges(model, [image]) == {'y': (0, 2)}


def test_spread_share_of_the_values_as_numpys_quantiles():
    rng = np.random.default_rng(0)
    values = [rng.normal(0.5, scale, 50_000).astype(np.float32) for scale in (0.01, 1, 3)]
    spread = Spread()
    for part in values:
        spread.add(part)
    everything = np.concatenate(values)
    assert spread.range(1.0) == (everything.min(), everything.max())
    low, high = spread.range(0.99)
    expected = np.quantile(everything, (0.005, 0.995))
    np.testing.assert_allclose((low, high), expected, atol=0.02)


def test_spread_thinned_has_all_extremes_and_the_same_quantiles():
    values = np.random.default_rng(0).normal(0, 1, (1, 4, 300, 300)).astype(np.float32)
    values[0, 0, 1, 1] = 50  # not counted
    spread = Spread()
    for first in range(3):
        spread.add(values, 3, first)
        assert spread._counts.sum() == (first + 1) * 4 * 100 * 100
    assert spread.range(1.0) == (values.min(), 50)
    expected = np.quantile(values, (0.005, 0.995))
    np.testing.assert_allclose(spread.range(0.99), expected, atol=0.08)


def test_spread_of_a_relu_begins_at_0():
    spread = Spread()
    spread.add(np.maximum(np.random.default_rng(0).normal(0, 1, 10_000), 0).astype(np.float32))
    low, high = spread.range(0.999)
    assert low == 0
    assert 2.5 < high < 4


def test_quantise_network_whose_nodes_have_no_names(files, tmp_path):
    """Names are what the quantiser leaves nodes out by; without any it left out all."""
    model = onnx.load(str(files[0]))
    for node in model.graph.node:
        node.name = ''
    onnx.save(model, str(tmp_path / 'nameless.onnx'))
    image = np.random.default_rng(1).integers(0, 256, (1, 3, 128, 128)).astype(np.float32)
    quantise(tmp_path / 'nameless.onnx', tmp_path / 'int8.onnx', [image])
    kinds = [node.op_type for node in onnx.load(str(tmp_path / 'int8.onnx')).graph.node]
    assert kinds.count('QuantizeLinear') > 5


def test_calibration_batches_are_spread_over_the_packs(tmp_path, files):
    for name, count in (('one', 9), ('two', 3)):
        write_pack(
            tmp_path / name,
            (make_picture(f'{name}/{i}', np.full((64, 64, 3), i, np.uint8)) for i in range(count)),
        )
    batches = calibration_batches(
        files[0], [tmp_path / 'one', tmp_path / 'two'], pictures=6, sizes=[(64, 64)]
    )
    assert [round(float(batch.mean())) for batch in batches] == [0, 3, 6, 0, 1, 2]
