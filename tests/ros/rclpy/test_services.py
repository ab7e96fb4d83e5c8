"""Requests to the lifecycle node: each is answered, and the next one is served."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ros.scenes import PATIENCE_S, Scene

rclpy = pytest.importorskip('rclpy', reason='needs rclpy')

from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterValue  # noqa: E402
from rcl_interfaces.srv import (  # noqa: E402
    DescribeParameters,
    GetParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter as Given  # noqa: E402
from std_srvs.srv import SetBool  # noqa: E402

from openpose_ros.ros.rclpy.node import OpenPoseNode  # noqa: E402

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE, UNCONFIGURED_SHUTDOWN = 1, 2, 3, 4, 5
Ask = Callable[..., Any]


class Client:
    """A node, and somebody who asks it; both spin in the test's own thread."""

    def __init__(self, node: OpenPoseNode, executor: Any, asking: Any) -> None:
        self.node, self.executor, self.asking = node, executor, asking

    def ask(self, kind: Any, name: str, request: Any) -> Any:
        client = self.asking.create_client(kind, f'/openpose/{name}')
        try:
            assert client.wait_for_service(PATIENCE_S)
            answer = client.call_async(request)
            for _ in range(200):
                if answer.done():
                    return answer.result()
                self.node.spin_once(self.executor)
            pytest.fail(f'{name} was not answered')
        finally:
            self.asking.destroy_client(client)

    def change(self, number: int = 0, label: str = '') -> bool:
        request = ChangeState.Request()
        request.transition.id, request.transition.label = number, label
        return bool(self.ask(ChangeState, 'change_state', request).success)

    def state(self) -> str:
        return str(self.ask(GetState, 'get_state', GetState.Request()).current_state.label)


@pytest.fixture(params=[True, False], ids=['autostart', 'managed'])
def client(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, domain: int
) -> Iterator[Client]:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    context = rclpy.Context()
    rclpy.init(context=context, args=[])
    given = [Given('autostart', value=request.param)]
    node = OpenPoseNode(Scene().open, context=context, parameter_overrides=given)
    asking = rclpy.create_node('manager', context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    executor.add_node(asking)
    node.autostart()
    try:
        yield Client(node, executor, asking)
    finally:
        node.destroy_node()
        asking.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown(context=context)


def logged(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    real = client.node.get_logger

    class Logger:
        def warning(self, text: str) -> None:
            lines.append(text)

        def __getattr__(self, name: str) -> Any:
            return getattr(real(), name)

    monkeypatch.setattr(client.node, 'get_logger', Logger)
    return lines


def test_transition_that_is_not_possible_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = client.state()
    wrong = [(99, ''), (0, 'fly'), (CONFIGURE if before == 'active' else ACTIVATE, '')]
    for number, label in wrong:
        lines = logged(client, monkeypatch)
        assert client.change(number, label) is False
        (line,) = lines
        assert f'the transition {label or number} was refused: the node is {before}' in line
        assert 'autostart:=false' in line
        assert client.state() == before
        monkeypatch.undo()
    assert client.node._core.guard.count == 0


def test_transition_that_is_asked_for_twice(client: Client) -> None:
    if client.state() == 'unconfigured':
        assert client.change(CONFIGURE)
        assert client.change(ACTIVATE)
    for _ in range(3):
        assert client.change(DEACTIVATE)
        assert not client.change(DEACTIVATE)
        assert client.state() == 'inactive'
        assert client.change(ACTIVATE)
        assert not client.change(ACTIVATE)
        assert client.state() == 'active'


def test_what_nav2s_lifecycle_manager_sends(client: Client) -> None:
    """By ids without labels, and the state after each, up and down, twice."""
    if client.state() == 'active':
        pytest.skip('a manager needs autostart:=false')
    for _ in range(2):
        for number, state in [
            (CONFIGURE, 'inactive'),
            (ACTIVATE, 'active'),
            (DEACTIVATE, 'inactive'),
            (CLEANUP, 'unconfigured'),
        ]:
            assert client.change(number)
            assert client.state() == state
    assert client.change(UNCONFIGURED_SHUTDOWN)
    assert client.state() == 'finalized'


def double(value: float) -> Parameter:
    return Parameter(
        name='peak_threshold', value=ParameterValue(type=3, double_value=float(value))
    )


NO_TYPE = Parameter(name='peak_threshold', value=ParameterValue(type=99))


def test_parameter_of_a_type_that_does_not_exist(client: Client) -> None:
    threshold = client.node._core.params.peak_threshold
    asked = SetParameters.Request(parameters=[NO_TYPE, double(2.0), double(0.25), NO_TYPE])
    results = client.ask(SetParameters, 'set_parameters', asked).results
    assert [result.successful for result in results] == [False, False, True, False]
    assert '99' in results[0].reason
    assert client.node._core.params.peak_threshold == 0.25 != threshold
    atomic = SetParametersAtomically.Request(parameters=[double(0.5), NO_TYPE])
    result = client.ask(SetParametersAtomically, 'set_parameters_atomically', atomic).result
    assert not result.successful
    assert client.node._core.params.peak_threshold == 0.25
    names = GetParameters.Request(names=['', 'nonsense', 'x' * 5000])
    assert client.ask(GetParameters, 'get_parameters', names) is not None
    described = DescribeParameters.Request(names=['nonsense'])
    assert client.ask(DescribeParameters, 'describe_parameters', described) is not None


def test_callback_that_raises_is_counted_and_survived(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError('nobody thought\nof this')

    lines: list[tuple[str, str]] = []
    monkeypatch.setattr(client.node._core.guard, '_log', lambda *line: lines.append(line))
    core = client.node._core
    monkeypatch.setattr(core, 'set_parameters', fail)
    answer = client.ask(SetBool, 'enable', SetBool.Request(data=False))
    assert not answer.success
    monkeypatch.undo()
    assert core.guard.count == 1
    assert core.diagnostics()['pose estimation'].values['callbacks that failed'] == '1'
    assert client.ask(SetBool, 'enable', SetBool.Request(data=True)).success
