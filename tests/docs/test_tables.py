"""
What the code knows better is the code's: tables of the documentation, the parameter file.

`python -m tests.docs.test_tables` writes them anew.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
import re
import textwrap

import pytest
import yaml

from openpose_ros.models.finding import known_models
from openpose_ros.parameters import Declaration, declarations
from openpose_ros.parsing import PafParams
from openpose_ros.ros.node.parameters import (
    NodeParams,
    node_declarations,
    ros_default,
    ros_type,
)
from openpose_ros.ros.node.params_file import read_params_file

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'config/openpose.yaml'
CONFIG_HEAD = """\
# Every parameter of the node and its default. Lines that you leave out keep the default; the
# first line says which nodes the file is for: all, or `/front/openpose`, or `/*/openpose`.
/**:
  ros__parameters:
"""


def parameters_table() -> str:
    rows = ['| name | type | default | range | meaning |', '|---|---|---|---|---|']
    for item in declarations(PafParams):
        rows.append(
            f'| `{item.name}` | {type(item.default).__name__} | `{in_yaml(item)}` | {item.limits} '
            f'| {item.description} |'
        )
    return '\n'.join(rows)


def node_parameters_table() -> str:
    rows = ['| name | type | default | range | live | meaning |', '|---|---|---|---|---|---|']
    for item in node_declarations():
        if item not in declarations(PafParams):
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


def models_table() -> str:
    rows = ['| name | skeleton | AP | licence | what |', '|---|---|---|---|---|']
    for spec in known_models():
        ap = '' if spec.ap is None else f'{spec.ap:.3f}'
        rows.append(
            f'| [{spec.name}]({spec.homepage}) | {spec.skeleton.name} | {ap} | {spec.licence} '
            f'| {spec.description} |'
        )
    return '\n'.join(rows)


TABLES: dict[str, tuple[str, Callable[[], str]]] = {  # name of the marks: page, rows
    'parameters': ('docs/parameters.md', parameters_table),
    'node-parameters': ('docs/parameters.md', node_parameters_table),
    'models': ('README.md', models_table),
}


def with_table(text: str, name: str, table: str) -> str:
    """Return a page with a table between its marks."""
    marked = re.compile(rf'(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->\n)', re.DOTALL)
    text, number = marked.subn(lambda _: f'{table}\n', text)
    assert number == 1, f'the page needs one place for the table of {name}'
    return text


@pytest.mark.parametrize('name', TABLES)
def test_tables_are_the_codes(name: str) -> None:
    page, table = TABLES[name]
    text = (ROOT / page).read_text(encoding='utf-8')
    assert with_table(text, name, table()) == text, 'run python -m tests.docs.test_tables'


def test_config_file_is_the_codes() -> None:
    text = CONFIG.read_text(encoding='utf-8')
    assert text == config_text(), 'run python -m tests.docs.test_tables'
    values = read_params_file(CONFIG, '/openpose')
    assert list(values) == [item.name for item in node_declarations()]
    assert NodeParams.from_mapping(values) == NodeParams()


if __name__ == '__main__':
    for name, (page, table) in TABLES.items():
        path = ROOT / page
        path.write_text(
            with_table(path.read_text(encoding='utf-8'), name, table()), encoding='utf-8'
        )
    CONFIG.write_text(config_text(), encoding='utf-8')
