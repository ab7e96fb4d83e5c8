"""`estimate --track`: who is who through a video."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.cli import main
from openpose_ros.io.video import open_video

MakeFile = Callable[..., Path]
FAKE = ['--backend', 'fake']  # three people who stand still, whatever the picture


def ids(path: Path, *flags: str) -> list[list[str]]:
    """Return the ids of each frame's people, as the JSON has them."""
    lines = path.with_suffix('.jsonl')
    assert main(['estimate', str(path), '--json', str(lines), *flags, *FAKE]) == 0
    found = map(json.loads, lines.read_text(encoding='utf-8').splitlines())
    return [[person['id'] for person in line['people']] for line in found]


def test_people_have_ids_from_the_third_frame_on(make_video: MakeFile) -> None:
    found = ids(make_video(frames=6, fps=10), '--track')
    assert found[0] == found[1] == ['', '', '']
    assert len(set(found[2])) == 3
    assert found[2] == found[3] == found[5]


def test_without_it_nobody_has_one(make_video: MakeFile) -> None:
    assert ids(make_video(frames=4)) == [['', '', '']] * 4


def test_every_source_starts_anew(make_video: MakeFile) -> None:
    path = make_video(frames=5, fps=10)
    first, second = ids(path, '--track'), ids(path, '--track')
    assert not set(first[4]) & set(second[4])


def test_with_a_seed_every_run_and_every_source_gives_the_same(make_video: MakeFile) -> None:
    path = make_video(frames=5, fps=10)
    first, second = ids(path, '--track', '--seed', '7'), ids(path, '--track', '--seed', '7')
    assert first == second
    assert {name[3:] for name in first[4]} == {'1', '2', '3'}
    lines = path.with_suffix('.jsonl')
    flags = ['--track', '--seed', '7', '--json', str(lines), *FAKE]
    assert main(['estimate', str(path), str(make_video('b.mp4', frames=5, fps=10)), *flags]) == 0
    found = [json.loads(line)['people'][0]['id'] for line in lines.read_text().splitlines()]
    assert found == [names[0] for names in first] * 2
    assert ids(path, '--track', '--seed', '8') != first


def test_time_is_that_of_the_video(make_video: MakeFile) -> None:
    """Three sightings within a second: one of ten frames a second is too few."""
    found = ids(make_video(frames=40, fps=10), '--track', '--every', '10')
    assert found == [['', '', '']] * 4


def test_pictures_have_no_ids(make_picture: MakeFile) -> None:
    assert ids(make_picture('photo.png'), '--track') == [['', '', '']]


def test_ids_are_drawn(make_video: MakeFile, tmp_path: Path) -> None:
    path = make_video(frames=6, fps=10)
    images = []
    for flags in ([], ['--track']):
        out = tmp_path / f'out{len(flags)}'
        assert main(['estimate', str(path), '-o', str(out), *flags, *FAKE]) == 0
        images.append(
            [frame.image.astype(int) for frame in open_video(str(out / path.name)).frames()]
        )
    differences = [np.abs(a - b).max() for a, b in zip(*images)]
    assert max(differences[:2]) < 30
    assert min(differences[3:]) > 100


@pytest.mark.parametrize(
    'flag', [['--track-timeout', '3'], ['--keypoint-smoothing'], ['--seed', '3']]
)
def test_flags_without_it_are_told(
    flag: list[str], make_video: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    ids(make_video(frames=2), *flag)
    assert f'{flag[0]} has no effect without --track' in capsys.readouterr().err


def test_a_timeout_out_of_range_is_refused(
    make_video: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['estimate', str(make_video()), '--track', '--track-timeout', '0', *FAKE]) == 2
    assert 'track_timeout' in capsys.readouterr().err
