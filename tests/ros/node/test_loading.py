"""From the node's parameters to a network that is ready."""

from __future__ import annotations

from typing import Any

import pytest

from openpose_ros.errors import EngineError, ParameterError
from openpose_ros.ros.node.loading import load_estimator, open_estimator
from openpose_ros.ros.node.parameters import NodeParams
from tests.ros.scenes import Scene


def never(part: float, what: str) -> None:
    raise AssertionError('nothing is built')


def test_parameters_reach_the_estimator() -> None:
    params = NodeParams(
        model='human-pose-estimation-0001', backend='fake', net_resolution=(-1, 256), min_parts=7
    )
    with open_estimator(params, never) as estimator:
        assert estimator.spec.name == 'human-pose-estimation-0001'
        assert estimator.engine.name == 'fake'
        assert estimator.net_resolution == (-1, 256)
        assert estimator.params.min_parts == 7


def test_network_is_run_once() -> None:
    scene = Scene()
    with load_estimator(NodeParams(precision='fp32'), never, scene.open):
        assert len(scene.threads) == 1
    assert scene.opened == scene.closed == 1


@pytest.mark.parametrize(
    ('wanted', 'found', 'other'),
    [
        ('fp16', 'fp16 and fp32', 'fp32'),
        ('int8', 'int8 and fp32', 'fp32'),
        ('bf16', 'bf16', 'int8'),
    ],
)
def test_precision_is_that_of_most_layers(wanted: str, found: str, other: str) -> None:
    scene = Scene()

    def open_it(params: NodeParams, on_build: Any) -> Any:
        estimator = scene.open(params, on_build)
        estimator.engine.precision = found
        return estimator

    with load_estimator(NodeParams(precision=wanted), never, open_it):
        pass
    with pytest.raises(ParameterError, match=f"'{other}', but .* runs in {found}"):
        load_estimator(NodeParams(precision=other), never, open_it)


def throw(_: Any) -> None:
    raise EngineError('cold')


@pytest.mark.parametrize(
    ('trouble', 'precision', 'exc'),
    [(throw, '', EngineError), (lambda _: None, 'int8', ParameterError)],
)
def test_failure_closes_the_engine(trouble: Any, precision: str, exc: Any) -> None:
    scene = Scene()
    scene.trouble = trouble
    with pytest.raises(exc):
        load_estimator(NodeParams(precision=precision), never, scene.open)
    assert scene.opened == scene.closed == 1
