"""People, and what is known of them, for tests of messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from openpose_ros.people import People
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial.located import Located
from openpose_ros.tracking import Coasting
from tests.ros.fakes import TYPES, header

SIZE = (640, 480)
HALF_TURN = (0.0, 1.0, 0.0, 0.0)  # about y


def some_people(*ids: str, skeleton: str = 'coco_18') -> People:
    """Return people with ids; each keypoint elsewhere, and surer than the one before."""
    bones = load_skeleton(skeleton)
    count = bones.num_keypoints
    keypoints = np.zeros((len(ids), count, 3), np.float32)
    for person, rows in enumerate(keypoints):
        rows[:, 0] = 100 + 200 * person + 5 * np.arange(count)
        rows[:, 1] = 50 + 15 * np.arange(count)
        rows[:, 2] = 0.1 + 0.03 * np.arange(count)
    return People(keypoints, np.float32([0.9, 0.8, 0.7])[: len(ids)], bones, ids=ids)


def somewhere(people: People) -> Located:
    """Return people at 1, 2, 3 m, of whom the first looks back to the camera, others unknown."""
    located = Located.unknown(len(people))
    position = np.array([(0.25, 0.5, 1.0 + i) for i in range(len(people))]).reshape(-1, 3)
    orientation = located.orientation.copy()
    orientation[:1] = HALF_TURN
    return replace(located, position=position, orientation=orientation)


def expected(people: People, *ids: str) -> Coasting:
    """Return somebody who is not seen, and expected somewhere."""
    shape = (len(ids), people.skeleton.num_keypoints, 2)
    numbers = tuple(range(1, len(ids) + 1))
    return Coasting(ids, np.ones(shape), np.zeros((len(ids), 2)), np.full(len(ids), 0.5), numbers)


def persons_of(
    people: People, located: Located | None = None, hidden: tuple[str, ...] = (), **fields: Any
) -> Any:
    coasting = expected(people, *hidden) if hidden else None
    return persons_message(
        TYPES, people, header(**fields), SIZE, coasting=coasting, located=located
    )
