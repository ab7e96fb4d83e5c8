"""What `estimate --mcap` records, read by others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
from mcap.reader import make_reader
import numpy as np
import pytest
from rosbags.rosbag2 import Reader

from openpose_ros.bags.recorder import Recording
from openpose_ros.cli import main
from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.io.frame import Frame
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton
from tests.bags.making import TYPES, picture, topics_of, worked_on

FAKE = ['--backend', 'fake', '--quiet']
IMAGE, ANNOTATIONS = '/image/compressed', '/image/annotations'
MakeFile = Callable[..., Path]
TYPES.package('foxglove_msgs')


def nobody() -> People:
    skeleton = load_skeleton('coco_18')
    return People(np.zeros((0, 18, 3), np.float32), np.zeros(0, np.float32), skeleton)


def test_rosbags_and_mcap_read_what_is_recorded(make_video: MakeFile, tmp_path: Path) -> None:
    video, out = make_video(frames=5), tmp_path / 'people.mcap'
    assert main(['estimate', str(video), '--mcap', str(out), *FAKE]) == 0
    with Reader(out) as reader:
        assert {one.topic: one.msgcount for one in reader.connections} == {
            IMAGE: 5,
            ANNOTATIONS: 5,
        }
        found = [
            (one.topic, log_ns, TYPES.store.deserialize_cdr(data, one.msgtype))
            for one, log_ns, data in reader.messages()
        ]
    images = [(log_ns, message) for topic, log_ns, message in found if topic == IMAGE]
    drawn = [(log_ns, message) for topic, log_ns, message in found if topic == ANNOTATIONS]
    assert [log_ns for log_ns, _ in images] == [log_ns for log_ns, _ in drawn]
    for (log_ns, image), (_, over) in zip(images, drawn):
        stamp = image.header.stamp
        assert stamp.sec * 10**9 + stamp.nanosec == log_ns
        assert image.header.frame_id == str(video)
        pixels = cv2.imdecode(np.asarray(image.data), cv2.IMREAD_COLOR)
        assert pixels is not None
        assert {one.timestamp.nanosec for one in over.points} == {stamp.nanosec}
        assert len(over.points) == 2 * 3  # limbs and joints of three people
    with out.open('rb') as file:
        reader_of_mcap = make_reader(file)
        times = [
            (channel.topic, message.log_time)
            for _, channel, message in reader_of_mcap.iter_messages()
        ]
        assert sorted(times) == sorted((topic, log_ns) for topic, log_ns, _ in found)
        summary = reader_of_mcap.get_summary()
    assert summary is not None
    schemas = {one.name: (one.encoding, one.data.decode()) for one in summary.schemas.values()}
    assert schemas['foxglove_msgs/msg/ImageAnnotations'][0] == 'ros2msg'
    assert 'PointsAnnotation[] points' in schemas['foxglove_msgs/msg/ImageAnnotations'][1]
    # A bag like any other.
    assert worked_on(out, tmp_path / 'again').images == 5


def test_time_goes_on_from_source_to_source(
    make_picture: MakeFile, make_video: MakeFile, tmp_path: Path
) -> None:
    sources = [make_picture('a.png'), make_picture('b.png'), make_video(frames=3)]
    out = tmp_path / 'people.mcap'
    assert main(['estimate', *map(str, sources), '--mcap', str(out), *FAKE]) == 0
    with Reader(out) as reader:
        chosen = [one for one in reader.connections if one.topic == IMAGE]
        seconds = [log_ns / 1e9 for _, log_ns, _ in reader.messages(chosen)]
    assert seconds[:3] == [0.0, 1.0, 2.0]
    assert seconds == sorted(set(seconds))
    assert seconds[-1] < 3.0


def test_stamps_that_go_back_are_recorded_in_order(tmp_path: Path) -> None:
    out = tmp_path / 'out.mcap'
    with Recording(str(out), render_threshold=0.1) as recording:
        for stamp_s in (5.0, 6.0, 5.5, 5.5):
            recording.write(Frame(picture(), 'camera', stamp_s=stamp_s, fps=30.0), nobody())
    with Reader(out) as reader:
        times = [log_ns for one, log_ns, _ in reader.messages() if one.topic == IMAGE]
    assert times == [5 * 10**9, 6 * 10**9, 6 * 10**9 + 1, 6 * 10**9 + 2]


def record(out: Path, ending: BaseException) -> None:
    """Record a frame, and end so."""
    with Recording(str(out), render_threshold=0.1) as recording:
        recording.write(Frame(picture(), 'a'), nobody())
        raise ending


def test_recording_is_whole_or_not_there(tmp_path: Path) -> None:
    out = tmp_path / 'out.mcap'
    with pytest.raises(OutputError, match='no room'):
        record(out, OutputError('no room'))
    assert list(tmp_path.iterdir()) == []
    with Recording(str(out), render_threshold=0.1) as recording:
        recording.ended_early = True
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyboardInterrupt):
        record(out, KeyboardInterrupt())
    assert topics_of(out) == {IMAGE: 1, ANNOTATIONS: 1}
    assert [path.name for path in tmp_path.iterdir()] == ['out.mcap']


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('thesis.tex', 'is there already and is no MCAP'),
        ('photo.png', 'is what this command reads'),
        ('/dev/null', 'is no file'),
    ],
)
def test_nothing_else_is_written_over(
    make_picture: MakeFile,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    said: str,
) -> None:
    photo = make_picture('photo.png')
    (tmp_path / 'thesis.tex').write_text('years of work')
    before = photo.read_bytes()
    assert main(['estimate', str(photo), '--mcap', str(tmp_path / name), *FAKE]) == 2
    assert said in capsys.readouterr().err
    assert photo.read_bytes() == before
    with pytest.raises(ParameterError):
        Recording(str(tmp_path / 'thesis.tex'), render_threshold=0.1)
    assert (tmp_path / 'thesis.tex').read_text() == 'years of work'


def test_only_its_own_recording_is_replaced(tmp_path: Path) -> None:
    """A bag of ROS 2 is an MCAP, too."""
    path = tmp_path / 'walk.mcap'
    for _ in range(2):
        with Recording(str(path), render_threshold=0.1) as recording:
            recording.write(Frame(picture(), 'a'), nobody())
    content = path.read_bytes().replace(b'/image/compressed', b'/front/compressed')
    assert len(content) == path.stat().st_size
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=r'another recording, with /front/compressed: it'):
        Recording(str(path), render_threshold=0.1)
    assert path.read_bytes() == content
