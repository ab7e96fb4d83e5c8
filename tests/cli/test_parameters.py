"""Every parameter of the parser is a flag, with its own range and default."""

from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from openpose_ros.cli.parameters import add_paf_params, net_resolution, paf_params
from openpose_ros.errors import ParameterError
from openpose_ros.parsing.paf.params import PafParams


def parse(*arguments: str) -> PafParams:
    parser = argparse.ArgumentParser()
    add_paf_params(parser)
    return paf_params(parser.parse_args(arguments))


def test_paf_params_defaults_are_the_dataclass_own() -> None:
    assert parse() == PafParams()


@pytest.mark.parametrize('item', fields(PafParams), ids=lambda item: item.name)
def test_every_parameter_is_a_flag(item: object) -> None:
    name, default, meta = item.name, item.default, item.metadata  # type: ignore[attr-defined]
    flag = f'--{name.replace("_", "-")}'
    if isinstance(default, bool):
        assert getattr(parse(flag), name) is True
        assert getattr(parse(f'--no-{flag[2:]}'), name) is False
    elif meta['choices']:
        assert getattr(parse(flag, meta['choices'][-1]), name) == meta['choices'][-1]
    else:
        value = type(default)(max(meta['low'], 1) if name != 'nms_window' else 7)
        extra = ['--paf-min-count', '1'] if name == 'paf_samples' else []
        value = 2 if name == 'paf_samples' else value
        assert getattr(parse(flag, str(value), *extra), name) == value


def test_help_names_description_range_and_default() -> None:
    parser = argparse.ArgumentParser()
    add_paf_params(parser)
    text = ' '.join(parser.format_help().split())
    for item in fields(PafParams):
        assert item.metadata['description'] in text
    assert '(3 to 31; default 5)' in text
    assert '(greedy or optimal; default greedy)' in text
    assert '(default off)' in text


def test_paf_params_out_of_range() -> None:
    with pytest.raises(ParameterError, match='nms_window is 4'):
        parse('--nms-window', '4')


SIZES = [
    ('656x368', (656, 368)),
    ('-1x368', (-1, 368)),
    ('656X-1', (656, -1)),
    (' 656×368 ', (656, 368)),  # noqa: RUF001  as copied from a paper
]


@pytest.mark.parametrize(('text', 'size'), SIZES)
def test_net_resolution_reads_width_and_height(text: str, size: tuple[int, int]) -> None:
    assert net_resolution(text) == size


@pytest.mark.parametrize('text', ['368', 'x368', '656,368', '656x', '65.6x36', ''])
def test_net_resolution_refuses_other_words(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match='is not WIDTHxHEIGHT'):
        net_resolution(text)
