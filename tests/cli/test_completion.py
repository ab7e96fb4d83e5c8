"""What Tab offers, asked as the function does that argcomplete gives to shells."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

pytest.importorskip('argcomplete', reason='is a dependency: pip install -e .')

ROOT = Path(__file__).parents[2]

OFFERED = [  # the line up to the cursor, some of what is offered, what is not
    ('openpose-ros ', {'estimate', 'node', 'doctor'}, {'--model'}),
    ('openpose-ros est', {'estimate'}, {'echo'}),
    ('openpose-ros estimate --co', {'--coco', '--coco-results', '--coco-truth'}, {'--csv'}),
    ('openpose-ros estimate photo.jpg --json x --res', {'--resume'}, {'--rotate'}),
    ('openpose-ros estimate --backend o', {'onnxruntime', 'openvino'}, {'tensorrt'}),
    ('openpose-ros estimate --draw heatmaps p', {'pafs'}, {'heatmaps'}),
    ('openpose-ros estimate --model openpose', {'openpose-ros-small'}, {'body_25'}),
    ('openpose-ros estimate --model ./m', {'./mine.onnx', './models/'}, {'openpose-ros-small'}),
    ('openpose-ros estimate --output ', {'models/'}, {'mine.onnx'}),
    ('openpose-ros models sh', {'show'}, {'fetch'}),
    ('openpose-ros node -p min_p', {'min_parts:='}, {'max_people:='}),
    ('openpose-ros node --ros-args -p min_p', {'min_parts:='}, {'max_people:='}),
    ('openpose-ros node --log-level w', {'warning'}, {'info'}),
    ('openpose-ros build-engine open', {'openpose-ros-small'}, {'--force'}),
]


@pytest.mark.parametrize(('line', 'some', 'others'), OFFERED)
def test_tab_offers(tmp_path: Path, line: str, some: set[str], others: set[str]) -> None:
    (tmp_path / 'mine.onnx').touch()
    (tmp_path / 'models').mkdir()
    answer = tmp_path.parent / f'{tmp_path.name}.txt'
    ended = subprocess.run(
        [sys.executable, '-m', 'openpose_ros'],
        cwd=tmp_path,
        env={
            **os.environ,
            'PYTHONPATH': str(ROOT),
            '_ARGCOMPLETE': '1',
            '_ARGCOMPLETE_IFS': '\n',
            '_ARGCOMPLETE_SUPPRESS_SPACE': '1',
            '_ARGCOMPLETE_STDOUT_FILENAME': str(answer),
            'COMP_LINE': line,
            'COMP_POINT': str(len(line)),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.stderr == ''
    offered = set(answer.read_text().split('\n'))
    assert some <= offered
    assert not others & offered


@pytest.mark.skipif(shutil.which('bash') is None, reason='needs bash')
def test_bash_knows_the_program() -> None:
    """Type, in bash, what the page says, and ask for completions of a flag."""
    folder = Path(sys.executable).parent
    script = f"""
        eval "$({folder}/register-python-argcomplete openpose-ros)"
        complete -p openpose-ros
    """
    run = subprocess.run(['bash', '-c', script], capture_output=True, text=True, timeout=60)
    assert run.stdout.rstrip().endswith(' openpose-ros'), run.stderr
