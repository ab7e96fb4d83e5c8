"""
How fresh the node's results are, what becomes of every image, and what the node costs.

::

    python benchmarks/node.py [--transport dds|rclpy] [--seconds 60] [--delay 0.2] [--hz 30]
                              [--size 640x480] [--people 5]

A camera in another process publishes stamped images; the node's network is fake and takes
`--delay` seconds. No result may be older, when it is published, than one inference, one period of
the camera and 50 ms, and the node's memory must not grow: else the exit status is 1. With
`--delay 0 --size 1280x720` the figures are the cost of the node around its network. rclpy needs a
sourced ROS 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
import multiprocessing
import os
from pathlib import Path
import sys
from time import monotonic, process_time, sleep, time_ns
from typing import Any

import numpy as np

from openpose_ros.cli.parameters import net_resolution, whole_number
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.estimator import PoseEstimator
from openpose_ros.frames import FrameArray
from openpose_ros.models import load_model
from openpose_ros.placement import Size
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.loading import OpenEstimator as Opener
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import named

Spin = Callable[[float], object]

_NET_RESOLUTION = (656, 368)
_SETTLED_S = 5.0  # until then caches and queues fill
_MARGIN_S = 0.05
_GROWTH_MB = 5.0  # of memory, from then to the end, that is noise
_PARAMS = NodeParams()


Ages = dict[str, list[float]]


def note_ages(transport: Any, cameras: Iterable[str]) -> Ages:
    """Return how old each result will be once it is published, seconds, by camera."""
    outputs = {named(camera, 'persons'): camera for camera in cameras}
    ages_s: Ages = {camera: [] for camera in cameras}
    publish = transport.publish

    def noting(output: str, message: Any) -> None:
        publish(output, message)
        if output in outputs:
            age_s = (time_ns() - nanoseconds(message.header.stamp)) / 1e9
            ages_s[outputs[output]].append(age_s)

    transport.publish = noting
    return ages_s


@contextmanager
def over_dds(
    opener: Opener, params: NodeParams = _PARAMS
) -> Iterator[tuple[PoseNode, Ages, Spin]]:
    """Run the node that needs no ROS."""
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.dds.transport import DdsTransport
    from openpose_ros.ros.node.names import Names

    with Participant(Names.from_rules('openpose', [])) as participant:
        transport = DdsTransport(participant, lambda *_: None, {}, params.image_transports)
        ages_s = note_ages(transport, params.cameras)
        node = PoseNode(transport, params, opener)
        node.configure()
        node.activate()
        transport.subscribe(node.inputs())
        tick_s = monotonic()

        def spin(seconds: float) -> None:
            nonlocal tick_s
            participant.spin(seconds)
            if monotonic() >= tick_s:
                tick_s += 1.0
                node.on_timer()

        yield node, ages_s, spin
        node.shutdown()


@contextmanager
def over_rclpy(
    opener: Opener, params: NodeParams = _PARAMS
) -> Iterator[tuple[PoseNode, Ages, Spin]]:
    """Run the lifecycle node."""
    import rclpy

    from openpose_ros.ros.rclpy.node import OpenPoseNode

    rclpy.init()
    given = [rclpy.Parameter(name, value=value) for name, value in params.to_mapping().items()]
    node = OpenPoseNode(opener, parameter_overrides=given)
    ages_s = note_ages(node._transport, params.cameras)
    node.autostart()
    executor = rclpy.executors.SingleThreadedExecutor()
    executor.add_node(node)

    def spin(seconds: float) -> None:
        end_s = monotonic() + seconds
        while (left_s := end_s - monotonic()) > 0:
            executor.spin_once(timeout_sec=left_s)

    yield node._core, ages_s, spin
    node.destroy_node()
    rclpy.shutdown()


@contextmanager
def dds_camera(topic: str = 'image') -> Iterator[Callable[[FrameArray], None]]:
    from openpose_ros.ros.dds.camera import DdsCamera
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.node.names import Names

    with Participant(Names.from_rules(f'camera_{topic}'.replace('/', '_'), [])) as participant:
        yield DdsCamera(participant, topic, 'camera').publish


@contextmanager
def rclpy_camera(topic: str = 'image') -> Iterator[Callable[[FrameArray], None]]:
    import rclpy
    from rclpy.signals import SignalHandlerOptions
    from sensor_msgs.msg import Image
    from std_msgs.msg import Header

    from openpose_ros.ros.rclpy.transport import MessageTypes

    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # its end is to be told
    node = rclpy.create_node(f'camera_{topic}'.replace('/', '_'))
    publisher = node.create_publisher(Image, topic, 5)

    def publish(frame: FrameArray) -> None:
        header = Header(stamp=node.get_clock().now().to_msg(), frame_id='camera')
        publisher.publish(image_message(MessageTypes, frame, header))

    yield publish


TRANSPORTS = {'dds': (over_dds, dds_camera), 'rclpy': (over_rclpy, rclpy_camera)}


def play_camera(
    transport: str, size: Size, hz: float, seconds: float, topic: str = 'image'
) -> None:
    """Publish images of noise; the work of the other process."""
    frame = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    with TRANSPORTS[transport][1](topic) as publish:
        due_s = monotonic()
        end_s = due_s + seconds
        while due_s < end_s:
            sleep(max(0.0, due_s - monotonic()))
            publish(frame)
            due_s += 1 / hz


def open_estimator(num_people: int, delay_s: float) -> PoseEstimator:
    """Open a fake network that shows people, and takes its time."""
    spec = load_model(need_file=False)
    shape = tuple(side // spec.stride for side in _NET_RESOLUTION[::-1])
    standing = scatter_people(num_people, spec.skeleton, shape)
    drawn = render_maps(standing, spec.skeleton, shape, noise=0.01)  # as a network's, never flat
    heatmaps, pafs = (maps[np.newaxis] for maps in drawn)
    engine = FakeEngine(lambda _: (heatmaps, pafs), spec, delay_s=delay_s)
    return PoseEstimator(spec, engine, net_resolution=_NET_RESOLUTION)


@contextmanager
def running_camera(
    transport: str, size: Size, hz: float, seconds: float, topic: str = 'image'
) -> Iterator[Any]:
    """Run the other process, and end it."""
    process = multiprocessing.get_context('spawn').Process(
        target=play_camera, args=(transport, size, hz, seconds, topic)
    )
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join()


def memory_mb() -> float:
    """Return what this process holds in memory now."""
    pages = int(Path('/proc/self/statm').read_text(encoding='utf-8').split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def measure(args: argparse.Namespace) -> tuple[list[str], bool]:
    """Return the rows of a Markdown table, and whether the node kept what it promises."""

    def opener(_: NodeParams) -> PoseEstimator:
        return open_estimator(args.people, args.delay)

    run = TRANSPORTS[args.transport][0]
    with run(opener) as (node, every_age_s, spin):
        settled_mb = cpu_s = 0.0
        before = node.cameras[0].counts()
        seconds = args.seconds + _SETTLED_S
        with running_camera(args.transport, args.size, args.hz, seconds) as camera:
            while not node.cameras[0].counts().received:
                spin(0.1)
            settled_s = monotonic() + _SETTLED_S
            while camera.is_alive():
                spin(0.1)
                if not settled_mb and monotonic() > settled_s:
                    settled_mb, cpu_s, before = (
                        memory_mb(),
                        process_time(),
                        node.cameras[0].counts(),
                    )
            cpu_s = process_time() - cpu_s
        counts, values = node.cameras[0].counts(), node.diagnostics()['pose estimation'].values
        grown_mb = memory_mb() - settled_mb
    (ages_s,) = every_age_s.values()
    ages_ms = 1e3 * np.array(ages_s[before.outcomes.get('processed', 0) :])
    limit_ms = 1e3 * (args.delay + 1 / args.hz + _MARGIN_S)
    late = int((ages_ms > limit_ms).sum())
    accounted = counts.taken - sum(counts.outcomes.values()) - counts.replaced - counts.failed
    median, slow = np.percentile(ages_ms, (50, 95))
    fifth = max(1, len(ages_ms) // 5)
    received = counts.received - before.received
    rows = [
        '| what | figure |',
        '|---|---|',
        f'| images received | {counts.received} |',
        f'| processed | {counts.outcomes.get("processed", 0)} |',
        f'| replaced by a newer one | {counts.replaced} |',
        f'| failed | {counts.failed} |',
        f'| in flight at the end | {counts.in_flight + counts.waiting} |',
        f'| age when published, median, 95 %, oldest | {median:.1f}, {slow:.1f}, '
        f'{ages_ms.max():.1f} ms |',
        f'| its limit; results beyond it | {limit_ms:.1f} ms; {late} of {len(ages_ms)} |',
        f'| median age in the first fifth, the last | {np.median(ages_ms[:fifth]):.1f}, '
        f'{np.median(ages_ms[-fifth:]):.1f} ms |',
        f'| memory, growth after {_SETTLED_S:.0f} s | {settled_mb:.0f}, {grown_mb:+.1f} MB |',
        f'| CPU an image received | {1e3 * cpu_s / max(received, 1):.2f} ms |',
        *(
            f'| {stage}, median, 95 % | {values[f"{stage} (ms, median)"]}, '
            f'{values[f"{stage} (ms, 95th percentile)"]} ms |'
            for stage in ('decode', 'preprocess', 'infer', 'parse', 'publish')
        ),
    ]
    return rows, late == 0 and grown_mb < _GROWTH_MB and accounted == counts.in_flight


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--transport', choices=TRANSPORTS, default='dds')
    parser.add_argument('--seconds', type=float, default=60.0, metavar='S')
    parser.add_argument('--delay', type=float, default=0.2, metavar='S')
    parser.add_argument('--hz', type=float, default=30.0, metavar='HZ')
    parser.add_argument('--size', type=net_resolution, default=(640, 480), metavar='WxH')
    parser.add_argument('--people', type=whole_number, default=5, metavar='N')
    rows, kept = measure(parser.parse_args())
    print('\n'.join(rows))
    return 0 if kept else 1


if __name__ == '__main__':
    sys.exit(main())
