"""Parameters as sliders, as a file and as a command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import shlex

from hypothesis import given
from hypothesis import strategies as st
import pytest
import yaml

from openpose_ros.cli.parameters import add_parameters, given_values
from openpose_ros.models import load_model
from openpose_ros.parameters import declarations, updated
from openpose_ros.parsing.decoders import PARAMS
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.ros.node.declared import node_declarations
from openpose_ros.ros.node.params_file import parse_assignment, read_params_files
from openpose_ros.view.controls import (
    as_command,
    as_yaml,
    assignments_of,
    changed_of,
    controls_of,
    flags_of,
    values_of,
)

SPEC = load_model(need_file=False)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        'nms_window': st.sampled_from([3, 5, 31]),
        'peak_threshold': st.floats(0, 1),
        'paf_max_gap': st.floats(0, 4096),
        'length_penalty': st.booleans(),
        'matching': st.sampled_from(['greedy', 'optimal']),
        'single_person': st.booleans(),
        'max_people': st.integers(0, 4096),
    },
)


@pytest.mark.parametrize('decoder', PARAMS)
def test_every_parameter_has_a_control_whose_slider_a_hand_can_move(decoder: str) -> None:
    cls = PARAMS[decoder]
    spec = next(s for s in map(_spec, ('', 'posenet-mobilenet-v1-075')) if s.decoder == decoder)
    controls = controls_of(spec)
    assert [control['name'] for control in controls] == [item.name for item in declarations(cls)]
    json.dumps(controls, allow_nan=False)
    for control in controls:
        if control['type'] in ('int', 'float') and not control['choices']:
            steps = (control['slider_high'] - control['low']) / (control['step'] or 1)
            assert (
                control['low'] <= control['default'] <= control['slider_high'] <= control['high']
            )
            assert steps <= 512, control['name']


def _spec(name: str):  # type: ignore[no-untyped-def]
    return load_model(name or None, need_file=False)


def test_sliders_end_where_the_issue_says() -> None:
    ends = {item.name: item.slider_high for item in declarations(PafParams)}
    assert ends['nms_window'] == 15
    assert ends['peak_threshold'] == 0.5
    assert ends['paf_max_gap'] == 20
    assert ends['max_people'] == 50


@given(VALUES)
def test_a_copied_command_line_says_the_same(values: dict[str, object]) -> None:
    params = updated(PafParams(), values)
    line = as_command(['openpose-ros', 'estimate', 'a b.jpg', *flags_of(changed_of(SPEC, params))])
    parser = argparse.ArgumentParser()
    parser.add_argument('words', nargs=3)
    add_parameters(parser, PafParams)
    args = parser.parse_args(shlex.split(line))
    assert args.words[2] == 'a b.jpg'
    assert PafParams(**given_values(args, [PafParams])) == params


@given(VALUES)
def test_a_copied_file_and_assignments_say_the_same_to_a_node(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    params = updated(PafParams(), values)
    held = values_of(SPEC, params)
    path: Path = tmp_path_factory.mktemp('params') / 'copied.yaml'
    path.write_text(as_yaml(held))
    known = [item.name for item in node_declarations()]
    read, odd = read_params_files([path], '/openpose', known)
    assert PafParams(**read) == params
    assert not odd
    assert yaml.safe_load(path.read_text())['/**']['ros__parameters'] == held
    words = assignments_of(held)
    assert words[::2] == ['-p'] * len(held)
    assert PafParams(**dict(map(parse_assignment, words[1::2]))) == params
