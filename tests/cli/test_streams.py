"""What is printed and nobody reads, or the disk does not take; logs that are lost."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.processes import PATIENCE_S, ROOT
from tests.ros.publishing import publishing_people

pytestmark = pytest.mark.usefixtures('network')

MakeFile = Callable[..., Path]
FULL = Path('/dev/full')
needs_full = pytest.mark.skipif(not FULL.exists(), reason='needs /dev/full, of Linux')
PRINTING = [
    '--help',
    '--version',
    'estimate --help',
    'models list',
    'models show human-pose-estimation-0001',
    'doctor',
    pytest.param('doctor --json -', marks=pytest.mark.slow),
    'estimate PICTURE --backend fake',
    'estimate PICTURE --backend fake --json -',
    'echo --count 1',
    'echo --count 1 --json -',
    pytest.param('demo --output OUTPUT', marks=pytest.mark.slow),
]
LOST = 'openpose-ros: cannot write to standard output: No space left on device\n'


def shell(line: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, in which $PROGRAM is the command."""
    return subprocess.run(
        ['bash', '-c', f'set -o pipefail; PROGRAM="{sys.executable} -m openpose_ros"; {line}'],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=3 * PATIENCE_S,
        check=False,
    )


@pytest.fixture
def words(request: pytest.FixtureRequest, make_picture: MakeFile, tmp_path: Path) -> str:
    """Return the words of a command, which finds its picture, or hears people."""
    text = str(request.param)
    if text.startswith('echo'):
        request.getfixturevalue('people')
    text = text.replace('PICTURE', str(make_picture()))
    return text.replace('OUTPUT', str(tmp_path / 'out'))


@pytest.fixture
def people(network: None):
    """Publish a person until the test is over."""
    with publishing_people():
        yield


@pytest.mark.parametrize('words', PRINTING, indirect=True)
def test_reader_that_is_gone_ends_it_in_silence(words: str) -> None:
    ended = shell(f'$PROGRAM {words} | true')
    assert ended.returncode == 141, ended
    assert not [line for line in ended.stderr.splitlines() if 'openpose-ros:' in line], ended
    assert 'Traceback' not in ended.stderr


@pytest.mark.parametrize('words', ['--version', 'models list'], indirect=True)
def test_output_that_was_closed_ends_it_in_silence(words: str) -> None:
    ended = shell(f'$PROGRAM {words} <&- >&-')
    assert (ended.returncode, ended.stderr) == (141, '')
    assert shell(f'$PROGRAM {words} <&- >&- 2>&-').returncode == 141


@needs_full
@pytest.mark.parametrize('words', PRINTING, indirect=True)
def test_disk_that_is_full_is_one_line(words: str) -> None:
    ended = shell(f'$PROGRAM {words} >/dev/full')
    assert ended.returncode == 1, ended
    said = [line for line in ended.stderr.splitlines(keepends=True) if 'openpose-ros:' in line]
    assert said == [LOST]
    assert 'Traceback' not in ended.stderr


@needs_full
@pytest.mark.parametrize('unbuffered', ['', '1'])
def test_disk_that_is_full_is_noticed_without_buffers_too(
    unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argparse takes no notice of an OSError."""
    monkeypatch.setenv('PYTHONUNBUFFERED', unbuffered)
    ended = shell('$PROGRAM --help >/dev/full')
    assert (ended.returncode, ended.stderr) == (1, LOST)


def test_pipe_that_does_not_wait_gets_all_of_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    code = (
        'from openpose_ros.streams import guard_streams; guard_streams(); print("x" * 1_000_000)'
    )
    with subprocess.Popen([sys.executable, '-c', code], stdout=writing, cwd=ROOT) as process:
        os.close(writing)
        time.sleep(0.2)
        with open(reading, 'rb') as pipe:
            assert len(pipe.read()) == 1_000_001
    assert process.returncode == 0


@pytest.mark.parametrize(
    'errors', [pytest.param('2>/dev/full', marks=needs_full), '2>&-', '2> >(true)']
)
def test_estimate_whose_notes_are_lost_does_its_work(
    errors: str, make_picture: MakeFile, make_video: MakeFile, tmp_path: Path
) -> None:
    """Nor do its notes come where the results are."""
    broken = make_picture('broken.png')
    broken.write_bytes(broken.read_bytes()[:60])
    video, people = make_video(frames=5), tmp_path / 'people.jsonl'
    ended = shell(
        f'$PROGRAM estimate "{broken}" "{video}" --backend fake --json "{people}" {errors}'
    )
    assert (ended.returncode, ended.stdout) == (1, ''), ended  # as the one is broken
    assert [json.loads(line)['frame'] for line in people.read_text().splitlines()] == [*range(5)]


@pytest.mark.parametrize('errors', [pytest.param('/dev/full', marks=needs_full), 'pipe'])
def test_camera_whose_notes_are_lost_goes_on(errors: str, make_picture: MakeFile) -> None:
    there = '2>/dev/full' if errors == '/dev/full' else '2> >(true)'
    ended = shell(f'$PROGRAM camera "{make_picture()}" --max-frames 3 --fps 50 {there}')
    assert ended.returncode == 0, ended


def test_usage_error_that_nobody_reads_is_still_one() -> None:
    assert shell('$PROGRAM dance 2>&-').returncode == 2
    assert shell('$PROGRAM estimate gone.jpg 2>&-').returncode == 1


@pytest.mark.parametrize('log', [pytest.param('full', marks=needs_full), 'gone', 'closed'])
def test_node_whose_log_is_lost_goes_on(log: str, tmp_path: Path) -> None:
    """It loads, answers SIGHUP with a line each, and ends as if somebody had read them."""
    path = tmp_path / 'mine.yaml'
    path.write_text('/**:\n  ros__parameters: {backend: fake, no_image_timeout: 0.5}\n')
    reading, writing = os.pipe()
    there = {'full': '2>/dev/full', 'gone': '', 'closed': '2>&-'}[log]
    command = f'exec "{sys.executable}" -m openpose_ros node --params-file "{path}" {there}'
    process = subprocess.Popen(['bash', '-c', command], stderr=writing, cwd=ROOT)
    os.close(writing)
    try:
        if log == 'gone':
            os.read(reading, 10)  # its first line; then the reader is killed
        os.close(reading)
        time.sleep(2)  # it loads meanwhile
        for _ in range(5):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.3)
        assert process.poll() is None
        assert_serves()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()


def assert_serves() -> None:
    """See that the node publishes diagnostics."""
    from openpose_ros.ros.dds.endpoints import Profile
    from openpose_ros.ros.dds.participant import Participant
    from openpose_ros.ros.node.names import Names

    heard: list[object] = []
    deadline_s = time.monotonic() + PATIENCE_S
    with Participant(Names('test')) as participant:
        participant.subscribe(
            '/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', Profile(5), heard.append
        )
        while not heard:
            assert time.monotonic() < deadline_s
            participant.spin(0.1)
