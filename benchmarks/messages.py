"""
What it costs to make the messages of an image, and to serialise them, as people become more.

::

    python -m benchmarks.messages [--people 1 5 20] [--repetitions 200] [--transport dds|rclpy]

People of whom everything is known: keypoints, positions, poses, velocities. Messages take turns;
the medians are of the time of this process alone, so that others on the machine count less.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from openpose_ros.cli.parameters import whole_number
from openpose_ros.people import People
from openpose_ros.ros.messages.annotations import annotations_message
from openpose_ros.ros.messages.detections import detections_message
from openpose_ros.ros.messages.humans import region_message, skeleton_message
from openpose_ros.ros.messages.markers import marker_array
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.ros.messages.transforms import body_transforms
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial.located import Located

_SIZE = (640, 480)
Serialise = Callable[[Any], object]


def dds() -> tuple[Any, Callable[[str], Any], Serialise]:
    """Return the types of the node without ROS, packages of others, and what serialises."""
    from openpose_ros.ros.dds.types import load_types

    types = load_types()

    def serialise(message: Any) -> object:
        return types.store.serialize_cdr(message, message.__msgtype__)

    return types.classes, types.package, serialise


def rclpy() -> tuple[Any, Callable[[str], Any], Serialise]:
    """Return the same of the node in ROS."""
    from importlib import import_module

    from rclpy.serialization import serialize_message

    from openpose_ros.ros.rclpy.transport import MessageTypes

    return MessageTypes, lambda name: import_module(f'{name}.msg'), serialize_message


TRANSPORTS = {'dds': dds, 'rclpy': rclpy}


def crowd(count: int) -> tuple[People, Located]:
    """Return people of whom everything is known."""
    random = np.random.default_rng(0)
    skeleton = load_skeleton('coco_18')
    keypoints = random.uniform(0.1, 400, (count, skeleton.num_keypoints, 3)).astype(np.float32)
    keypoints[..., 2] = random.uniform(0.1, 1, keypoints.shape[:2])
    ids = tuple(f'kqf{number}' for number in range(1, count + 1))
    people = People(keypoints, np.full(count, 0.5, np.float32), skeleton, ids=ids)
    shapes = ((3,), (6, 6), (4,), (3,), (3,), (), (), (2,))
    parts = [random.uniform(0.1, 1, (count, *shape)) for shape in shapes]
    parts[2] /= np.linalg.norm(parts[2], axis=1, keepdims=True)
    positions = random.uniform(1, 4, (*keypoints.shape[:2], 3)).astype(np.float32)
    return people, Located(positions, *parts)


def measure(transport: str, count: int, repetitions: int) -> dict[str, float]:
    """Return the median of each message's cost, milliseconds, by its name."""
    types, package, serialise = TRANSPORTS[transport]()
    people, located = crowd(count)
    header = types.Header(stamp=types.Time(sec=1, nanosec=2), frame_id='camera')
    hri, vision, foxglove, tf2 = map(
        package, ('hri_msgs', 'vision_msgs', 'foxglove_msgs', 'tf2_msgs')
    )
    skeleton = people.skeleton

    def persons() -> Any:
        return persons_message(types, people, header, _SIZE, located=located)

    known = persons()
    made: dict[str, Callable[[], list[Any]]] = {
        'persons': lambda: [persons()],
        'markers': lambda: [marker_array(types, known, skeleton, None, 0.05)],
        'hri': lambda: [
            message
            for one in known.persons
            for message in (
                region_message(hri, known, one),
                skeleton_message(hri, known, one, skeleton),
            )
        ],
        'detections': lambda: [detections_message(vision, known)],
        'image_annotations': lambda: [annotations_message(foxglove, known, skeleton, 0.05)],
        'tf': lambda: [body_transforms(types, tf2, known)],
    }
    samples: dict[str, list[float]] = {name: [] for name in made}
    for repetition in range(repetitions + 5):
        for name, make in made.items():
            started = process_time()
            for message in make():
                serialise(message)
            if repetition >= 5:  # warm
                samples[name].append(process_time() - started)
    return {name: 1000 * median(values) for name, values in samples.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.strip().split('\n')[0])
    parser.add_argument('--people', type=whole_number, nargs='+', default=[1, 5, 20])
    parser.add_argument('--repetitions', type=whole_number, default=200)
    parser.add_argument('--transport', choices=TRANSPORTS, default='dds')
    args = parser.parse_args()
    rows = {count: measure(args.transport, count, args.repetitions) for count in args.people}
    print(f'| ms, {args.transport} | ' + ' | '.join(f'{count} people' for count in rows) + ' |')
    print('|---|' + '---:|' * len(rows))
    for name in next(iter(rows.values())):
        print(f'| {name} | ' + ' | '.join(f'{row[name]:.2f}' for row in rows.values()) + ' |')


if __name__ == '__main__':
    main()
