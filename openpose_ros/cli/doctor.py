"""The verb `doctor`: what is installed, what works, and what would mend the rest."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
import json
from pathlib import Path

from openpose_ros import __version__
from openpose_ros.cli.checks import dds, gpu, libraries, machine, models, ros, tensorrt
from openpose_ros.cli.checks.finding import Finding
from openpose_ros.cli.results import add_json
from openpose_ros.errors import OpenPoseError
from openpose_ros.files import Claims, check_json_file, write_whole
from openpose_ros.files.places import STANDARD_OUTPUT, find_place
from openpose_ros.home import expand_user
from openpose_ros.models import load_model
from openpose_ros.models.finding import files_of

SUMMARY = 'say what is installed, what works, and how to mend the rest'
EXAMPLES = (
    ('doctor', 'what is here, what works, and a command for the rest'),
    ('doctor --model human-pose-estimation-0001', 'tries that network in the end'),
    ('doctor --json -', 'to go with a bug report'),
)
Check = Callable[[], list[Finding]]
_CHECKS: dict[str, tuple[Check, ...]] = {
    'machine': (machine.check_python, machine.check_platform, machine.check_cache),
    'libraries': (
        libraries.check_numpy,
        libraries.check_numba,
        libraries.check_opencv,
        gpu.check_onnxruntime,
        libraries.check_openvino,
        libraries.check_aiohttp,
    ),
    'GPU': (
        gpu.check_gpus,
        tensorrt.check_tensorrt,
        tensorrt.check_bindings,
        tensorrt.check_onnx,
    ),
    'ROS': (ros.check_ros, dds.check_cyclone, dds.check_settings, dds.check_buffers),
    'models': (models.check_models, tensorrt.check_engines),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give the parser what `run` needs."""
    parser.add_argument(
        '--model',
        metavar='M',
        help='network to try, name or path (default: the one that estimate takes)',
    )
    add_json(parser, 'one JSON object, to go with a bug report')


def run(args: argparse.Namespace) -> int:
    """
    Print a line a finding, and in the end whether `estimate` can run.

    Returns
    -------
    int
        0: it can; 1: it cannot.

    """
    claims = Claims([args.model] if args.model else ())
    for path in _files_of(args.model):
        claims.reads(path)
    if args.json is not None:  # which takes a second less than to find out afterwards
        claims.claim(args.json)
        check_json_file(args.json)
    with args.stop.raising():  # what it started to ask must not outlive it
        return 0 if _report(args) else 1


def _report(args: argparse.Namespace) -> bool:
    """Look, and tell; return whether `estimate` can run."""
    is_read = args.json is None or find_place(args.json).descriptor != 1
    findings = []
    group = ''
    for name, finding in _findings(args.model):
        findings.append((name, finding))
        if is_read:
            if name != group:
                print(f'{name}:')
                group = name
            for line in _lines(finding):
                print(line, flush=True)
    can_estimate = findings[-1][1].state != 'broken'
    if args.json is not None:
        told = [{'group': name, **_public(finding)} for name, finding in findings]
        document = {'openpose_ros': __version__, 'can_estimate': can_estimate, 'findings': told}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        if args.json == STANDARD_OUTPUT:
            print(text)
        else:
            write_whole(args.json, f'{text}\n'.encode(errors='backslashreplace'))
    return can_estimate


def _files_of(model: str | None) -> tuple[Path, ...]:
    """Return what the trial reads; a model that is no use is one of the findings."""
    try:
        return files_of(load_model(model, need_file=False).path)
    except OpenPoseError:
        return ()


def _findings(model: str | None) -> Iterator[tuple[str, Finding]]:
    """Yield the name of a group and a finding; the last one is whether people can be found."""
    for group, checks in _CHECKS.items():
        for check in checks:
            for finding in _outcome(check):
                yield group, finding
    [finding] = _outcome(partial(models.check_estimate, model))
    yield 'all together', finding


def _outcome(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Run a check; one that fails itself must not keep the others from the user."""
    try:
        return check()
    except Exception as exc:  # noqa: BLE001  it becomes a line
        name = getattr(check, '__name__', 'check').replace('check_', '')
        said = f'{type(exc).__name__}: {exc}'.splitlines()[0]
        return [Finding(name, 'broken', f'could not be looked at: {said}')]


def _lines(finding: Finding) -> Iterator[str]:
    yield f'  {finding.state:<8} {finding.name:<18} {_short(finding.found)}'
    if finding.fix:
        yield f'           {"":<18} fix: {finding.fix}'


def _public(finding: Finding) -> dict[str, str]:
    return {name: _short(text) for name, text in finding._asdict().items()}


def _short(text: str) -> str:
    """Leave out who the user is; a home folder is a name as well."""
    home = expand_user('~')
    return text.replace(f'{home}/', '~/') if len(home) > 1 else text
