"""
What the documentation tells to type exists.

Flags and verbs of `openpose-ros`, parameters, launch files and their arguments, scripts, modules,
make's targets and pip's extras: in every block of a shell, and in the code spans of the text.
"""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
import io
from pathlib import Path
import re
import shlex

import pytest

from openpose_ros import cli
from openpose_ros.parameters import declarations
from openpose_ros.ros.node.camera_names import is_camera_name, is_override
from openpose_ros.ros.node.launching import CAMERA_TOPICS
from openpose_ros.ros.node.parameters import NodeParams
from tests.docs.commands import SAME, flags_of, launch_arguments, parsers
from tests.docs.reading import PAGES, ROOT, commands, read, sections, shell_blocks, spans

FLAGS = {verb: flags_of(parser) for verb, parser in parsers()}
ALL_FLAGS = set().union({'--help', '-h', '--version'}, *FLAGS.values())
PARAMETERS = {item.name for item in declarations(NodeParams)} | {'use_sim_time'}
SCRIPTS = {path.name for path in (ROOT / 'scripts').iterdir()}
TARGETS = set(re.findall(r'^([\w-]+):(?!=)', read('Makefile'), re.MULTILINE))
EXTRAS = set(
    re.findall(
        r'^(\w+) = \[',
        read('pyproject.toml').partition('[project.optional-dependencies]')[2].split('\n[')[0],
        re.MULTILINE,
    )
)
# Flags of scripts and of other people's programs that stand alone in the text.
OTHER_FLAGS = {
    flag
    for folder in ('benchmarks', 'training')
    for path in (ROOT / folder).glob('*.py')
    for flag in re.findall(r"'(--[\w-]+)'", path.read_text(encoding='utf-8'))
} | {'--show-args', '--system-site-packages', '--symlink-install', '--ros-args', '-k'}


def wrong_in_command(words: list[str], *, whole: bool) -> str:
    """
    Return what does not exist of a command, or ''.

    Parameters
    ----------
    words : list of str
        As a shell would split it.
    whole : bool
        Whether it could be typed as it stands; in the text, arguments may be left out.

    """
    match words:
        case ['openpose-ros', *arguments]:
            return _wrong_arguments(arguments, whole=whole)
        case ['ros2', 'run', 'openpose_ros', script, *arguments]:
            if script not in SCRIPTS:
                return f'no script {script}'
            ours = script == 'openpose-ros'
            return _wrong_arguments(arguments, whole=whole) if ours else ''
        case ['ros2', 'launch', 'openpose_ros', file, *arguments]:
            return _wrong_launch(file, arguments)
        case ['ros2', 'param', 'set' | 'get', _, name, *_]:
            return '' if _is_parameter(name) else f'no parameter {name}'
        case [python, '-m', module, *_] if re.fullmatch(r'(.*/)?python[\d.]*', python):
            return '' if _exists(module) else f'no module {module}'
        case [python, file, *_] if re.fullmatch(r'(.*/)?python[\d.]*', python):
            return '' if (ROOT / file).is_file() else f'no file {file}'
        case ['make', *rest]:
            targets = [word for word in rest if '=' not in word]
            missing = [target for target in targets if target not in TARGETS]
            return f'no target {missing[0]}' if missing else ''
        case ['pip', 'install', *rest]:
            named = re.findall(r'(?:^|\s)(?:\.|openpose_ros)\[([\w,]+)\]', ' '.join(rest))
            missing = sorted(set(','.join(named).split(',')) - EXTRAS - {''})
            return f'no extra {missing[0]}' if missing else ''
    return ''


def _wrong_arguments(arguments: list[str], *, whole: bool) -> str:
    """Let the real parser look at what follows `openpose-ros`."""
    if not whole:  # 'VERB --help' stands for any
        arguments = ['estimate' if word == 'VERB' else word for word in arguments]
        unknown = [
            word.partition('=')[0]
            for word in arguments
            if word.startswith('--') and word.partition('=')[0] not in ALL_FLAGS
        ]
        if unknown:
            return f'no flag {unknown[0]}'
    said = io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(io.StringIO()):
            args = cli._parsed(cli._with_sizes_joined(arguments))
    except SystemExit as exc:
        forgiven = 'arguments are required', 'expected one argument'
        if exc.code and (whole or not any(text in said.getvalue() for text in forgiven)):
            return said.getvalue().strip() or 'refused'
        return ''
    assigned = [text.partition(':=')[0] for text in getattr(args, 'param', [])]
    wrong = [name for name in assigned if not _is_parameter(name)]
    return f'no parameter {wrong[0]}' if wrong else ''


def _wrong_launch(file: str, arguments: list[str]) -> str:
    path = ROOT / 'launch' / file
    if not path.is_file():
        return f'no launch file {file}'
    declared = launch_arguments(path)
    for word in arguments:
        name, assigned, _ = word.partition(':=')
        camera, _, topic = name.partition('.')
        single = is_override(name) or (is_camera_name(camera) and topic in CAMERA_TOPICS)
        if assigned and name not in declared and not single:
            return f'{file} declares no {name}'
        if not assigned and word not in ('--show-args', '-s'):
            return f'{word} is no argument NAME:=VALUE'
    return ''


def _is_parameter(name: str) -> bool:
    return name in PARAMETERS or is_override(name)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def wrong_commands(text: str) -> list[str]:
    """Return each command of a page that cannot be typed, and why."""
    found = []
    for block in shell_blocks(text):
        for words in commands(block):
            found.append((shlex.join(words), wrong_in_command(words, whole=True)))
    for span in spans(text):
        try:
            words = shlex.split(span)
        except ValueError:
            continue  # an apostrophe: no command
        found.append((span, wrong_in_command(words, whole=False)))
    return [f'{command}: {why}' for command, why in found if why]


@pytest.mark.parametrize('page', PAGES)
def test_commands_can_be_typed(page: str) -> None:
    assert wrong_commands(read(page)) == []


def test_there_are_commands() -> None:
    typed = [
        words for page in PAGES for block in shell_blocks(read(page)) for words in commands(block)
    ]
    for start in (['openpose-ros'], ['ros2', 'launch'], ['make'], ['python', '-m'], ['pip']):
        assert sum(words[: len(start)] == start for words in typed) >= 2, start


@pytest.mark.parametrize(
    ('command', 'why'),
    [
        ('openpose-ros estimate photo.jpg --net-resolution -1x368', ''),
        ('openpose-ros estimate photo.jpg --net-resolutoin -1x368', 'unrecognized arguments'),
        ('openpose-ros dance', 'invalid choice'),
        ('openpose-ros estimate', 'required: SOURCE'),
        ('openpose-ros models', 'required: ACTION'),
        ('openpose-ros models fetch', 'required: MODEL'),
        ('openpose-ros node -p nms_windw:=3', 'no parameter nms_windw'),
        ('ros2 run openpose_ros openpose-ros doctor --json -', ''),
        ('ros2 run openpose_ros openpose-ros doctor --yaml', 'unrecognized arguments'),
        ('ros2 run openpose_ros openpose_nod', 'no script openpose_nod'),
        ('ros2 launch openpose_ros openpose.launch.py rviz:=true', ''),
        ('ros2 launch openpose_ros demo.launch.py source:=0 rviz:=true', ''),
        ('ros2 launch openpose_ros openpose.launch.py rvis:=true', 'declares no rvis'),
        ('ros2 launch openpose_ros openpose.launch.py source:=0', 'declares no source'),
        ('ros2 launch openpose_ros pose.launch.py', 'no launch file'),
        ('ros2 launch openpose_ros openpose.launch.py rviz=true', 'is no argument'),
        ('ros2 param set /openpose min_parts 5', ''),
        ('ros2 param set /openpose min_partz 5', 'no parameter min_partz'),
        ('ros2 param set /openpose front.rotate 90', ''),
        ('ros2 param set /openpose front.rotat 90', r'no parameter front.rotat'),
        ('ros2 launch openpose_ros openpose.launch.py left.image:=/a left.rotate:=90', ''),
        ('ros2 launch openpose_ros openpose.launch.py left.imag:=/a', 'declares no left.imag'),
        ('python -m benchmarks.parser', ''),
        ('.venv/bin/python -m benchmarks.parsr', 'no module benchmarks.parsr'),
        ('python -m bench.parser', 'no module bench.parser'),
        ('python benchmarks/parsr.py', 'no file benchmarks/parsr.py'),
        ('make PYTHON=python3.12 test', ''),
        ('make tset', 'no target tset'),
        ("pip install '.[openvino]'", ''),
        ("pip install '.[openvin]'", 'no extra openvin'),
        ('cd x && openpose-ros dance', 'invalid choice'),
    ],
)
def test_what_cannot_be_typed_is_found(command: str, why: str) -> None:
    found = wrong_commands(f'Text.\n\n```sh\n{command}  # comment\n```\n')
    assert len(found) == (1 if why else 0), found
    assert all(why in line for line in found)


@pytest.mark.parametrize(
    ('span', 'why'),
    [
        ('openpose-ros estimate', ''),
        ('openpose-ros VERB --help', ''),
        ('openpose-ros estimate --show', ''),
        ('openpose-ros estimate --shwo', 'no flag --shwo'),
        ('openpose-ros modles', 'invalid choice'),
        ('openpose-ros models lits', 'invalid choice'),
        ('make tests', 'no target tests'),
        ('python -m tests.docs.test_tables', ''),
    ],
)
def test_spans_may_leave_arguments_out_but_not_be_wrong(span: str, why: str) -> None:
    found = wrong_commands(f'Text with `{span}` in it.')
    assert len(found) == (1 if why else 0), found
    assert all(why in line for line in found)


def wrong_flags(text: str) -> list[str]:
    """Return flags of docs/command-line.md that their verb has not, and those that it lacks."""
    found = []
    below = sections(text)
    for verb, flags in FLAGS.items():
        if verb in SAME:
            continue
        section = below.get(verb.split()[0], '')
        if ' ' in verb:  # an action has a heading of the next level
            section = section.partition(f'\n### {verb}\n')[2].partition('\n### ')[0]
        told = {flag for span in spans(section) for flag in _flags(span)}
        found += [f'{verb}: {flag} is missing' for flag in sorted(flags - told)]
    for heading, section in below.items():
        ours = [flags for verb, flags in FLAGS.items() if verb.split()[0] == heading]
        known = set().union({'--help', '-h'}, *(ours or [ALL_FLAGS]))
        alone = [span for span in spans(section) if span.startswith('-')]
        told = {flag for span in alone for flag in _flags(span)}
        found += [f'{heading}: no flag {flag}' for flag in sorted(told - known)]
    return found


def _flags(span: str) -> list[str]:
    return re.findall(r'(?<!\S)--?[a-zA-Z][\w-]*', span)


def test_command_line_page_has_the_flags_of_every_verb_and_no_other() -> None:
    assert wrong_flags(read('docs/command-line.md')) == []


@pytest.mark.parametrize(('verb', 'other'), SAME.items())
def test_a_verb_that_does_the_same_has_the_same_flags(verb: str, other: str) -> None:
    assert FLAGS[verb] == FLAGS[other]


def test_missing_and_wrong_flags_are_found() -> None:
    text = read('docs/command-line.md')
    assert wrong_flags(text.replace('`--show`', '')) == ['estimate: --show is missing']
    assert wrong_flags(text + '\nAnd `--shwo`.\n') == ['Files: no flag --shwo']
    assert wrong_flags(text.replace('## echo', '## ehco'))[:2] == [
        'echo: --count is missing',
        'echo: --json is missing',
    ]
    cut = text.replace('### models fetch', '### models')
    assert wrong_flags(cut) == ['models fetch: --quiet is missing']


@pytest.mark.parametrize('page', PAGES)
def test_flags_in_the_text_exist(page: str) -> None:
    told = {flag for span in spans(read(page)) if span.startswith('--') for flag in _flags(span)}
    assert told - ALL_FLAGS - OTHER_FLAGS == set()


def test_extras_and_targets_are_read() -> None:
    assert {'dev', 'openvino', 'tensorrt', 'training'} <= EXTRAS
    assert {'demo', 'test', 'bench'} <= TARGETS
    assert 'PIP' not in TARGETS
    assert Path(ROOT / 'scripts/openpose-ros').name in SCRIPTS
