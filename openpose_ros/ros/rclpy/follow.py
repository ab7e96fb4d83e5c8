"""A node that sends a robot with Nav2 after the person that the pose node has chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
import sys
from time import monotonic
from typing import Any, NamedTuple

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions

from openpose_ros.errors import OpenPoseError, ParameterError
from openpose_ros.ros.node.pursuit import Pursuit, Spot
from openpose_ros.ros.node.throttle import Throttle
from openpose_ros.signals import Stop

_GLANCE_S = 0.1  # how long a signal may wait until it is seen
_GOODBYE_S = 1.0  # with a robot that is told to stop
_WARN_EVERY_S = 5.0


class Mode(NamedTuple):
    """
    A way to follow.

    Attributes
    ----------
    topic : str
        Whose poses are listened to.
    action : str
        What Nav2 is asked to do.
    kind : str
        Its type.
    packages : tuple of str
        Where that type is, in the order in which it is looked for.
    moves : bool
        As `Pursuit` takes it.

    """

    topic: str
    action: str
    kind: str
    packages: tuple[str, ...]
    moves: bool


MODES = {
    'follow': Mode(
        'openpose/person_pose',
        'follow_object',
        'FollowObject',
        ('nav2_msgs', 'opennav_following_msgs'),  # the second one where the first lacks it
        moves=False,
    ),
    'goal': Mode(
        'openpose/target_pose', 'navigate_to_pose', 'NavigateToPose', ('nav2_msgs',), moves=True
    ),
}


def action_type(mode: Mode) -> Any | None:
    """Return the type of a mode's action, or None where no package of it is installed."""
    for package in mode.packages:
        try:
            return getattr(import_module(f'{package}.action'), mode.kind)
        except (ImportError, AttributeError):  # older packages lack newer actions
            continue
    return None


class FollowNode(Node):
    """
    Sends goals while there is somebody to follow, and takes them back when she is lost.

    Parameters
    ----------
    **options
        As rclpy's nodes take them.

    Attributes
    ----------
    can_send : bool
        Whether the type of the action is installed; else there is nothing to do, which the log
        has said.

    Raises
    ------
    ParameterError
        If a parameter is wrong.

    """

    def __init__(self, **options: Any) -> None:
        super().__init__('openpose_follow', **options)
        name = self.declare_parameter('mode', 'follow').value
        patience_s = self.declare_parameter('patience', 2.0).value
        if name not in MODES:
            raise ParameterError(f"mode is '{name}', but must be one of {', '.join(MODES)}")
        if not patience_s > 0:
            raise ParameterError(f'patience is {patience_s}, but must be seconds, above 0')
        self._mode = mode = MODES[name]
        self._pursuit = Pursuit(mode.moves, patience_s)
        self._throttle = Throttle(_WARN_EVERY_S)
        self._goal: Any = None  # the handle of the one that Nav2 works on
        self._number = 0  # of the goal that was sent last
        self._unanswered = 0  # goals that Nav2 has neither accepted nor refused
        self._type: Any = action_type(mode)
        self.can_send = self._type is not None
        if not self.can_send:
            self.get_logger().warning(
                f'{mode.kind} is in none of the packages that are installed here '
                f'({" and ".join(mode.packages)} would have it), so the robot is sent nowhere; '
                f'{self.resolve_topic_name(mode.topic)} is published all the same'
            )
            return
        self._client = ActionClient(self, self._type, mode.action)
        self.create_subscription(PoseStamped, mode.topic, self._on_pose, QoSProfile(depth=1))
        self.create_timer(_GLANCE_S, self._look)

    @property
    def is_under_way(self) -> bool:
        """Whether Nav2 works on a goal of ours, or is about to."""
        return self._goal is not None or self._unanswered > 0

    def stop(self) -> None:
        """Take the goal back."""
        self._number += 1  # whatever is on its way is not ours any more
        goal, self._goal = self._goal, None
        if goal is not None:
            goal.cancel_goal_async()

    def _on_pose(self, message: PoseStamped) -> None:
        if not self._client.server_is_ready():
            self._warn(f'nobody offers the action {self._mode.action}: is Nav2 up?')
        elif self._pursuit.on_spot(_spot(message), monotonic()):
            self._send(message)

    def _send(self, message: PoseStamped) -> None:
        goal = self._type.Goal()
        if self._mode.moves:
            goal.pose = message
        else:
            goal.pose_topic = self.resolve_topic_name(self._mode.topic)
        self._number += 1
        number = self._number
        self._unanswered += 1
        sent = self._client.send_goal_async(goal)
        sent.add_done_callback(self._note_answer)
        sent.add_done_callback(self._then(number, self._on_answer))

    def _note_answer(self, _: Any) -> None:
        self._unanswered -= 1

    def _on_answer(self, number: int, handle: Any) -> None:
        if not handle.accepted:
            if number == self._number:
                self.stop()
                self._pursuit.on_end(reached=False)
                self._warn(f'{self._mode.action} refused a goal')
        elif number != self._number:  # given up meanwhile
            if self._goal is None:
                handle.cancel_goal_async()
        else:
            self._goal = handle
            handle.get_result_async().add_done_callback(self._then(number, self._on_end))

    def _on_end(self, number: int, end: Any) -> None:
        if number != self._number:  # a newer one took its place
            return
        self._goal = None
        reached = end.status == GoalStatus.STATUS_SUCCEEDED
        self._pursuit.on_end(reached=reached)
        if reached:
            self.get_logger().info(f'{self._mode.action} is done')
        else:
            why = getattr(end.result, 'error_msg', '') or f'status {end.status}'
            self._warn(f'{self._mode.action} ended without success: {why}')

    def _look(self) -> None:
        if self._pursuit.gives_up(monotonic()):
            self.get_logger().info('nobody to follow any more; the robot is told to stop')
            self.stop()

    def _then(self, number: int, step: Callable[[int, Any], None]) -> Callable[[Any], None]:
        """Return what takes the future of a goal; where that fails, the next pose tries again."""

        def done(future: Any) -> None:
            try:
                step(number, future.result())
            except Exception as exc:  # noqa: BLE001  whatever Nav2's side raises
                if number == self._number:
                    self._goal = None
                    self._pursuit.on_end(reached=False)
                self._warn(f'{self._mode.action} failed: {exc}')

        return done

    def _warn(self, text: str) -> None:
        if self._throttle.passes(text[:40]) is not None:
            self.get_logger().warning(text)


def _spot(message: PoseStamped) -> Spot:
    place, turn = message.pose.position, message.pose.orientation
    return Spot(
        message.header.frame_id, (place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w)
    )


def main(stop: Stop, arguments: Sequence[str] | None = None) -> int:
    """Follow until asked to stop; return the exit status."""
    with stop.noted():
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
        node: FollowNode | None = None
        try:
            node = FollowNode()
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            while node.can_send and not stop.requested:
                executor.spin_once(timeout_sec=_GLANCE_S)
            if node.is_under_way:
                node.stop()
                end_s = monotonic() + _GOODBYE_S
                while monotonic() < end_s:
                    executor.spin_once(timeout_sec=_GLANCE_S)
        except ExternalShutdownException:
            return 0
        except OpenPoseError as exc:
            sys.stderr.write(f'openpose_follow: {exc}\n')
            return 1
        finally:
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return 0
