"""The examples in Python run as they stand, and print what the page says."""

from __future__ import annotations

from contextlib import redirect_stdout
import io
import json
import math
from pathlib import Path
import re
import shutil
from typing import Any

import pytest

from openpose_ros.models import default
from openpose_ros.models.manifest import make_spec
from openpose_ros.models.spec import ModelSpec
from openpose_ros.skeletons import load_skeleton
from tests.docs.reading import PAGES, ROOT, blocks, read

_CODE = re.compile(r'```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?', re.DOTALL)
_NUMBER = re.compile(r'-?\d+(?:\.\d*)?')
WITH_EXAMPLES = [page for page in PAGES if _CODE.search(read(page))]


def same(printed: str, expected: str) -> bool:
    """Compare two texts; of numbers, which depend on the CPU, only about how large they are."""
    if _NUMBER.sub('#', printed).split() != _NUMBER.sub('#', expected).split():
        return False
    numbers = (map(float, _NUMBER.findall(text)) for text in (printed, expected))
    return all(math.isclose(a, b, rel_tol=0.1, abs_tol=0.1) for a, b in zip(*numbers))


def run(text: str, page: str) -> list[str]:
    """Run a page's examples in one namespace; return what one printed that it should not."""
    names: dict[str, Any] = {}
    wrong = []
    for code, expected in _CODE.findall(text):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(code, page, 'exec'), names)
        if not same(printed.getvalue(), expected):
            wrong.append(printed.getvalue())
    return wrong


@pytest.fixture
def with_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder with the photograph, on a CPU whose default network the pages show."""
    (tmp_path / 'cpuinfo').write_text('flags : avx512_vnni')
    monkeypatch.setattr(default, '_FACTS', tmp_path / 'cpuinfo')
    shutil.copy(ROOT / 'docs/photos/walker.jpg', tmp_path / 'photo.jpg')
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures('with_photo')
@pytest.mark.parametrize('page', WITH_EXAMPLES)
def test_examples_print_what_they_say(page: str) -> None:
    assert run(read(page), page) == []


def test_pages_with_examples() -> None:
    assert {'README.md', 'docs/python.md', 'docs/parameters.md'} <= set(WITH_EXAMPLES)


@pytest.mark.parametrize(
    ('code', 'expected', 'fits'),
    [
        ('print(1.04, "people")', '1.0 people', True),
        ('print(2.0, "people")', '1.0 people', False),
        ('print(1.04, "persons")', '1.0 people', False),
        ('print(1, 2)', '1', False),
        ('print(1)', '', False),
        ('x = 1', '', True),
    ],
)
def test_what_is_printed_is_compared(code: str, expected: str, fits: bool) -> None:
    output = f'\n```text\n{expected}\n```\n' if expected else ''
    assert (run(f'```python\n{code}\n```\n{output}', 'page') == []) is fits


def test_example_that_fails_is_found() -> None:
    with pytest.raises(NameError):
        run('```python\nprint(nothing)\n```\n', 'page')


def test_example_node_is_the_installed_one() -> None:
    [block] = blocks(read('docs/ros2.md'), 'py')
    assert read('scripts/print_people') == f'#!/usr/bin/env python3\n{block}'


def spec_of(manifest: str, folder: Path) -> ModelSpec:
    fields = {'name': 'mine', 'file': 'mine.onnx', 'sha256': '0' * 64, **json.loads(manifest)}
    return make_spec(fields, 'docs/models.md', folder)


def test_examples_of_json_are_what_they_say(tmp_path: Path) -> None:
    *manifests, skeleton = blocks(read('docs/models.md'), 'json')
    assert [spec_of(text, tmp_path).skeleton.name for text in manifests] == [
        'coco_18',
        'trt_pose_18',
    ]
    (tmp_path / 'arm.json').write_text(skeleton, encoding='utf-8')
    assert load_skeleton(tmp_path / 'arm.json').num_limbs == 2
    [line] = blocks(read('docs/command-line.md'), 'json')
    [smallest] = blocks(read('CONTRIBUTING.md'), 'json')
    assert len(smallest.splitlines()) <= 10
    (tmp_path / 'smallest.json').write_text(smallest, encoding='utf-8')
    arm = load_skeleton(tmp_path / 'smallest.json')
    assert len(set(arm.colours)) == arm.num_keypoints == 3
    assert set(json.loads(line)) == {
        'source',
        'frame',
        'stamp',
        'width',
        'height',
        'skeleton',
        'people',
    }
