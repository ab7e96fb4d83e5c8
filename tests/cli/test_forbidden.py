"""Files and folders that the user must not look into: one line, whatever asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from tests.bags.making import raw, write_bag

_POWERS = '-dac_override,-dac_read_search'  # by which root reads and writes what it must not
FAKE = ('--backend', 'fake')
NODE = ('-p', 'backend:=fake')
TYPED = [
    ('estimate', 'secret/photo.png', *FAKE),
    ('estimate', 'secret/walk', *FAKE),
    ('estimate', 'photo.png', '--json', 'secret/people.jsonl', *FAKE),
    ('estimate', 'photo.png', '--mcap', 'secret/people.mcap', *FAKE),
    ('estimate', 'photo.png', '-o', 'secret/out', *FAKE),
    ('estimate', 'photo.png', '--model', 'secret/net.onnx'),
    ('bag', 'secret/walk', 'out', *NODE),
    ('bag', 'walk', 'secret/out', *NODE),
    ('bag', 'walk', 'secret/out', '--overwrite', *NODE),
    ('bag', 'walk', 'out', '--json', 'secret/people.jsonl', *NODE),
    ('bag', 'walk', 'out', '-p', 'model:=secret/net.onnx'),
    ('camera', 'secret/photo.png'),
    ('node', '--params-file', 'secret/mine.yaml'),
    ('echo', '--json', 'secret/people.jsonl', '--timeout', '0.3'),
    ('models', 'import', 'secret/net.h5'),
    ('build-engine', 'secret/net.onnx'),
    ('evaluate', 'secret/results.json', 'secret/truth.json'),
    ('doctor', '--json', 'secret/report.json'),
    ('demo', 'secret/photo.png'),
]


@pytest.fixture
def powerless() -> list[str]:
    """Return what is to be typed before a command, so that permissions hold for it."""
    if os.geteuid():
        return []
    if shutil.which('setpriv') is None:
        pytest.skip('root may read everything, and there is no setpriv')
    words = ['setpriv', f'--bounding-set={_POWERS}', f'--inh-caps={_POWERS}']
    if subprocess.run([*words, 'true'], capture_output=True).returncode:
        pytest.skip('root may read everything, and keeps its powers here')
    return words


@pytest.fixture
def place(make_picture: Callable[..., Path], tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a photograph, a bag, and a folder that nobody may look into."""
    make_picture()
    write_bag(tmp_path / 'walk', [raw(0)])
    secret = tmp_path / 'secret'
    secret.mkdir()
    shutil.copy(tmp_path / 'photo.png', secret)
    shutil.copytree(tmp_path / 'walk', secret / 'walk')
    secret.chmod(0)
    yield tmp_path
    secret.chmod(0o700)


@pytest.mark.usefixtures('network')
@pytest.mark.parametrize('typed', TYPED, ids=' '.join)
def test_what_must_not_be_looked_into_is_one_line(
    typed: tuple[str, ...], place: Path, powerless: list[str]
) -> None:
    done = subprocess.run(
        [*powerless, sys.executable, '-m', 'openpose_ros', *typed],
        capture_output=True,
        text=True,
        cwd=place,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode in (1, 2), done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith('[INFO]')]
    assert len(lines) == 1, done.stderr
    assert 'Permission denied' in lines[0]
    assert 'secret' in lines[0]
    assert not list(place.glob('out*'))
