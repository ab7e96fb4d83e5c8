"""What one camera has of its node's transport: topics of its own, the rest in common."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Any

from openpose_ros.frames import FrameArray
from openpose_ros.ros.node.transport import OF_THE_NODE, NodeTransport, Outlet, named
from openpose_ros.spatial import Transform


class TransformWishes:
    """
    Listens to transforms while any camera wants that; from any thread.

    Parameters
    ----------
    transport : NodeTransport
        Listens.

    """

    def __init__(self, transport: NodeTransport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._wanting: set[str] = set()

    def wish(self, camera: str, wanted: bool) -> None:
        """Note whether a camera wants to listen."""
        with self._lock:
            (self._wanting.add if wanted else self._wanting.discard)(camera)
            self._transport.listen_to_transforms(bool(self._wanting))


class CameraTransport:
    """
    A camera's `Transport`.

    Parameters
    ----------
    transport : NodeTransport
        The node's.
    name : str
        The camera's; '' for the only one, whose topics and lines have no name before them.
    wishes : TransformWishes
        The node's.
    is_target : callable
        Tells whether what the node has once is this camera's to publish.

    """

    def __init__(
        self,
        transport: NodeTransport,
        name: str,
        wishes: TransformWishes,
        is_target: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._name = name
        self._wishes = wishes
        self._is_target = is_target

    @property
    def types(self) -> Any:
        """See `Transport`."""
        return self._transport.types

    @property
    def outputs(self) -> frozenset[str]:
        """See `Transport`."""
        return self._transport.outputs

    def publish(self, output: str, message: Any) -> None:
        self._transport.publish(self._of_camera(output), message)

    def package(self, name: str) -> Any | None:
        return self._transport.package(name)

    def advertise(self, topic: str, type_name: str, depth: int) -> Outlet:
        return self._transport.advertise(topic, type_name, depth)

    def subscribers(self, output: str) -> int:
        if output in OF_THE_NODE and not self._is_target():
            return 0
        return self._transport.subscribers(self._of_camera(output))

    def publishers_of_image(self) -> int:
        return self._transport.publishers_of_image(self._name)

    def published_types(self, topic: str) -> set[str]:
        return self._transport.published_types(topic)

    def image_topic(self) -> str:
        return self._transport.image_topic(self._name)

    def now_ns(self) -> int:
        return self._transport.now_ns()

    def decode(self, message: Any, max_pixels: int) -> FrameArray:
        return self._transport.decode(message, max_pixels)

    def listen_to_transforms(self, wanted: bool) -> None:
        self._wishes.wish(self._name, wanted)

    def transform(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        return self._transport.transform(target, source, stamp_ns, timeout_s)

    def log(self, level: str, text: str) -> None:
        self._transport.log(level, f'{self._name}: {text}' if self._name else text)

    def _of_camera(self, output: str) -> str:
        return output if output in OF_THE_NODE else named(self._name, output)
