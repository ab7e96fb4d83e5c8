"""Imports point down the floors of docs/architecture.md, and each heavy one stays in its home."""

from __future__ import annotations

import re

import pytest

from tests.floors import ROOT, circle, complaints, misplaced, read_plan, sources

PAGE = (ROOT / 'docs/architecture.md').read_text(encoding='utf-8')


def test_imports_point_down_and_heavy_ones_are_at_home() -> None:
    assert complaints(read_plan(PAGE), sources()) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(sources()) == []


def test_rooms_of_the_table_are_those_of_the_tree() -> None:
    assert misplaced(read_plan(PAGE), sources()) == []


def test_every_room_has_a_sentence() -> None:
    section = PAGE.partition('## The rooms')[2].partition('\n## ')[0]
    sentences = dict(re.findall(r'^\| `([^`]+)` \| (.+) \|$', section, re.MULTILINE))
    assert set(sentences) == set(read_plan(PAGE).floors)
    assert all(text.endswith('.') for text in sentences.values())


# The checks, on a house of four floors.
SMALL = """
<!-- floors -->
| Rooms |
| --- |
| `errors` |
| `engine`, `parsing`, `tracking` (to come) |
| `ros/node` |
| `ros/dds` |
<!-- /floors -->
<!-- homes -->
| Import | Its home |
| --- | --- |
| `cyclonedds` | `ros/dds` |
| `tensorrt` | `engine/tensorrt` |
| `*_msgs`, `openpose_ros.msg` | `ros/dds` |
| `numba` | `parsing/*/_kernels` |
| `tests` | nowhere |
<!-- /homes -->
"""
BUILT = {
    'errors': '',
    'engine/__init__': 'from openpose_ros.errors import EngineError',
    'engine/base': '',
    'engine/tensorrt/session': 'import tensorrt as trt\nfrom openpose_ros.engine import base',
    'parsing/paf/_kernels/peaks': 'from numba import types',
    'ros/__init__': '"""Everything that speaks ROS."""',
    'ros/node/core': 'from openpose_ros.engine.base import Engine',
    'ros/dds/types': 'import cyclonedds.idl\nfrom openpose_ros.ros.node.core import PoseNode',
}


def test_a_house_in_order_has_nothing_to_be_said() -> None:
    plan = read_plan(SMALL)
    assert plan.floors['tracking'] == plan.floors['engine'] == 1
    assert not [*complaints(plan, BUILT), *circle(BUILT), *misplaced(plan, BUILT)]


@pytest.mark.parametrize(
    ('place', 'source', 'said'),
    [
        ('errors', 'from openpose_ros.engine import Engine', 'above'),
        ('errors', 'import openpose_ros.ros.node.core', 'above'),
        ('engine/base', 'def f():\n    from openpose_ros.ros.node.core import PoseNode', 'above'),
        ('ros/node/core', 'from openpose_ros.ros.dds import types', 'above'),  # in one folder
        (
            'errors',
            'from importlib import import_module\nimport_module("openpose_ros.engine")',
            '',
        ),
        ('parsing/paf/parse', 'from openpose_ros.engine.base import Maps', 'sibling'),
        ('parsing/paf/parse', 'if TYPE_CHECKING:\n    import openpose_ros.engine', 'sibling'),
        ('engine/base', 'from openpose_ros.somewhere import anything', 'floor'),
        ('errors', 'from openpose_ros import __version__', 'floor'),  # the front has none here
        ('engine/base', 'from .tensorrt import session', 'relative'),
        ('ros/__init__', 'from openpose_ros.ros.node.core import PoseNode', 'floor'),
        # Heavy imports outside their homes, which are whole names, not beginnings of names.
        ('engine/base', 'import tensorrt', 'home'),
        ('engine/tensorrtx', 'import tensorrt', 'home'),
        ('engine/base', 'def f():\n    return import_module("tensorrt.plugin")', 'home'),
        ('ros/dds_types', 'import cyclonedds', 'home'),
        ('ros/node/core', 'from cyclonedds.idl import IdlStruct', 'home'),
        ('ros/node/core', 'from sensor_msgs.msg import Image', 'home'),
        ('ros/node/core', 'from openpose_ros.msg import Person', 'home'),
        ('parsing/paf/parse', 'from numba import njit', 'home'),
        ('parsing/_kernels', 'import numba', 'home'),  # of no decoder
        ('engine/base', 'from tests.ros import fakes', 'home'),
    ],
)
def test_imports_out_of_order_are_found(place: str, source: str, said: str) -> None:
    (found,) = complaints(read_plan(SMALL), {**BUILT, place: source})
    assert found.startswith(f'{place} imports')
    assert said in found


@pytest.mark.parametrize(
    ('place', 'source'),
    [
        ('ros/dds/tensorrt', 'import tensorrt_but_another'),  # not what has a home
        ('engine/tensorrt', 'import tensorrt'),  # a module at home
        ('ros/dds/types', 'import std_msgs.msg'),
    ],
)
def test_imports_in_order_are_let_be(place: str, source: str) -> None:
    assert complaints(read_plan(SMALL), {**BUILT, place: source}) == []


@pytest.mark.parametrize(
    'added',
    [
        {'engine/base': 'import openpose_ros.engine.tensorrt.session'},
        {'engine/base': 'def f():\n    from openpose_ros.engine.tensorrt.session import g'},
        {
            'errors': 'from openpose_ros.ros.dds.types import load_types',
            'engine/base': 'import openpose_ros.errors',
        },
    ],
)
def test_circles_are_found(added: dict[str, str]) -> None:
    found = circle({**BUILT, **added})
    assert found[0] == found[-1]
    assert set(added) <= set(found)


def test_rooms_in_table_or_tree_only_are_found() -> None:
    plan = read_plan(SMALL)
    without = {place: text for place, text in BUILT.items() if place != 'errors'}
    for places, said in [
        ({**BUILT, 'view/page': ''}, 'view/page: no row'),
        ({**BUILT, 'ros/dds_types': ''}, 'ros/dds_types: no row'),
        ({**BUILT, 'ros/__init__': 'LEVELS = 3'}, 'ros/__init__: no row'),
        ({**BUILT, 'tracking/motion': ''}, 'tracking is built'),
        (without, 'errors has a row'),
    ]:
        (found,) = misplaced(plan, places)
        assert found.startswith(said), said
    homeless = SMALL.replace('`engine/tensorrt`', '`engine/trt`')
    assert misplaced(read_plan(homeless), BUILT) == [
        'engine/trt, the home of tensorrt, is not there'
    ]
    with pytest.raises(AssertionError, match='two floors'):
        read_plan(SMALL.replace('`ros/dds` |\n<!--', '`engine` |\n<!--', 1))
