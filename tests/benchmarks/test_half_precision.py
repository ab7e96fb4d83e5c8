"""The comparison of float32 and float16, on graphs whose values are known."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
import pytest

from benchmarks.half_precision import compare, largest_activations, table
from openpose_ros.models import load_model
from tests.engine.graphs import write_network


def test_largest_activation_of_each_tensor_is_found_over_all_batches():
    nodes = [
        helper.make_node('Mul', ['image', 'thousand'], ['large']),
        helper.make_node('Relu', ['large'], ['positive']),
        helper.make_node('Shape', ['positive'], ['sizes']),  # no float: left out
        helper.make_node('Identity', ['positive'], ['maps']),
    ]
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 'n']) for n in ('image', 'maps')
    ]
    graph = helper.make_graph(
        nodes, 'known', ends[:1], ends[1:], [numpy_helper.from_array(np.float32(1000), 'thousand')]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    onnx.checker.check_model(model)
    batches = [np.array([row], np.float32) for row in ([1, -5, 2], [3, -1, 0])]
    found = largest_activations(model.SerializeToString(), batches)
    assert found == {'large': 5000, 'positive': 3000, 'maps': 3000, 'image': 5}
    assert next(iter(found)) == 'large'


def test_networks_are_compared(tmp_path, make_picture):
    network = write_network(tmp_path / 'pose.onnx', {'heatmaps': 19, 'pafs': 38})
    spec = load_model(network.path)
    annotations = {
        'images': [{'id': 1, 'file_name': make_picture().name}],
        'categories': [{'id': 1, 'keypoints': ['nose']}],
        'annotations': [],
    }
    found = compare(spec, tmp_path, annotations)
    assert 0 < found.mean_difference < found.largest_difference < 0.01 * found.largest_value
    assert found.activations['image'] == 255
    assert found.largest_value == pytest.approx(
        max(found.activations[name] for name in ('heatmaps', 'pafs'))
    )
    [header, line, row] = table({'pose': found})
    assert header.count('|') == line.count('|') == row.count('|')
    assert '`image` 255' in row
