"""What else goes out: to whom, when, and what becomes of topics whose person is gone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openpose_ros.people import People
from openpose_ros.ros.node.bodies import Bodies
from openpose_ros.ros.node.core import PoseNode
from openpose_ros.ros.node.outgoing import Outgoing
from openpose_ros.ros.node.parameters import NodeParams
from tests.ros.fakes import FakeTransport, header
from tests.ros.messages.scenes import persons_of, some_people, somewhere
from tests.ros.node.test_core import picture
from tests.ros.scenes import Scene, wait_until

TRACKED = '/humans/bodies/tracked'


class Stage:
    """What is under test, with a clock that stands still."""

    def __init__(self, **params: Any) -> None:
        self.now_s = 1000.0
        self.params = NodeParams(**{'tracking': True, **params})
        self.transport = FakeTransport(self.params.optional_outputs)
        bodies = Bodies(self.transport, lambda: self.now_s)
        self.outgoing = Outgoing(self.transport, self.params, bodies, lambda: self.now_s)

    def show(self, *ids: str, hidden: tuple[str, ...] = (), stamp_ns: int = 5) -> People:
        people = some_people(*ids)
        self.tell(people, hidden, stamp_ns=stamp_ns)
        return people

    def tell(self, people: People, hidden: tuple[str, ...] = (), *, stamp_ns: int = 5) -> None:
        persons = persons_of(people, somewhere(people), hidden, stamp_ns=stamp_ns)
        self.outgoing.publish(
            persons, people, self.params, positions=None, up=np.array([0.0, -1.0, 0.0])
        )

    def tick(self, seconds: float) -> None:
        self.now_s += seconds
        self.outgoing.on_timer(self.params)

    def tracked(self) -> list[list[str]]:
        return [message.ids for message in self.transport.outlets[TRACKED].published]


def test_nothing_is_opened_that_was_not_asked_for() -> None:
    stage = Stage()
    stage.show('kqf1')
    assert (stage.transport.outlets, stage.transport.published) == ({}, [])
    assert stage.transport.lines == []


@pytest.mark.parametrize('output', ['detections', 'image_annotations'])
def test_message_of_others_is_published_for_who_listens(output: str) -> None:
    stage = Stage(**{output: True})
    stage.show('kqf1')
    assert stage.transport.published == []
    stage.transport.watched = {output}
    stage.show('kqf1')
    stage.show()
    sizes = [
        len(getattr(message, 'detections' if output == 'detections' else 'texts'))
        for message in stage.transport.of(output)
    ]
    assert sizes == [1, 0]


@pytest.mark.parametrize(
    ('output', 'package'),
    [
        ('hri', 'hri_msgs'),
        ('publish_tf', 'tf2_msgs'),
    ],
)
def test_package_that_is_absent_leaves_the_rest(
    monkeypatch: pytest.MonkeyPatch, output: str, package: str
) -> None:
    monkeypatch.setattr(FakeTransport, 'package', lambda self, name: None)
    stage = Stage(**{output: True})
    stage.show('kqf1')
    stage.tick(2)
    stage.outgoing.forget()
    stage.outgoing.close()
    assert stage.transport.outlets == {}


@pytest.mark.parametrize('output', ['hri', 'publish_tf'])
def test_who_wants_ids_is_told_what_gives_them(output: str) -> None:
    stage = Stage(tracking=False, **{output: True})
    (line,) = stage.transport.said('warning')
    assert line.startswith(f'{output}: nobody has an id while tracking is false')


def test_frames_go_out_for_bodies_that_are_somewhere() -> None:
    stage = Stage(publish_tf=True)
    stage.show('kqf1', '')
    stage.show()  # nobody: no message
    stage.show('kqf1', stamp_ns=0)  # no time: no frame
    (message,) = stage.transport.outlets['/tf'].published
    assert [frame.child_frame_id for frame in message.transforms] == ['body_kqf1']
    assert message.transforms[0].header == header(5)


def test_image_without_a_frame_gives_nobody_one_and_is_told() -> None:
    stage = Stage(publish_tf=True)
    people = some_people('kqf1')
    persons = persons_of(people, somewhere(people))
    persons.header.frame_id = ''  # of which tf2 logs an error, wherever /tf is heard
    for _ in range(3):
        stage.outgoing.publish(persons, people, stage.params, positions=None, up=np.zeros(3))
    assert stage.transport.outlets['/tf'].published == []
    (line,) = stage.transport.said('warning')
    assert line.startswith('publish_tf: an image has no frame_id')


def test_who_is_there_is_said_on_change_and_every_second() -> None:
    stage = Stage(hri=True)
    stage.show('kqf1', '')
    for _ in range(9):  # at 10 Hz
        stage.now_s += 0.1
        stage.show('kqf1')
    assert stage.tracked() == [['kqf1']]
    stage.now_s += 0.11
    stage.show('kqf1')
    assert stage.tracked() == [['kqf1']] * 2
    stage.show('kqf2', 'kqf1')
    stage.show('kqf1', 'kqf2')  # best first: no change of who is there
    assert stage.tracked()[2:] == [['kqf2', 'kqf1']]
    stage.tick(1.0)  # without an image
    assert stage.tracked()[3:] == [['kqf1', 'kqf2']]


def test_first_image_without_people_says_so() -> None:
    stage = Stage(hri=True)
    stage.tick(5)
    assert stage.tracked() == []  # nothing was looked at
    stage.show()
    assert stage.tracked() == [[]]


def test_body_has_topics_while_its_id_lives() -> None:
    stage = Stage(hri=True)
    stage.show('kqf1', 'kqf2')
    names = ('kqf1', 'kqf2')
    topics = [f'/humans/bodies/{name}/{what}' for name in names for what in ('roi', 'skeleton2d')]
    assert set(stage.transport.outlets) == {TRACKED, *topics}
    stage.show('kqf1', hidden=('kqf2',))  # only expected: silent, but not gone
    counts = [len(stage.transport.outlets[topic].published) for topic in topics]
    assert counts == [2, 2, 1, 1]
    assert stage.tracked()[-1] == ['kqf1']
    stage.show('kqf1', 'kqf2')
    stage.show('kqf1')  # lost
    closed = [stage.transport.outlets[topic].closed for topic in topics]
    assert closed == [False, False, True, True]


@pytest.mark.parametrize('end', ['silence', 'deactivated'])
def test_nobody_is_there_when_no_image_is_looked_at(end: str) -> None:
    stage = Stage(hri=True, track_timeout=2.0)
    stage.show('kqf1')
    stage.tick(1.5)
    assert stage.tracked()[-1] == ['kqf1']
    if end == 'silence':
        stage.tick(0.6)
    else:
        stage.outgoing.forget()
    assert stage.tracked()[-1] == []
    assert stage.transport.outlets['/humans/bodies/kqf1/roi'].closed
    stage.show('kqf1')
    assert stage.tracked()[-1] == ['kqf1']
    assert not stage.transport.outlets['/humans/bodies/kqf1/roi'].closed


def test_everything_is_withdrawn_at_the_end() -> None:
    stage = Stage(hri=True, publish_tf=True)
    stage.show('kqf1')
    stage.outgoing.close()
    assert len(stage.transport.outlets) == 4
    assert all(outlet.closed for outlet in stage.transport.outlets.values())


def with_hand_up() -> People:
    """Return somebody who stands, and holds her left hand over her head."""
    places = {
        'nose': (0, -60),
        'neck': (0, 0),
        'right_shoulder': (-40, 0),
        'right_elbow': (-50, 60),
        'right_wrist': (-50, 120),
        'left_shoulder': (40, 0),
        'left_elbow': (60, -60),
        'left_wrist': (60, -130),
        'right_hip': (-25, 130),
        'left_hip': (25, 130),
    }
    people = some_people('kqf1')
    people.keypoints[0] = np.nan, np.nan, 0
    for name, (x, y) in places.items():
        people.keypoints[0, people.skeleton.index(name)] = 300 + x, 200 + y, 0.9
    return people


def test_gestures_are_published_for_every_image() -> None:
    """Also for who subscribes later: they are watched from the first image on."""
    stage = Stage(gestures=True)
    people = with_hand_up()
    for tenth in range(5):
        stage.tell(people, stamp_ns=10**9 + tenth * 10**8)
    assert stage.transport.published == []
    stage.transport.watched = {'gestures'}
    stage.tell(people, stamp_ns=10**9 + 5 * 10**8)
    stage.show(stamp_ns=10**9 + 6 * 10**8)
    shown, none = stage.transport.of('gestures')
    assert (shown.ids, shown.names) == (['kqf1'], ['hand_raised_left'])
    assert shown.header == header(10**9 + 5 * 10**8)
    assert np.isnan(shown.directions[0].x)
    assert (none.ids, none.names) == ([], [])
    stage.outgoing.forget()
    stage.tell(people, stamp_ns=10**9 + 7 * 10**8)
    assert stage.transport.of('gestures')[-1].names == []  # not yet held for long


# In the node


def playing(**params: Any) -> tuple[PoseNode, FakeTransport]:
    params = {'tracking': True, **params}
    transport = FakeTransport(NodeParams(**params).optional_outputs)
    node = PoseNode(transport, NodeParams(**params), Scene().open)
    node.configure()
    node.activate()
    return node, transport


def show(node: PoseNode, tenth: int) -> None:
    (camera,) = node.cameras
    camera.on_image(picture(stamp_ns=10**9 + tenth * 10**8))
    wait_until(lambda: not (camera.counts().waiting or camera.counts().in_flight))


def test_node_publishes_and_withdraws_in_each_state() -> None:
    node, transport = playing(hri=True, detections=True)
    transport.watched = {'detections'}
    for tenth in range(4):
        show(node, tenth)
    last = sorted(transport.outlets[TRACKED].published[-1].ids)
    assert len(last) == 2
    assert len(transport.of('detections')) == 4
    assert sorted(one.id for one in transport.of('detections')[-1].detections) == last
    node.deactivate()
    assert transport.outlets[TRACKED].published[-1].ids == []
    node.cleanup()
    assert all(outlet.closed for outlet in transport.outlets.values())
    node.configure()
    node.activate()
    assert not transport.outlets[TRACKED].closed
    show(node, 10)
    assert len(transport.outlets[TRACKED].published) == 1
    assert 'other messages (ms, median)' in node.diagnostics()['pose estimation'].values
    node.shutdown()
    assert transport.outlets[TRACKED].closed


@pytest.mark.parametrize(('output', 'topic'), [('hri', TRACKED), ('publish_tf', '/tf')])
def test_lazy_node_works_for_who_listens_to_these(output: str, topic: str) -> None:
    node, transport = playing(lazy=True, **{output: True})
    show(node, 0)
    assert node.cameras[0].counts().refused == {'nobody subscribes': 1}
    transport.outlets[topic].watchers = 1
    show(node, 1)
    assert node.cameras[0].counts().outcomes == {'processed': 1}
    node.shutdown()
