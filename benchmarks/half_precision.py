"""
What float16 costs: maps, accuracy, and how near a network comes to the largest float16.

::

    python benchmarks/half_precision.py [--model M ...] [--images DIR --annotations JSON]

runs each network twice in ONNX Runtime on a CPU, as it is and converted as `build-engine
--precision fp16` converts it. A CPU may compute a float16 graph in float32, where nothing can
overflow; so the largest value of every tensor in the float32 run is compared with 65504, the
largest number that float16 holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace
import json
import os
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper
import onnxruntime

from benchmarks.accuracy import ANNOTATIONS, SHARED
from openpose_ros.engine import open_engine
from openpose_ros.engine.tensorrt.half_precision import LARGEST_HALF, prepare_graph
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import coco_results, evaluate
from openpose_ros.models import ModelSpec, load_model
from openpose_ros.preprocess import preprocess

MODELS = ('human-pose-estimation-0001', 'mobilenetv2-pose-dm14')
_NAMED = 3  # of the largest tensors


class Comparison(NamedTuple):
    """
    A network in float32 and in float16.

    Attributes
    ----------
    largest_difference, mean_difference : float
        Of all map values, absolute, over all pictures.
    largest_value : float
        Of the maps in float32, absolute: what the differences compare with.
    ap, half_ap : float
        COCO's AP of both.
    activations : dict of str to float
        The largest absolute value of each tensor in the float32 run, the largest first.

    """

    largest_difference: float
    mean_difference: float
    largest_value: float
    ap: float
    half_ap: float
    activations: dict[str, float]


def largest_activations(graph: bytes, batches: Iterable[Any]) -> dict[str, float]:
    """
    Run a graph and return the largest absolute value of each float32 tensor in it.

    Parameters
    ----------
    graph : bytes
        An ONNX model with one input.
    batches : iterable of float32 arrays
        What goes in, one after another.

    Returns
    -------
    dict of str to float
        By the tensor's name, the input's too; the largest first.

    """
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(graph))
    inner = model.graph
    values = [*inner.input, *inner.value_info, *inner.output]
    floats = [v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT]
    del inner.output[:]
    for index, name in enumerate(floats):
        size, largest = f'largest_size_{index}', f'largest_{index}'
        inner.node.append(helper.make_node('Abs', [name], [size]))
        inner.node.append(helper.make_node('ReduceMax', [size], [largest], keepdims=0))
        inner.output.append(helper.make_tensor_value_info(largest, TensorProto.FLOAT, []))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider']
    )
    [taken] = session.get_inputs()
    found = np.max([session.run(None, {taken.name: batch}) for batch in batches], axis=0)
    ranked = sorted(zip(floats, map(float, found)), key=lambda item: -item[1])
    return dict(ranked)


def compare(spec: ModelSpec, images: Path, annotations: Mapping[str, Any]) -> Comparison:
    """Run a network in both precisions on all pictures of COCO annotations."""
    names = annotations['categories'][0]['keypoints']
    results: tuple[list[Any], list[Any]] = ([], [])
    worst, total, count, largest = 0.0, 0.0, 0, 0.0
    batches = []
    with TemporaryDirectory() as folder:
        path = Path(folder, 'half.onnx')
        path.write_bytes(prepare_graph(spec.path, 'fp16'))
        half = replace(spec, path=path)
        with (
            PoseEstimator(spec, open_engine(spec, backend='onnxruntime')) as first,
            PoseEstimator(half, open_engine(half, backend='onnxruntime')) as second,
        ):
            for image in annotations['images']:
                frame = cv2.imread(str(images / image['file_name']))
                batches.append(preprocess(frame, spec, first.net_resolution)[0])
                estimates = first.estimate(frame), second.estimate(frame)
                for rows, estimate in zip(results, estimates):
                    rows += coco_results(estimate.people, image['id'], names)
                for exact, halved in zip(*(estimate.maps for estimate in estimates)):
                    difference = np.abs(exact - halved)
                    worst = max(worst, float(difference.max()))
                    largest = max(largest, float(np.abs(exact).max()))
                    total += float(difference.sum(dtype=np.float64))
                    count += difference.size
    ap, half_ap = (evaluate(rows, dict(annotations)).ap for rows in results)
    activations = largest_activations(prepare_graph(spec.path, 'fp32'), batches)
    return Comparison(worst, total / count, largest, ap, half_ap, activations)


def table(compared: Mapping[str, Comparison]) -> list[str]:
    """Return the rows of a Markdown table, one a network."""
    rows = [
        '| network | AP fp32 | AP fp16 | map difference, largest (mean) | largest map value '
        '| largest activations, of 65504 |',
        '|---|---|---|---|---|---|',
    ]
    for name, found in compared.items():
        tensors = list(found.activations.items())[:_NAMED]
        named = ', '.join(f'`{tensor}` {value:.4g}' for tensor, value in tensors)
        share = tensors[0][1] / LARGEST_HALF
        rows.append(
            f'| `{name}` | {found.ap:.3f} | {found.half_ap:.3f} '
            f'| {found.largest_difference:.4f} ({found.mean_difference:.5f}) '
            f'| {found.largest_value:.2f} | {named}: {share:.1%} |'
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--model', action='append', help=f'default: {" and ".join(MODELS)}')
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--annotations', type=Path, help=f'default: {ANNOTATIONS} beside them')
    args = parser.parse_args()
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        path = args.annotations or args.images / ANNOTATIONS
        annotations = json.loads(path.read_text(encoding='utf-8'))
        specs = [load_model(name) for name in args.model or MODELS]
        print(f'ONNX Runtime on a CPU, {len(annotations["images"])} pictures\n')
        print(
            '\n'.join(
                table({spec.name: compare(spec, args.images, annotations) for spec in specs})
            )
        )
    except (OpenPoseError, OSError) as exc:
        print(f'half_precision.py: {exc}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
