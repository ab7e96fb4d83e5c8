"""A node that publishes the same person all the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import threading

import numpy as np

from openpose_ros.people import People
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.ros.node.names import Names
from openpose_ros.skeletons import load_skeleton
from tests.ros.fakes import TYPES, header


@contextmanager
def publishing_people() -> Iterator[None]:
    """Publish a person of two keypoints, as the node /openpose does, until the context ends."""
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    keypoints[0, :2] = (10, 20, 0.5), (40, 70, 0.75)
    people = People(keypoints, np.float32([0.625]), load_skeleton('coco_18'))
    over = threading.Event()
    with Participant(Names('openpose')) as participant:
        persons = participant.publisher(
            '/openpose/persons', 'openpose_ros/msg/PersonArray', Profile(5)
        )

        def publish() -> None:
            while not over.wait(0.02):
                persons.publish(persons_message(TYPES, people, header(1_500_000_000), (640, 480)))

        publishing = threading.Thread(target=publish)
        publishing.start()
        try:
            yield
        finally:
            over.set()
            publishing.join()
