"""What tf2_ros knows, from a thread of its own, while somebody wants to know."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
import threading
from time import monotonic, sleep
from typing import Any

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.time import Time

from openpose_ros.errors import TransformError
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.messages.transforms import LEFT_OUT, transform_of
from openpose_ros.ros.node.guard import one_line
from openpose_ros.ros.node.throttle import Throttle, Warnings
from openpose_ros.spatial import Transform
from openpose_ros.spatial.transforms import AGAIN, KEPT_S, TOO_OLD, UNHEARD, Parents, checked

_GLANCE_S = 0.002
_WARN_EVERY_S = 5.0
_KEPT_NS = round(KEPT_S * 1e9)
_SETTLED_S = 2.0  # after which a jump back is another one
_MOST_UNHEARD = 500  # frames, of people who left say
_REMEDY = 'sudo apt install ros-$ROS_DISTRO-tf2-ros-py, and start the node again'


class Transforms:
    """
    Listens to transforms, and looks them up.

    The listener has a node and a thread of its own: while the worker waits for a transform, or a
    large image is received, /tf is heard.

    Parameters
    ----------
    node : LifecycleNode
        Whose context, name, namespace and clock are used.
    log : callable
        Takes a level and a line.

    """

    def __init__(self, node: LifecycleNode, log: Callable[[str, str], object]) -> None:
        self._node = node
        self._warn = Warnings(log, Throttle(_WARN_EVERY_S))
        self._lock = threading.Lock()
        self._listener: _Listener | None = None
        self._missing = ''  # why there can be none

    def listen(self, wanted: bool) -> None:
        """Listen to /tf and /tf_static from now on, or no longer; from any thread."""
        with self._lock:
            if wanted and self._listener is None and not self._missing:
                try:
                    self._listener = _Listener(self._node, self._warn)
                except ImportError as exc:
                    self._missing = f'tf2_ros cannot be imported ({exc}): {_REMEDY}'
            elif not wanted and self._listener is not None:
                listener, self._listener = self._listener, None
                listener.close()

    def lookup(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        """
        Return what `Transport.transform` does; in the worker's thread.

        Raises
        ------
        TransformError
            If it is not known.

        """
        with self._lock:
            listener = self._listener
        if listener is None:
            raise TransformError(self._missing or 'nobody listens to /tf')
        end_s = monotonic() + timeout_s
        while True:
            try:
                return listener.lookup(target.lstrip('/'), source.lstrip('/'), stamp_ns)
            except TransformError:
                left_s = end_s - monotonic()
                if left_s <= 0:
                    raise
            sleep(min(_GLANCE_S, left_s))


class _Listener:
    """A node that listens to transforms, in a thread of its own."""

    def __init__(self, node: LifecycleNode, warn: Warnings) -> None:
        import tf2_ros

        self._error: type[Exception] = tf2_ros.TransformException
        self._warn = warn
        # A rule for the name of this process's node would rename this one, too.
        self._node = Node(
            f'_{node.get_name()}_tf',
            namespace=node.get_namespace(),
            context=node.context,
            cli_args=['--ros-args', '-r', f'__node:=_{node.get_name()}_tf'],
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._buffer: Any = tf2_ros.Buffer(node=self._node)
        heard = Heard(self._buffer, warn)
        # The clock of the listener's node is another one where use_sim_time is only this node's.
        self._jumps = node.get_clock().create_jump_callback(
            JumpThreshold(
                min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=False
            ),
            post_callback=lambda _: heard.forget(),
        )
        self._tf = tf2_ros.TransformListener(heard, self._node, spin_thread=False)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin, name='openpose_ros tf', daemon=True)
        self._thread.start()

    def lookup(self, target: str, source: str, stamp_ns: int) -> Transform:
        if stamp_ns < 0:  # of which rclpy makes no Time
            raise TransformError(f'the stamp is {stamp_ns / 1e9:g} s, before all time')
        try:
            found = self._buffer.lookup_transform_core(target, source, Time(nanoseconds=stamp_ns))
        except self._error as exc:
            raise TransformError(' '.join(str(exc).split())) from exc
        return checked(target, source, transform_of(found.transform))

    def close(self) -> None:
        self._jumps.unregister()
        self._closing.set()
        self._executor.wake()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()

    def _spin(self) -> None:
        while not self._closing.is_set() and self._node.context.ok():
            try:
                self._executor.spin_once(timeout_sec=1.0)
            except Exception as exc:  # noqa: BLE001  whatever is sent, the next is heard
                # Without a context it is rclpy's, which ends under its feet.
                if self._node.context.ok():
                    self._warn(f'a message on /tf cannot be taken: {one_line(exc)}')
                    self._closing.wait(_GLANCE_S)


class Heard:
    """
    Tells tf2's buffer what is heard, and makes it forget where that would do harm.

    It logs an error for each message that is no transform, never forgets a frame, and where time
    jumped back keeps out all that comes.

    Parameters
    ----------
    buffer : tf2_ros.Buffer
        Gets what is good.
    warn : callable
        Takes a line.
    clock : callable
        Tells the seconds that pass.

    """

    def __init__(
        self, buffer: Any, warn: Callable[..., object], clock: Callable[[], float] = monotonic
    ) -> None:
        self._buffer = buffer
        self._warn = warn
        self._clock = clock
        self._newest: dict[str, tuple[int, int]] = {}  # stamp, and number when it was heard
        self._late: dict[str, int] = {}  # how many of a child came in a row that were too old
        self._parents = Parents()
        self._number = 0
        self._again_s = -inf  # from when on what is known may be forgotten anew

    def set_transform(self, message: Any, authority: str) -> None:
        """Take one of /tf."""
        child, stamp_ns = message.child_frame_id.lstrip('/'), nanoseconds(message.header.stamp)
        if not self._is_good(message):
            return
        newest = self._newest.get(child, (stamp_ns, 0))[0]
        if stamp_ns < newest - _KEPT_NS:
            late = self._late[child] = self._late.get(child, 0) + 1
            if late < AGAIN or self._clock() < self._again_s:  # as `TransformBuffer` has it
                self._warn(TOO_OLD.format(child, (newest - stamp_ns) / 1e9), 'late')
                return
            self.forget()
            newest = stamp_ns
        self._late.pop(child, None)
        self._number += 1
        self._newest[child] = max(newest, stamp_ns), self._number
        if self._number % UNHEARD == 0 and self._unheard() > _MOST_UNHEARD:
            self.forget()  # tf2 forgets no single one; others are there again in a moment
        self._buffer.set_transform(message, authority)

    def set_transform_static(self, message: Any, authority: str) -> None:
        """Take one of /tf_static."""
        if self._is_good(message):
            self._buffer.set_transform_static(message, authority)

    def forget(self) -> None:
        """Forget what moves; from any thread."""
        self._again_s = self._clock() + _SETTLED_S
        self._newest, self._late = {}, {}
        self._buffer.clear()

    def _unheard(self) -> int:
        last = self._number - UNHEARD
        return sum(number <= last for _, number in self._newest.values())

    def _is_good(self, message: Any) -> bool:
        parent, child = message.header.frame_id.lstrip('/'), message.child_frame_id.lstrip('/')
        try:
            checked(parent, child, transform_of(message.transform))
        except TransformError as exc:
            self._warn(LEFT_OUT.format(exc))
            return False
        if line := self._parents.oddity(parent, child):
            self._warn(line)
        return True
