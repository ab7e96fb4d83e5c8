"""Print the people that a node publishes."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
import json
import sys
from time import monotonic
from typing import Any

from openpose_ros.cli.network import add_rules, check_dds
from openpose_ros.cli.parameters import positive_number, whole_number
from openpose_ros.cli.results import add_json
from openpose_ros.errors import TransportError
from openpose_ros.files import LineFile, check_json_file

SUMMARY = 'print the people that a node publishes'
EXAMPLES = (
    ('echo', 'people as they arrive, a line each'),
    ('echo /left/openpose/persons --json - --count 10', 'ten messages of another node, as JSON'),
    ('echo --timeout 5', 'exit status 1 when nothing comes for 5 seconds'),
)

_PATIENCE_S = 4.0  # with who reads what is printed, and does not, after a stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'topic',
        nargs='?',
        default='/openpose/persons',
        metavar='TOPIC',
        help='topic of PersonArray messages (default: %(default)s)',
    )
    add_json(parser, 'one line of JSON for each message')
    parser.add_argument('--count', type=whole_number, metavar='N', help='end after N messages')
    parser.add_argument(
        '--timeout',
        type=positive_number,
        metavar='S',
        help='fail if no message comes for S seconds (default: wait for ever)',
    )
    add_rules(parser)


def run(args: argparse.Namespace) -> int:
    """
    Print messages until there were enough, or until interrupted.

    Returns
    -------
    int
        0.

    Raises
    ------
    TransportError
        If none comes in time.

    """
    check_dds()

    from openpose_ros.ros.dds.endpoints import Profile
    from openpose_ros.ros.dds.names import Names
    from openpose_ros.ros.dds.participant import Participant

    if args.json is not None:
        check_json_file(args.json)  # before anything is heard, as nothing would come of it
    printed, heard_s = 0, monotonic()

    def on_persons(message: Any) -> None:
        nonlocal printed, heard_s
        heard_s = monotonic()
        if printed == args.count:
            return
        if lines is not None:
            lines.write(f'{_json(message, topic, printed)}\n')
        else:
            print('\n'.join(_lines(message)), flush=True)
        printed += 1

    with ExitStack() as stack:
        stack.enter_context(args.stop.noted(_PATIENCE_S))
        participant = stack.enter_context(Participant(Names.from_rules('echo', args.remap)))
        lines = None
        if args.json is not None:
            lines = stack.enter_context(LineFile(args.json, kept=True))
        topic = participant.names.resolve(args.topic)
        subscription = participant.subscribe(
            topic, 'openpose_ros/msg/PersonArray', Profile(5), on_persons
        )
        while not args.stop.requested and printed != args.count:
            for trouble in participant.spin(0.1) + participant.incompatible_qos():
                print(f'openpose-ros echo: {trouble}', file=sys.stderr)
            if args.timeout is not None and monotonic() - heard_s > args.timeout:
                raise TransportError(
                    f'no message on {topic} for {args.timeout:g} s; it has '
                    f'{subscription.publishers()} publishers'
                )
        if lines is not None:
            lines.ended_early = args.stop.requested
    return 0


def _lines(message: Any) -> list[str]:
    """Return a message to read: a line for the image, one for each person."""
    from openpose_ros.ros.messages.people import nanoseconds

    persons = _seen(message)
    seconds, number = nanoseconds(message.header.stamp) / 1e9, len(persons)
    lines = [
        f'{seconds:.3f} {message.header.frame_id} {message.image_width}x{message.image_height}: '
        f'{number} {"person" if number == 1 else "people"}'
    ]
    for index, person in enumerate(persons):
        found = sum(keypoint.score > 0 for keypoint in person.keypoints)
        x, y, width, height = person.bbox
        lines.append(
            f'  {person.id or index}: score {person.score:.2f}, {found} of '
            f'{len(person.keypoints)} keypoints in {width:.0f}x{height:.0f} at {x:.0f},{y:.0f}'
        )
    return lines


def _seen(message: Any) -> list[Any]:
    """Return the persons who are in the image, without those who are only expected."""
    return [person for person in message.persons if not person.time_since_seen > 0]


def _json(message: Any, topic: str, index: int) -> str:
    """Return a message as `estimate --json` writes a frame, whatever its skeleton is."""
    import numpy as np

    from openpose_ros.io.people_json import rounded_stamp
    from openpose_ros.people import plain_rows
    from openpose_ros.ros.messages.people import nanoseconds

    people = [
        {
            'id': person.id,
            'score': round(float(person.score), 4),
            'keypoints': plain_rows(
                np.array([(k.x, k.y, k.score) for k in person.keypoints], np.float32)
            ),
        }
        for person in _seen(message)
    ]
    fields = {
        'source': topic,
        'frame': index,
        'stamp': rounded_stamp(nanoseconds(message.header.stamp) / 1e9),
        'width': message.image_width,
        'height': message.image_height,
        'skeleton': message.skeleton,
        'people': people,
    }
    return json.dumps(fields, separators=(',', ':'), allow_nan=False)
