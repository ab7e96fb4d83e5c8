"""What is for people to look at: the annotated image and markers, as far as somebody does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from openpose_ros.drawing import draw_people
from openpose_ros.frames import FrameArray
from openpose_ros.people import People
from openpose_ros.ros.messages.compressed import compressed_message
from openpose_ros.ros.messages.images import image_message
from openpose_ros.ros.messages.marker import Name
from openpose_ros.ros.messages.markers import Rays, marker_array, names_of
from openpose_ros.ros.messages.seen import distance_of, seen_persons
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.transport import Transport

VISUALIZATION = ('image_annotated', 'image_annotated/compressed', 'markers')


class Visualization:
    """
    Publishes those of VISUALIZATION that somebody subscribes to.

    Parameters
    ----------
    transport : Transport
        Publishes, and knows who subscribes.

    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._shown: set[Name] = set()  # markers of the last image

    def publish(
        self,
        frame: FrameArray,
        people: People,
        persons: Any,
        params: NodeParams,
        rays: Rays | None,
    ) -> None:
        """
        Show an image.

        Parameters
        ----------
        frame : uint8 (H, W, 3)
            Blue, green, red; only read.
        people : People
            In pixels of `frame`.
        persons : openpose_ros/PersonArray
            The same people as a message, in the same order, and behind them who is only
            expected; its header becomes that of every picture.
        params : NodeParams
            Say how to draw.
        rays : Rays or None
            Of the camera, for the markers.

        """
        transport = self._transport
        types, header, threshold = transport.types, persons.header, params.render_threshold
        raw, compressed, markers = (transport.subscribers(output) for output in VISUALIZATION)
        if raw or compressed:
            picture = annotated(
                frame,
                people,
                scale=params.annotated_scale,
                render_threshold=threshold,
                distances_m=[distance_of(person) for person in seen_persons(persons)],
            )
            if raw:
                transport.publish('image_annotated', image_message(types, picture, header))
            if compressed:
                message = compressed_message(types, picture, header)
                transport.publish('image_annotated/compressed', message)
        if markers:
            message = marker_array(types, persons, people.skeleton, rays, threshold, self._shown)
            self._shown = names_of(message.markers)
            transport.publish('markers', message)


def annotated(
    frame: FrameArray,
    people: People,
    *,
    scale: float,
    render_threshold: float,
    distances_m: Sequence[float] = (),
) -> FrameArray:
    """
    Return a copy of a picture with people drawn on it.

    Parameters
    ----------
    frame : uint8 (H, W, 3)
        Blue, green, red; only read.
    people : People
        In pixels of `frame`.
    scale : float
        Size of the copy in units of `frame`, up to 1; it is scaled before it is drawn on, so
        that lines stay sharp.
    render_threshold, distances_m
        As `draw_people` takes them.

    """
    height, width = frame.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        canvas = frame.copy()
    else:
        canvas = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        factors = np.array(size, np.float32) / np.array((width, height), np.float32)
        people = people.moved(lambda places: (places + 0.5) * factors - 0.5)  # as cv2.resize
    return draw_people(canvas, people, render_threshold=render_threshold, distances_m=distances_m)
