"""Print the people, the gestures, or the person to go to, that a node publishes."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from functools import partial
import sys
from time import monotonic
from typing import Any

from openpose_ros.cli.heard import FORMS, Form, json_line
from openpose_ros.cli.network import add_rules, check_dds
from openpose_ros.cli.parameters import positive_number, whole_number
from openpose_ros.cli.results import add_json
from openpose_ros.errors import TransportError
from openpose_ros.files import LineFile, check_json_file

SUMMARY = 'print the people that a node publishes'
EXAMPLES = (
    ('echo', 'people as they arrive, a line each'),
    ('echo /left/openpose/persons --json - --count 10', 'ten messages of another node, as JSON'),
    ('echo /openpose/gestures', 'what people do with their arms'),
    ('echo /openpose/target_pose', 'where a robot would stand before somebody'),
    ('echo --timeout 5', 'exit status 1 when nothing comes for 5 seconds'),
)

_GLANCE_S = 0.1  # how long a signal may wait until it is seen
_SETTLED_S = 1.5  # until what was discovered is taken for all that there is
_PATIENCE_S = 4.0  # with who reads what is printed, and does not, after a stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        'topic',
        nargs='?',
        default='/openpose/persons',
        metavar='TOPIC',
        help='topic of PersonArray, Gestures or PoseStamped messages (default: %(default)s)',
    )
    add_json(parser, 'one line of JSON for each message')
    number = parser.add_mutually_exclusive_group()
    number.add_argument('--count', type=whole_number, metavar='N', help='end after N messages')
    number.add_argument(
        '--once', action='store_const', const=1, dest='count', help='end after one message'
    )
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
        If none comes in time, or those that come are of another type.

    """
    check_dds()

    from openpose_ros.ros.dds.endpoints import Profile
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.node.names import Names

    if args.json is not None:
        check_json_file(args.json)  # before anything is heard, as nothing would come of it
    printed, heard_s = 0, monotonic()

    def on_message(form: Form, message: Any) -> None:
        nonlocal printed, heard_s
        heard_s = monotonic()
        if printed == args.count:
            return
        if lines is not None:
            lines.write(f'{json_line(form, message, topic, printed)}\n')
        else:
            print('\n'.join(form.lines(message)), flush=True)
        printed += 1

    with ExitStack() as stack:
        stack.enter_context(args.stop.noted(_PATIENCE_S))
        participant = stack.enter_context(Participant(Names.from_rules('echo', args.remap)))
        lines = None
        if args.json is not None:
            lines = stack.enter_context(LineFile(args.json, kept=True))
        topic = participant.names.resolve(args.topic)
        subscription, others = None, _Others(topic)
        while not args.stop.requested and printed != args.count:
            if subscription is None:
                kind = _type_of(participant, topic)
                if kind is not None:
                    profile = Profile(5, reliable=participant.is_reliable(topic))
                    subscription = participant.subscribe(
                        topic, kind, profile, partial(on_message, FORMS[kind])
                    )
                elif line := others.told(participant.published_topics(FORMS), monotonic()):
                    print(f'openpose-ros echo: {line}', file=sys.stderr)
            for trouble in participant.spin(_GLANCE_S) + participant.incompatible_qos():
                print(f'openpose-ros echo: {trouble}', file=sys.stderr)
            if args.timeout is not None and monotonic() - heard_s > args.timeout:
                trouble = f'no message on {topic} for {args.timeout:g} s; it has '
                if subscription is not None:
                    raise TransportError(f'{trouble}{subscription.publishers()} publishers')
                there = _listed(participant.published_topics(FORMS))
                raise TransportError(f'{trouble}0 publishers{there and f"; {there}"}')
        if lines is not None:
            lines.ended_early = args.stop.requested
    return 0


class _Others:
    """Tells, once it is known, on which topics echo would hear something."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._found: list[str] = []
        self._since_s = 0.0
        self._told: list[str] = []

    def told(self, found: list[str], now_s: float) -> str:
        """Return a line, where there is something new to tell."""
        if found != self._found:
            self._found, self._since_s = found, now_s
        if not found or found == self._told or now_s - self._since_s < _SETTLED_S:
            return ''
        self._told = found
        return f'nobody publishes {self._topic}; {_listed(found)}'


def _listed(topics: list[str]) -> str:
    """Return the topics that can be heard, '' for none."""
    return f'what can be heard is {", ".join(topics)}' if topics else ''


def _type_of(participant: Any, topic: str) -> str | None:
    """Return what is published on a topic, None while nothing is."""
    found = participant.published_types(topic)
    for kind in FORMS:
        if kind in found:
            return kind
    if found:
        raise TransportError(
            f'{topic} carries {" and ".join(sorted(found))}, but echo prints '
            f'{", ".join(FORMS)} only'
        )
    return None
