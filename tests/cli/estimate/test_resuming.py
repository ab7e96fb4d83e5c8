"""A run that ended early is taken up again: nothing twice, nothing lost, nothing mixed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import pytest

from openpose_ros.augmentation import AugmentationParams
from openpose_ros.cli import main
from openpose_ros.cli.estimate.flags import add_arguments
from openpose_ros.cli.estimate.resuming import RUN_FLAGS
from openpose_ros.parameters import declarations
from openpose_ros.parsing.decoders import PARAMS
from openpose_ros.parts import PartParams
from openpose_ros.tracking import TrackingParams

MakeFile = Callable[..., Path]
FAKE = ['--backend', 'fake']  # three people who stand still, whatever the picture


@pytest.fixture
def folder(make_picture: MakeFile) -> Path:
    for number in range(1, 5):
        folder = make_picture(f'in/p{number}.png').parent
    return folder


@pytest.fixture
def resume(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Return a function that runs estimate with its results in out and people.jsonl."""

    def run(*arguments: str) -> tuple[int, str]:
        results = ('--output', f'{tmp_path}/out', '--json', f'{tmp_path}/people.jsonl')
        status = main(['estimate', str(folder), *results, '--resume', *FAKE, *arguments])
        return status, capsys.readouterr().err

    return run


Resume = Callable[..., tuple[int, str]]


def looked_at(tmp_path: Path) -> list[str]:
    """Return the names of the pictures of the lines, in their order."""
    lines = (tmp_path / 'people.jsonl').read_text().splitlines()
    assert all(len(json.loads(line)['people']) == 3 for line in lines)
    return [Path(json.loads(line)['source']).stem for line in lines]


def noted(tmp_path: Path) -> list[str]:
    lines = (tmp_path / 'out/progress.jsonl').read_text().splitlines()
    return [Path(json.loads(line)['path']).stem for line in lines[1:]]


def forget(tmp_path: Path, count: int) -> None:
    """Take the last lines from the progress, as if the run had ended before them."""
    path = tmp_path / 'out/progress.jsonl'
    path.write_text(''.join(path.read_text().splitlines(keepends=True)[:-count]))


def test_first_line_is_the_run(resume: Resume, folder: Path, tmp_path: Path) -> None:
    assert resume()[0] == 0
    first, *rest = (tmp_path / 'out/progress.jsonl').read_text().splitlines()
    run = json.loads(first)
    assert (run['model'], run['decoder'], run['backend']) == ('openpose-ros-base', 'paf', 'fake')
    assert run['parameters']['min_parts'] == 3
    entry, seen = json.loads(rest[0]), os.stat(folder / 'p1.png')
    assert (entry['path'], entry['size'], entry['mtime_ns']) == (
        *(str(folder / 'p1.png'), seen.st_size, seen.st_mtime_ns),
    )
    assert noted(tmp_path) == looked_at(tmp_path) == ['p1', 'p2', 'p3', 'p4']


def test_what_is_done_is_left_out(resume: Resume, tmp_path: Path) -> None:
    assert resume()[0] == 0
    picture = tmp_path / 'out/p1.png'
    picture.unlink()
    forget(tmp_path, 1)
    status, said = resume()
    assert status == 0
    assert '3 of 4 sources are done already' in said
    assert '1 frame, 3 people' in said
    assert not picture.exists(), 'it was done'
    assert looked_at(tmp_path) == noted(tmp_path) == ['p1', 'p2', 'p3', 'p4']
    status, said = resume()
    assert (status, '0 frames, 0 people' in said) == (0, True)
    assert looked_at(tmp_path) == ['p1', 'p2', 'p3', 'p4']


def test_lines_of_a_killed_run_are_in_the_part(resume: Resume, tmp_path: Path) -> None:
    assert resume()[0] == 0
    path = tmp_path / 'people.jsonl'
    text = path.read_text()
    path.rename(tmp_path / 'people.jsonl.part')
    (tmp_path / 'people.jsonl.part').write_text(text[:-10])  # the last one was cut
    assert '3 of 4 sources are done already' in resume()[1]
    assert path.read_text() == text
    assert not (tmp_path / 'people.jsonl.part').exists()


def test_source_that_changed_is_done_again(resume: Resume, folder: Path, tmp_path: Path) -> None:
    assert resume()[0] == 0
    os.utime(folder / 'p2.png', ns=(1, 1))
    shutil.copy(folder / 'p1.png', folder / 'p0.png')
    assert '3 of 5 sources are done already' in resume()[1]
    assert sorted(looked_at(tmp_path)) == ['p0', 'p1', 'p2', 'p3', 'p4']
    assert '5 of 5 sources are done already' in resume()[1]


def test_lines_that_are_gone_are_made_again(resume: Resume, tmp_path: Path) -> None:
    assert resume()[0] == 0
    path = tmp_path / 'people.jsonl'
    first, *rest = path.read_text().splitlines(keepends=True)
    path.write_text(first + '{"other": 1}\n' + ''.join(rest))
    assert '1 of 4 sources are done already' in resume()[1]
    assert looked_at(tmp_path) == ['p1', 'p2', 'p3', 'p4']


def test_source_that_failed_is_tried_again(resume: Resume, folder: Path, tmp_path: Path) -> None:
    (folder / 'p2.png').write_bytes(b'no picture')
    for _ in range(2):
        status, said = resume()
        assert status == 1
        assert 'p2.png is damaged or no picture' in said
        assert looked_at(tmp_path) == ['p1', 'p3', 'p4']
    assert '3 of 4 sources are done already' in said


OTHER = [  # arguments, what the line says
    (['--min-parts', '5'], 'is of another run (min_parts 3 there, 5 here)'),
    (['--net-resolution', '64x64'], 'net_resolution [-1, 256] there, [64, 64] here'),
    (['--rotate', '90'], 'rotate 0 there, 90 here'),
    (
        ['--model', 'openpose-ros-small-int8'],
        'model openpose-ros-base there, openpose-ros-small-',
    ),
]


@pytest.mark.parametrize(('arguments', 'says'), OTHER)
def test_another_run_is_refused_with_the_difference(
    resume: Resume, tmp_path: Path, arguments: list[str], says: str
) -> None:
    assert resume()[0] == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    status, said = resume(*arguments)
    (line,) = said.splitlines()
    assert status == 2
    assert says in line
    assert {path: path.read_bytes() for path in before} == before


# What may differ between two runs: where results go, what runs, what is said.
NEUTRAL = {
    *('help', 'sources', 'recursive', 'output', 'json', 'csv', 'mcap', 'coco', 'coco_results'),
    *('coco_truth', 'resume', 'show', 'quiet', 'threads', 'providers', 'max_image_pixels'),
    *('view', 'view_address', 'view_allow_host', 'view_max_clients', 'view_token_file', 'open'),
}
# What the network's part of the run says: model, backend, net_resolution, draw.
NAMED = {'model', 'hand', 'face', 'backend', 'net_resolution', 'draw'}


def test_every_flag_that_changes_results_is_of_the_run() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    flags = {action.dest for action in parser._actions}
    parameters = {item.name for kind in PARAMS.values() for item in declarations(kind)}
    for kind in (TrackingParams, AugmentationParams, PartParams):
        parameters |= {item.name for item in declarations(kind)}
    assert flags == NEUTRAL | NAMED | set(RUN_FLAGS) | parameters


def test_file_of_somebody_else_is_refused(resume: Resume, tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    for content in ('[1]', 'mine', '{"a": 1}'):
        (tmp_path / 'out/progress.jsonl').write_text(content)
        status, said = resume()
        assert (status, len(said.splitlines())) == (2, 1)
        assert (tmp_path / 'out/progress.jsonl').read_text() == content


WRONG = [  # arguments, what the line says
    ([], '--resume needs results to go on with: --output DIR or --json FILE'),
    (['--json', '-'], '--resume cannot go on with -'),
    (['--json', '/dev/null'], '--resume cannot go on with /dev/null'),
    (['--json', 'x', '--csv', 'y'], '--csv cannot be resumed'),
    (['--json', 'x', '--coco', 'y'], '--coco cannot be resumed'),
]


@pytest.mark.parametrize(('arguments', 'says'), WRONG)
def test_what_cannot_be_resumed_is_refused(
    folder: Path,
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert main(['estimate', 'p1.png', *arguments, '--resume', *FAKE]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line


def test_pipe_cannot_be_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / 'pipe.png'
    os.mkfifo(pipe)
    assert main(['estimate', str(pipe), '--json', f'{tmp_path}/x', '--resume', *FAKE]) == 2
    assert '--resume works on files' in capsys.readouterr().err


def test_results_of_others_in_the_folder_are_kept(
    resume: Resume,
    make_picture: MakeFile,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert resume()[0] == 0
    other = make_picture('other/p1.png')
    arguments = ['--output', f'{tmp_path}/out', '--resume', *FAKE]
    assert main(['estimate', str(other), *arguments]) == 2
    said = capsys.readouterr().err
    assert f'holds the results of {tmp_path}/in/p1.png, which those of {other} would' in said


def test_ctrl_c_and_again(make_picture: MakeFile, make_video: MakeFile, tmp_path: Path) -> None:
    for number in range(20):
        folder = make_picture(f'in/p{number:02}.png').parent
    shutil.move(make_video(frames=3000), folder / 'walk.mp4')
    command = [
        *(sys.executable, '-m', 'openpose_ros', 'estimate', str(folder), '--resume'),
        *('--json', str(tmp_path / 'people.jsonl'), *FAKE),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    part, deadline_s = tmp_path / 'people.jsonl.part', time.monotonic() + 60
    while not (part.exists() and part.read_bytes().count(b'walk.mp4') > 2):
        assert process.poll() is None
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGINT, 130), said
    again = subprocess.run(
        [*command, '--max-frames', '5'], capture_output=True, text=True, timeout=60
    )
    assert again.returncode == 2
    assert 'max_frames None there, 5 here' in again.stderr
    (folder / 'walk.mp4').unlink()
    make_video('in/walk.mp4', frames=5)
    again = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert '20 of 21 sources are done already' in again.stderr
    frames = [json.loads(line) for line in (tmp_path / 'people.jsonl').read_text().splitlines()]
    names = [Path(frame['source']).name for frame in frames]
    assert names == [*(f'p{number:02}.png' for number in range(20)), *(['walk.mp4'] * 5)]
