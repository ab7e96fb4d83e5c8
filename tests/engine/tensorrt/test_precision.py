"""What TensorRT's inspector says of layers; what networks say is in test_tensorrt_build."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from openpose_ros.engine.tensorrt.library import Library
from openpose_ros.engine.tensorrt.precision import count_engine_layers, describe_layers


def layer(kind, text, key='Format/Datatype'):
    return {'LayerType': kind, 'Outputs': [{'Name': 'x', key: text}], 'Inputs': []}


@pytest.mark.parametrize(
    ('layers', 'kinds'),
    [
        ([layer('CaskConvolution', 'Row major linear FP32')], {'fp32': 1}),
        (
            [
                layer('Reformat', 'Row major linear FP32'),
                layer('CaskConvolution', 'Channel major FP16 format where channel % 8 == 0'),
                layer('CaskConvolution', 'Two wide channel vectorized row major FP16 format'),
                layer('PointWiseV2', 'Row major linear FP32'),
            ],
            {'fp16': 2, 'fp32': 1},
        ),
        ([layer('gemm', 'Thirty-two wide channel vectorized row major Int8 format')], {'int8': 1}),
        ([layer('kgen', 'Half', key='Datatype')], {'fp16': 1}),
        ([layer('kgen', 'BFloat16')], {'bf16': 1}),
        ([layer('shape', 'Int32')], {}),  # no type that a network computes in
        (['conv1', 'conv2'], {}),  # built without detailed information: names only
        ([{'LayerType': 'kgen'}], {}),
    ],
)
def test_inspector_is_understood(layers, kinds):
    text = json.dumps({'Layers': layers, 'Bindings': []})
    inspector = SimpleNamespace(get_engine_information=lambda form: text)
    engine = SimpleNamespace(create_engine_inspector=lambda: inspector)
    module = SimpleNamespace(LayerInformationFormat=SimpleNamespace(JSON='json'))
    library = Library(module, 'tensorrt', '8.6.1', None)
    assert count_engine_layers(library, engine) == kinds


@pytest.mark.parametrize(
    ('kinds', 'text'),
    [({'fp16': 9}, 'fp16'), ({'fp16': 9, 'fp32': 1}, 'fp16 and fp32'), ({}, 'unknown')],
)
def test_precision_is_said_with_what_most_layers_are_in_first(kinds, text):
    assert describe_layers(kinds) == text
