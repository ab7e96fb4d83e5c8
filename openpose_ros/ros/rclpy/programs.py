"""The programs of the ROS package; signals are heard before anything else is imported."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
import sys

from openpose_ros.home import forget_empty_home
from openpose_ros.signals import leave, watched


def openpose_node(arguments: Sequence[str] | None = None) -> int:
    """
    Run the node until it is told to stop; return the exit status.

    SIGINT and SIGTERM end it with the status 0, a second one at once with 130 or 143. SIGHUP
    makes it read its parameter files again.
    """
    return _run('node', arguments, reloads=True)


def openpose_camera(arguments: Sequence[str] | None = None) -> int:
    """Run the camera for demos until it is told to stop; return the exit status."""
    return _run('camera', arguments, reloads=False)


def openpose_follow(arguments: Sequence[str] | None = None) -> int:
    """Send a robot after a person until it is told to stop; return the exit status."""
    return _run('follow', arguments, reloads=False)


def _run(module: str, arguments: Sequence[str] | None, *, reloads: bool) -> int:
    forget_empty_home()
    with watched(serves=True, reloads=reloads) as stop:
        try:
            status: int = import_module(f'openpose_ros.ros.rclpy.{module}').main(stop, arguments)
        except Exception as exc:  # noqa: BLE001  rclpy's, of a rule, a file, a parameter's type
            from openpose_ros.ros.node.guard import one_line

            sys.stderr.write(f'openpose_{module}: error: {one_line(exc)}\n')
            status = 1
        if stop.requested:
            leave(stop.status if status == 0 else status)
    return status
