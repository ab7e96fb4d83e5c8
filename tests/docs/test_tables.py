"""
What the code knows better is the code's: tables of the documentation, the parameter file.

`python -m tests.docs.test_tables` writes them anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from itertools import groupby
from pathlib import Path
import re
import textwrap

import pytest
import yaml

from openpose_ros.models.finding import known_models
from openpose_ros.parameters import Declaration, declarations
from openpose_ros.parsing import PafParams, PoseNetParams
from openpose_ros.parsing.decoders import PARAMS, names_of
from openpose_ros.ros.node.declared import node_declarations, ros_default, ros_type
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.params_file import read_params_file
from tests.docs.commands import SAME, parsers

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'config/openpose.yaml'
CONFIG_HEAD = """\
# Every parameter of the node and its default. Lines that you leave out keep the default; the
# first line says which nodes the file is for: all, or `/front/openpose`, or `/*/openpose`.
/**:
  ros__parameters:
"""
DECODERS = {name for decoder in PARAMS for name in names_of(decoder)}
_SEE = 'see [Parameters](parameters.md#how-maps-become-people)'


def parameters_table(cls: type[PafParams | PoseNetParams]) -> str:
    rows = ['| name | type | default | range | meaning |', '|---|---|---|---|---|']
    for item in declarations(cls):
        rows.append(
            f'| `{item.name}` | {type(item.default).__name__} | `{in_yaml(item)}` | {item.limits} '
            f'| {item.description} |'
        )
    return '\n'.join(rows)


def node_parameters_table() -> str:
    rows = ['| name | type | default | range | live | meaning |', '|---|---|---|---|---|---|']
    for item in node_declarations():
        if item.name not in DECODERS:
            rows.append(
                f'| `{item.name}` | {ros_type(item)} | `{in_yaml(item)}` | {item.limits} '
                f'| {"yes" if item.live else "no"} | {item.description} |'
            )
    return '\n'.join(rows)


def in_yaml(item: Declaration) -> str:
    """Return the default as a parameter file holds it."""
    return yaml.safe_dump(ros_default(item), default_flow_style=True).split('\n')[0]


def config_text() -> str:
    """Return config/openpose.yaml."""
    sections = [
        '\n'.join([f'    # == {section} ==', *map(config_lines, items)])
        for section, items in groupby(node_declarations(), lambda item: item.section)
    ]
    return CONFIG_HEAD + '\n\n'.join(sections) + '\n'


def config_lines(item: Declaration) -> str:
    """Return the line of a parameter, with what there is to say above it."""
    details = '; '.join(filter(None, (item.limits, '' if item.live else 'at configure only')))
    comment = f'{item.description} ({details})' if details else item.description
    indent = '    # '
    wrapped = textwrap.fill(comment, 99, initial_indent=indent, subsequent_indent=indent)
    return f'{wrapped}\n    {item.name}: {in_yaml(item)}'


def flags_table(verb: str) -> str:
    """Return what a verb takes; the flags that are parameters share a row."""
    parser = dict(parsers())[verb]
    rows = ['| argument | meaning |', '|---|---|']
    parameters = []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        if action.dest in DECODERS:
            parameters += [f'`{flag}`' for flag in action.option_strings]
            continue
        value = '' if action.nargs == 0 else _value(action)
        names = [f'`{f"{flag} {value}".strip()}`' for flag in action.option_strings]
        meaning = (action.help or '').replace('%(default)s', str(action.default))
        if action.choices:
            meaning += f'; one of {", ".join(f"`{choice}`" for choice in action.choices)}'
        shown = ', '.join(names or [f'`{value}`'])
        rows.append(f'| {shown} | {meaning} |'.replace('%%', '%').replace('__', r'\_\_'))
    if parameters:
        rows.append(f'| {", ".join(parameters)} | how people are put together, {_SEE} |')
    return '\n'.join(rows) if len(rows) > 2 else 'It takes no arguments.'


def _value(action: argparse.Action) -> str:
    """Return what stands for the value of a flag, or for an argument without a flag."""
    if action.choices:
        return 'WORD'
    several = '…' if action.nargs == '+' else ''
    optional = action.nargs == '?' and not action.option_strings
    return f'[{action.metavar}]' if optional else f'{action.metavar}{several}'


def models_table() -> str:
    rows = ['| name | skeleton | AP | licence | what |', '|---|---|---|---|---|']
    for spec in known_models():
        ap = '' if spec.ap is None else f'{spec.ap:.3f}'
        link = f'[{spec.name}]({_seen_from_docs(spec.homepage)})'
        rows.append(
            f'| {link} | {spec.skeleton.name} | {ap} | {spec.licence} | {spec.description} |'
        )
    return '\n'.join(rows)


def _seen_from_docs(homepage: str) -> str:
    return homepage if '://' in homepage else f'../{homepage}'


TABLES: dict[str, tuple[str, Callable[[], str]]] = {  # name of the marks: page, rows
    'parameters': ('docs/parameters.md', partial(parameters_table, PafParams)),
    'posenet-parameters': ('docs/parameters.md', partial(parameters_table, PoseNetParams)),
    'node-parameters': ('docs/parameters.md', node_parameters_table),
    'models': ('docs/models.md', models_table),
    **{
        f'flags:{verb}': ('docs/command-line.md', partial(flags_table, verb))
        for verb, _ in parsers()
        if verb not in SAME
    },
}


def with_table(text: str, name: str, table: str) -> str:
    """Return a page with a table between its marks."""
    marked = re.compile(
        rf'(?<=<!-- {re.escape(name)} -->\n).*?(?=<!-- /{re.escape(name)} -->\n)', re.DOTALL
    )
    text, number = marked.subn(lambda _: f'{table}\n', text)
    assert number == 1, f'the page needs one place for the table of {name}'
    return text


@pytest.mark.parametrize('name', TABLES)
def test_tables_are_the_codes(name: str) -> None:
    page, table = TABLES[name]
    text = (ROOT / page).read_text(encoding='utf-8')
    assert with_table(text, name, table()) == text, 'run python -m tests.docs.test_tables'


def test_place_of_a_table_is_replaced_or_missed() -> None:
    page = 'a\n<!-- x -->\nold\n<!-- /x -->\nb\n'
    assert with_table(page, 'x', r'| \1 |') == page.replace('old', r'| \1 |')
    for wrong in ('', page.replace('<!-- /x', '<!-- x'), page + page):
        with pytest.raises(AssertionError, match='one place for the table of x'):
            with_table(wrong, 'x', 'new')


def test_config_file_is_the_codes() -> None:
    text = CONFIG.read_text(encoding='utf-8')
    assert text == config_text(), 'run python -m tests.docs.test_tables'
    (section,) = read_params_file(CONFIG, '/openpose')
    values = section.values
    assert list(values) == [item.name for item in node_declarations()]
    assert NodeParams.from_mapping(values) == NodeParams()


if __name__ == '__main__':
    for name, (page, table) in TABLES.items():
        path = ROOT / page
        path.write_text(
            with_table(path.read_text(encoding='utf-8'), name, table()), encoding='utf-8'
        )
    CONFIG.write_text(config_text(), encoding='utf-8')
