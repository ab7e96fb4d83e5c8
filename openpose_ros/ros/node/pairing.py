"""Which depth image belongs to an image: the one whose stamp is nearest, of the last few."""

from __future__ import annotations

from collections import deque
import threading
from typing import Any, NamedTuple

from openpose_ros.ros.node.remedies import LIVE, Remedies

_KEPT = 5
_IN_VAIN = 5  # images that waited while no depth came at all: then none waits any more
_SAME_NS = 500_000  # so much nearer must another depth image be to be worth waiting for


class DepthImageMessage(NamedTuple):
    """
    A depth image that came, undecoded.

    Attributes
    ----------
    message : sensor_msgs/Image or sensor_msgs/CompressedImage
    stamp_ns : int

    """

    message: Any
    stamp_ns: int


class DepthPairs:
    """
    The last depth images, and whether it is worth to wait for another; from any thread.

    No clock is in it: who waits, and how long, is the worker's.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[DepthImageMessage] = deque(maxlen=_KEPT)
        self._in_vain = 0

    def add(self, message: Any, stamp_ns: int) -> None:
        """Keep a depth image, and of more than a few the newest."""
        with self._lock:
            self._in_vain = 0
            if self._kept and stamp_ns < self._kept[-1].stamp_ns:
                self._kept.clear()  # a bag that starts over
            self._kept.append(DepthImageMessage(message, stamp_ns))

    def clear(self) -> None:
        """Forget what came."""
        with self._lock:
            self._kept.clear()
            self._in_vain = 0

    def match(self, stamp_ns: int, max_dt_s: float) -> DepthImageMessage | None:
        """Return the depth image that is nearest in time, if that is near enough."""
        with self._lock:
            return self._nearest(stamp_ns, max_dt_s)

    def is_settled(self, stamp_ns: int, max_dt_s: float) -> bool:
        """
        Tell whether no depth image is expected that would fit better than what is there.

        That is so where one of a later stamp came already, where the next one will be further off
        than the nearest, by the time between the last two, and where no depth comes at all.
        """
        with self._lock:
            if self._in_vain >= _IN_VAIN:
                return True
            if not self._kept:
                return False
            newest = self._kept[-1].stamp_ns
            if newest >= stamp_ns:
                return True
            best = self._nearest(stamp_ns, max_dt_s)
            if best is None:
                return False
            if len(self._kept) < 2:
                return best.stamp_ns == stamp_ns
            expected_ns = 2 * newest - self._kept[-2].stamp_ns
            return abs(expected_ns - stamp_ns) > stamp_ns - best.stamp_ns - _SAME_NS

    def waited_in_vain(self) -> None:
        """Note that an image waited, and its depth did not come; `add` makes it forgotten."""
        with self._lock:
            self._in_vain += 1

    def complaint(
        self,
        stamp_ns: int,
        max_dt_s: float,
        topic: str = 'depth_image',
        remedies: Remedies = LIVE,
    ) -> str:
        """Return in one line why an image has no depth of a topic, as far as that can be told."""
        with self._lock:
            if not self._kept or self._in_vain >= _IN_VAIN:
                return f'no depth image comes: {remedies.no_depth.format(topic=topic)}'
            nearest = min(self._kept, key=lambda one: abs(one.stamp_ns - stamp_ns))
            off_s = (nearest.stamp_ns - stamp_ns) / 1e9
            if off_s < 0 and nearest is self._kept[-1]:
                return (
                    'the depth of an image did not come in time: the newest is of '
                    f'{-off_s:.3f} s before it; {remedies.late}'
                )
            return (
                f'no depth image is of the time of an image: the nearest is of {abs(off_s):.3f} s '
                f'{"after" if off_s > 0 else "before"} it, but at most {max_dt_s:g} s are allowed '
                f'(max_depth_dt); {remedies.apart}'
            )

    def _nearest(self, stamp_ns: int, max_dt_s: float) -> DepthImageMessage | None:
        if not self._kept:
            return None
        nearest = min(self._kept, key=lambda one: abs(one.stamp_ns - stamp_ns))
        return nearest if abs(nearest.stamp_ns - stamp_ns) <= max_dt_s * 1e9 else None
