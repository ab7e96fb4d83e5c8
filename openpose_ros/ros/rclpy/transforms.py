"""What tf2_ros knows, from a thread of its own, while somebody wants to know."""

from __future__ import annotations

import threading
from time import monotonic, sleep
from typing import Any

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.time import Time

from openpose_ros.errors import TransformError
from openpose_ros.spatial import Transform

_GLANCE_S = 0.002
_REMEDY = 'sudo apt install ros-$ROS_DISTRO-tf2-ros-py, and start the node again'


class Transforms:
    """
    Listens to transforms, and looks them up.

    The listener has a node and a thread of its own: while the worker waits for a transform, or a
    large image is received, /tf is heard.

    Parameters
    ----------
    node : LifecycleNode
        Whose context, name and namespace are used.

    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._listener: _Listener | None = None
        self._missing = ''  # why there can be none

    def listen(self, wanted: bool) -> None:
        """Listen to /tf and /tf_static from now on, or no longer; from any thread."""
        with self._lock:
            if wanted and self._listener is None and not self._missing:
                try:
                    self._listener = _Listener(self._node)
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

    def __init__(self, node: LifecycleNode) -> None:
        import tf2_ros

        self._error: type[Exception] = tf2_ros.TransformException
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
        self._tf = tf2_ros.TransformListener(self._buffer, self._node, spin_thread=False)
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin, name='openpose_ros tf', daemon=True)
        self._thread.start()

    def lookup(self, target: str, source: str, stamp_ns: int) -> Transform:
        try:
            found = self._buffer.lookup_transform_core(target, source, Time(nanoseconds=stamp_ns))
        except self._error as exc:
            raise TransformError(' '.join(str(exc).split())) from exc
        shift, turn = found.transform.translation, found.transform.rotation
        return Transform(
            np.array([shift.x, shift.y, shift.z]), np.array([turn.x, turn.y, turn.z, turn.w])
        )

    def close(self) -> None:
        self._closing.set()
        self._executor.wake()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()

    def _spin(self) -> None:
        while not self._closing.is_set() and self._node.context.ok():
            try:
                self._executor.spin_once(timeout_sec=1.0)
            except RuntimeError:  # rclpy's RCLError is one: the context ends under its feet
                if self._node.context.ok():
                    raise
