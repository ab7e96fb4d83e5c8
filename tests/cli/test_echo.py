"""Echo as a user runs it: lines to read, lines of JSON, and patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import signal
import threading
import time
from typing import Any

import cv2
import numpy as np
import pytest

from openpose_ros.cli import main
from openpose_ros.cli.echo import _Others
from openpose_ros.cli.heard import FORMS, GESTURES, PERSONS, POSES, json_line
from openpose_ros.io.people_json import people_from_line
from openpose_ros.people import People
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.gestures import gestures_message
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.ros.messages.targets import pose_message
from openpose_ros.ros.node.names import Names
from openpose_ros.skeletons import load_skeleton
from openpose_ros.spatial.gestures import Gesture
from tests.cli.processes import PATIENCE_S, running
from tests.ros.fakes import TYPES, header
from tests.ros.publishing import publishing_people

COCO = load_skeleton('coco_18')
pytestmark = pytest.mark.usefixtures('network')


@pytest.fixture
def _node(network: None) -> Iterator[None]:
    """Publish a person of two keypoints until the test is over."""
    with publishing_people():
        yield


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
    assert main(['echo', 'persons', '--json', '-', '--count', '1', '--timeout', '30', *rules]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found['source'], found['frame'], found['stamp']) == ('/openpose/persons', 0, 1.5)
    assert (found['width'], found['height'], found['skeleton']) == (640, 480, 'coco_18')
    (person,) = found['people']
    assert person['keypoints'][:3] == [[10, 20, 0.5], [40, 70, 0.75], [None, None, 0]]


def test_once_is_one_message(capfd: pytest.CaptureFixture[str]) -> None:
    with publishing_people():
        assert main(['echo', '--once', '--timeout', '30']) == 0
    assert capfd.readouterr().out.count(' 640x480: 1 person') == 1


def test_echo_writes_json_of_a_skeleton_that_it_does_not_know() -> None:
    dog = load_skeleton(Path(__file__).parents[1] / 'data/dog.json')
    rows = np.random.default_rng(1).uniform(0.1, 1, (2, dog.num_keypoints, 3)).astype(np.float32)
    rows[0, 3] = np.nan, np.nan, 0
    people = People(rows, np.array([0.75, 0.5], np.float32), dog)
    message = persons_message(TYPES, people, header(3_300_000_000), (640, 480))
    line = json_line(FORMS[PERSONS], message, '/dogs', 7)
    assert json.loads(line)['stamp'] == 3.3
    assert {name: json.loads(line)[name] for name in ('skeleton', 'people')} == people.to_dict()
    np.testing.assert_allclose(people_from_line(line, dog).keypoints, rows, atol=1e-3)


def test_what_is_no_number_is_null() -> None:
    """A message may be of a node that is not ours, and JSON has neither NaN nor infinity."""
    rows = np.full((2, 18, 3), 0.5, np.float32)
    rows[0, 0, 0], rows[0, 1, 1], rows[0, 2, 2] = np.inf, np.nan, np.inf
    people = People(np.full((2, 18, 3), 0.5, np.float32), np.ones(2, np.float32), COCO)
    message = persons_message(TYPES, people, header(), (640, 480))
    message.persons[1].score = np.nan
    for keypoint, row in zip(message.persons[0].keypoints, rows[0].tolist()):
        keypoint.x, keypoint.y, keypoint.score = row
    found = json.loads(json_line(FORMS[PERSONS], message, '/a', 0))['people']
    assert [one['score'] for one in found] == [1, None]
    assert found[0]['keypoints'] == [[None, None, 0]] * 3 + [[0.5, 0.5, 0.5]] * 15
    gesture = Gesture('ab1', 'waving', np.nan, (np.nan,) * 3)
    message = gestures_message(TYPES, header(), [gesture])
    assert json.loads(json_line(FORMS[GESTURES], message, '/a', 0))['gestures'][0]['score'] is None
    assert FORMS[GESTURES].lines(message)[1] == '  ab1: waving, score nan'


def test_names_of_others_stay_in_their_line() -> None:
    people = People(np.full((1, 18, 3), 0.5, np.float32), np.ones(1, np.float32), COCO)
    message = persons_message(TYPES, people, header(frame_id='a\nb'), (640, 480))
    message.persons[0].id = '\x1b[31m'
    lines = FORMS[PERSONS].lines(message)
    assert lines[0].endswith(' a b 640x480: 1 person')
    assert lines[1].startswith('  ?[31m: score 1.00, ')


@pytest.mark.usefixtures('_node')
def test_echo_writes_json_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'people.jsonl'
    assert main(['echo', '--json', str(path), '--count', '3', '--timeout', '30']) == 0
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line['frame'] for line in found] == [0, 1, 2]
    assert [item.name for item in tmp_path.iterdir()] == ['people.jsonl']
    assert capsys.readouterr().out == ''


@pytest.mark.usefixtures('_node')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_echo_that_is_stopped_keeps_every_line(tmp_path: Path, number: int) -> None:
    path, part = tmp_path / 'people.jsonl', tmp_path / 'people.jsonl.part'
    with running('echo', '--json', str(path)) as echo:
        deadline_s = time.monotonic() + PATIENCE_S
        while not (part.exists() and part.stat().st_size > 1000):
            assert time.monotonic() < deadline_s, echo.said()
            time.sleep(0.02)
        assert echo.stop(number) == (129 if number == signal.SIGHUP else 0), echo.said()
    lines = path.read_text().splitlines(keepends=True)
    assert [json.loads(line)['frame'] for line in lines] == list(range(len(lines)))
    assert [item.name for item in tmp_path.iterdir()] == ['people.jsonl']


@pytest.mark.usefixtures('_node')
def test_echo_names_the_topics_that_could_be_heard() -> None:
    """Those of a node with several cameras, where one listens to what it would have with one."""
    with running('echo', '/nobody/persons') as echo:
        echo.wait_for('nobody publishes /nobody/persons; what can be heard is /openpose/persons\n')
        assert echo.stop() == 0
        assert echo.said().count('nobody publishes') == 1


def test_topics_are_named_once_and_when_all_are_there() -> None:
    others = _Others('/a')
    assert others.told([], 0.0) == ''
    assert others.told(['/b'], 5.0) == ''  # more of the same node may follow
    assert others.told(['/b', '/c'], 6.0) == ''
    line = 'nobody publishes /a; what can be heard is /b, /c'
    assert [others.told(['/b', '/c'], now_s) for now_s in (7.4, 7.6, 9.0)] == ['', line, '']
    assert others.told(['/c'], 20.0) == ''
    assert others.told(['/c'], 22.0).endswith('heard is /c')


def test_echo_never_writes_json_over_a_picture(
    make_picture: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_picture()
    before = path.read_bytes()
    assert main(['echo', '--json', str(path), '--timeout', '0.3']) == 2
    assert capsys.readouterr().err.count('\n') == 1
    assert path.read_bytes() == before


def test_echo_that_hears_nothing_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / 'people.jsonl'
    path.write_text('{}\n')
    assert main(['echo', '/persons', '--timeout', '0.3', '--json', str(path)]) == 1
    assert path.read_text() == '{}\n'
    assert [item.name for item in tmp_path.iterdir()] == ['people.jsonl']


def test_echo_loses_patience(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['echo', '/persons', '--timeout', '0.3']) == 1
    assert capsys.readouterr().err == (
        'openpose-ros: no message on /persons for 0.3 s; it has 0 publishers\n'
    )


@contextmanager
def publishing(topic: str, kind: str, message: Any) -> Iterator[None]:
    """Publish the same message all the time."""
    over = threading.Event()
    with Participant(Names('doer')) as participant:
        publisher = participant.publisher(topic, kind, Profile(5))

        def publish() -> None:
            while not over.wait(0.02):
                publisher.publish(message)

        thread = threading.Thread(target=publish)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def test_echo_prints_gestures(capsys: pytest.CaptureFixture[str]) -> None:
    nan = float('nan')
    message = gestures_message(
        TYPES,
        header(1_500_000_000),
        [
            Gesture('kqf1', 'waving', 0.75, (nan, nan, nan)),
            Gesture('kqf2', 'pointing_left', 0.5, (0.0, 0.6, -0.8)),
        ],
    )
    given = ['--count', '1', '--timeout', '30']
    with publishing('/openpose/gestures', 'openpose_ros/msg/Gestures', message):
        assert main(['echo', '/openpose/gestures', *given]) == 0
        assert capsys.readouterr().out.splitlines() == [
            '1.500 camera: 2 gestures',
            '  kqf1: waving, score 0.75',
            '  kqf2: pointing_left, score 0.50 towards 0.00,0.60,-0.80',
        ]
        assert main(['echo', '/openpose/gestures', '--json', '-', *given]) == 0
    assert json.loads(capsys.readouterr().out) == {
        'source': '/openpose/gestures',
        'frame': 0,
        'stamp': 1.5,
        'gestures': [
            {'id': 'kqf1', 'name': 'waving', 'score': 0.75, 'direction': None},
            {'id': 'kqf2', 'name': 'pointing_left', 'score': 0.5, 'direction': [0, 0.6, -0.8]},
        ],
    }


def test_echo_names_a_type_that_it_does_not_print(capsys: pytest.CaptureFixture[str]) -> None:
    with publishing('/a', 'std_msgs/msg/Header', header()):
        assert main(['echo', '/a', '--timeout', '30']) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert '/a carries std_msgs/msg/Header, but echo prints' in line


def a_pose(position: list[float], turn: list[float]) -> Any:
    stamp = header(1_500_000_000).stamp
    return pose_message(TYPES, stamp, 'map', np.array(position), np.array(turn))


@pytest.mark.parametrize('json_too', [False, True])
def test_echo_prints_where_to_go(json_too: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Looking along y: turned by 90 degrees about z."""
    half = 0.5**0.5
    with publishing('/openpose/target_pose', POSES, a_pose([1.5, -2, 0], [0, 0, half, half])):
        given = ['--json', '-'] if json_too else []
        arguments = ['echo', '/openpose/target_pose', '--once', '--timeout', '30', *given]
        assert main(arguments) == 0
    out = capsys.readouterr().out
    if not json_too:
        assert out == '1.500 map: at 1.50,-2.00,0.00 m, x towards 0.00,1.00,0.00\n'
        return
    found = json.loads(out)
    assert (found['source'], found['frame'], found['stamp']) == ('/openpose/target_pose', 0, 1.5)
    assert (found['frame_id'], found['position']) == ('map', [1.5, -2, 0])
    assert found['orientation'] == [0, 0, 0.7071, 0.7071]


@pytest.mark.parametrize('axis', range(3))
def test_the_way_of_a_pose_is_the_first_column_of_its_rotation(axis: int) -> None:
    turn = np.zeros(3)
    turn[axis] = 0.7
    half = np.append(turn / 0.7 * np.sin(0.35), np.cos(0.35))
    (line,) = FORMS[POSES].lines(a_pose([0, 0, 0], list(half)))
    way = [float(part) for part in line.rpartition(' ')[2].split(',')]
    np.testing.assert_allclose(way, cv2.Rodrigues(turn)[0][:, 0], atol=0.006)


@pytest.mark.parametrize(('length', 'way'), [(0.0, 'nan,nan,nan'), (2.0, '0.00,1.00,0.00')])
def test_the_way_is_of_length_one_or_none_is_known(length: float, way: str) -> None:
    turn = length * np.sqrt([0.0, 0.0, 0.5, 0.5])
    message = pose_message(TYPES, TYPES.Time(sec=1, nanosec=0), 'map', np.zeros(3), turn)
    assert FORMS[POSES].lines(message) == [f'1.000 map: at 0.00,0.00,0.00 m, x towards {way}']


def test_echo_hears_who_sends_lost_packets_not_again(capsys: pytest.CaptureFixture[str]) -> None:
    pose = pose_message(TYPES, TYPES.Time(sec=1, nanosec=0), 'map', np.zeros(3), np.eye(4)[3])
    with Participant(Names('other')) as participant:
        kind = 'geometry_msgs/msg/PoseStamped'
        publisher = participant.publisher('/goal', kind, Profile(1, reliable=False))
        over = threading.Event()

        def publish() -> None:
            while not over.wait(0.02):
                publisher.publish(pose)

        publishing = threading.Thread(target=publish)
        publishing.start()
        try:
            assert main(['echo', '/goal', '--once', '--timeout', '30']) == 0
        finally:
            over.set()
            publishing.join()
    assert capsys.readouterr().out.startswith('1.000 map: at ')


def test_a_pose_that_is_no_number_is_null() -> None:
    message = a_pose([np.nan, np.inf, 1], [np.nan, 0, 0, 1])
    found = json.loads(json_line(FORMS[POSES], message, '/a', 0))
    assert (found['position'], found['orientation']) == ([None, None, 1], [None, 0, 0, 1])
    assert FORMS[POSES].lines(message)[0].startswith('1.500 map: at nan,inf,1.00 m, x towards ')
