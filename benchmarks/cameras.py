"""
Several cameras of one node: whether each gets its share, how fresh, and against a node for each.

::

    python -m benchmarks.cameras [--transport dds|rclpy] [--hz 15 15 15] [--delay 0.05]
                                 [--seconds 60] [--stop]
    python -m benchmarks.cameras --against [--hz 5 5 5] [--rounds 3] [--model NAME]

The cameras are other processes, each publishing stamped images of noise, 320x240; the network is
fake and takes `--delay` seconds. No result may be older, when it is published, than one inference,
one period of its camera and 50 ms, and every image is accounted for: else the exit status is 1.
With `--stop` the last camera first stops and comes back, and a line says how soon the node's
status told that.

`--against` runs `openpose-ros node` with a real network on one thread: one node of all cameras,
then one node for each, in turns. Memory is the proportional set size of all their processes, CPU
time theirs for each result, both from outside. rclpy needs a sourced ROS 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
import os
from pathlib import Path
import signal
import subprocess
import sys
from time import monotonic, time_ns
from typing import Any

import numpy as np

from benchmarks.node import TRANSPORTS, open_estimator, running_camera
from openpose_ros.cli.parameters import whole_number
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.camera import Camera
from openpose_ros.ros.node.diagnostics import OK, WARN
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.slots import Counts

_SIZE = (320, 240)
_MARGIN_S = 0.05
_TIMEOUT_S = 3.0  # no_image_timeout of the node with a camera that stops
_SETTLED_S = 5.0
_PATIENCE_S = 120.0


def measure(args: argparse.Namespace) -> tuple[list[str], bool]:
    """Return the rows of a Markdown table, and whether the node kept what it promises."""
    names = tuple(f'camera{number}' for number in range(1, len(args.hz) + 1))

    def opener(*_: Any) -> PoseEstimator:
        return open_estimator(2, args.delay)

    params = NodeParams(cameras=names, no_image_timeout=_TIMEOUT_S)
    run = TRANSPORTS[args.transport][0]
    with run(opener, params) as (node, ages_s, spin), ExitStack() as playing:

        def play(name: str, hz: float, seconds: float) -> Any:
            camera = running_camera(args.transport, _SIZE, hz, seconds, f'{name}/image')
            return playing.enter_context(camera)

        cameras = dict(zip(names, node.cameras))
        whole_s = args.seconds + 2 * _SETTLED_S
        steady = names[:-1] if args.stop else names
        for name, hz in zip(steady, args.hz):
            play(name, hz, whole_s + 60)
        told = []
        if args.stop:
            told = [stop(node, names[-1], lambda s: play(names[-1], args.hz[-1], s), spin, args)]
        wait_for(lambda: all(camera.counts().received for camera in cameras.values()), spin)
        spin_for(_SETTLED_S, spin)
        before = {name: camera.counts() for name, camera in cameras.items()}
        known = {name: len(ages_s[name]) for name in names}
        spin_for(args.seconds, spin)
        after = {name: camera.counts() for name, camera in cameras.items()}
        ages_ms = {name: 1e3 * np.array(ages_s[name][known[name] :]) for name in names}
    rows = [
        '| camera | received, taken, waiting, refused | lost | images a second | age, median, '
        'oldest | limit; beyond it |',
        '|---|---|---|---|---|---|',
    ]
    kept = True
    for name, hz in zip(names, args.hz):
        limit_ms = 1e3 * (args.delay + 1 / hz + _MARGIN_S)
        late = int((ages_ms[name] > limit_ms).sum())
        row, accounted = told_of(before[name], after[name], args.seconds)
        ages = 'none'
        if len(ages_ms[name]):
            ages = f'{np.median(ages_ms[name]):.0f}, {ages_ms[name].max():.0f} ms'
        rows.append(
            f'| {hz:g} Hz | {row} | {ages} | {limit_ms:.0f} ms; {late} of {len(ages_ms[name])} |'
        )
        kept = kept and accounted and late == 0 and len(ages_ms[name]) > 0
    return [*rows, *told], kept


def told_of(before: Counts, after: Counts, seconds: float) -> tuple[str, bool]:
    """Return what became of a camera's images, and whether every one is accounted for."""
    refused = sum(after.refused.values())
    accounted = after.received == after.taken + after.waiting + refused
    received = after.received - before.received
    lost = after.replaced - before.replaced
    rate = (after.outcomes.get('processed', 0) - before.outcomes.get('processed', 0)) / seconds
    text = (
        f'{after.received}, {after.taken}, {after.waiting}, {refused} | '
        f'{lost / max(received, 1):.1%} | {rate:.2f}'
    )
    return text, accounted


def stop(
    node: Any,
    name: str,
    play: Callable[[float], Any],
    spin: Callable[[float], object],
    args: argparse.Namespace,
) -> str:
    """Let a camera stop and come back; return a line of how soon the node told that."""
    key = f'pose estimation of {name}'
    (camera,) = (one for one in node.cameras if one.name == name)

    def level() -> int:
        return int(node.diagnostics()[key].level)

    first = play(args.seconds / 3)
    wait_for(lambda: bool(camera.counts().received), spin)
    received, silent_s = last_image(first, camera, spin)
    wait_for(lambda: level() == WARN, spin)
    warned_s = monotonic() - silent_s
    play(args.seconds + 60)
    wait_for(lambda: camera.counts().received > received, spin)
    back_s = monotonic()
    wait_for(lambda: level() == OK, spin)
    return (
        f'\nThe last camera stopped: WARN {warned_s:.1f} s after its last image '
        f'(no_image_timeout {_TIMEOUT_S:g} s), OK {monotonic() - back_s:.2f} s after its first.'
    )


def last_image(process: Any, camera: Camera, spin: Callable[[float], object]) -> tuple[int, float]:
    """Return how many images came, and when the last one did, once no more come."""
    received, since_s = camera.counts().received, monotonic()
    while process.is_alive() or monotonic() - since_s < 1.0:
        spin(0.02)
        if camera.counts().received > received:
            received, since_s = camera.counts().received, monotonic()
    return received, since_s


def wait_for(fact: Callable[[], bool], spin: Callable[[float], object]) -> None:
    """Spin until something holds."""
    end_s = monotonic() + _PATIENCE_S
    while not fact():
        spin(0.02)
        if monotonic() > end_s:
            raise SystemExit(f'nothing came of it within {_PATIENCE_S:.0f} s')


def spin_for(seconds: float, spin: Callable[[float], object]) -> None:
    end_s = monotonic() + seconds
    while monotonic() < end_s:
        spin(0.02)


# One node against one for each


def compare(args: argparse.Namespace) -> list[str]:
    """Return the rows of a Markdown table: medians over the rounds."""
    found: dict[str, list[dict[str, float]]] = {'one node': [], 'a node for each': []}
    for _ in range(args.rounds):
        for way, figures in found.items():
            figures.append(run_nodes(args, together=way == 'one node'))
    rows = [
        f'| {len(args.hz)} cameras at {args.hz[0]:g} Hz | {" | ".join(found)} |',
        '|---|---|---|',
    ]
    for what, form in FIGURES.items():
        cells = (form.format(np.median([one[what] for one in some])) for some in found.values())
        rows.append(f'| {what} | {" | ".join(cells)} |')
    return rows


FIGURES = {
    'memory of all processes': '{:.0f} MB',
    'CPU time an image': '{:.1f} ms',
    'age of a result, median': '{:.0f} ms',
    'age of a result, 95 %': '{:.0f} ms',
    'results a second, all cameras': '{:.2f}',
}


def run_nodes(args: argparse.Namespace, *, together: bool) -> dict[str, float]:
    """Run the nodes and their cameras, listen, and return what they cost."""
    from openpose_ros.ros.dds.endpoints import Profile
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.node.names import Names

    names = [f'camera{number}' for number in range(1, len(args.hz) + 1)]
    common = ['-p', f'model:={args.model}', '-p', f'threads:={args.threads}']
    if together:
        commands = [[*common, '-p', f'cameras:=[{", ".join(names)}]']]
        topics = [f'/openpose/{name}/persons' for name in names]
    else:
        commands = [[*common, '-r', f'__ns:=/{name}'] for name in names]
        topics = [f'/{name}/openpose/persons' for name in names]
    ages_s: list[float] = []

    def note(message: Any) -> None:
        ages_s.append((time_ns() - nanoseconds(message.header.stamp)) / 1e9)

    with ExitStack() as running, Participant(Names.from_rules('listener', [])) as listener:
        subscriptions = [
            listener.subscribe(topic, 'openpose_ros/msg/PersonArray', Profile(50), note)
            for topic in topics
        ]
        nodes = [running.enter_context(node_process(words)) for words in commands]
        wait_for(lambda: all(one.publishers() == 1 for one in subscriptions), listener.spin)
        for name, hz in zip(names, args.hz):
            camera = running_camera('dds', _SIZE, hz, args.seconds + 60, f'{name}/image')
            running.enter_context(camera)
        wait_for(lambda: len(ages_s) > 5 * len(names), listener.spin)
        spin_for(_SETTLED_S, listener.spin)
        ages_s.clear()
        cpu_s = sum(map(cpu_of, nodes))
        spin_for(args.seconds, listener.spin)
        cpu_s = sum(map(cpu_of, nodes)) - cpu_s
        memory_mb = sum(map(memory_of, nodes))
    ages_ms = 1e3 * np.array(ages_s)
    return {
        'memory of all processes': memory_mb,
        'CPU time an image': 1e3 * cpu_s / len(ages_ms),
        'age of a result, median': float(np.median(ages_ms)),
        'age of a result, 95 %': float(np.percentile(ages_ms, 95)),
        'results a second, all cameras': len(ages_ms) / args.seconds,
    }


@contextmanager
def node_process(words: list[str]) -> Iterator[int]:
    """Run `openpose-ros node` with these arguments; give its process's number."""
    command = [sys.executable, '-m', 'openpose_ros', 'node', '--log-level', 'error', *words]
    with subprocess.Popen(command) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def cpu_of(pid: int) -> float:
    """Return the CPU time of a process so far, seconds."""
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def memory_of(pid: int) -> float:
    """Return a process's proportional set size: what it shares counts by its share, MB."""
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text(encoding='utf-8').splitlines():
        if line.startswith('Pss:'):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit('this kernel tells no proportional set size')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--transport', choices=TRANSPORTS, default='dds')
    parser.add_argument('--hz', type=float, nargs='+', default=[15.0, 15.0, 15.0], metavar='HZ')
    parser.add_argument('--delay', type=float, default=0.05, metavar='S')
    parser.add_argument('--seconds', type=float, default=60.0, metavar='S')
    parser.add_argument('--stop', action='store_true')
    parser.add_argument('--against', action='store_true')
    parser.add_argument('--rounds', type=whole_number, default=3, metavar='N')
    parser.add_argument('--model', default='openpose-ros-small-int8', metavar='NAME')
    parser.add_argument('--threads', type=int, default=1, metavar='N')
    args = parser.parse_args()
    if args.against:
        print('\n'.join(compare(args)))
        return 0
    rows, kept = measure(args)
    print('\n'.join(rows))
    return 0 if kept else 1


if __name__ == '__main__':
    sys.exit(main())
