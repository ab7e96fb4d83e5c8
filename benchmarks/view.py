"""
What the page in the browser costs the node that serves it, and how soon a slider is answered.

::

    python -m benchmarks.view [--seconds 30] [--turns 3] [--hz 15] [--delay 0.03]

Turns of nobody, a viewer that reads, and one that reads nothing at all, one after the other, with
the camera and the viewer in other processes: the age of results and the CPU time of the node a
frame, medians over the turns. Then what 200 connections that never send a request and a viewer
that reads nothing hold in memory. With playwright and chromium also the time from a slider's
event to the changed number of people, on a photograph.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import json
import multiprocessing
import os
import shutil
import socket
import threading
from time import monotonic, process_time, sleep

import numpy as np

from benchmarks.node import memory_mb, note_ages, open_estimator, running_camera
from openpose_ros.cli.demo import PHOTO
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io import find_sources
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.view.addresses import Address
from openpose_ros.view.desk import Desk
from openpose_ros.view.options import ViewOptions
from openpose_ros.view.server import ViewServer
from openpose_ros.view.tokens import VARIABLE, Token

TOKEN = 'a-token-of-the-benchmark'
WHO = ('nobody', 'reads', 'reads nothing')
_SIZE = (640, 480)
_SETTLED_S = 3.0
_CONNECTIONS = 200


def look(origin: str, reads: bool) -> None:
    """Be a viewer, in a process of its own."""
    import aiohttp

    async def looking() -> None:
        async with aiohttp.ClientSession() as session:
            headers = {'Origin': origin}
            async with session.ws_connect(f'{origin}/ws', headers=headers) as viewer:
                await viewer.send_str(json.dumps({'token': TOKEN}))
                while reads:
                    await viewer.receive()

    if reads:
        asyncio.run(looking())
        return
    host, _, port = origin.removeprefix('http://').rpartition(':')
    with silent_viewer(host, int(port)):
        sleep(3600)


@contextmanager
def silent_viewer(host: str, port: int) -> Iterator[None]:
    """Be a viewer that has shown the token and reads nothing."""
    with socket.create_connection((host, port)) as connected:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connected.sendall(
            (
                f'GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\n'
                'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n'
            ).encode()
        )
        while b'\r\n\r\n' not in connected.recv(4096):
            pass
        text = json.dumps({'token': TOKEN}).encode()
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
        connected.sendall(bytes((0x81, 0x80 | len(text))) + mask + masked)
        yield


def measure_node(args: argparse.Namespace) -> dict[str, list[tuple[float, float, int]]]:
    """Return median age in ms, CPU a frame in ms, and frames, of each turn of each of WHO."""
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.dds.transport import DdsTransport
    from openpose_ros.ros.node.names import Names

    os.environ[VARIABLE] = TOKEN
    found: dict[str, list[tuple[float, float, int]]] = {who: [] for who in WHO}
    seconds = len(WHO) * args.turns * (args.seconds + _SETTLED_S + 30)
    with Participant(Names.from_rules('openpose', [])) as participant:
        transport = DdsTransport(participant, lambda *_: None, {}, {'': 'raw'})
        ages_s = note_ages(transport)
        params = NodeParams(view='127.0.0.1:0')
        node = PoseNode(transport, params, lambda *_: open_estimator(5, args.delay))
        node.configure()
        node.activate()
        server = node._view._server
        assert server is not None
        transport.subscribe(node.inputs())

        def spin(duration_s: float) -> None:
            end_s = monotonic() + duration_s
            while monotonic() < end_s:
                participant.spin(0.1)

        with running_camera('dds', _SIZE, args.hz, seconds):
            while not ages_s:
                participant.spin(0.1)
            for _ in range(args.turns):
                for who in WHO:
                    with looking(server.address.origin, who):
                        while server.is_watched != (who != 'nobody'):
                            participant.spin(0.1)
                        spin(_SETTLED_S)
                        begun, cpu_s = len(ages_s), process_time()
                        spin(args.seconds)
                        frames = len(ages_s) - begun
                        cpu_ms = 1e3 * (process_time() - cpu_s) / max(frames, 1)
                        age_ms = 1e3 * float(np.median(ages_s[begun:]))
                        found[who].append((age_ms, cpu_ms, frames))
                    while server.is_watched:
                        participant.spin(0.1)
        node.shutdown()
    return found


@contextmanager
def looking(origin: str, who: str) -> Iterator[None]:
    if who == 'nobody':
        yield
        return
    process = multiprocessing.get_context('spawn').Process(
        target=look, args=(origin, who == 'reads')
    )
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


@contextmanager
def desk(estimator: PoseEstimator) -> Iterator[tuple[ViewServer, Desk]]:
    """Serve the photograph."""
    over = threading.Event()
    host = Desk(estimator, find_sources(str(PHOTO)), max_pixels=MAX_IMAGE_PIXELS)
    options = ViewOptions(address=Address('127.0.0.1', 0), token=Token(TOKEN, own=True))
    with ViewServer(host, options) as server:
        walking = threading.Thread(target=host.run, args=(server, over.is_set))
        walking.start()
        try:
            yield server, host
        finally:
            over.set()
            walking.join()


def measure_memory(seconds: float) -> float:
    """Return by how many MB the process grows with many connections and a viewer that stalls."""
    with open_estimator(5, 0.0) as estimator, desk(estimator) as (server, host):
        while host._estimate is None:
            sleep(0.1)
        shown = host._estimate
        sleep(1.0)
        before_mb = memory_mb()
        sockets = []
        with silent_viewer('127.0.0.1', server.address.port):
            while not server.is_watched:
                sleep(0.01)
            most_mb, end_s = before_mb, monotonic() + seconds
            while monotonic() < end_s:
                while len(sockets) < _CONNECTIONS:
                    with suppress(OSError):
                        sockets.append(
                            socket.create_connection(('127.0.0.1', server.address.port))
                        )
                host._show(shown)
                most_mb = max(most_mb, memory_mb())
                sleep(1 / 30)
        for one in sockets:
            one.close()
    return most_mb - before_mb


def measure_slider(times: int) -> list[float] | None:
    """Return how long changed numbers took, ms; None without a browser."""
    chromium = os.environ.get('OPENPOSE_ROS_CHROMIUM') or shutil.which('chromium')
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        return None
    if chromium is None:
        return None
    with PoseEstimator() as estimator, desk(estimator) as (server, _), sync_playwright() as driver:
        flags = ['--no-sandbox'] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        page.goto(f'{server.address.origin}/#{TOKEN}')
        expect(page.locator('#count')).to_have_text('3', timeout=60_000)
        took = page.locator('#set-max_people').evaluate(
            """async (slider, times) => {
              const count = document.getElementById('count');
              const took = [];
              for (let turn = 0; turn < times; turn += 1) {
                const value = String(1 + turn % 2);
                await new Promise(done => setTimeout(done, 300));
                const changed = new Promise(done => {
                  const watch = new MutationObserver(() => {
                    if (count.textContent !== value) return;
                    watch.disconnect();
                    done(performance.now());
                  });
                  watch.observe(count, {childList: true, characterData: true, subtree: true});
                });
                const begun = performance.now();
                slider.value = value;
                slider.dispatchEvent(new Event('input', {bubbles: true}));
                took.push(await changed - begun);
              }
              return took;
            }""",
            times,
        )
        browser.close()
    return [float(one) for one in took]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parser.add_argument('--seconds', type=float, default=30.0)
    parser.add_argument('--turns', type=int, default=3)
    parser.add_argument('--hz', type=float, default=15.0)
    parser.add_argument('--delay', type=float, default=0.03)
    args = parser.parse_args()
    print('| who looks | age, ms | CPU a frame, ms | frames |\n|---|---|---|---|')
    for who, turns in measure_node(args).items():
        age_ms, cpu_ms, _ = np.median(turns, axis=0)
        frames = sum(turn[2] for turn in turns)
        print(f'| {who} | {age_ms:.1f} | {cpu_ms:.2f} | {frames} |')
    print(f'memory with {_CONNECTIONS} connections: {measure_memory(args.seconds):+.1f} MB')
    took = measure_slider(10)
    if took is not None:
        print(f'slider: median {np.median(took):.0f} ms, slowest {max(took):.0f} ms')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
