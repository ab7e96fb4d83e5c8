"""
The node's parameters: checked, live or not, and the same wherever they are written down.

`python -m tests.ros.node.test_parameters` writes config/openpose.yaml and the table of
docs/parameters.md anew.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
import re
import textwrap
from typing import Any

import numpy as np
import pytest
import yaml

from openpose_ros.errors import ParameterError
from openpose_ros.parsing import PafParams
from openpose_ros.ros.node.parameters import FIXED, Declaration, NodeParams, declarations, updated
from openpose_ros.ros.node.params_file import read_params_file

ROOT = Path(__file__).parents[3]
CONFIG, PAGE = ROOT / 'config/openpose.yaml', ROOT / 'docs/parameters.md'
MARKED = re.compile(r'(?<=<!-- node-parameters -->\n).*?(?=<!-- /node-parameters -->)', re.DOTALL)
DECLARED = {item.name: item for item in declarations()}

CONFIG_HEAD = """\
# Every parameter of the node and its default. Lines that you leave out keep the default; the
# first line says which nodes the file is for: all, or `/front/openpose`, or `/*/openpose`.
/**:
  ros__parameters:
"""


def limits(item: Declaration) -> str:
    if item.choices:
        return ' or '.join(str(choice) or 'empty' for choice in item.choices)
    return '' if item.low is None else f'{item.low:g} to {item.high:g}'


def config_text() -> str:
    lines = []
    for item in declarations():
        details = '; '.join(filter(None, (limits(item), '' if item.live else 'at configure only')))
        comment = f'{item.description}{f" ({details})" if details else ""}'
        lines += textwrap.wrap(comment, 99, initial_indent='    # ', subsequent_indent='    # ')
        default = yaml.safe_dump(item.default, default_flow_style=True).split('\n')[0]
        lines.append(f'    {item.name}: {default}')
    return CONFIG_HEAD + '\n'.join(lines) + '\n'


def page_table() -> str:
    rows = ['| name | type | default | range | live | meaning |', '|---|---|---|---|---|---|']
    inherited = {item.name for item in fields(PafParams)}
    for item in declarations():
        if item.name not in inherited:
            default = yaml.safe_dump(item.default, default_flow_style=True).split('\n')[0]
            rows.append(
                f'| `{item.name}` | {item.kind} | `{default}` | {limits(item)} '
                f'| {"yes" if item.live else "no"} | {item.description} |'
            )
    return '\n'.join(rows) + '\n'


def test_config_file_is_the_codes() -> None:
    text = CONFIG.read_text(encoding='utf-8')
    assert text == config_text(), 'run python -m tests.ros.node.test_parameters'
    values = read_params_file(CONFIG, '/openpose')
    assert list(values) == list(DECLARED)
    assert NodeParams.from_mapping(values) == NodeParams()


def test_page_table_is_the_codes() -> None:
    found = MARKED.search(PAGE.read_text(encoding='utf-8'))
    assert found is not None, 'docs/parameters.md needs a place for the table'
    assert found[0] == page_table(), 'run python -m tests.ros.node.test_parameters'


def test_declarations_are_the_fields() -> None:
    assert set(DECLARED) == {item.name for item in fields(NodeParams)}
    defaults = {name: item.default for name, item in DECLARED.items()}
    assert NodeParams.from_mapping(defaults) == NodeParams()
    assert set(FIXED) == {name for name, item in DECLARED.items() if not item.live}
    kinds = {bool: 'bool', int: 'integer', float: 'double', str: 'string', list: 'integer_array'}
    for item in declarations():
        assert item.kind == kinds[type(item.default)], item.name
        assert item.description, item.name
        assert '\n' not in item.description, item.name


def test_ranges_are_numbers_of_the_parameters_kind() -> None:
    for item in declarations():
        assert (item.low is None) == (item.high is None), item.name
        if item.kind == 'double':
            assert type(item.low) is type(item.high) is float, item.name


@pytest.mark.parametrize('name', sorted(set(DECLARED) - {'autostart'}))
def test_each_range_is_checked(name: str) -> None:
    item = DECLARED[name]
    wrong: list[Any] = [None, {}, object()]
    if item.kind != 'string':
        wrong.append('word')
    if item.choices:
        wrong += ['nonsense', 5]
    if item.low is not None:
        assert item.high is not None
        beyond = [item.low - 1, item.high + 1]
        wrong += [[368, side] for side in beyond] if item.kind == 'integer_array' else beyond
    for value in wrong:
        with pytest.raises(ParameterError, match=name):
            updated(NodeParams(), {name: value})


@pytest.mark.parametrize(
    ('name', 'value', 'becomes'),
    [
        ('peak_threshold', 1, 1.0),
        ('max_rate', 10, 10.0),
        ('threads', 2.0, 2),
        ('rotate', 90.0, 90),
        ('net_resolution', [656, 368], (656, 368)),
        ('net_resolution', np.array([-1, 368]), (-1, 368)),
        ('net_resolution', [656.0, -1], (656, -1)),
        ('lazy', True, True),
    ],
)
def test_numbers_are_coerced(name: str, value: Any, becomes: Any) -> None:
    found = getattr(updated(NodeParams(), {name: value}), name)
    assert found == becomes
    assert type(found) is type(becomes)


@pytest.mark.parametrize('value', [7, 7.0])
def test_whole_and_decimal_numbers_are_refused_alike(value: float) -> None:
    with pytest.raises(ParameterError, match=r'peak_threshold is 7\.0, but must be from 0\.0'):
        updated(NodeParams(), {'peak_threshold': value})


@pytest.mark.parametrize(
    ('value', 'says'),
    [
        ([656], '2 whole numbers'),
        ([656, 368, 3], '2 whole numbers'),
        ('656x368', '2 whole numbers'),
        (656, '2 whole numbers'),
        ([656.5, 368], '2 whole numbers'),
        ([0, 368], '0 must stand for both'),
        ([-2, 368], 'from -1 to 4096'),
    ],
)
def test_net_resolution_that_is_none(value: Any, says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        updated(NodeParams(), {'net_resolution': value})


def test_net_size() -> None:
    assert NodeParams().net_size is None
    assert NodeParams(net_resolution=(-1, 368)).net_size == (-1, 368)


def test_change_is_all_or_nothing() -> None:
    before = NodeParams()
    with pytest.raises(ParameterError, match='paf_threshold'):
        updated(before, {'peak_threshold': 0.2, 'paf_threshold': 2})
    assert before == NodeParams()
    after = updated(before, {'peak_threshold': 0.2, 'paf_threshold': 0.3, 'lazy': True})
    changed = {name for name, value in asdict(after).items() if value != getattr(before, name)}
    assert changed == {'peak_threshold', 'paf_threshold', 'lazy'}


def test_values_that_only_fit_together() -> None:
    """Each alone would be refused against the other's old value."""
    after = updated(NodeParams(), {'paf_samples': 20, 'paf_min_count': 16})
    assert updated(after, {'paf_samples': 4, 'paf_min_count': 2}).paf_samples == 4


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ParameterError, match=r"unknown parameter 'peak_treshold'; known: .*lazy"):
        updated(NodeParams(), {'peak_treshold': 0.1})


def test_fixed_parameters_change_only_unconfigured() -> None:
    assert updated(NodeParams(), {'model': 'mine.onnx'}).model == 'mine.onnx'
    with pytest.raises(ParameterError, match=r"model cannot change from '' to 'mine.onnx' now"):
        updated(NodeParams(), {'model': 'mine.onnx', 'lazy': True}, configured=True)
    same = {'model': '', 'net_resolution': [0, 0], 'peak_threshold': 0.3}
    assert updated(NodeParams(), same, configured=True).peak_threshold == 0.3


if __name__ == '__main__':
    CONFIG.write_text(config_text(), encoding='utf-8')
    text = PAGE.read_text(encoding='utf-8')
    PAGE.write_text(MARKED.sub(lambda _: page_table(), text), encoding='utf-8')
