"""The node that sends a robot after somebody, with an action server in place of Nav2's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from time import monotonic
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from geometry_msgs.msg import PoseStamped
import rclpy
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.executors import MultiThreadedExecutor
from rclpy.parameter import Parameter

from openpose_ros.errors import ParameterError
from openpose_ros.ros.rclpy import follow
from openpose_ros.ros.rclpy.follow import MODES, FollowNode

pytestmark = pytest.mark.usefixtures('domain')
PATIENCE_S = 30.0


class Robot:
    """Takes goals of one mode, works on each until it is told how it ends, and remembers."""

    def __init__(self, node: Any, mode: str) -> None:
        self.goals: list[Any] = []
        self.ended = 0
        self.is_over = False
        self.canceled = 0
        self.accepts = True
        self.succeeds: set[int] = set()  # the goals that end well now, by number
        self.aborts: set[int] = set()
        self._kind = follow.action_type(MODES[mode])
        self._server = ActionServer(
            node,
            self._kind,
            MODES[mode].action,
            self._work,
            goal_callback=lambda _: GoalResponse.ACCEPT if self.accepts else GoalResponse.REJECT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=rclpy.callback_groups.ReentrantCallbackGroup(),
        )

    def _work(self, handle: Any) -> Any:
        number = len(self.goals)
        self.goals.append(handle.request)
        deadline_s = monotonic() + PATIENCE_S
        clock = handle._action_server._node.create_rate(100)
        while monotonic() < deadline_s and not self.is_over:
            if handle.is_cancel_requested:
                self.canceled += 1
                handle.canceled()
                break
            if number in self.succeeds:
                handle.succeed()
                break
            if number in self.aborts:
                handle.abort()
                break
            clock.sleep()
        else:
            handle.abort()
        self.ended += 1
        return self._kind.Result()


class Stage:
    def __init__(self, executor: Any, node: FollowNode, other: Any, robot: Robot) -> None:
        self._executor = executor
        self.node = node
        self.robot = robot
        self._poses = other.create_publisher(PoseStamped, node._mode.topic, 5)

    def until(self, fact: Callable[[], bool], x: float | None = None) -> None:
        """Let all work, showing a person there if told, until something is so."""
        deadline_s = monotonic() + PATIENCE_S
        while not fact():
            assert monotonic() < deadline_s, 'it did not come true'
            if x is not None:
                pose = PoseStamped()
                pose.header.frame_id = 'odom'
                pose.pose.position.x = x
                pose.pose.orientation.w = 1.0
                self._poses.publish(pose)
            self._executor.spin_once(timeout_sec=0.02)


@contextmanager
def staged(mode: str, **params: Any) -> Iterator[Stage]:
    if follow.action_type(MODES[mode]) is None:
        pytest.skip(f'needs {" or ".join(MODES[mode].packages)}')
    context = rclpy.Context()
    rclpy.init(context=context, args=['--ros-args', '-r', '__ns:=/robot'])
    given = [Parameter(name, value=value) for name, value in {'mode': mode, **params}.items()]
    node = FollowNode(context=context, parameter_overrides=given)
    other = rclpy.create_node('nav2', context=context)
    executor = MultiThreadedExecutor(4, context=context)
    executor.add_node(node)
    executor.add_node(other)
    stage = Stage(executor, node, other, Robot(other, mode))
    try:
        yield stage
        stage.robot.is_over = True
        stage.until(lambda: stage.robot.ended == len(stage.robot.goals))
    finally:
        executor.shutdown()
        node.destroy_node()
        other.destroy_node()
        rclpy.try_shutdown(context=context)


@pytest.fixture(autouse=True)
def network_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


def test_robot_is_sent_to_the_spot_and_after_it() -> None:
    with staged('goal') as stage:
        robot = stage.robot
        stage.until(lambda: len(robot.goals) == 1, x=1.0)
        stage.until(lambda: stage.node.is_under_way, x=1.0)
        assert (robot.goals[0].pose.header.frame_id, robot.goals[0].pose.pose.position.x) == (
            'odom',
            1.0,
        )
        stage.until(lambda: len(robot.goals) == 2, x=2.0)
        assert robot.goals[1].pose.pose.position.x == 2.0
        robot.aborts.add(0)  # as Nav2 ends one that another took the place of
        robot.succeeds.add(1)
        stage.until(lambda: not stage.node.is_under_way, x=2.0)
        stage.until(lambda: len(robot.goals) == 3, x=3.0)
        robot.succeeds.add(2)
        stage.until(lambda: not stage.node.is_under_way)
        assert robot.canceled == 0


def test_robot_is_told_to_stop_when_nobody_is_seen() -> None:
    with staged('goal', patience=0.3) as stage:
        stage.until(lambda: stage.node.is_under_way, x=1.0)
        stage.until(lambda: stage.robot.canceled == 1)
        assert not stage.node.is_under_way
        stage.until(lambda: len(stage.robot.goals) == 2, x=1.0)
        stage.robot.succeeds.add(1)
        stage.until(lambda: not stage.node.is_under_way)


def test_goal_that_is_on_its_way_is_taken_back() -> None:
    with staged('goal') as stage:
        stage.until(stage.node._client.server_is_ready)
        stage.node._send(PoseStamped())
        assert stage.node.is_under_way  # so that who ends the node waits for it
        stage.node.stop()
        stage.until(lambda: stage.robot.canceled == 1)
        stage.until(lambda: not stage.node.is_under_way)


def test_goal_that_is_refused_is_sent_again() -> None:
    with staged('goal') as stage:
        stage.robot.accepts = False
        stage.until(lambda: stage.node._number > 1, x=1.0)
        stage.robot.accepts = True
        stage.until(lambda: len(stage.robot.goals) == 1, x=1.0)
        stage.robot.succeeds.add(0)
        stage.until(lambda: not stage.node.is_under_way)


def test_robot_follows_a_topic() -> None:
    with staged('follow') as stage:
        robot = stage.robot
        stage.until(lambda: len(robot.goals) == 1, x=1.0)
        assert [goal.pose_topic for goal in robot.goals] == ['/robot/openpose/person_pose']
        robot.aborts.add(0)  # Nav2 has lost her
        stage.until(lambda: len(robot.goals) == 2, x=5.0)
        stage.until(lambda: stage.node.is_under_way, x=5.0)
        stage.node.stop()
        stage.until(lambda: robot.canceled == 1)


@pytest.mark.parametrize('mode', MODES)
def test_without_the_action_a_line_is_said(
    mode: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if any(find_spec(package) for package in MODES[mode].packages):
        monkeypatch.setattr(follow, 'action_type', lambda _: None)
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        given = [Parameter('mode', value=mode)]
        node = FollowNode(context=context, parameter_overrides=given)
        assert not node.can_send
        node.destroy_node()
    finally:
        rclpy.try_shutdown(context=context)
    (line,) = capfd.readouterr().err.splitlines()
    assert f'{MODES[mode].kind} is in none of the packages' in line


@pytest.mark.parametrize('given', [{'mode': 'hunt'}, {'patience': 0.0}])
def test_wrong_parameters_are_refused(given: dict[str, Any]) -> None:
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        with pytest.raises(ParameterError, match=f'{next(iter(given))} is'):
            FollowNode(
                context=context,
                parameter_overrides=[Parameter(k, value=v) for k, v in given.items()],
            )
    finally:
        rclpy.try_shutdown(context=context)
