"""Declared parameters: types, ranges, steps and choices hold; errors are one line that helps."""

from __future__ import annotations

import ast
from dataclasses import FrozenInstanceError, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpose_ros import parameters
from openpose_ros.errors import ParameterError
from openpose_ros.parameters import check, declarations, from_mapping, parameter, updated


@dataclass(frozen=True)
class Camera:
    window: int = parameter(
        5, 'side, cells', low=3, high=31, step=2, slider_high=15, section='peaks'
    )
    even: int = parameter(4, 'pairs', low=2, step=2)
    tens: int = parameter(10, 'tens', low=0, high=100, step=10)
    share: float = parameter(0.5, 'part of all', low=0.0, high=1.0, step=0.1)
    least: float = parameter(1.0, 'no end above', low=0)
    most: int = parameter(1, 'no end below', high=9)
    any_number: float = parameter(0.0, 'whatever')
    size: tuple[int, int] = parameter((0, 0), 'pixels', low=-1, high=4096, live=False)
    mode: str = parameter('', 'how', choices=['', 'fast', 'best'], live=False)
    turn: int = parameter(0, 'degrees', choices=(0, 90))
    name: str = parameter('me', 'any word')
    on: bool = parameter(True, 'a switch')
    note: str = 'no parameter'

    def __post_init__(self) -> None:
        check(self)


DECLARED = {item.name: item for item in declarations(Camera)}


def test_declarations_are_what_was_told_in_order() -> None:
    assert list(DECLARED) == [item.name for item in fields(Camera) if item.name != 'note']
    window = DECLARED['window']
    assert (window.default, window.description, window.section) == (5, 'side, cells', 'peaks')
    assert (window.low, window.high, window.step, window.choices) == (3, 31, 2, ())
    assert window.live
    assert (window.slider_high, DECLARED['tens'].slider_high) == (15, None)
    assert not DECLARED['size'].live
    assert DECLARED['mode'].choices == ('', 'fast', 'best')


@pytest.mark.parametrize(
    ('name', 'limits'),
    [
        ('window', '3 to 31, odd'),
        ('even', '2 or more, even'),
        ('tens', '0 to 100, in steps of 10 from 0'),
        ('share', '0 to 1, in steps of 0.1 from 0'),
        ('least', '0 or more'),
        ('most', '9 or less'),
        ('any_number', ''),
        ('size', '-1 to 4096'),
        ('mode', 'empty or fast or best'),
        ('turn', '0 or 90'),
        ('name', ''),
        ('on', ''),
    ],
)
def test_limits_in_words(name: str, limits: str) -> None:
    assert DECLARED[name].limits == limits


@pytest.mark.parametrize(
    ('name', 'value', 'becomes'),
    [
        ('window', 3, 3),
        ('window', 31.0, 31),  # a node's parameter may arrive as a double
        ('window', np.int64(7), 7),
        ('share', 1, 1.0),  # and `share:=1` as an integer
        ('share', 0.3, 0.3),  # on a step but for rounding
        ('share', np.float32(0.5), 0.5),
        ('even', 2_000_000, 2_000_000),
        ('least', 1e300, 1e300),
        ('most', -5, -5),
        ('any_number', -2, -2.0),
        ('size', [656, -1.0], (656, -1)),
        ('size', np.array([656, 368]), (656, 368)),
        ('mode', 'best', 'best'),
        ('turn', 90.0, 90),
        ('name', '', ''),
        ('on', False, False),
    ],
)
def test_value_that_is_allowed_gets_the_type_of_the_default(
    name: str, value: Any, becomes: Any
) -> None:
    found = getattr(from_mapping(Camera, {name: value}), name)
    assert found == becomes
    assert type(found) is type(becomes)


@pytest.mark.parametrize(
    ('name', 'value', 'expected'),
    [
        ('window', 4, '4, but must be odd; take 3 or 5'),
        ('window', 2, '2, but must be from 3 to 31'),
        ('window', 33, '33, but must be from 3 to 31'),
        ('window', 5.5, '5.5, but must be of type int'),
        ('window', True, 'True, but must be of type int'),
        ('window', '5', "'5', but must be of type int"),
        ('even', 7, '7, but must be even; take 6 or 8'),
        ('even', 1, '1, but must be 2 or more'),
        ('tens', 15, '15, but must be in steps of 10 from 0; take 10 or 20'),
        ('share', 0.25, '0.25, but must be in steps of 0.1 from 0; take 0.2 or 0.3'),
        ('share', float('nan'), 'nan, but must be from 0.0 to 1.0'),
        ('least', -0.1, '-0.1, but must be 0 or more'),
        ('least', float('inf'), 'inf, but must be 0 or more'),
        ('most', 10, '10, but must be 9 or less'),
        ('any_number', float('nan'), 'nan, but must be a finite number'),
        ('any_number', None, 'None, but must be of type float'),
        ('size', [656], '[656], but must be 2 whole numbers'),
        ('size', 'ab', "'ab', but must be 2 whole numbers"),
        ('size', [656, -2], '(656, -2), but must be from -1 to 4096'),
        ('mode', 'slow', "'slow', but must be one of empty, fast, best"),
        ('turn', 45, '45, but must be one of 0, 90'),
        ('name', 8, '8, but must be of type str'),
        ('on', 1, '1, but must be of type bool'),
        ('window', 10**400, 'inf, but must be from 3 to 31'),  # no more digits than one reads
        ('share', -(10**400), '-inf, but must be from 0.0 to 1.0'),
        ('least', 10**400, 'inf, but must be 0 or more'),
        ('window', 'x' * 10**5, f"'{'x' * 99}..., but must be of type int"),
        ('size', (10**400, 1), '(inf, 1), but must be from -1 to 4096'),
    ],
)
def test_value_that_is_not_allowed(name: str, value: Any, expected: str) -> None:
    with pytest.raises(ParameterError) as raised:
        from_mapping(Camera, {name: value})
    assert str(raised.value) == f'{name} is {expected}'
    with pytest.raises(ParameterError):
        Camera(**{name: value})


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ParameterError, match=r"^unknown parameter 'widow'; known: window, even,"):
        from_mapping(Camera, {'widow': 3})
    with pytest.raises(ParameterError, match="unknown parameter 'note'"):
        from_mapping(Camera, {'note': 'mine'})


def test_update_is_all_or_nothing_and_leaves_the_old_alone() -> None:
    before = Camera(window=7)
    after = updated(before, {'share': 1, 'on': False})
    assert (after.window, after.share, after.on) == (7, 1.0, False)
    with pytest.raises(ParameterError, match='window is 4'):
        updated(before, {'share': 1, 'window': 4})
    with pytest.raises(ParameterError, match='unknown parameter'):
        updated(before, {'share': 1, 'widow': 3})
    assert before == Camera(window=7)
    with pytest.raises(FrozenInstanceError):
        before.window = 3  # type: ignore[misc]


def test_update_of_what_is_not_live() -> None:
    before = Camera()
    assert updated(before, {'mode': 'fast'}).mode == 'fast'
    assert updated(before, {'mode': '', 'size': [0, 0]}, configured=True) == before
    with pytest.raises(ParameterError, match=r"mode cannot change from '' to 'fast' now; clean"):
        updated(before, {'mode': 'fast', 'on': False}, configured=True)


@pytest.mark.parametrize(
    ('default', 'options', 'says'),
    [
        (4, {'low': 3, 'high': 31, 'step': 2}, 'the default is 4, but must be odd'),
        (1.5, {'low': 0, 'high': 1}, 'the default is 1.5, but must be from 0 to 1'),
        ('slow', {'choices': ('fast',)}, "the default is 'slow', but must be one of fast"),
        (2, {'step': 2}, 'a step of 2 from None: give both'),
        (2, {'low': 0, 'step': 0}, 'a step of 0 from 0: give both'),
        (3, {'low': 3, 'high': 30, 'step': 2}, '30 is no whole number of 2 above 3'),
        (3, {'low': 3, 'high': 9, 'slider_high': 10}, 'a slider from 3 to 10'),
        (3, {'high': 9, 'slider_high': 5}, 'a slider from None to 5'),
        (7, {'low': 3, 'high': 9, 'slider_high': 5}, 'a slider from 3 to 5.*the default, 7'),
        (3, {'low': 3, 'high': 9, 'step': 2, 'slider_high': 6}, 'a slider from 3 to 6'),
    ],
)
def test_declaration_that_contradicts_itself(default: Any, options: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parameter(default, 'something', **options)


def test_only_errors_are_below() -> None:
    tree = ast.parse(Path(parameters.__file__).read_text(encoding='utf-8'))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name and name.startswith('openpose_ros')} == {
        'openpose_ros.errors'
    }
