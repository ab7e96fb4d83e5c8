"""The exported file is the network."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from training.base_network import BaseConfig, BaseNetwork
from training.export import compare, export, fold_normalisation, load_network
from training.losses import LossParams
from training.network import NetworkConfig, PoseNetwork
from training.trainer import Trainer, TrainParams, save

pytest.importorskip('onnx', reason='the export needs onnx')
SMALL = NetworkConfig(
    stem=8,
    trunk=((8, 1), (8, 2), (16, 2)),
    deep=((16, 2),),
    neck=16,
    paf_blocks=(1,),
    heat_blocks=1,
)
# PyTorch's TorchScript exporter says that another one is to come; it needs one more package.
pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::UserWarning'),
]


@pytest.fixture
def network() -> PoseNetwork:
    """Return a network whose normalisations have seen something."""
    torch.manual_seed(0)
    network = PoseNetwork(SMALL)
    for _ in range(3):
        network(torch.rand(2, 3, 64, 64) * 255)
    return network.eval()


def test_export_equals_pytorch_at_two_sizes(network, tmp_path):
    assert export(network, tmp_path / 'net.onnx') < 2e-4


def test_export_has_the_promised_inputs_and_outputs(network, tmp_path):
    import onnxruntime

    export(network, tmp_path / 'net.onnx')
    session = onnxruntime.InferenceSession(str(tmp_path / 'net.onnx'))
    assert [i.name for i in session.get_inputs()] == ['image']
    assert [o.name for o in session.get_outputs()] == ['heatmaps', 'pafs']
    heatmaps, pafs = session.run(None, {'image': torch.rand(1, 3, 72, 104).numpy()})
    assert heatmaps.shape == (1, 19, 9, 13)
    assert pafs.shape == (1, 38, 9, 13)


def test_export_metadata_describe_it_to_the_package(network, tmp_path):
    from openpose_ros.models import load_model

    export(network, tmp_path / 'net.onnx')
    spec = load_model(str(tmp_path / 'net.onnx'))
    assert spec.skeleton.name == 'coco_18'
    assert (spec.input.name, spec.input.colour, spec.stride) == ('image', 'BGR', 8)
    assert list(spec.input.mean) == [0, 0, 0]


def test_compare_tells_another_network_apart(network, tmp_path):
    export(network, tmp_path / 'net.onnx')
    torch.manual_seed(1)
    assert compare(PoseNetwork(SMALL), tmp_path / 'net.onnx') > 2e-4


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_export_of_weights_that_are_not_finite_fails(network, tmp_path, value):
    network.heat_stage.predict.bias.data[3] = value
    with pytest.raises(ValueError, match='its maps are not finite'):
        export(network, tmp_path / 'net.onnx')


def test_export_base_network_equals_pytorch(tmp_path):
    torch.manual_seed(0)
    config = BaseConfig(deep=((24, 1), (24, 2)), features=16, head=16, refine=16, scale=1 / 255)
    base = BaseNetwork(replace(config, offset=-0.5)).eval()
    assert export(base, tmp_path / 'net.onnx') < 2e-4
    save(
        {'config': base.config.to_dict(), 'network': {}, 'average': base.state_dict()},
        tmp_path / 'last.pt',
    )
    assert load_network(tmp_path / 'last.pt').config == base.config


def test_fold_normalisation_changes_no_value(network):
    image = torch.rand(1, 3, 64, 64) * 255
    folded = fold_normalisation(network)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in folded.modules())
    for first, second in zip(network(image), folded(image), strict=True):
        torch.testing.assert_close(first, second, atol=1e-5, rtol=1e-4)


def test_load_network_takes_the_averaged_weights(tmp_path):
    trainer = Trainer(PoseNetwork(SMALL), TrainParams(), LossParams())
    trainer.average['heat_stage.predict.bias'].fill_(0.25)
    save(trainer.state(), tmp_path / 'last.pt')
    network = load_network(tmp_path / 'last.pt')
    assert not network.training
    assert torch.equal(network.heat_stage.predict.bias, torch.full((19,), 0.25))
