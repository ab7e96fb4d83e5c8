"""
TensorRT on this machine's GPU: maps against ONNX Runtime's, throughput, latency; one command.

::

    python benchmarks/tensorrt_engines.py [--model M] [--images DIR] [--rounds 300]

Builds an engine in fp16 and in fp32 for 656x368 and for 456x256, batch 1, with the TensorRT that
is installed, into a cache of its own, and runs them on pictures; beside them ONNX Runtime on
CUDA, where that works. The greatest difference of the maps is from ONNX Runtime on the CPU, in
float32. Before all that the GPU's memory is written and read by the layer that TensorRT's
engines use. What cannot run is said in a line; without a GPU that is all, and the status is 1.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
import os
from pathlib import Path
import platform
import sys
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import numpy as np
import onnxruntime

from openpose_ros.cli.parameters import whole_number
from openpose_ros.engine import Engine, Maps, open_engine
from openpose_ros.engine.tensorrt.cuda import find_driver
from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.errors import EngineError, OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.frames import FrameArray
from openpose_ros.io.pictures import read_picture
from openpose_ros.models import ModelSpec, load_model
from openpose_ros.placement import Size
from openpose_ros.preprocess import preprocess

IMAGES = Path(__file__).parents[2] / 'shared' / 'images'
SIZES = ((656, 368), (456, 256))
PRECISIONS = ('fp16', 'fp32')
_PICTURES = 8
_WARM_UP = 20


class Row(NamedTuple):
    """
    What was measured of one engine at one size.

    Attributes
    ----------
    engine, precision : str
    size : (int, int)
    infer_s : (float, float)
        Median and 95th percentile from a batch in the machine's memory to maps in it.
    per_second : float
        Batches of one, back to back.
    people_s : (float, float)
        Median and 95th percentile from a frame to people.
    difference : float
        The greatest of all maps of all pictures.
    people : (int, int)
        In all pictures, and as the reference has them.

    """

    engine: str
    precision: str
    size: Size
    infer_s: tuple[float, float]
    per_second: float
    people_s: tuple[float, float]
    difference: float
    people: tuple[int, int]


class Reference(NamedTuple):
    """What ONNX Runtime makes of the pictures on the CPU, and what it was given."""

    frames: Sequence[FrameArray]
    tensors: Sequence[np.ndarray]
    maps: Sequence[Maps]
    people: int


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--model', metavar='M', help='name or path (default: the default model)')
    parser.add_argument('--images', type=Path, default=IMAGES, metavar='DIR')
    parser.add_argument('--rounds', type=whole_number, default=300, metavar='N')
    args = parser.parse_args(arguments)
    try:
        gpu = Gpu(find_driver())
        try:
            print('\n'.join(introduction(gpu)))
            print('\n'.join(copy_table(gpu)))
        finally:
            gpu.close()
        spec = load_model(args.model)
        frames = read_frames(args.images)
    except OpenPoseError as exc:
        print(f'nothing was measured: {exc}', file=sys.stderr)
        return 1
    rows = []
    with TemporaryDirectory() as cache:
        os.environ['OPENPOSE_ROS_CACHE'] = cache  # what was built before would hide the build
        for size in SIZES:
            reference = run_reference(spec, frames, size)
            for engine in engines(spec, size):
                rows.append(measure(engine, reference, size, args.rounds))
    print('\n'.join(table(rows)))
    return 0 if rows else 1


def introduction(gpu: Gpu) -> list[str]:
    """Say what this is measured on."""
    facts = gpu.facts
    return [
        f'{facts.name}, sm_{facts.compute_capability[0]}{facts.compute_capability[1]}, driver for '
        f'CUDA {facts.driver}, {gpu.library}; ONNX Runtime {onnxruntime.__version__}, '
        f'NumPy {np.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores',
        '',
    ]


def copy_table(gpu: Gpu, rounds: int = 50) -> list[str]:
    """Write bytes to the GPU and read them back; return a Markdown table of how fast that was."""
    rows = ['| bytes | to the GPU, ms | back, ms |', '|---|---|---|']
    random = np.random.default_rng(0)
    for width, height in SIZES:
        size = 4 * 3 * width * height
        sent = random.integers(0, 256, size, np.uint8)
        up, down = [], []
        with gpu.current():
            buffer = gpu.buffer('copied', size)
            for _ in range(rounds):
                buffer.host[:size] = sent
                started = perf_counter()
                gpu.upload(buffer, size)
                gpu.synchronize()
                uploaded = perf_counter()
                buffer.host[:size] = 0
                cleared = perf_counter()
                gpu.download(buffer, size)
                gpu.synchronize()
                down.append(perf_counter() - cleared)
                up.append(uploaded - started)
                if not np.array_equal(buffer.host[:size], sent):
                    raise EngineError('what was written to the GPU came back changed')
        rows.append(f'| {size} | {1e3 * np.median(up):.3f} | {1e3 * np.median(down):.3f} |')
    return [*rows, '']


def read_frames(folder: Path) -> list[FrameArray]:
    """Return some pictures; without the folder noise, which says nothing of people."""
    paths = sorted(folder.glob('*.jpg'))[:_PICTURES]
    if paths:
        return [read_picture(path) for path in paths]
    print(f'no pictures in {folder}: taking noise', file=sys.stderr)
    random = np.random.default_rng(0)
    return list(random.integers(0, 256, (_PICTURES, 480, 640, 3), np.uint8))


def run_reference(spec: ModelSpec, frames: Sequence[FrameArray], size: Size) -> Reference:
    """Run the network in ONNX Runtime on the CPU."""
    engine = open_engine(spec, backend='onnxruntime', providers=['CPUExecutionProvider'])
    with PoseEstimator(spec, engine, net_resolution=size) as estimator:
        estimates = [estimator.estimate(frame) for frame in frames]
    tensors = [preprocess(frame, spec, size)[0] for frame in frames]
    people = sum(len(estimate.people) for estimate in estimates)
    return Reference(frames, tensors, [estimate.maps for estimate in estimates], people)


def engines(spec: ModelSpec, size: Size) -> Iterator[Engine]:
    """Yield what runs on this GPU; say in a line what does not."""
    kinds = [('tensorrt', precision, None) for precision in PRECISIONS]
    for backend, precision, providers in (
        *kinds,
        ('onnxruntime', '', ['CUDAExecutionProvider']),
    ):
        title = f'{backend} {precision}'.strip()
        started = perf_counter()
        try:
            engine = open_engine(
                spec,
                backend=backend,
                precision=precision,
                providers=providers,
                net_resolution=size,
                on_build=lambda part, what: None,
            )
        except OpenPoseError as exc:
            print(f'{title} at {size[0]}x{size[1]} does not run here: {exc}')
            continue
        seconds = perf_counter() - started
        print(f'{title} at {size[0]}x{size[1]}: built and opened in {seconds:.1f} s')
        print(f'  {engine.description}, {engine.precision}')
        yield engine


def measure(engine: Engine, reference: Reference, size: Size, rounds: int) -> Row:
    """Measure an engine, and close it."""
    frames, tensors = reference.frames, reference.tensors
    with PoseEstimator(engine.spec, engine, net_resolution=size) as estimator:
        difference = max(
            float(np.abs(found - wanted).max())
            for tensor, maps in zip(tensors, reference.maps)
            for found, wanted in zip(engine.infer(tensor), maps)
        )
        people = sum(len(estimator(frame)) for frame in frames)
        for number in range(_WARM_UP):
            engine.infer(tensors[number % len(tensors)])
        infer_s = []
        begun = perf_counter()
        for number in range(rounds):
            started = perf_counter()
            engine.infer(tensors[number % len(tensors)])
            infer_s.append(perf_counter() - started)
        per_second = rounds / (perf_counter() - begun)
        people_s = []
        for number in range(rounds):
            started = perf_counter()
            estimator(frames[number % len(frames)])
            people_s.append(perf_counter() - started)
    return Row(
        engine.name,
        engine.precision,
        size,
        _median_and_late(infer_s),
        per_second,
        _median_and_late(people_s),
        difference,
        (people, reference.people),
    )


def _median_and_late(seconds: Sequence[float]) -> tuple[float, float]:
    median, late = np.percentile(seconds, [50, 95])
    return float(median), float(late)


def table(rows: Sequence[Row]) -> list[str]:
    """Return the rows of a Markdown table."""
    lines = [
        '',
        '| engine | layers in | input | host to maps, ms (95 %) | maps a second | frame to '
        'people, ms (95 %) | greatest difference of maps | people found (reference) |',
        '|---|---|---|---|---|---|---|---|',
    ]
    for row in rows:
        infer, people = (
            f'{1e3 * median:.2f} ({1e3 * late:.2f})'
            for median, late in (row.infer_s, row.people_s)
        )
        lines.append(
            f'| {row.engine} | {row.precision} | {row.size[0]}×{row.size[1]} | {infer} | '  # noqa: RUF001
            f'{row.per_second:.1f} | {people} | {row.difference:.4f} | '
            f'{row.people[0]} ({row.people[1]}) |'
        )
    return lines


if __name__ == '__main__':
    sys.exit(main())
