"""Estimate as a user runs it: every source, every result, and what happens when all goes wrong."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest

from openpose_ros.cli import main
from openpose_ros.estimator import PoseEstimator
from openpose_ros.io.pictures import read_picture
from openpose_ros.io.video import open_video
from openpose_ros.models.default import default_name, processor_flags

MakeFile = Callable[..., Path]
FAKE = ['--backend', 'fake']  # three people who stand still, whatever the picture


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]


def test_estimate_prints_a_summary_of_a_picture(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_picture('Foto é.png')
    assert main(['estimate', str(path), *FAKE]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(f'{path}: 3 people (scores ')
    stages = [line.split()[0] for line in captured.err.splitlines()[2:]]
    assert stages == ['read', 'preprocess', 'infer', 'parse']
    assert captured.err.startswith('1 frame, 3 people in ')


def test_estimate_says_in_one_line_what_runs(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    for backend, title in (('auto', 'with '), ('onnxruntime', 'with ONNX Runtime ')):
        assert main(['estimate', str(make_picture()), '--backend', backend]) == 0
        said = capsys.readouterr().err.splitlines()[0]
        assert f'{default_name("cpu", processor_flags())} in int8 {title}' in said


def test_estimate_goes_on_past_what_cannot_be_opened_in_a_folder(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, lines = make_picture('in/a.png').parent, tmp_path / 'people.jsonl'
    (folder / 'b.mp4').write_bytes(b'\0\0\0\x18ftypisom\0\0\2\0isomiso2avc1mp41')
    os.mkfifo(folder / 'c.jpg')
    make_picture('in/d.png')
    assert main(['estimate', str(folder), *FAKE, '--quiet', '--json', str(lines)]) == 1
    assert [Path(line['source']).name for line in lines_of(lines)] == ['a.png', 'd.png']
    video, pipe = capsys.readouterr().err.splitlines()
    assert 'b.mp4 is an MP4 that was cut off' in video
    assert 'c.jpg is no file but a pipe' in pipe


def test_estimate_warms_up_once_with_the_first_frames_size(
    make_picture: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is on the first frame, say, and the second would pay for the parser's start."""
    sizes: list[tuple[int, int]] = []
    monkeypatch.setattr(PoseEstimator, 'warm_up', lambda _, size: sizes.append(size))
    pictures = [make_picture('a.png', (64, 48)), make_picture('b.png', (32, 80))]
    assert main(['estimate', *map(str, pictures), *FAKE]) == 0
    assert sizes == [(64, 48)]


def test_estimate_writes_pictures_json_and_lines(make_picture: MakeFile, tmp_path: Path) -> None:
    for name in ('in/b10.png', 'in/b9.png', 'in/a.jpg'):
        folder = make_picture(name).parent
    out, lines = tmp_path / 'out', tmp_path / 'people.jsonl'
    assert main(['estimate', str(folder), '--output', str(out), '--json', str(lines), *FAKE]) == 0
    names = [f'{stem}{end}' for stem in ('b10', 'b9') for end in ('.png', '_keypoints.json')]
    assert sorted(path.name for path in out.iterdir()) == ['a.jpg', 'a_keypoints.json', *names]
    assert (read_picture(out / 'b9.png') != read_picture(folder / 'b9.png')).any()
    found = lines_of(lines)
    assert [Path(line['source']).name for line in found] == ['a.jpg', 'b9.png', 'b10.png']
    assert [len(line['people']) for line in found] == [3, 3, 3]
    openpose = json.loads((out / 'a_keypoints.json').read_text())
    assert len(openpose['people'][0]['pose_keypoints_2d']) == 18 * 3


def test_estimate_writes_a_video(make_video: MakeFile, tmp_path: Path) -> None:
    path, out, lines = make_video(frames=6, fps=10), tmp_path / 'out', tmp_path / 'people.jsonl'
    assert main(['estimate', str(path), '--output', str(out), '--json', str(lines), *FAKE]) == 0
    video = open_video(str(out / 'walk.mp4'))
    assert (video.total, video.fps) == (6, 10.0)
    assert (out / 'walk_000000000005_keypoints.json').is_file()
    found = lines_of(lines)
    assert [(line['frame'], line['stamp']) for line in found] == [
        (index, pytest.approx(index / 10)) for index in range(6)
    ]


def test_estimate_looks_at_the_first_frames_only(
    make_video: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['estimate', str(make_video()), '--max-frames', '2', *FAKE]) == 0
    out = capsys.readouterr().out
    assert [line.split(': ')[0].split()[-2:] for line in out.splitlines()] == [
        ['frame', '0'],
        ['frame', '1'],
    ]


def test_estimate_reports_the_broken_and_goes_on(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_picture('in/good.png').parent
    (folder / 'empty.png').touch()
    (folder / 'text.jpg').write_text('hello')
    lines = tmp_path / 'people.jsonl'
    status = main(['estimate', 'gone.jpg', str(folder), '--json', str(lines), *FAKE])
    err = capsys.readouterr().err
    assert status == 1
    assert [Path(line['source']).name for line in lines_of(lines)] == ['good.png']
    told = [line for line in err.splitlines() if line.startswith('openpose-ros: ')]
    assert len(told) == 3
    assert 'cannot read gone.jpg' in told[0]
    assert 'empty.png is empty' in told[1]
    assert 'text.jpg is damaged or no picture' in told[2]
    assert '3 troubles, see above' in err


def test_estimate_uses_a_damaged_jpeg_and_names_it(
    make_picture: MakeFile, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_picture('photo.jpg', (640, 480))
    path.write_bytes(path.read_bytes()[:-400])
    for limit in ([], ['--max-frames', '1']):
        assert main(['estimate', str(path), *limit, *FAKE]) == 1
        captured = capfd.readouterr()
        assert captured.out.startswith(f'{path}: 3 people')
        assert captured.err.startswith(f'openpose-ros: {path} is damaged or cut off (Corrupt JPEG')
        assert captured.err.count('Corrupt JPEG') == 1


def test_estimate_uses_a_jpeg_without_its_end(
    make_picture: MakeFile, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_picture('photo.jpg')
    path.write_bytes(path.read_bytes()[:-2])
    assert main(['estimate', str(path), *FAKE]) == 0
    err = capfd.readouterr().err
    assert err.startswith(f'openpose-ros: {path} has no end marker; all of its rows are there\n')


def test_estimate_refuses_pictures_that_are_too_large(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_picture('photo.jpg')
    assert main(['estimate', str(path), '--max-image-pixels', '3000', *FAKE]) == 1
    assert f'{path} is 64x48 pixels, but at most 3000 are decoded' in capsys.readouterr().err
    assert main(['estimate', str(path), '--max-image-pixels', '3072', *FAKE]) == 0
    assert main(['estimate', str(path), '--max-image-pixels', '0', *FAKE]) == 2
    assert 'max_image_pixels is 0' in capsys.readouterr().err


def test_estimate_never_overwrites_a_namesake(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = make_picture('a/photo.png'), make_picture('b/photo.png', (80, 60))
    out = tmp_path / 'out'
    assert main(['estimate', str(first), str(second), '--output', str(out), *FAKE]) == 0
    assert read_picture(out / 'photo.png').shape == (48, 64, 3)
    assert read_picture(out / 'photo_2.png').shape == (60, 80, 3)
    assert f'results of {second} are called photo_2' in capsys.readouterr().err


def test_estimate_never_overwrites_its_source(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_picture()
    before = path.read_bytes()
    assert main(['estimate', str(path), '--output', str(path.parent), *FAKE]) == 2
    assert 'would be overwritten' in capsys.readouterr().err
    assert path.read_bytes() == before


def test_estimate_draws_what_is_asked(make_picture: MakeFile, tmp_path: Path) -> None:
    path = make_picture()
    drawn = []
    for words in (['skeletons'], ['heatmaps'], ['pafs'], ['skeletons', 'heatmaps']):
        out = tmp_path / '-'.join(words)
        flags = [flag for word in words for flag in ('--draw', word)]
        assert main(['estimate', str(path), '--output', str(out), *flags, *FAKE]) == 0
        drawn.append(read_picture(out / 'photo.png'))
    for index, one in enumerate(drawn):
        for other in drawn[:index]:
            assert np.abs(one.astype(int) - other).max() > 20


def test_estimate_passes_the_parameters_on(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(make_picture())
    assert main(['estimate', path, '--max-people', '1', *FAKE]) == 0
    assert f'{path}: 1 person (scores ' in capsys.readouterr().out
    assert main(['estimate', path, '--max-peaks', '1', *FAKE]) == 0
    assert 'found no room and were left out: raise --max-peaks' in capsys.readouterr().err


def test_estimate_writes_lines_to_standard_output(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(make_picture())
    assert main(['estimate', path, '--json', '-', '--net-resolution', '-1x128', *FAKE]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)['source'] == path


REFUSED = [  # arguments, exit status, what the one line says
    (['--model', 'no-such-model'], 1, "the model 'no-such-model' is neither"),
    (['--json', '/no/such/folder/people.jsonl', *FAKE], 1, 'cannot write /no/such/folder/people'),
    (['--json', '/dev/full', *FAKE], 1, 'cannot write /dev/full: No space left on device'),
    (['--json', '/', *FAKE], 1, 'cannot write /: Is a directory'),
    (['--output', '/dev/null/out', *FAKE], 1, 'cannot make the folder /dev/null/out: Not a dir'),
    (['--net-resolution', '8x-7', *FAKE], 2, 'net_resolution'),
    (['--show', *FAKE], 1, 'no display to show on'),
]


@pytest.mark.parametrize(('arguments', 'status', 'says'), REFUSED, ids=lambda case: str(case)[:40])
def test_estimate_refuses_in_one_line(
    arguments: list[str],
    status: int,
    says: str,
    make_picture: MakeFile,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv('DISPLAY', raising=False)
    monkeypatch.delenv('WAYLAND_DISPLAY', raising=False)
    assert main(['estimate', str(make_picture()), *arguments]) == status
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count('\n') == 1
    assert captured.out == ''


def test_estimate_of_a_video_cut_short_keeps_its_output(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (shared / 'video/one-by-one-person-detection.mp4').read_bytes()
    path, out = tmp_path / 'cut.mp4', tmp_path / 'out'
    path.write_bytes(whole[: len(whole) // 50])
    small = ['--net-resolution', '64x64']
    assert main(['estimate', str(path), '--output', str(out), *small, *FAKE]) == 1
    err = capsys.readouterr().err
    total = open_video(str(out / 'cut.mp4')).total
    assert f'claims 1394 frames, {total} could be read' in err
    assert f'{total} frames, ' in err


def test_estimate_finds_people_in_photographs(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('OPENPOSE_ROS_MODEL_PATH', str(shared / 'models'))
    lines = tmp_path / 'people.jsonl'
    photo = shared / 'images/000000000785.jpg'  # one skier
    arguments = ['--json', str(lines), '--net-resolution', '-1x256', '--threads', '1']
    assert main(['estimate', str(photo), *arguments]) == 0
    (line,) = lines_of(lines)
    (person,) = line['people']
    found = [row for row in person['keypoints'] if row[2] > 0]
    assert len(found) >= 14
    x, y, _ = person['keypoints'][0]  # the nose; the annotation says (367, 81)
    assert abs(x - 367) < 10
    assert abs(y - 81) < 10


@pytest.mark.parametrize(
    ('number', 'status'),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_estimate_stopped_keeps_what_was_done(
    make_video: MakeFile, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    lines, out = tmp_path / 'people.jsonl', tmp_path / 'out'
    path, part = make_video(frames=3000), tmp_path / 'people.jsonl.part'
    process = subprocess.Popen(
        [
            *(sys.executable, '-m', 'openpose_ros', 'estimate', str(path), *FAKE),
            *('--output', str(out), '--json', str(lines)),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[3])},
    )
    try:
        while process.poll() is None and (not part.exists() or part.stat().st_size < 5000):
            time.sleep(0.005)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == status, err
    kept = part if number == signal.SIGKILL else lines
    whole = kept.read_text(encoding='utf-8').splitlines(keepends=True)
    done = [json.loads(line)['frame'] for line in whole if line.endswith('\n')]
    assert 1 <= len(done) < 3000
    assert done == list(range(len(done)))
    if number == signal.SIGKILL:
        return
    assert len(done) == len(whole)
    assert 'Traceback' not in err
    assert 'interrupted; what was written is kept' in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ['out', 'people.jsonl', 'walk.mp4']
    assert {path.suffix for path in out.iterdir()} == {'.json', '.mp4'}, 'nothing half is left'
    frames = open_video(str(out / 'walk.mp4')).total or 0
    assert 0 <= frames - len(done) <= 1  # a frame is drawn before its line is written


def test_estimate_into_a_pipe_that_closes(make_video: MakeFile) -> None:
    command = f'"{sys.executable}" -m openpose_ros estimate "$0" --backend fake --json - | head -1'
    run = subprocess.run(
        ['bash', '-c', command, str(make_video(frames=200))],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[3])},
    )
    assert json.loads(run.stdout)['frame'] == 0
    assert 'Traceback' not in run.stderr
    assert 'Error' not in run.stderr


POSENET = ['--model', 'posenet-mobilenet-v1-075', *FAKE]


def test_estimate_takes_a_network_of_another_decoder(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, lines = make_picture(size=(640, 480)), tmp_path / 'people.jsonl'
    arguments = ['estimate', str(path), *POSENET, '--json', str(lines)]
    assert main([*arguments, '--output', str(tmp_path / 'out'), '--draw', 'heatmaps']) == 0
    assert [len(line['people']) for line in lines_of(lines)] == [3]
    assert main([*arguments, '--max-poses', '2', '--nms-radius', '10']) == 0
    (line,) = lines_of(lines)
    assert line['skeleton'] == 'coco_17'
    assert len(line['people']) == 2
    capsys.readouterr()


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        ([*POSENET, '--min-parts', '4'], "min_parts is a parameter of another decoder than 'pos"),
        ([*FAKE, '--nms-radius', '10'], "nms_radius is a parameter of another decoder than 'paf'"),
        ([*FAKE, '--nms-radius', '0'], 'nms_radius is 0.0, but must be from 1.0 to 4096.0'),
        ([*POSENET, '--output', 'out', '--draw', 'pafs'], 'has not; take heatmaps or skeletons'),
    ],
)
def test_estimate_refuses_what_the_decoder_has_not(
    make_picture: MakeFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(['estimate', str(make_picture()), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
