"""Channels of more equal range compute the same, and int8 loses less of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnx
from onnxruntime import InferenceSession
import pytest
import torch

from training.base_network import BaseConfig, BaseNetwork
from training.equalise import channel_peaks, equalise, links
from training.export import export
from training.quantise import quantise

pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::UserWarning'),
]


@pytest.fixture(scope='module')
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a network some of whose channels are a hundred times as large as others."""
    torch.manual_seed(0)
    config = BaseConfig(
        stem=8, trunk=((8, 1), (16, 2), (16, 2)), deep=((24, 1), (24, 2)), features=16, head=16
    )
    network = BaseNetwork(config)
    generator = torch.Generator().manual_seed(1)
    blocks = [*network.trunk, *network.deep]
    for block in blocks:
        torch.nn.init.kaiming_normal_(block[1][0].weight, nonlinearity='relu')
    for block, after in itertools.pairwise(blocks):
        layer, depthwise = block[1][0], after[0][0]
        factor = 100 ** (torch.rand(len(layer.weight), 1, 1, 1, generator=generator) - 0.5)
        layer.weight.data *= factor
        layer.bias.data *= factor.flatten()
        depthwise.weight.data /= factor
    path = tmp_path_factory.mktemp('network') / 'uneven.onnx'
    export(network.eval(), path)
    return path


@pytest.fixture(scope='module')
def batches() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (1, 3, 96, 128)).astype(np.float32) for _ in range(6)]


def run(model: Path | onnx.ModelProto, batch: np.ndarray) -> list[np.ndarray]:
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    session = InferenceSession(source, providers=['CPUExecutionProvider'])
    return session.run(['heatmaps', 'pafs'], {'image': batch})


def test_equalise_computes_the_same_from_more_equal_channels(uneven, batches):
    before = onnx.load(str(uneven))
    after = equalise(before, batches[:4])
    for first, second in zip(run(uneven, batches[5]), run(after, batches[5]), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-3 * np.abs(first).max())
    names = [link.tensor for link in links(before)]
    assert names
    for name, peaks in channel_peaks(after, names, batches[:4]).items():
        assert peaks.min() >= 0, name
    uneven_peaks = channel_peaks(before, names, batches[:4])
    even_peaks = channel_peaks(after, names, batches[:4])
    assert sum(p[p > 0].std() / p.max() for p in even_peaks.values()) < 0.5 * sum(
        p[p > 0].std() / p.max() for p in uneven_peaks.values()
    )


def test_links_lead_to_depthwise_convolutions_alone(uneven):
    model = onnx.load(str(uneven))
    shapes = {tensor.name: tensor.dims for tensor in model.graph.initializer}
    found = links(model)
    assert len(found) >= 5  # stem, trunk and deep layers
    for link in found:
        after = model.graph.node[link.after]
        assert shapes[after.input[1]][1] == 1
        assert model.graph.node[link.before].op_type == 'Conv'


def test_quantise_equalised_loses_less(uneven, batches, tmp_path):
    expected = run(uneven, batches[5])
    errors = []
    for equal in (False, True):
        quantise(uneven, tmp_path / 'int8.onnx', batches[:5], equal=equal)
        got = run(tmp_path / 'int8.onnx', batches[5])
        errors.append(sum(np.square(g - e).mean() for g, e in zip(got, expected, strict=True)))
    assert errors[1] < errors[0]
