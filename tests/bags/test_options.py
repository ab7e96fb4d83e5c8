"""What is done with a bag, from Python: what is meant is taken, the rest is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpose_ros import PoseEstimator
from openpose_ros.bags import BagOptions, process_bag
from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.parameters import NodeParams
from tests.bags.making import estimator, raw, write_bag


def test_parameters_may_be_names_and_values() -> None:
    options = BagOptions(params={'tracking': True}, copied=['/tf*'], seed=np.int64(3))  # type: ignore[arg-type]
    assert options.params == NodeParams(tracking=True)
    assert options.copied == ('/tf*',)
    with pytest.raises(ParameterError, match="unknown parameter 'trakcing'"):
        BagOptions(params={'trakcing': True})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('copied', '/tf*', r"copied is '/tf\*', but must be a tuple of words, as \('/tf\*',\)"),
        ('copied', None, 'copied is None, but must be a tuple of words'),
        ('topics', '/image', "topics is '/image', but must be a tuple of words"),
        ('topics', (3,), r'topics is \(3,\), but must be a tuple of words'),
        ('params', None, 'params of BagOptions are a NoneType, but must be NodeParams'),
        ('names', 'openpose', 'names of BagOptions are a str, but must be Names'),
        ('start_s', '5', "start_s is '5', but must be seconds from 0 on"),
        ('start_s', None, 'start_s is None, but must be seconds from 0 on'),
        ('duration_s', 'all', "duration_s is 'all', but must be seconds from 0 on"),
        ('seed', 'x', "seed is 'x', but must be a whole number, or None"),
    ],
)
def test_what_is_none_of_that_is_told(name: str, value: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        BagOptions(**{name: value})


def test_process_bag_tells_what_it_cannot_take(tmp_path: Path) -> None:
    source, out = write_bag(tmp_path / 'in', map(raw, range(2))), tmp_path / 'out'
    with pytest.raises(ParameterError, match='options are a dict, but must be BagOptions'):
        process_bag(source, out, estimator(), {'copied': ('*',)})  # type: ignore[arg-type]
    for places in ((None, out), (source, None), (source, estimator())):
        with pytest.raises(
            ParameterError, match=r'(source|out) is a \w+, but must be the path of'
        ):
            process_bag(*places, estimator())  # type: ignore[arg-type]
    assert not out.exists()


def test_process_bag_gives_the_estimator_its_own_parameters_back(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(raw, range(2)))
    with PoseEstimator.from_model(backend='fake', params={'min_parts': 5}) as own:
        before = own.params, own.augmentation, own.parts.params
        used: list[int] = []
        options = BagOptions(params={'min_parts': 7, 'flip': True})  # type: ignore[arg-type]
        process_bag(
            source,
            tmp_path / 'out',
            own,
            options,
            on_people=lambda *_: used.append(own.params.min_parts),  # type: ignore[union-attr]
        )
        assert used == [7, 7]
        assert (own.params, own.augmentation, own.parts.params) == before
