"""`archive` on Ray as a user runs it: crashes, kills, several workers, several machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import csv
from importlib import import_module
from importlib.util import find_spec
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from openpose_ros.archive.cluster import _start, check_ray, shared_out
from openpose_ros.cli import main
from openpose_ros.errors import LibraryError

MakeFile = Callable[..., Path]
ROOT = Path(__file__).parents[2]
FAKE = ['--backend', 'fake', '--seed', '7']
PATIENCE_S = 300.0  # for what must come; never waited for when all is well
needs_ray = pytest.mark.skipif(find_spec('ray') is None, reason='needs Ray, of the extra archive')

# As a decoder may: the first look into crash.mp4 ends the worker that looks. Python runs a module
# of this name at the start of every process that has it on its path; only Ray's workers heed it.
CRASH = """
import os, signal, sys
def look(event, arguments):
    if event == 'open' and str(arguments[0]).endswith('/crash.mp4'):
        if 'default_worker' in ' '.join(sys.argv):
            with open(os.environ['CRASHES'], 'a') as file:
                file.write('x')
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
"""


def command(*arguments: object) -> list[str]:
    return [sys.executable, '-m', 'openpose_ros', 'archive', *map(str, arguments), *FAKE]


def archived(
    *arguments: object, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the verb to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        env={**os.environ, **(env or {})},
        check=False,
    )


def lines_of_estimate(top: Path, tmp_path: Path) -> dict[str, bytes]:
    """Return what `estimate --track` writes of each source below a folder."""
    path = tmp_path / 'estimated.jsonl'
    flags = ['--recursive', '--track', '--json', str(path), '--quiet']
    main(['estimate', str(top), *flags, *FAKE])
    found: dict[str, bytes] = {}
    for line in path.read_bytes().splitlines(keepends=True):
        name = os.path.relpath(json.loads(line)['source'], top)
        found[name] = found.get(name, b'') + line
    return found


def results(out: Path) -> dict[str, bytes]:
    """Return the results, by the sources below the input."""
    return {
        str(path.relative_to(out)).removesuffix('.jsonl'): path.read_bytes()
        for path in out.rglob('*.jsonl')
    }


def copies(make_video: MakeFile, count: int, folder: str = 'in') -> Path:
    """Make videos of four lengths, in two folders."""
    kinds = [make_video(f'kinds/{frames}.mp4', frames=frames, fps=10) for frames in (4, 5, 6, 7)]
    top = kinds[0].parents[1] / folder
    for number in range(count):
        path = top / f'{"ab"[number % 2]}/v{number}.mp4'
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(kinds[number % 4], path)
    return top


@needs_ray
def test_two_hundred_videos_of_which_four_fail(make_video: MakeFile, tmp_path: Path) -> None:
    top = copies(make_video, 196)
    for name, content in (('x.mp4', b'garbage'), ('a/y.mp4', b''), ('b/z.avi', b'RIFF')):
        (top / name).write_bytes(content)
    make_video('in/crash.mp4', frames=5)
    (tmp_path / 'site').mkdir()
    (tmp_path / 'site/sitecustomize.py').write_text(CRASH)
    env = {'PYTHONPATH': str(tmp_path / 'site'), 'CRASHES': str(tmp_path / 'crashes')}
    out, summary = tmp_path / 'out', tmp_path / 'summary.json'
    run = archived(top, '-o', out, '--json', summary, '--workers', 2, env=env)
    *failures, last = run.stderr.splitlines()
    assert run.returncode == 1, run.stderr
    assert len(failures) == 4, run.stderr
    for name in ('x.mp4', 'a/y.mp4', 'b/z.avi', 'crash.mp4'):
        assert sum(f'{top}/{name} ' in line for line in failures) == 1
    assert last.startswith('200 files: 196 done, 4 failed;')
    assert (tmp_path / 'crashes').read_text() == 'xxx', 'twice again'
    expected = {
        name: lines
        for name, lines in lines_of_estimate(top, tmp_path).items()
        if name != 'crash.mp4'
    }
    assert len(expected) == 196
    assert results(out) == expected
    told = json.loads(summary.read_text())
    assert (told['files'], told['done'], told['failed'], told['left']) == (200, 196, 4, 0)
    with open(out / 'index.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200
    assert sum(bool(row['failure']) for row in rows) == 4
    assert {row['people'] for row in rows if not row['failure']} == {'3'}


@contextmanager
def begun(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Begin the verb; it does not outlive the context."""
    process = subprocess.Popen(
        command(*arguments), cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not what():
        assert process.poll() is None, f'it ended: {process.communicate()[1]}'
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def marked(out: Path) -> dict[Path, int]:
    """Return when each result that is whole was written."""
    return {
        path.with_name(path.name.removesuffix('.done.json')): path.stat().st_mtime_ns
        for path in out.rglob('*.done.json')
    }


@needs_ray
def test_driver_that_is_killed_goes_on_where_it_was(make_video: MakeFile, tmp_path: Path) -> None:
    top, out, summary = copies(make_video, 60), tmp_path / 'out', tmp_path / 'summary.json'
    with begun(top, '-o', out, '--workers', 2) as process:
        wait_for(lambda: len(marked(out)) >= 20, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = marked(out)
    written = {path: path.stat().st_mtime_ns for path in before}
    run = archived(top, '-o', out, '--workers', 2, '--json', summary)
    assert run.returncode == 0, run.stderr
    told = json.loads(summary.read_text())
    assert told['done'] + told['done_before'] == 60
    assert told['done_before'] >= len(before) >= 20
    assert {path: path.stat().st_mtime_ns for path in before} == written, 'nothing twice'
    assert results(out) == lines_of_estimate(top, tmp_path), 'nothing lost'
    assert list(out.rglob('*.part')) == []
    again = archived(top, '-o', out, '--json', summary)
    assert again.returncode == 0
    assert json.loads(summary.read_text())['workers'] == 0, 'Ray is not even started'


@needs_ray
def test_signal_ends_it_and_keeps_what_is_done(make_video: MakeFile, tmp_path: Path) -> None:
    top, out = copies(make_video, 60), tmp_path / 'out'
    with begun(top, '-o', out, '--workers', 1) as process:
        wait_for(lambda: len(marked(out)) >= 5, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert 'interrupted; what was done is kept' in said
    assert 'Traceback' not in said
    with open(out / 'index.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    done = [row for row in rows if not row['failure']]
    assert len(rows) == 60
    assert 5 <= len(done) == len(marked(out)) < 60
    assert {row['failure'] for row in rows} == {'', 'not done yet'}


@needs_ray
def test_long_videos_are_shared_out_and_joined(make_video: MakeFile, tmp_path: Path) -> None:
    top, out = tmp_path / 'in', tmp_path / 'out'
    make_video('in/walk.mp4', frames=95, fps=10)
    run = archived(top, '-o', out, '--workers', 2, '--range', '2', '--index', 'csv')
    assert run.returncode == 0, run.stderr
    assert results(out) == lines_of_estimate(top, tmp_path)
    assert run.stderr.startswith('1 file: 1 done; 95 frames in ')


CLUSTER = """
import os, sys
os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
from ray.cluster_utils import Cluster
node = {'num_cpus': 1, 'object_store_memory': 100 << 20, 'include_dashboard': False}
cluster = Cluster(initialize_head=True, head_node_args=node)
cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture
def two_machines() -> Iterator[str]:
    """Yield the address of a Ray cluster of two nodes, of a core each."""
    process = subprocess.Popen(
        [sys.executable, '-c', CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(PATIENCE_S)
        process.stdout.close()


@needs_ray
def test_cluster_of_two_machines(make_video: MakeFile, tmp_path: Path, two_machines: str) -> None:
    top, out, summary = copies(make_video, 12), tmp_path / 'out', tmp_path / 'summary.json'
    run = archived(top, '-o', out, '--address', two_machines, '--json', summary)
    assert run.returncode == 0, run.stderr
    told: dict[str, Any] = json.loads(summary.read_text())
    assert (told['machines'], told['workers'], told['threads']) == (2, 2, 1)
    assert results(out) == lines_of_estimate(top, tmp_path)


@needs_ray
def test_cluster_that_is_not_there_is_one_line(make_video: MakeFile, tmp_path: Path) -> None:
    path = make_video('in/walk.mp4', frames=2)
    for address, says in (
        ('127.0.0.1:1', 'Connection refused; is it running'),
        ('ray://head:10001', "'ray://head:10001' is neither HOST:PORT nor auto"),
    ):
        run = archived(path, '-o', tmp_path / 'out', '--address', address, '--quiet')
        assert run.returncode == 1
        assert run.stderr.startswith(f'openpose-ros: cannot use Ray at {address}: ')
        assert says in run.stderr
        assert run.stderr.count('\n') == 1


def test_without_ray_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, make_video: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr('openpose_ros.archive.cluster.find_spec', lambda _: None)
    with pytest.raises(LibraryError, match=r'pip install "openpose_ros\[archive\]"'):
        check_ray()
    path = make_video('in/walk.mp4', frames=2)
    assert main(['archive', str(path), '-o', str(path.parent / 'out'), *FAKE]) == 2
    assert capsys.readouterr().err.count('\n') == 1


@needs_ray
@pytest.mark.parametrize(
    ('failures', 'stopped', 'started', 'tries'),
    [(0, False, True, 1), (2, False, True, 3), (3, False, False, 3), (2, True, False, 1)],
)
def test_ray_that_waits_for_itself_in_vain_is_started_again(
    failures: int, stopped: bool, started: bool, tries: int
) -> None:
    """Its node raises this after 30 s; a load that does so cannot be had when it is wanted."""
    left, handlers = [failures], []

    class BusyRay:
        def init(self, **options: Any) -> None:
            handlers.append(import_module('ray._private.utils').set_sigterm_handler(None))
            if left[0]:
                left[0] -= 1
                raise Exception('The current node timed out during startup')
            assert options == {'address': 'local'}

        def shutdown(self) -> None:
            """Have nothing to end."""

    before = signal.getsignal(signal.SIGTERM)
    if started:
        _start(BusyRay(), lambda: stopped, address='local')
    else:
        with pytest.raises(Exception, match='timed out during startup'):
            _start(BusyRay(), lambda: stopped, address='local')
    assert len(handlers) == tries
    assert signal.getsignal(signal.SIGTERM) is before


SHARES = [  # cores, GPUs, workers and threads that were asked for, those that there are
    (8, 0, None, None, (8, 1)),
    (8, 0, 2, None, (2, 4)),
    (8, 0, 3, None, (3, 2)),
    (8, 0, None, 3, (2, 3)),
    (8, 0, 5, 5, (5, 5)),  # as it was asked for
    (1, 0, 4, None, (4, 1)),
    (2, 0, None, 4, (1, 4)),
    (8, 2, None, None, (2, 4)),
    (8, 2, 4, None, (4, 2)),
]


@pytest.mark.parametrize(('cores', 'gpus', 'workers', 'threads', 'shares'), SHARES)
def test_cores_are_shared_out(
    cores: int, gpus: int, workers: int | None, threads: int | None, shares: tuple[int, int]
) -> None:
    assert shared_out(cores, gpus, workers, threads) == shares
