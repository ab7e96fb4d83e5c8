"""
PoseNet's decoder beside its reference, npm's `@tensorflow-models/posenet`, on the same maps.

::

    npm install --prefix DIR @tensorflow-models/posenet@2.2.2 @tensorflow/tfjs@4.22.0
    python -m benchmarks.posenet_reference DIR [--images DIR] [--model M] [--record]

decodes 200 drawn sets of maps and those of the pictures with both, and prints the largest
differences, AP of both (see accuracy.py), and what the decoder costs for five people on 17x31x41
maps, in turn with SciPy's maximum filter over the heatmaps. --record writes the reference's poses
to tests/data/posenet_reference.npz, which the tests hold the decoder to.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import json
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter

from benchmarks.accuracy import ANNOTATIONS, SHARED, read_annotations
from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.engine.synthetic_posenet import render_posenet_maps
from openpose_ros.errors import OpenPoseError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.evaluation import coco_results, evaluate
from openpose_ros.parsing import PoseNetParams, parse_posenet
from openpose_ros.people import People
from openpose_ros.placement import Placement
from openpose_ros.skeletons import load_skeleton

MODEL = 'posenet-mobilenet-v1-075'
RECORDED = Path(__file__).parents[1] / 'tests/data/posenet_reference.npz'
DRAWN_SETS = 200
_PIXEL, _SCORE = 1e-3, 1e-5  # what the recorded whole numbers count
_SHAPE = (31, 41)
_REPETITIONS = 500

FloatArray = npt.NDArray[np.float32]
Poses = npt.NDArray[np.float64]


class Job(NamedTuple):
    """Maps to decode, and how: as `parse_posenet` takes them."""

    maps: tuple[FloatArray, FloatArray, FloatArray, FloatArray]
    stride: int
    params: PoseNetParams


def drawn_job(number: int) -> Job:
    """
    Return one of the drawn sets.

    Most show people, alone or in each other's way, with noise; some are noise alone; some are
    rounded to 8 bits, as networks in int8 return them: many cells score the same then.
    """
    random = np.random.default_rng(number)
    skeleton = load_skeleton('coco_17')
    shape = int(random.integers(5, 36)), int(random.integers(5, 44))
    stride = (8, 16, 32)[number % 3]
    count = int(random.integers(0, 9))
    people = scatter_people(count, skeleton, shape, seed=number)
    if number % 4 == 1:  # in each other's way
        people[..., 0] += random.uniform(-shape[1] / 3, shape[1] / 3, (count, 1))
        people[..., 1] += random.uniform(-shape[0] / 4, shape[0] / 4, (count, 1))
    maps = render_posenet_maps(
        people,
        skeleton,
        shape,
        stride=stride,
        sigma=float(random.uniform(0.8, 2.5)),
        noise=float(random.choice([0, 0.02, 0.1, 0.3])),
        seed=number,
    )
    if number % 10 == 3:
        heatmaps = random.random(maps[0].shape, np.float32)
        others = (random.normal(0, stride, some.shape).astype(np.float32) for some in maps[1:])
        maps = (heatmaps, *others)  # type: ignore[assignment]
    if number % 5 == 2:
        maps = (np.round(maps[0] * np.float32(255)) / np.float32(255), *maps[1:])
    params = PoseNetParams(
        score_threshold=float(random.choice([0, 0.1, 0.3, 0.5, 0.7])),
        nms_radius=float(random.uniform(1, 3 * stride)),
        max_poses=int(random.choice([1, 5, 20, 100])),
        single_person=number % 8 == 7,
    )
    if params.single_person:  # the reference always finds somebody
        params = PoseNetParams(single_person=True, score_threshold=0)
    return Job(maps, stride, params)


def decode(job: Job) -> Poses:
    """Return our poses (N, K + 1, 3) in input pixels; in the last row each pose's score alone."""
    people = parse_posenet(*job.maps, params=job.params, stride=job.stride)
    poses = np.zeros((len(people), people.keypoints.shape[1] + 1, 3))
    poses[:, :-1] = people.keypoints
    poses[:, :-1, :2] *= job.stride
    poses[:, -1, 2] = people.scores
    return poses


def decode_with_reference(jobs: Sequence[Job], npm: Path) -> list[Poses]:
    """Return the reference's poses, in the form of `decode`, best first."""
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ('jobs.json', 'maps.bin', 'poses.json')]
        listed = [
            {
                'height': job.maps[0].shape[1],
                'width': job.maps[0].shape[2],
                'stride': job.stride,
                'threshold': job.params.score_threshold,
                'nmsRadius': job.params.nms_radius,
                'maxPoses': job.params.max_poses,
                'single': job.params.single_person,
            }
            for job in jobs
        ]
        paths[0].write_text(json.dumps(listed))
        with paths[1].open('wb') as file:
            for job in jobs:
                for maps in job.maps:
                    file.write(np.ascontiguousarray(maps.transpose(1, 2, 0)).tobytes())
        subprocess.run(
            ['node', Path(__file__).with_suffix('.js'), *paths],
            env={**os.environ, 'NODE_PATH': str(npm / 'node_modules')},
            stdout=subprocess.DEVNULL,  # advertisements
            check=True,
        )
        return [_poses(found) for found in json.loads(paths[2].read_text())]


def _poses(found: Sequence[dict[str, Any]]) -> Poses:
    ordered = sorted(found, key=lambda pose: -float(pose['score']))
    rows = [[*pose['keypoints'], [0, 0, pose['score']]] for pose in ordered]
    return np.array(rows, np.float64).reshape(-1, 18, 3)


def differences(ours: Poses, theirs: Poses) -> tuple[float, float]:
    """Return the largest of places, pixels, and of scores; infinity if other numbers are found."""
    if len(ours) != len(theirs):
        return np.inf, np.inf
    if not len(ours):
        return 0.0, 0.0
    found = theirs[..., 2] != 0  # of a score of 0 the place is not said
    apart = np.abs(np.where(found[..., None], ours - theirs, 0))
    apart[..., 2] = np.abs(ours[..., 2] - theirs[..., 2])
    return float(apart[..., :2].max()), float(apart[..., 2].max())


def write_recorded(path: Path, poses: dict[str, Sequence[Poses]]) -> None:
    """Write the poses of several lists of jobs, as whole thousandths and hundred thousandths."""
    arrays: dict[str, Any] = {}
    for name, found in poses.items():
        arrays[f'{name}_counts'] = np.array([len(some) for some in found], np.int32)
        rows = np.concatenate([some.reshape(-1, 18, 3) for some in found])
        arrays[f'{name}_poses'] = np.round(rows / (_PIXEL, _PIXEL, _SCORE)).astype(np.int32)
    np.savez_compressed(path, **arrays)


def read_recorded(name: str, path: Path = RECORDED) -> list[Poses]:
    """Return the poses of one list of jobs, in the form of `decode`."""
    with np.load(path) as recorded:
        rows = recorded[f'{name}_poses'] * (_PIXEL, _PIXEL, _SCORE)
        return np.split(rows, np.cumsum(recorded[f'{name}_counts'])[:-1])


def picture_jobs(
    images: Path, annotations: dict[str, Any], model: str = MODEL
) -> list[tuple[Job, Placement]]:
    """Return the maps of the pictures, by their ids, as ONNX Runtime computes them on the CPU."""
    jobs = []
    with PoseEstimator.from_model(
        model, backend='onnxruntime', providers=['CPUExecutionProvider']
    ) as estimator:
        for image in sorted(annotations['images'], key=lambda image: image['id']):
            frame = cv2.imread(str(images / image['file_name']))
            found = estimator.estimate(frame)
            maps = tuple(some[0] for some in found.maps)
            job = Job(maps, estimator.spec.stride, PoseNetParams())  # type: ignore[arg-type]
            jobs.append((job, found.placement))
    return jobs


def average_precision(
    poses: Sequence[Poses], places: Sequence[Placement], annotations: dict[str, Any]
) -> float:
    """Return AP of poses in input pixels on the pictures of the annotations, by their ids."""
    names = annotations['categories'][0]['keypoints']
    ids = sorted(image['id'] for image in annotations['images'])
    results = []
    for some, place, image_id in zip(poses, places, ids):
        keypoints = some[:, :-1].astype(np.float32)
        keypoints[..., :2] = place.to_source(keypoints[..., :2] / place.stride)
        keypoints[..., :2] = keypoints[..., :2].clip(0, np.array(place.source_size) - 1)
        people = People(keypoints, some[:, -1, 2].astype(np.float32), load_skeleton('coco_17'))
        results += coco_results(people, image_id, names)
    return evaluate(results, annotations).ap


def measure() -> tuple[float, float]:
    """Return milliseconds of the filter and of the decoder: medians, taken in turn."""
    skeleton = load_skeleton('coco_17')
    pictures = [
        render_posenet_maps(
            scatter_people(5, skeleton, _SHAPE, seed), skeleton, _SHAPE, noise=0.01, seed=seed
        )
        for seed in range(4)
    ]
    seconds: tuple[list[float], list[float]] = ([], [])
    for repetition in range(_REPETITIONS):
        maps = pictures[repetition % len(pictures)]
        started = perf_counter()
        maximum_filter(maps[0], size=(1, 3, 3))
        filtered = perf_counter()
        people = parse_posenet(*maps, skeleton)
        seconds[1].append(perf_counter() - filtered)
        seconds[0].append(filtered - started)
        assert len(people) == 5
    return 1e3 * float(np.median(seconds[0])), 1e3 * float(np.median(seconds[1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('npm', type=Path, help='folder of node_modules with the reference')
    parser.add_argument('--images', type=Path, default=SHARED / 'images')
    parser.add_argument('--model', default=MODEL, help=f'another PoseNet (default: {MODEL})')
    parser.add_argument('--record', action='store_true', help=f'write {RECORDED.name}')
    args = parser.parse_args()
    if args.record and args.model != MODEL:
        parser.error(f'--record is for {MODEL}, on which the tests are')
    os.environ.setdefault('OPENPOSE_ROS_MODEL_PATH', str(SHARED / 'models'))
    try:
        annotations = read_annotations(args.images / ANNOTATIONS)
        pictures = picture_jobs(args.images, annotations, args.model)
    except OpenPoseError as exc:
        print(f'posenet_reference.py: {exc}', file=sys.stderr)
        return 1
    places = [place for _, place in pictures]
    jobs = {
        'drawn': [drawn_job(number) for number in range(DRAWN_SETS)],
        'pictures': [job for job, _ in pictures],
    }
    theirs = {name: decode_with_reference(some, args.npm) for name, some in jobs.items()}
    ours = {name: [decode(job) for job in some] for name, some in jobs.items()}
    print('| maps | poses | other number | largest difference, pixels | of scores |')
    print('|---|---|---|---|---|')
    for name, some in theirs.items():
        apart = np.array([differences(*pair) for pair in zip(ours[name], some)])
        same = np.isfinite(apart[:, 0])
        poses, pixels, score = sum(map(len, some)), *apart[same].max(axis=0)
        print(f'| {len(some)} {name} | {poses} | {(~same).sum()} | {pixels:.2g} | {score:.2g} |')
    both = (average_precision(some['pictures'], places, annotations) for some in (ours, theirs))
    print('\nAP: {:.4f}, of the reference {:.4f}'.format(*both))
    print('five people: filter {:.3f} ms, decoder {:.3f} ms'.format(*measure()))
    if args.record:
        write_recorded(RECORDED, theirs)
    return 0


if __name__ == '__main__':
    sys.exit(main())
