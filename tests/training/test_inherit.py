"""A teacher in ONNX: the same values in PyTorch, and first weights for a smaller network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from training.export import export
from training.inherit import inherit, inherited_config
from training.network import NetworkConfig, PoseNetwork
from training.teacher import OnnxTeacher

onnx = pytest.importorskip('onnx', reason='a teacher is an ONNX file')
TEACHER = NetworkConfig(
    stem=8,
    trunk=((8, 1), (12, 2), (16, 2)),
    deep=((24, 1), (24, 2), (24, 1)),
    neck=16,
    paf_blocks=(1,),
    heat_blocks=1,
    norm=False,
)
pytestmark = [
    pytest.mark.filterwarnings('ignore::DeprecationWarning'),
    pytest.mark.filterwarnings('ignore::UserWarning'),
]


@pytest.fixture
def original() -> PoseNetwork:
    torch.manual_seed(0)
    return PoseNetwork(TEACHER).eval()


@pytest.fixture
def teacher(original, tmp_path) -> OnnxTeacher:
    export(original, tmp_path / 'teacher.onnx')
    return OnnxTeacher(tmp_path / 'teacher.onnx')


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(10, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255


def test_onnx_teacher_equals_onnx_runtime(teacher, tmp_path, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / 'teacher.onnx'))
    expected = session.run(['heatmaps', 'pafs'], {'image': images[:1].numpy()})
    for got, truth in zip(teacher(images[:1]), expected, strict=True):
        np.testing.assert_allclose(got.numpy(), truth, atol=1e-4)


def test_onnx_teacher_unknown_operation_is_named(tmp_path):
    node = onnx.helper.make_node('Softmax', ['image'], ['heatmaps'])
    value = [onnx.helper.make_tensor_value_info(n, 1, None) for n in ('image', 'heatmaps')]
    graph = onnx.helper.make_graph([node], 'g', value[:1], value[1:])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / 'odd.onnx'))
    with pytest.raises(ValueError, match='Softmax'):
        OnnxTeacher(tmp_path / 'odd.onnx')


def test_inherit_same_widths_gives_the_teachers_features(original, teacher, images):
    torch.manual_seed(7)
    network = PoseNetwork(inherited_config(TEACHER, teacher)).eval()
    explained = inherit(network, teacher, images, pairs=(3, 4, 5))
    assert min(explained) > 0.99
    with torch.no_grad():
        got, truth = (
            net.deep(net.trunk(net.stem(images / 255 - 0.502))) for net in (network, original)
        )
    assert float((got - truth).square().mean() / truth.var()) < 0.01


def test_inherit_fewer_layers_and_channels_explain_a_part(teacher, images):
    config = inherited_config(replace(TEACHER, deep=((16, 1), (16, 1))), teacher)
    explained = inherit(PoseNetwork(config), teacher, images, pairs=(3, 5))
    assert 0.3 < explained[-1] <= explained[0] <= 1


def test_inherit_other_trunk_is_refused(teacher, images):
    config = inherited_config(replace(TEACHER, trunk=((8, 1), (8, 2), (16, 2))), teacher)
    with pytest.raises(ValueError, match='widths'):
        inherit(PoseNetwork(config), teacher, images, pairs=(3, 4, 5))
