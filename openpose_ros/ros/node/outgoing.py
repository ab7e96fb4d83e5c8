"""What else is published of the people of an image, in other people's messages."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People
from openpose_ros.ros.messages.annotations import annotations_message
from openpose_ros.ros.messages.detections import detections_message
from openpose_ros.ros.messages.gestures import gestures_message
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.bodies import Bodies
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import OTHERS, Transport
from openpose_ros.spatial.gesture_watch import GestureWatch
from openpose_ros.spatial.located import Positions


class Outgoing:
    """
    Publishes what the parameters ask for, from when it is made until `close`.

    Of a package that is not installed, the transport tells, and nothing more comes of it.

    Parameters
    ----------
    transport : Transport
        Where to publish.
    params : NodeParams
        Say what; none of these is live.
    bodies : Bodies
        Publishes what goes by the ids of people; may be other cameras' too.
    clock : callable
        Tells the seconds that pass.

    """

    def __init__(
        self,
        transport: Transport,
        params: NodeParams,
        bodies: Bodies,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._transport = transport
        self._clock = clock
        outputs = transport.outputs
        self._vision = transport.package(OTHERS['detections']) if 'detections' in outputs else None
        annotated = 'image_annotations' in outputs
        self._foxglove = transport.package(OTHERS['image_annotations']) if annotated else None
        self._bodies = bodies
        self._watch = GestureWatch()
        bodies.open(params)

    def publish(
        self,
        persons: Any,
        people: People,
        params: NodeParams,
        *,
        positions: Positions | None,
        up: npt.NDArray[np.float64],
    ) -> None:
        """
        Publish what is said of an image.

        Parameters
        ----------
        persons : openpose_ros/PersonArray
            As it was published.
        people : People
            Those of the image.
        params : NodeParams
            Say how.
        positions : float32 (N, K, 3) or None
            As `Located` has them.
        up : float64 (3,)
            The vertical in the image's optical frame.

        """
        transport, skeleton = self._transport, people.skeleton
        self._bodies.publish(self, persons, skeleton)
        if self._vision and transport.subscribers('detections'):
            transport.publish('detections', detections_message(self._vision, persons))
        if self._foxglove and transport.subscribers('image_annotations'):
            message = annotations_message(
                self._foxglove, persons, skeleton, params.render_threshold
            )
            transport.publish('image_annotations', message)
        if 'gestures' in transport.outputs:
            # An image without a stamp was taken about when it came.
            stamp_s = nanoseconds(persons.header.stamp) / 1e9 or self._clock()
            found = self._watch.update(people, positions, up, stamp_s)
            if transport.subscribers('gestures'):
                message = gestures_message(transport.types, persons.header, found)
                transport.publish('gestures', message)

    def on_timer(self, params: NodeParams) -> None:
        """Do what is to be done about once a second; from any thread."""
        self._bodies.on_timer(params)

    def forget(self) -> None:
        """Say that nobody is there: no image is looked at any more; from any thread."""
        self._watch = GestureWatch()  # the old one may be in use
        self._bodies.forget(self)

    def is_heard(self) -> bool:
        """Tell whether somebody listens to what is not of OUTPUTS; from any thread."""
        return self._bodies.is_heard()

    def close(self) -> None:
        """Publish nothing more; once."""
        self._bodies.close()
