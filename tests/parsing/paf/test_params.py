"""Parameters: defaults and descriptions for everything, ranges that hold, one-line errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import OpenPoseError, ParameterError, SkeletonError
from openpose_ros.parsing import PafParams, PoseNetParams, check_reachable, explain, parse_pafs
from openpose_ros.skeletons import load_skeleton

DEFAULTS = PafParams()
RANGED = [item for item in fields(PafParams) if item.metadata['low'] is not None]


@pytest.mark.parametrize('item', fields(PafParams), ids=lambda item: item.name)
def test_field_is_described(item: Any) -> None:
    assert item.metadata['description']
    assert '\n' not in item.metadata['description']
    assert type(getattr(DEFAULTS, item.name)) is type(item.default)


@pytest.mark.parametrize('item', RANGED, ids=lambda item: item.name)
def test_range_includes_its_ends_and_nothing_beyond(item: Any) -> None:
    low, high = item.metadata['low'], item.metadata['high']
    # Wide enough that no other parameter objects to either end.
    others = {'paf_samples': 64} if item.name == 'paf_min_count' else {'paf_min_count': 1}
    for value in (low, high):
        assert getattr(PafParams(**{**others, item.name: value}), item.name) == value
    step = 1 if isinstance(item.default, int) else 1e-6
    for value in (low - step, high + step):
        with pytest.raises(
            ParameterError, match=f'{item.name} is .* must be from {low} to {high}'
        ):
            PafParams(**{**others, item.name: value})


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('nms_window', 4, 'nms_window is 4, but must be odd.*take 3 or 5'),
        ('nms_window', 5.5, 'nms_window is 5.5, but must be of type int'),
        ('nms_window', '5', "nms_window is '5', but must be of type int"),
        ('nms_window', True, 'nms_window is True, but must be of type int'),  # bool is an int
        ('nms_window', None, 'nms_window is None, but must be of type int'),
        ('peak_threshold', float('nan'), 'peak_threshold is nan, but must be from 0.0 to 1.0'),
        ('peak_threshold', float('inf'), 'peak_threshold is inf, but must be from 0.0 to 1.0'),
        ('peak_threshold', '0.1', "peak_threshold is '0.1', but must be of type float"),
        ('paf_min_count', 11, r'paf_min_count is 11, more than paf_samples \(10\)'),
        ('matching', 'best', "matching is 'best', but must be one of greedy, optimal"),
        ('matching', 1, 'matching is 1, but must be of type str'),
        ('length_penalty', 1, 'length_penalty is 1, but must be of type bool'),
        ('single_person', 'yes', "single_person is 'yes', but must be of type bool"),
    ],
)
def test_bad_value_is_one_line_that_names_it(name: str, value: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        PafParams(**{name: value})
    assert '\n' not in str(caught.value)


def test_parameter_error_is_a_value_error_and_ours() -> None:
    with pytest.raises(ValueError, match='nms_window') as caught:
        PafParams(nms_window=4)
    assert isinstance(caught.value, OpenPoseError)


@pytest.mark.parametrize(
    ('name', 'value', 'kept'),
    [
        ('nms_window', 7.0, 7),  # a node's parameter may arrive as a double
        ('peak_threshold', 1, 1.0),  # and `threshold:=1` as an integer
        ('nms_window', np.int64(7), 7),
        ('peak_threshold', np.float32(0.5), 0.5),
        ('peak_threshold', np.int32(1), 1.0),
    ],
)
def test_numbers_get_the_type_of_the_default(name: str, value: Any, kept: float) -> None:
    found = getattr(PafParams(**{name: value}), name)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize('of_numpy', [np.True_, np.array(True)])
def test_truth_and_words_of_numpy_are_truth_and_words(of_numpy: Any) -> None:
    params = PafParams(single_person=of_numpy, matching=np.str_('optimal'))
    assert params.single_person is True
    assert type(params.matching) is str
    for value in (np.array([True]), np.int64(1)):
        with pytest.raises(ParameterError, match=r'single_person is .*, but must be of type bool'):
            PafParams(single_person=value)


def test_from_mapping_equals_keywords() -> None:
    assert PafParams.from_mapping({'nms_window': 3}) == PafParams(nms_window=3)
    assert PafParams.from_mapping({}) == DEFAULTS


def test_from_mapping_unknown_name_lists_known_ones() -> None:
    with pytest.raises(ParameterError, match=r"unknown parameter 'nms'; known: nms_window, peak"):
        PafParams.from_mapping({'nms': 3})
    with pytest.raises(ParameterError, match="unknown parameter '3'; known: nms_window, peak"):
        PafParams.from_mapping({3: 3})  # type: ignore[dict-item]


def test_replace_checks_again() -> None:
    assert replace(DEFAULTS, min_parts=5).min_parts == 5
    with pytest.raises(ParameterError, match='min_parts is 0'):
        replace(DEFAULTS, min_parts=0)


def test_params_are_frozen_and_hashable() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULTS.nms_window = 3  # type: ignore[misc]
    assert hash(DEFAULTS) == hash(PafParams())


def test_more_keypoints_than_a_skeleton_has_are_refused() -> None:
    dog = load_skeleton(Path(__file__).parents[2] / 'data/dog.json')
    check_reachable(PafParams(min_parts=dog.num_keypoints), dog)
    with pytest.raises(ParameterError, match=r'min_parts is 19, but the skeleton coco_18 has 18 '):
        check_reachable(PafParams(min_parts=19), load_skeleton('coco_18'))


@pytest.mark.parametrize('single_person', [True, False])
def test_parse_pafs_refuses_what_nobody_could_have(single_person: bool) -> None:
    maps = np.zeros((19, 8, 8), np.float32), np.zeros((38, 8, 8), np.float32)
    params = PafParams(min_parts=19, single_person=single_person)
    with pytest.raises(ParameterError, match=r'min_parts is 19, .* has 18 keypoints'):
        parse_pafs(*maps, params=params)
    assert len(parse_pafs(*maps, params=replace(params, min_parts=18))) == 0


@pytest.mark.parametrize('parse', [parse_pafs, explain])
def test_what_are_no_skeleton_or_params_are_told(parse: Callable[..., Any]) -> None:
    maps = np.zeros((19, 8, 8), np.float32), np.zeros((38, 8, 8), np.float32)
    with pytest.raises(SkeletonError, match=r'is a str, but must be a Skeleton; load_skeleton\('):
        parse(*maps, 'coco_18')
    for params in ({'min_parts': 3}, PoseNetParams(), 'greedy'):
        with pytest.raises(ParameterError, match=r'params are \w+, but must be PafParams: Paf'):
            parse(*maps, params=params)
