"""Gestures on the wire: lists of one length, also where there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.gestures import gestures_message
from openpose_ros.spatial.gestures import Gesture
from tests.ros.fakes import TYPES, header

NAME = 'openpose_ros/msg/Gestures'
NAN = float('nan')


def sent(*gestures: Gesture) -> object:
    store = load_types().store
    message = gestures_message(TYPES, header(), gestures)
    return store.deserialize_cdr(store.serialize_cdr(message, NAME), NAME)


def test_each_list_has_an_entry_a_gesture() -> None:
    found = sent(
        Gesture('kqf1', 'waving', 0.75, (NAN, NAN, NAN)),
        Gesture('kqf1', 'pointing_left', 0.5, (0.0, 0.6, -0.8)),
    )
    assert (found.ids, found.names) == (['kqf1'] * 2, ['waving', 'pointing_left'])
    assert found.scores.dtype == np.float32
    assert found.scores.tolist() == [0.75, 0.5]
    unknown, pointing = found.directions
    assert all(map(math.isnan, (unknown.x, unknown.y, unknown.z)))
    assert (pointing.x, pointing.y, pointing.z) == pytest.approx((0.0, 0.6, -0.8))


def test_nobody_does_anything() -> None:
    found = sent()
    assert (found.ids, found.names, len(found.scores), found.directions) == ([], [], 0, [])
    assert found.header == header()
