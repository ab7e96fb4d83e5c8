"""Every verb, stopped at random moments of its life: as it is imported, loads, works and ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
import json
import os
from pathlib import Path
import signal
from signal import SIGHUP, SIGINT, SIGTERM
import time

import pytest

from openpose_ros.io.video import open_video
from tests.cli.processes import PATIENCE_S, running
from tests.cli.storms import Ended, life_s, random_cases, side_by_side, start, storm, until

pytestmark = pytest.mark.usefixtures('network')

MakeFile = Callable[..., Path]
RUNS = 20
MORE = pytest.param(2, marks=pytest.mark.slow)
ENDING = (SIGINT, SIGTERM)
FAKE = ('-p', 'backend:=fake')
RTX = ('build-engine', '--library', 'tensorrt_rtx', '--target', 'sm_86')


def check_server(ended: Sequence[Ended]) -> None:
    """See that each was stopped well, or at once where it was asked twice."""
    for one in ended:
        first, *more = one.case.signals
        allowed = {129 if first == SIGHUP else 0, *(128 + number for number in more)}
        assert one.status in allowed, one
        assert one.is_quiet(), one


def check_worker(ended: Sequence[Ended]) -> None:
    """See that each told which signal it was, unless it was done before."""
    for one in ended:
        assert one.status in {0, *(128 + number for number in one.case.signals)}, one
        assert one.is_quiet(), one


@pytest.mark.parametrize('seed', [1, MORE])
@pytest.mark.parametrize(
    'backend',
    [
        'fake',
        pytest.param('onnxruntime', marks=pytest.mark.slow),
        pytest.param('openvino', marks=pytest.mark.slow),
    ],
)
def test_node_stopped_at_any_moment(backend: str, seed: int) -> None:
    if find_spec(backend) is None and backend != 'fake':
        pytest.skip(f'needs {backend}')
    node = ('node', '-p', f'backend:={backend}')
    span_s = 1.3 * life_s(node, 'listening')
    check_server(storm([node] * RUNS, random_cases(seed, RUNS, span_s, ENDING)))


@pytest.mark.parametrize('seed', [1, MORE])
def test_camera_stopped_at_any_moment(make_picture: MakeFile, seed: int) -> None:
    camera = ('camera', str(make_picture()))
    span_s = 1.3 * life_s(camera, 'publishing')
    check_server(storm([camera] * RUNS, random_cases(seed, RUNS, span_s, (*ENDING, SIGHUP))))


@pytest.mark.parametrize('seed', [1, MORE])
def test_echo_stopped_at_any_moment(seed: int) -> None:
    span_s = 1.3 * life_s(('echo', '--timeout', '0.1'), 'no message')
    check_server(storm([('echo',)] * RUNS, random_cases(seed, RUNS, span_s, (*ENDING, SIGHUP))))


@pytest.mark.parametrize('seed', [1, MORE])
def test_estimate_stopped_at_any_moment(make_video: MakeFile, tmp_path: Path, seed: int) -> None:
    estimate = ('estimate', str(make_video(frames=40)), '--backend', 'fake')
    results = [tmp_path / f'out{index}' for index in range(RUNS + 1)]
    arguments = [
        (*estimate, '--output', str(result), '--json', str(result.with_suffix('.jsonl')))
        for result in results
    ]
    span_s = 1.1 * life_s(arguments.pop())
    ended = storm(arguments, random_cases(seed, RUNS, span_s, (*ENDING, SIGHUP)))
    check_worker(ended)
    for one, result in zip(ended, results):
        if len(one.case.signals) > 1:
            continue  # at once: what was not whole has no name
        lines, video = result.with_suffix('.jsonl'), result / 'walk.mp4'
        done = (
            [json.loads(line) for line in lines.read_text().splitlines()] if lines.exists() else []
        )
        assert [line['frame'] for line in done] == list(range(len(done))), one
        assert len(done) == 40 or one.status, one
        if done:
            assert 0 <= (open_video(str(video)).total or 0) - len(done) <= 1, one
        assert not list(result.glob('*.part*')), one


def test_node_reads_its_file_again_whenever_it_is_asked(tmp_path: Path) -> None:
    """Asked while it loads, it does so afterwards."""
    path = tmp_path / 'mine.yaml'
    path.write_text('/**:\n  ros__parameters: {backend: fake}\n')
    node = ('node', '--params-file', str(path))

    def ask(after_s: float) -> tuple[int, str]:
        with start(node) as process:
            try:
                time.sleep(after_s)
                process.send_signal(SIGHUP)
                said = until(process, 'read again')
                process.send_signal(SIGTERM)
                said += process.communicate(timeout=PATIENCE_S)[1]
            finally:
                process.kill()
        return process.returncode, said

    span_s = 1.1 * life_s(node, 'listening')
    for status, said in side_by_side(ask, [span_s * part for part in (0, 0.2, 0.5, 0.8, 1)]):
        assert status == 0, said
        assert said.count('read again') == 1
        assert 'Traceback' not in said


@pytest.mark.parametrize('verb', ['node', 'camera', 'echo'])
def test_nohup_keeps_a_server_alive(verb: str, make_picture: MakeFile) -> None:
    arguments = {'node': FAKE, 'camera': (str(make_picture()),), 'echo': ()}[verb]
    before = signal.signal(SIGHUP, signal.SIG_IGN)  # as nohup leaves it to what it starts
    try:
        process = start((verb, *arguments))
    finally:
        signal.signal(SIGHUP, before)
    try:
        for _ in range(10):
            process.send_signal(SIGHUP)
            time.sleep(0.1)
        assert process.poll() is None
        process.send_signal(SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, said
    assert 'Traceback' not in said


def test_signals_that_were_held_back_by_who_started_it_are_heard(make_picture: MakeFile) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        with running('camera', str(make_picture())) as camera:
            camera.wait_for('publishing')
            assert camera.stop() == 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@pytest.mark.slow
@pytest.mark.parametrize(
    'words', [('doctor',), ('demo',), ('models', 'list'), ('warm-up',), RTX], ids=' '.join
)
def test_other_verbs_stopped_at_any_moment(
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if words == RTX and find_spec('tensorrt_rtx') is None:
        pytest.skip('needs tensorrt_rtx, which builds without a GPU')
    if words == ('demo',):
        # Its own photograph: one without people ends with status 1, whoever is told to stop then.
        words = ('demo', '--output', str(tmp_path / 'out'))
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'cache'))
    span_s = 4.0 if words[0] == 'demo' else life_s([*words, *(['--force'] * (words == RTX))])
    if words == RTX:
        words = (*words, '--force')
    numbers = (*ENDING, SIGHUP)
    check_worker(storm([words] * RUNS, random_cases(4, RUNS, span_s, numbers)))
    left = [path.name for path in tmp_path.rglob('*') if '.part' in path.name]
    assert not left


def test_demo_that_is_killed_leaves_nobody_behind(make_picture: MakeFile, tmp_path: Path) -> None:
    with start(('demo', str(make_picture()), '--output', str(tmp_path / 'out'))) as demo:
        try:
            until(demo, 'publishing')  # says the camera
            demo.kill()
            demo.wait(PATIENCE_S)
            deadline_s = time.monotonic() + PATIENCE_S
            while group_lives(demo.pid):
                assert time.monotonic() < deadline_s
                time.sleep(0.1)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(demo.pid, signal.SIGKILL)


def group_lives(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except ProcessLookupError:
        return False
    return True
