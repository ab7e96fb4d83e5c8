"""A bag as a source of `estimate`."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest
from rosbags.rosbag2 import CompressionMode

from openpose_ros.bags.source import bag_sources
from openpose_ros.cli import main
from openpose_ros.io.selection import Selection
from tests.bags.making import PERIOD_NS, START_NS, packed, picture, raw, write_bag

FAKE = ['--backend', 'fake', '--quiet']
COUNT = 6


@pytest.mark.parametrize('image', [raw, packed])
def test_estimate_takes_a_bag(tmp_path: Path, image: object) -> None:
    source = write_bag(tmp_path / 'walk', map(image, range(COUNT)))  # type: ignore[call-overload]
    lines = tmp_path / 'people.jsonl'
    assert main(['estimate', str(source), '--json', str(lines), '--track', *FAKE]) == 0
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    topic = '/camera/image_raw' + ('' if image is raw else '/compressed')
    assert {one['source'] for one in found} == {f'{source}:{topic}'}
    assert [one['frame'] for one in found] == list(range(COUNT))
    stamps = [(START_NS + number * PERIOD_NS) / 1e9 for number in range(COUNT)]
    assert [one['stamp'] for one in found] == [round(stamp, 6) for stamp in stamps]
    assert [len(one['people']) for one in found] == [3] * COUNT
    assert all(person['id'] for person in found[-1]['people'])


def test_each_camera_is_a_source(tmp_path: Path) -> None:
    lines = [raw(n, topic) for n in range(COUNT) for topic in ('/left/image', '/right/image')]
    source = write_bag(tmp_path / 'walk', lines)
    sources = bag_sources(source)
    assert [one.stem for one in sources] == ['walk_left', 'walk_right']
    assert [one.total for one in sources] == [COUNT, COUNT]
    assert sources[0].fps == pytest.approx(1e9 / PERIOD_NS)
    wanted = list(sources[1].frames(Selection(start=1, every=2)))
    assert [frame.index for frame in wanted] == [1, 3, 5]
    out = tmp_path / 'out'
    assert main(['estimate', str(source), '--output', str(out), *FAKE]) == 0
    assert {'walk_left.mp4', 'walk_right.mp4'} <= {path.name for path in out.iterdir()}


def test_frames_may_be_changed(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'walk', [raw(0, pixels=picture(9))])
    (frame,) = bag_sources(source)[0].frames()
    frame.image[...] += np.uint8(1)
    assert int(frame.image.max()) == 10


def test_what_fails_is_said_and_the_rest_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [packed(0), packed(1, data=b'no picture'), packed(2)]
    source = write_bag(tmp_path / 'walk', lines)
    out = tmp_path / 'people.jsonl'
    assert main(['estimate', str(source), '--json', str(out), *FAKE]) == 1
    assert [json.loads(line)['frame'] for line in out.read_text().splitlines()] == [0, 2]
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(
        f'openpose-ros: {source}:/camera/image_raw/compressed: an image has no '
    )


def test_bag_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_bag(tmp_path / 'walk', [raw(0)])
    file = next(source.glob('*.mcap'))
    before = file.read_bytes()
    assert main(['estimate', str(source), '--json', str(file), *FAKE]) == 2
    capsys.readouterr()
    assert file.read_bytes() == before
    words = ['estimate', str(source), '--json', str(tmp_path / 'o.jsonl'), '--resume', *FAKE]
    assert main(words) == 2
    assert '--resume works on files of pictures' in capsys.readouterr().err


def test_what_was_unpacked_is_removed(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'walk', map(raw, range(3)), mode=CompressionMode.FILE)
    (tmp_path / 'tmp').mkdir()
    ended = subprocess.run(
        [sys.executable, '-m', 'openpose_ros', 'estimate', str(source), '--json', '-', *FAKE],
        env={**os.environ, 'TMPDIR': str(tmp_path / 'tmp')},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.splitlines()) == 3
    assert list((tmp_path / 'tmp').glob('openpose_ros-bag-*')) == []
