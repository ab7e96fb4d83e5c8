"""A frame for each body that is seen and of which is known where it is."""

from __future__ import annotations

from typing import Any

from openpose_ros.ros.dds.types import load_types
from openpose_ros.ros.messages.transforms import body_transforms
from tests.ros.fakes import TYPES
from tests.ros.messages.scenes import HALF_TURN, persons_of, some_people, somewhere

NAME = 'tf2_msgs/msg/TFMessage'


def frames(persons: Any) -> Any:
    types = load_types()
    message = body_transforms(TYPES, types.package('tf2_msgs'), persons)
    return types.store.deserialize_cdr(types.store.serialize_cdr(message, NAME), NAME).transforms


def test_bodies_are_where_their_persons_are() -> None:
    people = some_people('kqf1', 'kqf2')
    persons = persons_of(people, somewhere(people))
    first, second = frames(persons)
    assert (first.child_frame_id, second.child_frame_id) == ('body_kqf1', 'body_kqf2')
    assert first.header == second.header == persons.header
    for found, depth in ((first, 1.0), (second, 2.0)):
        place = found.transform.translation
        assert (place.x, place.y, place.z) == (0.25, 0.5, depth)
    turn = first.transform.rotation
    assert (turn.x, turn.y, turn.z, turn.w) == HALF_TURN


def test_body_of_which_nobody_knows_how_it_stands_has_the_frames_axes() -> None:
    people = some_people('kqf1', 'kqf2')
    _, second = frames(persons_of(people, somewhere(people)))
    turn = second.transform.rotation
    assert (turn.x, turn.y, turn.z, turn.w) == (0, 0, 0, 1)


def test_who_has_no_id_no_place_or_is_not_seen_has_no_frame() -> None:
    people = some_people('', 'kqf2')
    located = somewhere(people)
    located.position[1, 0] = float('nan')
    assert frames(persons_of(people, located, hidden=('kqf7',))) == []
    assert frames(persons_of(some_people('kqf1'))) == []
