"""
The command line: `openpose-ros VERB`.

A verb is a module with SUMMARY, EXAMPLES (what to type after the program's name, what it does),
add_arguments(parser) and run(args) -> exit status. Only the one that is asked for is imported, so
that `--help` is there at once. Exit status: 0 done, 1 the work failed, 2 wrong usage, 130
interrupted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
import os
import re
import signal
import sys
from typing import NoReturn

from openpose_ros import __version__
from openpose_ros.advice import PROGRAM, command
from openpose_ros.errors import OpenPoseError, ParameterError

VERBS = {  # name: module, its SUMMARY
    'estimate': (
        'openpose_ros.cli.estimate',
        'find people in pictures, folders, videos or a camera',
    ),
    'node': ('openpose_ros.cli.node', 'the ROS 2 node, without a ROS installation'),
    'camera': ('openpose_ros.cli.camera', 'publish pictures or a video as a camera does'),
    'echo': ('openpose_ros.cli.echo', 'print the people that a node publishes'),
    'models': ('openpose_ros.cli.models', 'list, show, fetch and import models'),
    'build-engine': (
        'openpose_ros.cli.build_engine',
        'build a TensorRT engine of a network, for this GPU or another',
    ),
    'doctor': (
        'openpose_ros.cli.doctor',
        'say what is installed, what works, and how to mend the rest',
    ),
    'demo': (
        'openpose_ros.cli.demo',
        'find people in a photograph through camera, node and echo',
    ),
}
GROUPS = {  # what a user wants: the verbs for it, as `--help` lists them
    'look at people': ('estimate',),
    'run a node': ('node', 'camera', 'echo'),
    'models and engines': ('models', 'build-engine'),
    'find out what is wrong': ('doctor', 'demo'),
}
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse puts the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f'{PROGRAM}: {message}; see {self.prog} --help\n')


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a verb.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; by default those of this process.

    Returns
    -------
    int
        The exit status.

    """
    given = _with_sizes_joined(sys.argv[1:] if arguments is None else arguments)
    # Names of files need not be text; what the terminal cannot show is escaped.
    sys.stdout.reconfigure(errors='backslashreplace')  # type: ignore[union-attr]
    try:
        args = _parsed(given)
        status = int(args.run(args))
        if status == INTERRUPTED:  # and the verb has said so
            _ignore_interrupts()
        return status
    except ParameterError as exc:
        return _complain(exc, USAGE)
    except OpenPoseError as exc:
        return _complain(exc, FAILED)
    except KeyboardInterrupt:
        _ignore_interrupts()
        return _complain('interrupted', INTERRUPTED)
    except BrokenPipeError:  # `| head` has seen enough; nothing is left to be flushed to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _parsed(given: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog=command(),
        usage='%(prog)s [-h] [--version] VERB ...',
        description='Human pose estimation with OpenPose-family networks.',
        epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument('--version', action='version', version=f'{PROGRAM} {__version__}')
    # argparse cannot list verbs in groups; the overview does.
    verbs = parser.add_subparsers(
        prog=command(), metavar='VERB', required=True, help=argparse.SUPPRESS
    )
    for name, (module, summary) in VERBS.items():
        verb = verbs.add_parser(
            name,
            description=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name in given:
            imported = import_module(module)
            imported.add_arguments(verb)
            verb.set_defaults(run=imported.run)
            verb.epilog = _examples(imported.EXAMPLES)
    return parser.parse_args(given)


def _overview() -> str:
    """Return the verbs in their groups, and where to read on."""
    width = max(map(len, VERBS))
    lines = []
    for group, names in GROUPS.items():
        lines.append(f'{group}:')
        lines += [f'  {name:<{width}}  {VERBS[name][1]}' for name in names]
        lines.append('')
    return '\n'.join([*lines, f'flags and examples of a verb: {command("VERB --help")}'])


def _examples(examples: Sequence[tuple[str, str]]) -> str:
    """Return what ends a verb's help: what to type, as it exists here, and what it does."""
    lines = ['examples:']
    for arguments, does in examples:
        lines += [f'  {command(arguments)}', f'      {does}']
    return '\n'.join(lines)


def _with_sizes_joined(given: Sequence[str]) -> list[str]:
    """Turn `--net-resolution -1x368` into one word: argparse takes -1x368 for a flag."""
    joined: list[str] = []
    for word in given:
        if re.fullmatch(r'-\d+x-?\d+', word) and joined and joined[-1].startswith('--'):
            joined[-1] += f'={word}'
        else:
            joined.append(word)
    return joined


def _ignore_interrupts() -> None:
    """Let nothing but the end come after a Ctrl-C: a second one would make a traceback of it."""
    while True:
        try:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return
        except KeyboardInterrupt:  # one that came meanwhile
            continue


def _complain(trouble: object, status: int) -> int:
    print(f'{PROGRAM}: {trouble}', file=sys.stderr)
    return status
