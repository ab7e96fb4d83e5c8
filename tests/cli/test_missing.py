"""Libraries that only some need: what asks for one that is not there ends with the status 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys

import pytest

# Python finds no module whose place in sys.modules is None.
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({libraries!r}))
from openpose_ros.cli import main
sys.exit(main(sys.argv[1:]))
"""
LIBRARIES = {  # what is typed: the libraries that are not there, the remedy
    ('archive', 'PHOTO', '-o', 'out'): (('ray',), 'openpose_ros[archive]'),
    ('archive', 's3://a/b', '-o', 'out'): (('fsspec',), 'pip install fsspec'),
    ('archive', 'PHOTO', '-o', 'out', '--index', 'parquet'): (('pyarrow',), 'pip install pyarrow'),
    ('view', 'PHOTO'): (('aiohttp',), 'pip install aiohttp'),
    ('estimate', 'PHOTO', '--view'): (('aiohttp',), 'pip install aiohttp'),
    ('node', '--backend-is-fake', '--view', '127.0.0.1:0'): (('aiohttp',), 'pip install aiohttp'),
    ('estimate', 'PHOTO', '--backend', 'openvino'): (('openvino',), 'pip install openvino'),
    ('estimate', 'PHOTO', '--backend', 'tensorrt'): (
        ('tensorrt', 'tensorrt_rtx'),
        'pip install tensorrt',
    ),
    ('archive', 'PHOTO', '-o', 'out', '--backend', 'openvino'): (
        ('openvino',),
        'pip install openvino',
    ),
    ('archive', 'PHOTO', '-o', 'out', '--backend', 'tensorrt'): (
        ('tensorrt', 'tensorrt_rtx'),
        'pip install tensorrt',
    ),
    ('build-engine',): (('tensorrt', 'tensorrt_rtx'), 'pip install tensorrt'),
    ('bag', 'walk', 'out'): (('rosbags',), "pip install 'rosbags"),
    ('estimate', 'PHOTO', '--mcap', 'a.mcap'): (('rosbags',), "pip install 'rosbags"),
    ('node',): (('cyclonedds',), 'pip install cyclonedds'),
    ('camera', 'PHOTO'): (('cyclonedds',), 'pip install cyclonedds'),
    ('echo',): (('cyclonedds',), 'pip install cyclonedds'),
    ('demo', 'PHOTO'): (('cyclonedds',), 'pip install cyclonedds'),
}


@pytest.mark.parametrize('typed', LIBRARIES, ids=' '.join)
def test_library_that_is_missing_is_one_line_and_status_2(
    typed: tuple[str, ...], make_picture: Callable[..., Path], tmp_path: Path
) -> None:
    libraries, remedy = LIBRARIES[typed]
    if 'archive' in typed and 'ray' not in libraries:
        pytest.importorskip('ray', reason='needs Ray, of the extra archive')
    words = {'PHOTO': [str(make_picture())], '--backend-is-fake': ['-p', 'backend:=fake']}
    arguments = [part for word in typed for part in words.get(word, [word])]
    there = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT.format(libraries=libraries), *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (2, ''), done.stderr
    *before, last = done.stderr.splitlines()
    assert remedy in last
    assert all(line.startswith('[') for line in before), 'a node logs'
    assert sorted(tmp_path.iterdir()) == there, 'something was done'
