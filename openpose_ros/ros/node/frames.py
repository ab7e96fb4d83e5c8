"""Frames: where the camera is in another one, as /tf says."""

from __future__ import annotations

from openpose_ros.errors import TransformError
from openpose_ros.ros.node.faults import Faults, without_numbers
from openpose_ros.ros.node.transport import Transport
from openpose_ros.spatial import Transform


class Frames:
    """
    Looks transforms up, and says what lacks; /tf is listened to only while that is wanted.

    Parameters
    ----------
    transport : Transport
        Listens to /tf.
    faults : Faults
        Hears of transforms that lack.

    """

    def __init__(self, transport: Transport, faults: Faults) -> None:
        self._transport = transport
        self._faults = faults
        self._wanted: set[str] = set()

    def want(self, who: str, wanted: bool) -> None:
        """Listen to /tf while anybody wants it; from any thread."""
        (self._wanted.add if wanted else self._wanted.discard)(who)
        self._transport.listen_to_transforms(bool(self._wanted))

    def lookup(
        self, kind: str, target: str, source: str, stamp_ns: int, timeout_s: float
    ) -> Transform | None:
        """
        Return the transform from one frame's coordinates to another's, at a time.

        Parameters
        ----------
        kind : str
            By which it is told, once for each cause; without the frames of images, which may be
            another one in each.
        target, source : str
            To which and from which.
        stamp_ns : int
            When, nanoseconds.
        timeout_s : float
            How long to wait for it at most, seconds.

        Returns
        -------
        Transform or None
            None where it is not known; a line says why, once while that lasts.

        """
        try:
            transform = self._transform(target, source, stamp_ns, timeout_s)
        except TransformError as exc:
            self._faults.tell(
                kind,
                f"where '{source}' is in '{target}' is not known at an image's time: {exc}",
                may_settle=True,
                cause=without_numbers(str(exc).replace(source, '') if source else str(exc)),
            )
            return None
        self._faults.fine(kind)
        return transform

    def known(self, target: str, source: str, stamp_ns: int) -> Transform | None:
        """Return what `lookup` does, if it is known by now; nothing is said if not."""
        try:
            return self._transform(target, source, stamp_ns, 0.0)
        except TransformError:
            return None

    def _transform(self, target: str, source: str, stamp_ns: int, timeout_s: float) -> Transform:
        if not source.lstrip('/'):
            raise TransformError(
                'an image has no frame_id; let the camera driver set header.frame_id'
            )
        if target.lstrip('/') == source.lstrip('/'):  # of which tf2 may never have heard
            return Transform.identity()
        return self._transport.transform(target, source, stamp_ns, timeout_s)
