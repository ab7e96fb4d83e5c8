"""The node's parameters: as ROS declares them, checked, live or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
import sys
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.parameters import declarations, parameter
from openpose_ros.parsing import PafParams, PoseNetParams
from openpose_ros.ros.node.declared import (
    node_declarations,
    ros_constraints,
    ros_default,
    ros_range,
    ros_type,
)
from openpose_ros.ros.node.parameters import NodeParams


@dataclass(frozen=True)
class OneEnd:
    least: int = parameter(1, 'at least 1', low=1)
    most: int = parameter(1, 'at most 9', high=9)
    share: float = parameter(0.5, 'never below nothing', low=0)


DECLARED = {item.name: item for item in node_declarations()}


def test_declarations_are_the_fields_and_the_nodes_own_come_first() -> None:
    assert set(DECLARED) == {item.name for item in fields(NodeParams)} - {'overrides'}
    assert next(iter(DECLARED)) == 'model'
    paf = [item.name for item in fields(PafParams)]
    posenet = [item.name for item in fields(PoseNetParams) if item.name not in paf]
    assert list(DECLARED)[-len(paf + posenet) :] == paf + posenet
    defaults = {name: ros_default(item) for name, item in DECLARED.items()}
    assert NodeParams.from_mapping(defaults) == NodeParams()


def test_every_parameter_says_what_it_is_and_belongs_to() -> None:
    types = {bool: 'bool', int: 'integer', float: 'double', str: 'string'}
    for item in DECLARED.values():
        default = ros_default(item)
        if isinstance(default, list):
            assert ros_type(item) == f'{types[type(default[0])]}_array', item.name
        else:
            assert ros_type(item) == types[type(default)], item.name
        assert item.description, item.name
        assert '\n' not in item.description, item.name
        assert item.section, item.name


def test_what_is_taken_over_in_configure_is_not_live() -> None:
    assert {name for name, item in DECLARED.items() if not item.live} == {
        'model',
        'backend',
        'hand_model',
        'face_model',
        'publish_tf',
        'hri',
        'detections',
        'image_annotations',
        'gestures',
        'precision',
        'threads',
        'net_resolution',
        'cameras',
        'image_transport',
        'depth',
        'depth_transport',
        'view',
        'autostart',
    }


@pytest.mark.parametrize(
    ('name', 'ends'),
    [
        ('nms_window', (3, 31, 2)),
        ('peak_threshold', (0.0, 1.0, 0.0)),
        ('threads', (0, 256, 0)),
        ('net_resolution', None),  # ROS has ranges for single numbers only
        ('rotate', None),
        ('lazy', None),
        ('model', None),
    ],
)
def test_ranges_as_ros_declares_them(name: str, ends: tuple[float, ...] | None) -> None:
    found = ros_range(DECLARED[name])
    assert found == ends
    assert {type(end) for end in found or ()} <= {type(DECLARED[name].default)}


def test_range_with_one_end_is_as_wide_as_the_type() -> None:
    [least, most, share] = declarations(OneEnd)
    assert ros_range(least) == (1, 2**63 - 1, 0)
    assert ros_range(most) == (-(2**63), 9, 0)
    assert ros_range(share) == (0.0, sys.float_info.max, 0.0)


def test_constraints_in_words() -> None:
    assert ros_constraints(DECLARED['rotate']) == 'one of 0, 90, 180, 270'
    assert ros_constraints(DECLARED['lazy']) == ''
    assert ros_constraints(DECLARED['image_transport']) == (
        "one of 'raw', 'compressed'; changes only while the node is unconfigured"
    )


@pytest.mark.parametrize('name', sorted(set(DECLARED) - {'autostart'}))
def test_each_range_is_checked(name: str) -> None:
    item = DECLARED[name]
    wrong: list[Any] = [None, {}, object()]
    if ros_type(item) != 'string':
        wrong.append('word')
    if item.choices:
        wrong += ['nonsense', 5]
    if item.low is not None:
        assert item.high is not None
        beyond = [item.low - 1, item.high + 1]
        wrong += [[368, side] for side in beyond] if ros_type(item) == 'integer_array' else beyond
    for value in wrong:
        with pytest.raises(ParameterError, match=name):
            NodeParams().updated({name: value})


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
    found = getattr(NodeParams().updated({name: value}), name)
    assert found == becomes
    assert type(found) is type(becomes)


@pytest.mark.parametrize('value', [7, 7.0])
def test_whole_and_decimal_numbers_are_refused_alike(value: float) -> None:
    with pytest.raises(ParameterError, match=r'peak_threshold is 7\.0, but must be from 0\.0'):
        NodeParams().updated({'peak_threshold': value})


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
        NodeParams().updated({'net_resolution': value})


def test_net_size() -> None:
    assert NodeParams().net_size is None
    assert NodeParams(net_resolution=(-1, 368)).net_size == (-1, 368)


def test_change_is_all_or_nothing() -> None:
    before = NodeParams()
    with pytest.raises(ParameterError, match='paf_threshold'):
        before.updated({'peak_threshold': 0.2, 'paf_threshold': 2})
    assert before == NodeParams()
    after = before.updated({'peak_threshold': 0.2, 'paf_threshold': 0.3, 'lazy': True})
    changed = {name for name, value in asdict(after).items() if value != getattr(before, name)}
    assert changed == {'peak_threshold', 'paf_threshold', 'lazy'}


def test_values_that_only_fit_together() -> None:
    """Each alone would be refused against the other's old value."""
    after = NodeParams().updated({'paf_samples': 20, 'paf_min_count': 16})
    assert after.updated({'paf_samples': 4, 'paf_min_count': 2}).paf_samples == 4


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(ParameterError, match=r"unknown parameter 'peak_treshold'; known: .*lazy"):
        NodeParams().updated({'peak_treshold': 0.1})


def test_fixed_parameters_change_only_unconfigured() -> None:
    assert NodeParams().updated({'model': 'mine.onnx'}).model == 'mine.onnx'
    with pytest.raises(ParameterError, match=r"model cannot change from '' to 'mine.onnx' now"):
        NodeParams().updated({'model': 'mine.onnx', 'lazy': True}, configured=True)
    same = {'model': '', 'net_resolution': [0, 0], 'peak_threshold': 0.3}
    assert NodeParams().updated(same, configured=True).peak_threshold == 0.3


# Several cameras


def test_what_is_said_of_one_camera_holds_for_it_alone() -> None:
    values = {
        'cameras': ['front', 'left'],
        'front.rotate': 90,
        'left.max_rate': 5,
        'max_rate': 20.0,
        'left.image_transport': 'compressed',
    }
    params = NodeParams.from_mapping(values)
    assert params.image_transports == {'front': 'raw', 'left': 'compressed'}
    found = [(params.of(name).rotate, params.of(name).max_rate) for name in params.cameras]
    assert found == [(90, 20.0), (0, 5.0)]
    assert type(params.of('left').max_rate) is float
    assert (params.rotate, params.max_rate) == (0, 20.0)
    assert NodeParams.from_mapping(params.to_mapping()) == params
    changed = params.updated({'rotate': 180, 'left.max_rate': None}, configured=True)
    found = [(changed.of(name).rotate, changed.of(name).max_rate) for name in changed.cameras]
    assert found == [(90, 20.0), (180, 20.0)]


def test_what_was_said_of_a_camera_goes_with_it() -> None:
    params = NodeParams.from_mapping({'cameras': ['front', 'left'], 'left.rotate': 90})
    assert params.updated({'cameras': ['front']}).overrides == {}
    assert params.updated({'cameras': ['left', 'right']}).overrides == {'left.rotate': 90}


def test_of_one_camera_too_what_is_fixed_changes_only_unconfigured() -> None:
    params = NodeParams(cameras=('front', 'left'))
    with pytest.raises(ParameterError, match=r'left\.image_transport cannot change from None to'):
        params.updated({'left.image_transport': 'compressed'}, configured=True)
    with pytest.raises(ParameterError, match=r'cameras cannot change'):
        params.updated({'cameras': ['front']}, configured=True)
    same = params.updated({'left.enabled': False}, configured=True)
    assert [same.of(name).enabled for name in same.cameras] == [True, False]


@pytest.mark.parametrize(
    ('values', 'says'),
    [
        ({'front.rotate': 90}, r"no camera is called 'front'; .* cameras has one, which has no"),
        ({'cameras': ['left'], 'front.rotate': 90}, r"'front'; the parameter cameras has left"),
        ({'cameras': ['left'], 'left.rotat': 90}, r"the nearest is 'left\.rotate'"),
        ({'cameras': ['left'], 'left.model': 'x'}, r"unknown parameter 'left\.model'"),
        ({'cameras': ['left'], 'left.rotate': 91}, r'left\.rotate is 91, but must be one of 0'),
        ({'cameras': ['left'], 'left.max_rate': -1}, r'left\.max_rate is -1\.0, but must be from'),
        ({'cameras': 'front,left'}, r"cameras is 'front,left', but must be a list of words"),
        ({'cameras': []}, r'cameras is \[\], but must be a list of words: \[one\]'),
        ({'cameras': [1, 2]}, r'cameras is \[1, 2\], but must be a list of words'),
        ({'cameras': ['Front']}, r"'Front' is no name of a camera"),
        ({'cameras': ['a/b']}, r"'a/b' is no name of a camera"),
        ({'cameras': ['front', '']}, r"'' is no name of a camera"),
        ({'cameras': ['a', 'b', 'a']}, r'each camera must have a name of its own'),
        ({'cameras': [f'c{number}' for number in range(17)]}, r'must be 1 to 16 names'),
        ({'target_camera': 'front'}, r"target_camera is 'front', but must be empty, as the only"),
    ],
)
def test_cameras_that_cannot_be(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says) as raised:
        NodeParams.from_mapping(values)
    assert '\n' not in str(raised.value)


def test_camera_to_follow_by_is_the_first_unless_it_is_said() -> None:
    assert NodeParams().target_source == ''
    assert NodeParams(cameras=('front', 'left')).target_source == 'front'
    assert NodeParams(cameras=('front', 'left'), target_camera='left').target_source == 'left'
