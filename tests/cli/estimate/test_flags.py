"""What people type first: each flag does what it says, and a useless one is told so."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import re
import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros.cli import main
from openpose_ros.io.pictures import read_picture
from openpose_ros.io.video import open_video
from tests.io.streams import raw_video, served

MakeFile = Callable[..., Path]
FAKE = ['--backend', 'fake']  # three people who stand still, whatever the picture


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding='utf-8').splitlines()]


def drawn(path: Path, out: Path, *flags: str) -> np.ndarray:
    assert main(['estimate', str(path), '-o', str(out), *flags, '--quiet', *FAKE]) == 0
    return read_picture(out / path.name).astype(int)


@pytest.mark.parametrize(
    ('flags', 'frames', 'fps'),
    [
        (['--start', '5'], [5, 6, 7, 8, 9, 10, 11], 10.0),
        (['--every', '4'], [0, 4, 8], 2.5),
        (['--start', '3', '--every', '4'], [3, 7, 11], 2.5),
        (['--start', '2', '--every', '3', '--max-frames', '2'], [2, 5], 10 / 3),
    ],
)
def test_frames_of_a_video_keep_their_numbers(
    make_video: MakeFile, tmp_path: Path, flags: list[str], frames: list[int], fps: float
) -> None:
    path, out, lines = make_video(frames=12, fps=10), tmp_path / 'out', tmp_path / 'p.jsonl'
    assert main(['estimate', str(path), '-o', str(out), '--json', str(lines), *flags, *FAKE]) == 0
    found = lines_of(lines)
    assert [line['frame'] for line in found] == frames
    assert [line['stamp'] for line in found] == pytest.approx([index / 10 for index in frames])
    video = open_video(str(out / 'walk.mp4'))
    assert (video.total, video.fps) == (len(frames), pytest.approx(fps, abs=0.01))
    named = sorted(path.name for path in out.glob('*.json'))
    assert named == [f'walk_{index:012d}_keypoints.json' for index in frames]


def test_frames_of_a_video_are_those_of_the_source(make_video: MakeFile, tmp_path: Path) -> None:
    """What is left out is left out: the frame that is drawn on is the one of that number."""
    path, out = make_video(frames=12), tmp_path / 'out'
    flags = ['--start', '7', '--max-frames', '1', '--render-threshold', '1']
    assert main(['estimate', str(path), '-o', str(out), *flags, *FAKE]) == 0
    (written,) = open_video(str(out / 'walk.mp4')).frames()
    distances = [
        np.abs(frame.image.astype(int) - written.image).mean()
        for frame in open_video(str(path)).frames()
    ]
    assert int(np.argmin(distances)) == 7


def test_start_behind_the_end_is_told(
    make_video: MakeFile, make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_video(frames=12)
    assert main(['estimate', str(path), str(make_picture()), '--start', '12', *FAKE]) == 1
    captured = capsys.readouterr()
    assert 'walk.mp4 has 12 frames, and the first is number 0: there is none from' in captured.err
    assert captured.out.count('\n') == 1, 'a picture is always worked on'


def test_quiet_says_what_fails_only(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_picture()
    flags = ['--quiet', '-o', str(tmp_path / 'out'), '--json', str(tmp_path / 'p.jsonl')]
    assert main(['estimate', str(path), *flags, *FAKE]) == 0
    assert capsys.readouterr() == ('', '')
    assert main(['estimate', str(path), 'gone.jpg', *flags, *FAKE]) == 1
    assert capsys.readouterr().err.startswith('openpose-ros: cannot read gone.jpg')


def test_no_keypoint_files(make_video: MakeFile, make_picture: MakeFile, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    sources = [str(make_video()), str(make_picture())]
    assert main(['estimate', *sources, '-o', str(out), '--no-keypoint-files', *FAKE]) == 0
    assert sorted(path.name for path in out.iterdir()) == ['photo.png', 'walk.mp4']


def test_draw_takes_several_words(make_picture: MakeFile, tmp_path: Path) -> None:
    path = make_picture()
    several = drawn(path, tmp_path / 'several', '--draw', 'heatmaps', 'skeletons')
    again = drawn(path, tmp_path / 'again', '--draw', 'heatmaps', '--draw', 'skeletons')
    one = drawn(path, tmp_path / 'one', '--draw', 'heatmaps')
    assert (several == again).all()
    assert np.abs(several - one).max() > 20


def test_source_may_follow_what_is_drawn(make_picture: MakeFile, tmp_path: Path) -> None:
    path, out = make_picture(), tmp_path / 'out'
    words = ['--draw', 'heatmaps', 'pafs', str(path), '-o', str(out)]
    assert main(['estimate', *words, *FAKE]) == 0
    assert (out / 'photo.png').is_file()


def test_labels_and_threshold(make_picture: MakeFile, tmp_path: Path) -> None:
    path = make_picture(size=(320, 240))
    plain = drawn(path, tmp_path / 'plain')
    assert np.abs(plain - drawn(path, tmp_path / 'labels', '--labels')).max() > 100
    nothing = drawn(path, tmp_path / 'nothing', '--render-threshold', '1')
    assert (nothing == read_picture(path)).all()


@pytest.mark.parametrize('degrees', [90, 180, 270])
def test_rotated_frames_have_their_people_where_they_are(
    make_picture: MakeFile, tmp_path: Path, degrees: int
) -> None:
    """A picture that lies on its side gives what the upright one gives, turned back."""
    upright = make_picture('upright.png', (120, 90))
    turn = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    lying = upright.with_name('lying.png')
    cv2.imwrite(str(lying), cv2.rotate(read_picture(upright), turn[degrees]))
    lines, rotate = tmp_path / 'p.jsonl', ['--rotate', str(degrees)]
    assert main(['estimate', str(upright), '--json', str(lines), *FAKE]) == 0
    (wanted,) = lines_of(lines)
    assert main(['estimate', str(lying), *rotate, '--json', str(lines), *FAKE]) == 0
    (found,) = lines_of(lines)
    size = (120, 90) if degrees == 180 else (90, 120)
    assert (found['width'], found['height']) == size
    x, y, score = found['people'][0]['keypoints'][1]
    back = {90: (119 - y, x), 180: (119 - x, 89 - y), 270: (y, 89 - x)}[degrees]
    assert (*back, score) == pytest.approx(wanted['people'][0]['keypoints'][1], abs=0.01)
    for words in (['skeletons'], ['heatmaps', 'pafs', 'skeletons']):
        one = drawn(upright, tmp_path / '-'.join(['up', *words]), '--draw', *words)
        other = drawn(lying, tmp_path / '-'.join(['ly', *words]), *rotate, '--draw', *words)
        other = cv2.rotate(other.astype(np.uint8), {90: 0, 180: 1, 270: 2}[degrees])
        difference = np.abs(one - other)
        assert difference.mean() < 3, 'only the edges of lines are rounded to other sides'


def test_people_of_a_video_are_not_counted_again(
    make_video: MakeFile, make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    video, picture = str(make_video(frames=12)), str(make_picture())
    assert main(['estimate', video, *FAKE]) == 0
    assert '12 frames, at most 3 people in a frame, in ' in capsys.readouterr().err
    assert main(['estimate', video, picture, picture, *FAKE]) == 0
    err = capsys.readouterr().err
    assert '14 frames, 6 people in pictures, at most 3 people in a frame, in ' in err


NO_EFFECT = [
    ['--draw', 'heatmaps'],
    ['--labels'],
    ['--render-threshold', '0.3'],
    ['--no-keypoint-files'],
]


@pytest.mark.parametrize('flags', NO_EFFECT, ids=lambda flags: flags[0])
def test_flag_without_effect_is_told(
    make_picture: MakeFile, tmp_path: Path, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(make_picture())
    assert main(['estimate', path, *flags, *FAKE]) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith(f'openpose-ros: {" ".join(flags)} has no effect') or (
        first.startswith('openpose-ros: --render-threshold has no effect')
    )
    assert '--output DIR' in first
    assert main(['estimate', path, *flags, '-o', str(tmp_path / 'out'), *FAKE]) == 0
    assert 'no effect' not in capsys.readouterr().err


@pytest.mark.parametrize(
    ('flags', 'lacks'),
    [
        (['--open'], '--view'),
        (['--view-address', '127.0.0.1:0'], '--view'),
        (['--view-allow-host', 'robot'], '--view'),
        (['--view-max-clients', '2'], '--view'),
        (['--hand-min-size', '9'], '--hand or --face'),
        (['--max-crops', '9'], '--hand or --face'),
        (['--scale-gap', '0.1'], '--scale-number'),
        (['--tile-overlap', '0.1'], '--tiles'),
        (['--tile-overlap', '0.1', '--no-tiles'], '--tiles'),
    ],
    ids=lambda words: ' '.join(words) if isinstance(words, list) else None,
)
def test_flag_that_lacks_another_is_told(
    make_picture: MakeFile, flags: list[str], lacks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['estimate', str(make_picture()), *flags, '--quiet', *FAKE]) == 0
    assert capsys.readouterr().err == (f'openpose-ros: {flags[0]} has no effect without {lacks}\n')


@pytest.mark.parametrize(
    'flags', [['--scale-gap', '0.1', '--scale-number', '2'], ['--tile-overlap', '0.1', '--tiles']]
)
def test_flag_that_has_the_other_is_not(
    make_picture: MakeFile, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['estimate', str(make_picture()), *flags, '--quiet', *FAKE]) == 0
    assert capsys.readouterr().err == ''


def test_labels_without_skeletons_are_told(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_picture()
    maps = drawn(path, tmp_path / 'maps', '--draw', 'heatmaps')
    assert capsys.readouterr().err == ''
    labelled = drawn(path, tmp_path / 'labels', '--draw', 'heatmaps', '--labels')
    assert capsys.readouterr().err == (
        'openpose-ros: --labels has no effect: --draw has no skeletons\n'
    )
    assert (maps == labelled).all()


def test_recursive_leaves_out_its_own_results(make_picture: MakeFile, tmp_path: Path) -> None:
    folder, lines = tmp_path / 'in', tmp_path / 'p.jsonl'
    for name in ('a/photo.png', 'b/photo.png', 'top.png'):
        make_picture(f'in/{name}')
    words = ['--recursive', '-o', str(folder / 'out'), '--json', str(lines)]
    for _ in range(2):
        assert main(['estimate', str(folder), *words, *FAKE]) == 0
        assert len(lines_of(lines)) == 3
    pictures = sorted(path.name for path in (folder / 'out').glob('*.png'))
    assert pictures == ['photo.png', 'photo_2.png', 'top.png']


def test_folder_that_is_called_as_a_file_is_refused(
    make_video: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['estimate', str(make_video()), *FAKE, '--output']
    with pytest.raises(SystemExit, match='2'):
        main([*words, str(tmp_path / 'out.mp4')])
    err = capsys.readouterr().err
    assert 'out.mp4 is called as a file, and must name a folder, say ' in err
    assert err.count('\n') == 1
    assert not (tmp_path / 'out.mp4').exists()
    (tmp_path / 'is.mp4').mkdir()
    assert main([*words, str(tmp_path / 'is.mp4')]) == 0


def test_results_beside_their_source_name_a_folder_that_works(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, link = make_picture('my photos/photo.png'), tmp_path / 'lnk'
    link.symlink_to(path.parent)
    assert main(['estimate', str(path), '-o', str(link), *FAKE]) == 2
    err = capsys.readouterr().err
    assert f'({link} is a link to {path.parent})' in err
    assert f"choose another folder, say --output '{path.parent}/openpose'" in err
    assert main(['estimate', str(path), '-o', str(path.parent / 'openpose'), *FAKE]) == 0


def test_odd_video_is_padded_and_its_json_is_not(tmp_path: Path) -> None:
    path, out, lines = tmp_path / 'odd.y4m', tmp_path / 'out', tmp_path / 'p.jsonl'
    grey = b'FRAME\n' + b'\x80' * (3 * 489 * 383)
    path.write_bytes(b'YUV4MPEG2 W489 H383 F10:1 C444\n' + 2 * grey)
    source = open_video(str(path))
    assert next(source.frames()).image.shape == (383, 489, 3)
    assert main(['estimate', str(path), '-o', str(out), '--json', str(lines), *FAKE]) == 0
    assert next(open_video(str(out / 'odd.mp4')).frames()).image.shape == (384, 490, 3)
    assert {(line['width'], line['height']) for line in lines_of(lines)} == {(489, 383)}


def test_standard_input_is_a_source(make_video: MakeFile, tmp_path: Path) -> None:
    words = ['estimate', '-', '--json', '-', '-o', str(tmp_path / 'out'), *FAKE]
    run = subprocess.run(
        [sys.executable, '-m', 'openpose_ros', *words],
        input=make_video(frames=5).read_bytes(),
        capture_output=True,
        check=True,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).parents[3])},
    )
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert [(line['source'], line['frame']) for line in found] == [('-', i) for i in range(5)]
    assert open_video(str(tmp_path / 'out' / 'stdin.mp4')).total == 5


def test_stream_that_breaks_off_is_told_and_its_results_are_kept(
    make_video: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, lines = raw_video(make_video(frames=12)), tmp_path / 'p.jsonl'
    with served(raw.read_bytes()) as address:
        words = ['estimate', address, '-o', str(tmp_path / 'out'), '--json', str(lines), *FAKE]
        assert main(words) == 1
    assert f'openpose-ros: {address} broke off after 12 frames' in capsys.readouterr().err
    assert len(lines_of(lines)) == 12
    assert open_video(str(tmp_path / 'out' / 'live.mp4')).total == 12


@pytest.mark.parametrize(
    ('words', 'says'),
    [
        (['estimate', 'x', '--ouput', 'y'], '; the nearest is --output; see .* estimate --help'),
        (['estimate', 'x', '--max-frame=3'], '; the nearest is --max-frames; see .* estimate --h'),
        (
            ['estimate', 'x', '--frobnicate'],
            'unrecognized arguments: --frobnicate; see ',
        ),
        (['estmate', 'x'], r"invalid choice: 'estmate' .*; the nearest is estimate; see"),
        (
            ['models', 'fetch', 'x', '--quit'],
            '; the nearest is --quiet; see .* fetch --help',
        ),
        (
            ['estimate', 'x', '--draw', 'heatmap'],
            'invalid .*nearest is heatmaps',
        ),
        (['doctor', 'photo.jpg'], 'unrecognized arguments: photo.jpg; see .* doctor --help'),
    ],
)
def test_typo_names_what_was_meant(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match='2'):
        main(words)
    err = capsys.readouterr().err
    assert re.search(says, err), err
    assert err.count('\n') == 1


def test_augmentation_is_a_stage_of_its_own(
    make_picture: MakeFile, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['estimate', str(make_picture()), '--json', str(tmp_path / 'p.jsonl')]
    assert main([*arguments, '--flip', '--scale-number', '2', '--number-people-max', '1']) == 0
    said = capsys.readouterr().err
    assert re.search(r'^merge +\d', said, re.MULTILINE)
    assert main([*arguments, '--tiles', '--scale-number', '2']) == 2
    said = capsys.readouterr().err
    assert 'take one of them' in said
    assert len(said.splitlines()) == 1
