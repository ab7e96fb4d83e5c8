"""The front door: quick to open, one line for what is wrong, the promised exit status."""

from __future__ import annotations

import argparse
from importlib import import_module
import shlex
import signal
import subprocess
import sys
from time import sleep

import pytest

from openpose_ros import __version__, cli
from openpose_ros.cli import GROUPS, VERBS, main

HEAVY = {'numpy', 'cv2', 'numba', 'onnxruntime', 'tqdm'}


@pytest.mark.parametrize('name', VERBS)
def test_verb_has_the_common_shape(name: str) -> None:
    module_name, summary = VERBS[name]
    module = import_module(module_name)
    assert summary == module.SUMMARY
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)


def test_help_lists_the_verbs_and_imports_none() -> None:
    code = (
        'import sys, openpose_ros.cli as cli\n'
        'try: cli.main(["--help"])\n'
        'except SystemExit as exc: assert exc.code == 0\n'
        'print("imported", *sys.modules)'
    )
    run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    for name, (module, summary) in VERBS.items():
        assert name in run.stdout.split()
        assert summary in ' '.join(run.stdout.split())
        assert module not in run.stdout
    assert not HEAVY & set(run.stdout.split('imported')[1].split())


def test_help_groups_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(VERBS)
    with pytest.raises(SystemExit, match='0'):
        main(['--help'])
    text = capsys.readouterr().out
    for group, names in GROUPS.items():
        _, _, below = text.partition(f'\n{group}:\n')
        listed = [line.split()[0] for line in below.split('\n\n')[0].splitlines()]
        assert listed == list(names)
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize('name', VERBS)
def test_help_of_a_verb_ends_with_examples_that_parse(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = import_module(VERBS[name][0])
    monkeypatch.setattr(cli, 'command', lambda words='': f'ros2 run x y {words}'.rstrip())
    with pytest.raises(SystemExit, match='0'):
        main([name, '--help'])
    _, _, below = capsys.readouterr().out.partition('\nexamples:\n')
    lines = [line.strip() for line in below.splitlines()]
    assert len(lines) >= 2
    assert lines[1::2] == [does for _, does in module.EXAMPLES]
    for line, (arguments, _) in zip(lines[::2], module.EXAMPLES):
        assert line == f'ros2 run x y {arguments}'  # the form that exists here
        args = cli._parsed(cli._with_sizes_joined(shlex.split(arguments)))
        assert args.run is module.run


def test_help_of_estimate_needs_no_numba() -> None:
    code = (
        'import sys, openpose_ros.cli as cli\n'
        'try: cli.main(["estimate", "--help"])\n'
        'except SystemExit as exc: assert exc.code == 0\n'
        'print("imported", *sys.modules)'
    )
    run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert '--nms-window' in run.stdout
    assert '--backend {auto,tensorrt,onnxruntime,openvino,fake}' in run.stdout
    assert not HEAVY & set(run.stdout.split('imported')[1].split())


WRONG = [  # arguments, exit status, what the one line says
    ([], 2, 'required: VERB; see openpose-ros --help'),
    (['dance'], 2, "invalid choice: 'dance' (choose from"),
    (['estimate'], 2, 'required: SOURCE; see openpose-ros estimate --help'),
    (['estimate', 'x.jpg', '--fast'], 2, 'unrecognized arguments: --fast'),
    (['estimate', 'x.jpg', '--nms-window', '4'], 2, 'nms_window is 4, but must be odd'),
    (['estimate', 'x.jpg', '--nms-window', 'wide'], 2, "invalid int value: 'wide'"),
    (['estimate', 'x.jpg', '--peak-threshold', '1.5'], 2, 'but must be from 0.0 to 1.0'),
    (['estimate', 'x.jpg', '--peak-threshold', 'nan'], 2, 'peak_threshold is'),
    (['estimate', 'x.jpg', '--matching', 'best'], 2, 'one of greedy, optimal'),
    (['estimate', 'x.jpg', '--paf-min-count', '11'], 2, 'more than paf_samples (10)'),
    (['estimate', 'x.jpg', '--net-resolution', 'big'], 2, "'big' is not WIDTHxHEIGHT"),
    (['estimate', 'x.jpg', '--threads', '0'], 2, '0 is below 1'),
    (['estimate', 'x.jpg', '--draw', 'hats'], 2, "invalid choice: 'hats'"),
    (['estimate', 'x.jpg', '--backend', 'magic'], 2, "invalid choice: 'magic'"),
    (['estimate', 'gone.jpg'], 1, 'cannot read gone.jpg: No such file'),
]


@pytest.mark.parametrize(('arguments', 'status', 'says'), WRONG, ids=lambda case: str(case)[:60])
def test_main_answers_wrong_use_in_one_line(
    arguments: list[str], status: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main(arguments)
    except SystemExit as exc:  # argparse's own way out
        found = int(exc.code or 0)
    captured = capsys.readouterr()
    assert found == status
    assert captured.out == ''
    assert captured.err.startswith('openpose-ros')
    assert captured.err.count('\n') == 1
    assert says in captured.err


def test_main_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(['--version'])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f'openpose-ros {__version__}\n'


@pytest.mark.parametrize(('number', 'status'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize('times', [1, 2])
def test_signals_make_no_traceback(number: int, status: int, times: int) -> None:
    """The second comes while the first is handled, which takes long."""
    code = (
        'import sys, time, openpose_ros.cli as cli, openpose_ros.cli.doctor as verb\n'
        'def run(args):\n'
        '    with args.stop.raising():\n'
        '        try: print("ready", flush=True), time.sleep(60)\n'
        '        finally: print("handled", flush=True), sys.stdin.readline()\n'
        'verb.run = run\n'
        'cli.main(["doctor"])'
    )
    with subprocess.Popen(
        [sys.executable, '-c', code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for expected in ('ready', 'handled')[:times]:
            assert process.stdout.readline() == f'{expected}\n'
            process.send_signal(number)
            sleep(0.15)  # nobody presses a key twice in less: that is one request
        _, errors = process.communicate('' if times == 2 else '\n')
    assert process.returncode == status
    assert errors == ('openpose-ros: interrupted\n' if times == 1 else '')


def test_module_is_the_command() -> None:
    run = subprocess.run(
        [sys.executable, '-m', 'openpose_ros', 'estimate', 'gone.jpg'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr == 'openpose-ros: cannot read gone.jpg: No such file or directory\n'
