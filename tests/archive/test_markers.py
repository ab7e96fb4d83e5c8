"""What is done, and what is done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

import pytest

from openpose_ros.archive.items import VIDEO, Item, Outcome
from openpose_ros.archive.markers import read_marker, write_marker
from openpose_ros.archive.places import Place, open_place
from openpose_ros.archive.settings import Settings
from openpose_ros.tracking import TrackingParams

ITEM = Item('in/a.mp4', '/in/a.mp4', VIDEO, 'a.mp4.jsonl', {'size': 5, 'mtime_ns': 17})
RUN: dict[str, Any] = {'model': {'name': 'x', 'sha256': {}}, 'parameters': {'min_parts': 3}}
OUTCOME = Outcome(frames=12, people=3, seconds=1.5)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = open_place(str(tmp_path))
    place.write(ITEM.result, b'{}\n')
    write_marker(place, ITEM, RUN, OUTCOME, 3)
    return place


def test_marker_says_what_was_done(place: Place, tmp_path: Path) -> None:
    facts = read_marker(place, ITEM, RUN)
    assert facts is not None
    assert (facts.frames, facts.people, facts.seconds, facts.size) == (12, 3, 1.5, 3)
    fields = json.loads((tmp_path / 'a.mp4.jsonl.done.json').read_text())
    assert fields['input'] == {'size': 5, 'mtime_ns': 17}
    assert fields['model'] == RUN['model']
    assert fields['parameters'] == RUN['parameters']


def test_name_of_the_input_does_not_matter(place: Place) -> None:
    moved = replace(ITEM, name='there/a.mp4', path='/there/a.mp4')
    assert read_marker(place, moved, RUN) is not None


OTHERS = [  # what is another one
    (replace(ITEM, stamp={'size': 6, 'mtime_ns': 17}), RUN),
    (replace(ITEM, stamp={'size': 5, 'mtime_ns': 18}), RUN),
    (replace(ITEM, stamp={'size': 5, 'etag': 'a'}), RUN),
    (ITEM, {**RUN, 'parameters': {'min_parts': 4}}),
    (ITEM, {**RUN, 'model': {'name': 'x', 'sha256': {'x.onnx': 'a'}}}),
]


@pytest.mark.parametrize(('item', 'run'), OTHERS)
def test_another_input_parameter_or_model_is_not_done(
    place: Place, item: Item, run: dict[str, Any]
) -> None:
    assert read_marker(place, item, run) is None


@pytest.mark.parametrize('content', [b'', b'{', b'[]', b'{"input": 1}', b'\xff'])
def test_what_is_no_marker_marks_nothing(place: Place, content: bytes) -> None:
    place.write(ITEM.marker, content)
    assert read_marker(place, ITEM, RUN) is None


def test_result_that_is_gone_or_cut_is_not_done(place: Place) -> None:
    place.write(ITEM.result, b'{}')
    assert read_marker(place, ITEM, RUN) is None
    place.delete(ITEM.result)
    assert read_marker(place, ITEM, RUN) is None


def test_run_has_the_digest_of_the_model_and_every_parameter(
    make_settings: Callable[..., Settings],
) -> None:
    run = make_settings(params={'min_parts': 4}, backend='auto').run()
    (digests,) = [value for key, value in run['model'].items() if key == 'sha256']
    assert all(len(digest) == 64 for digest in digests.values())
    assert any(name.endswith('.onnx') for name in digests)
    assert run['parameters']['min_parts'] == 4
    for change in (
        {'seed': 8},
        {'tracking': TrackingParams(track_timeout=3.0)},
        {'net_resolution': (64, 64)},
        {'model': 'openpose-ros-small', 'backend': 'fake'},
    ):
        assert make_settings(**change).run() != make_settings().run()
    same = json.loads(json.dumps(make_settings().run()))
    assert same == make_settings().run(), 'it is ready for JSON'
    assert make_settings(range_s=1.0, output='elsewhere').run() == same
