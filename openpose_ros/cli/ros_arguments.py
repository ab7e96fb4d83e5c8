"""What stands behind `--ros-args`, as ROS's own tools write it, as the flags that verbs have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import sys

from openpose_ros.commands import PROGRAM

_GROUP, _END = '--ros-args', '--'
_RULE = {'-r': '--remap', '--remap': '--remap'}
_ASSIGNMENT = {'-p': '--param', '--param': '--param'}
_REST = {'--params-file': '--params-file', '--log-level': '--log-level'}
TAKES: Mapping[str, Mapping[str, str]] = {  # verb: what it takes there, and what it calls that
    'node': {**_RULE, **_ASSIGNMENT, **_REST},
    'bag': {**_RULE, **_ASSIGNMENT, '--params-file': '--params-file'},
    'camera': _RULE,
    'echo': _RULE,
}


def fold_ros_arguments(words: Sequence[str], verb: str) -> list[str]:
    """
    Turn `--ros-args -p a:=1 --` into `--param=a:=1`.

    As in rcl there may be several groups, and `--` ends one. What the verb does not take is left
    out, which one line on stderr says.

    Parameters
    ----------
    words : sequence of str
        What follows the program's name.
    verb : str
        One of TAKES; with others nothing is changed.

    """
    if verb not in TAKES:
        return list(words)
    folded: list[str] = []
    ignored: list[str] = []
    of_ros, rest = False, iter(words)
    for word in rest:
        if word == _GROUP:
            of_ros = True
        elif not of_ros:
            folded.append(word)
        elif word == _END:
            of_ros = False
        elif word in TAKES[verb]:
            folded += _with_value(TAKES[verb][word], rest)
        else:
            ignored.append(word)
    if ignored:
        print(f'{PROGRAM}: {verb} ignores {" ".join(ignored)} of {_GROUP}', file=sys.stderr)
    return folded


def _with_value(flag: str, rest: Iterator[str]) -> list[str]:
    """Return a flag as one word with the next one; argparse complains if there is none."""
    value = next(rest, None)
    return [flag] if value is None else [f'{flag}={value}']
