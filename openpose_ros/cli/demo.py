"""Camera, node and echo as three processes over loopback, to see that it all works."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
import json
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
from time import monotonic
from typing import TYPE_CHECKING

from openpose_ros.children import ends_with_us
from openpose_ros.cli.network import check_dds
from openpose_ros.cli.parameters import add_parameters, given_parameters
from openpose_ros.cli.results import folder_name
from openpose_ros.commands import command
from openpose_ros.errors import TransportError
from openpose_ros.files import Claims
from openpose_ros.pictures.limits import PictureParams

if TYPE_CHECKING:
    from openpose_ros.signals import Stop

SUMMARY = 'find people in a photograph through camera, node and echo'
EXAMPLES = (
    ('demo', 'draws the people of a photograph of its own, in the folder output'),
    ('demo photo.jpg', 'those of a photograph of yours'),
    (
        'demo photo.jpg --model human-pose-estimation-0001 --output out',
        'with another network, into another folder',
    ),
)
PHOTO = Path(__file__).parent / 'data/crew.jpg'  # in the public domain, see data/README.md
ENOUGH_KEYPOINTS = 8
_PATIENCE_S = 180  # the first start compiles the kernels; on a small machine that takes a while
_FAREWELL_S = 20
_GLANCE_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'photo',
        nargs='?',
        type=Path,
        metavar='PHOTO',
        help='a photograph of people (default: the crew of Apollo 11, which the package carries)',
    )
    parser.add_argument(
        '--model', metavar='M', help=f'name or path of the network; see {command("models list")}'
    )
    parser.add_argument(
        '-o',
        '--output',
        type=folder_name,
        default=Path('output'),
        metavar='DIR',
        help='where the annotated photograph goes (default: %(default)s)',
    )
    add_parameters(parser, PictureParams)


def run(args: argparse.Namespace) -> int:
    """
    Publish a photograph, let the node find its people, and draw those that were received.

    Returns
    -------
    int
        0 if a message came with a person of ENOUGH_KEYPOINTS, and all processes ended well;
        else 1.

    """
    limits = given_parameters(args, PictureParams)
    check_dds()

    from openpose_ros.drawing import draw_people
    from openpose_ros.io.people_json import people_from_line
    from openpose_ros.io.pictures import Picture
    from openpose_ros.io.result_names import prepare_folder
    from openpose_ros.io.results import Results
    from openpose_ros.models import load_model
    from openpose_ros.models.finding import files_of

    photo = Picture(args.photo or PHOTO, limits.max_image_pixels)
    (frame,) = photo.frames()
    spec = load_model(args.model)  # a wrong one is said before all else
    claims = Claims(files_of(spec.path))
    prepare_folder(args.output, [photo], claims=claims)
    with args.stop.noted(), ExitStack() as processes:
        allowed = str(limits.max_image_pixels)
        node = ['node', '-p', f'model:={json.dumps(args.model or "")}']
        node += ['-p', f'max_image_pixels:={allowed}']
        others = [node, ['camera', photo.name, '--max-image-pixels', allowed]]
        echo = ['echo', '--json', '-', '--count', '1', '--timeout', str(_PATIENCE_S)]
        environment = _loopback()
        running = [processes.enter_context(_process(verb, environment)) for verb in others]
        line = _heard(processes.enter_context(_process(echo, environment)), running, args.stop)
        ended_well = all([_ended_well(process) for process in running])
    people = people_from_line(line, spec.skeleton)
    with Results(args.output, photo.stem) as results:
        results.write(frame, draw_people(frame.image, people), people)
    print(f'photograph {photo.name}: {len(people)} received, drawn in {args.output}')
    most = 0
    for index, (score, keypoints) in enumerate(zip(people.scores, people.keypoints)):
        names = [
            name for name, row in zip(people.skeleton.keypoint_names, keypoints) if row[2] > 0
        ]
        most = max(most, len(names))
        print(f'person {index}: score {score:.2f}, {len(names)} keypoints: {", ".join(names)}')
    if most < ENOUGH_KEYPOINTS:
        print(f'nobody was found with {ENOUGH_KEYPOINTS} keypoints or more')
    return 0 if most >= ENOUGH_KEYPOINTS and ended_well else 1


def _loopback() -> dict[str, str]:
    """Return an environment in which only these processes meet each other."""
    return {
        **os.environ,
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'ROS_LOCALHOST_ONLY': '',
        'ROS_DOMAIN_ID': os.environ.get('ROS_DOMAIN_ID') or str(random.randint(1, 101)),
    }


@contextmanager
def _process(
    arguments: list[str], environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Run a verb; it does not outlive the context."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'openpose_ros', *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=ends_with_us(signal.SIGTERM, held=True),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            _ended_well(process)
        process.communicate()


def _heard(echo: subprocess.Popen[str], others: list[subprocess.Popen[str]], stop: Stop) -> str:
    """Return the line of the echo, unless a process ends before it comes, or this one shall."""
    deadline_s = monotonic() + _PATIENCE_S
    while True:
        try:
            line, _ = echo.communicate(timeout=_GLANCE_S)
        except subprocess.TimeoutExpired:
            line = ''
        if line:
            return line
        ended = [process for process in [echo, *others] if process.poll() is not None]
        # Whoever asks this process to end often asks those as well.
        if stop.wait(_GLANCE_S if ended else 0):
            raise KeyboardInterrupt
        if ended:
            raise TransportError(
                f'{_verb(ended[0])} ended before a message came; its reason is above'
            )
        if monotonic() > deadline_s:
            raise TransportError(f'no message came in {_PATIENCE_S} s')


def _verb(process: subprocess.Popen[str]) -> str:
    return str(process.args[3])  # type: ignore[index]


def _ended_well(process: subprocess.Popen[str]) -> bool:
    """End a process as a service manager does, and see that it obeys."""
    verb = _verb(process)
    process.terminate()
    try:
        status = process.wait(_FAREWELL_S)
    except subprocess.TimeoutExpired:
        process.kill()
        print(f'{verb} did not end in {_FAREWELL_S} s, and was killed')
        return False
    if status:
        print(f'{verb} ended with exit status {status}')
    return status == 0
