"""Every parameter of a decoder is a flag, with its own range and default."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import pytest

from openpose_ros.cli import main
from openpose_ros.cli.parameters import add_parameters, given_parameters, net_resolution
from openpose_ros.errors import ParameterError
from openpose_ros.parameters import Declaration, check, declarations, parameter
from openpose_ros.parsing import PafParams


def parse(*arguments: str) -> PafParams:
    parser = argparse.ArgumentParser()
    add_parameters(parser, PafParams)
    return given_parameters(parser.parse_args(arguments), PafParams)


def test_parameters_defaults_are_the_dataclass_own() -> None:
    assert parse() == PafParams()


@pytest.mark.parametrize('item', declarations(PafParams), ids=lambda item: item.name)
def test_every_parameter_is_a_flag(item: Declaration) -> None:
    flag = f'--{item.name.replace("_", "-")}'
    if isinstance(item.default, bool):
        assert getattr(parse(flag), item.name) is True
        assert getattr(parse(f'--no-{flag[2:]}'), item.name) is False
        return
    value = item.choices[-1] if item.choices else item.high
    # Wide enough that the parameters fit together.
    others = () if item.name == 'paf_samples' else ('--paf-samples', '64')
    assert getattr(parse(flag, str(value), *others), item.name) == value


def test_help_names_section_description_range_and_default() -> None:
    parser = argparse.ArgumentParser()
    add_parameters(parser, PafParams)
    lines = parser.format_help()
    text = ' '.join(lines.split())
    for item in declarations(PafParams):
        assert item.description in text
        assert f'\n{item.section}:\n' in lines
    assert '(3 to 31, odd; default 5)' in text
    assert '(greedy or optimal; default greedy)' in text
    assert '(default off)' in text


def test_flags_of_another_decoder() -> None:
    """Whatever is declared becomes flags; nothing here knows PafParams."""

    @dataclass(frozen=True, kw_only=True)
    class Others:
        score_threshold: float = parameter(0.5, 'at least, %', low=0, high=1, section='scores')
        label: str = parameter('', 'a word')

        def __post_init__(self) -> None:
            check(self)

    parser = argparse.ArgumentParser()
    add_parameters(parser, Others)
    parser.add_argument('--output')
    args = parser.parse_args(['--score-threshold', '1', '--output', 'here'])
    assert given_parameters(args, Others) == Others(score_threshold=1.0)
    assert 'at least, % (0 to 1; default 0.5)' in ' '.join(parser.format_help().split())


def test_parameters_out_of_range() -> None:
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


def test_threads_beyond_what_an_engine_may_have_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for verb in ('estimate', 'archive'):
        with pytest.raises(SystemExit) as ended:
            main([verb, 'photo.jpg', '--output', 'out', '--threads', '1000000'])
        assert ended.value.code == 2
        assert '--threads: 1000000 is above 256' in capsys.readouterr().err
