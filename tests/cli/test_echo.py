"""Echo as a user runs it: lines to read, lines of JSON, and patience."""

from __future__ import annotations

from collections.abc import Iterator
import json
import threading

import numpy as np
import pytest

from openpose_ros.cli import main
from openpose_ros.people import People
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.names import Names
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.skeletons import load_skeleton
from tests.ros.fakes import TYPES, header

pytestmark = pytest.mark.usefixtures('network')


@pytest.fixture
def _node(network: None) -> Iterator[None]:
    """Publish a person of two keypoints until the test is over."""
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
        yield
        over.set()
        publishing.join()


@pytest.mark.usefixtures('_node')
def test_echo_prints_lines_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['echo', '--count', '2', '--timeout', '30']) == 0
    assert (
        capsys.readouterr().out.splitlines()
        == [
            '1.500 camera 640x480: 1 person',
            '  0: score 0.62, 2 of 18 keypoints in 30x50 at 10,20',
        ]
        * 2
    )


@pytest.mark.usefixtures('_node')
def test_echo_prints_json_as_estimate_does(capsys: pytest.CaptureFixture[str]) -> None:
    rules = ['-r', 'persons:=/openpose/persons']
    assert main(['echo', 'persons', '--json', '--count', '1', '--timeout', '30', *rules]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found['source'], found['frame'], found['stamp']) == ('/openpose/persons', 0, 1.5)
    assert (found['width'], found['height'], found['skeleton']) == (640, 480, 'coco_18')
    (person,) = found['people']
    assert person['keypoints'][:3] == [[10, 20, 0.5], [40, 70, 0.75], [None, None, 0]]


def test_echo_loses_patience(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['echo', '/persons', '--timeout', '0.3']) == 1
    assert capsys.readouterr().err == (
        'openpose-ros: no message on /persons for 0.3 s; it has 0 publishers\n'
    )
