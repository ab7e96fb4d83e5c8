"""
The command line: `openpose-ros VERB`.

A verb is a module with SUMMARY, EXAMPLES (what to type after the program's name, what it does),
add_arguments(parser) and run(args) -> exit status. Only the one that is asked for is imported, so
that `--help` is there at once. Exit status: 0 done, 1 the work failed, 2 wrong usage, a library
that is not installed among it; after a signal 128 and its number, 130 for Ctrl-C; 141 where nobody
reads what it prints. A verb finds in `args.stop` what signals ask for; they end it `at_once`
unless it says otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
import re
import signal
import sys

from openpose_ros import __version__
from openpose_ros.cli.completion import complete, words_to_complete
from openpose_ros.cli.parser import USAGE, Parser, spread
from openpose_ros.cli.ros_arguments import fold_ros_arguments
from openpose_ros.commands import PROGRAM, command
from openpose_ros.errors import (
    LibraryError,
    MissingLibraryError,
    OpenPoseError,
    ParameterError,
    ReaderGoneError,
)
from openpose_ros.home import forget_empty_home
from openpose_ros.signals import Stop, leave, watched
from openpose_ros.streams import guard_streams

VERBS = {  # name: module, its SUMMARY
    'estimate': (
        'openpose_ros.cli.estimate',
        'find people in pictures, folders, videos or a camera',
    ),
    'archive': (
        'openpose_ros.cli.archive',
        'find people in thousands of files, on one machine or many',
    ),
    'view': (
        'openpose_ros.cli.view',
        'see people in the browser, and turn every threshold',
    ),
    'evaluate': (
        'openpose_ros.cli.evaluate',
        'score results against annotations: OKS AP and AR, as COCO does',
    ),
    'bag': ('openpose_ros.cli.bag', "write the people of a bag's images into another bag"),
    'node': ('openpose_ros.cli.node', 'the ROS 2 node, without a ROS installation'),
    'camera': ('openpose_ros.cli.camera', 'publish pictures or a video as a camera does'),
    'echo': ('openpose_ros.cli.echo', 'print the people that a node publishes'),
    'models': ('openpose_ros.cli.models', 'list, show, fetch and import models'),
    'build-engine': (
        'openpose_ros.cli.build_engine',
        'build a TensorRT engine of a network, for this GPU or another',
    ),
    'warm-up': (
        'openpose_ros.cli.warm_up',
        'compile now what the first start would compile',
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
    'look at people': ('estimate', 'view', 'bag', 'archive', 'evaluate'),
    'run a node': ('node', 'camera', 'echo'),
    'models and engines': ('models', 'build-engine'),
    'prepare an image or a robot': ('warm-up',),
    'find out what is wrong': ('doctor', 'demo'),
}
_SERVERS = ('node', 'camera', 'echo')  # that somebody stops them is how these end well
DONE, FAILED = 0, 1


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run a verb.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name. By default those of this process, which ends with the
        verb: its standard streams are guarded, and it hears signals until its very end.

    Returns
    -------
    int
        The exit status. A process that a signal asked to end does not return.

    """
    forget_empty_home()
    if arguments is None:
        guard_streams()
        _be_the_program()
    given = _with_sizes_joined(arguments or ())
    with _heard(given) as stop:
        status = _done(given, stop)
        if stop.requested:
            leave(stop.status)
    return status


def _be_the_program() -> None:
    given = _with_sizes_joined(sys.argv[1:])
    with _heard(given) as stop:
        try:
            status = _done(given, stop)
        except SystemExit as exc:  # argparse's own way out
            status = int(exc.code or DONE)
        leave(stop.status if stop.requested else status)


@contextmanager
def _heard(given: list[str]) -> Iterator[Stop]:
    """Hear signals as the verb among these words does."""
    verb = next((word for word in given if word in VERBS), '')
    with watched(
        serves=verb in _SERVERS, reloads=verb == 'node', farewell=f'{PROGRAM}: interrupted\n'
    ) as stop:
        yield stop


def _done(given: list[str], stop: Stop) -> int:
    try:
        return _ran(given, stop)
    except (ParameterError, LibraryError, MissingLibraryError) as exc:
        return _complain(exc, USAGE)
    except (ReaderGoneError, BrokenPipeError):  # `| head` has seen enough
        return 128 + signal.SIGPIPE
    except OpenPoseError as exc:
        return _complain(exc, FAILED)
    except OSError as exc:  # that nothing nearer to it has told better
        return _complain(_told(exc), FAILED)
    except MemoryError:
        return _complain('this needs more memory than there is', FAILED)
    except ImportError as exc:  # a library that is missing or broken
        reason = ' '.join(str(exc).split())
        return _complain(f'{reason}; {command("doctor")} says what is wrong', FAILED)
    except KeyboardInterrupt:
        return _complain('interrupted', stop.status)


def _told(exc: OSError) -> str:
    """Return what the system refused, and of which file."""
    reason = exc.strerror or ' '.join(str(exc).split()) or type(exc).__name__
    return f'{exc.filename}: {reason}' if exc.filename is not None else reason


def _ran(given: list[str], stop: Stop) -> int:
    """Run a verb, and see that what it printed got through."""
    try:
        args = _parsed(given)
        args.stop = stop
        status = int(args.run(args))
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return status


def _parsed(given: list[str]) -> argparse.Namespace:
    completed = words_to_complete()
    named = given if completed is None else completed
    parser = Parser(
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
        if name in named:
            imported = import_module(module)
            imported.add_arguments(verb)
            verb.set_defaults(run=imported.run)
            verb.epilog = _examples(imported.EXAMPLES)
            given = spread(given, verb)
    if completed is not None:
        complete(parser)
    asked = next((word for word in given if word in VERBS), '')
    return parser.parse_args(fold_ros_arguments(given, asked))


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


def _complain(trouble: object, status: int) -> int:
    print(f'{PROGRAM}: {trouble}', file=sys.stderr)
    return status
