"""The camera as a user runs it: every source, its rate, its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

import pytest

from openpose_ros.cli import main
from openpose_ros.ros.dds.endpoints import Profile
from openpose_ros.ros.dds.participant import Participant
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.names import Names
from tests.cli.processes import PATIENCE_S, ROOT, running

pytestmark = pytest.mark.usefixtures('network')

MakeFile = Callable[..., Path]


def taken(count: int, *arguments: str, topic: str = '/image', kind: str = 'Image') -> list[Any]:
    """Run a camera and return its first messages."""
    came: list[Any] = []
    with Participant(Names('viewer')) as viewer, running('camera', *arguments) as camera:
        viewer.subscribe(topic, f'sensor_msgs/msg/{kind}', Profile(50), came.append)
        deadline_s = time.monotonic() + PATIENCE_S
        while len(came) < count:
            assert time.monotonic() < deadline_s, camera.said()
            viewer.spin(0.05)
        assert camera.stop() == 0
        assert camera.said().count('\n') == 1
    return came[:count]


def test_camera_repeats_a_picture_at_its_rate(make_picture: MakeFile) -> None:
    path = make_picture('Foto é.png')
    came = taken(6, str(path), '--fps', '20', '--frame-id', 'eye')
    stamps = [nanoseconds(message.header.stamp) for message in came]
    assert (stamps[-1] - stamps[0]) / 1e9 >= 0.2  # five periods of 50 ms, or the machine is busy
    assert {message.header.frame_id for message in came} == {'eye'}
    assert {(message.width, message.height, message.encoding) for message in came} == {
        (64, 48, 'bgr8')
    }


def test_camera_goes_through_a_folder_again_and_again(make_picture: MakeFile) -> None:
    for name, size in (('in/a.png', (64, 48)), ('in/b.png', (32, 48))):
        folder = make_picture(name, size).parent
    widths = [message.width for message in taken(5, str(folder), '--fps', '50')]
    assert widths in ([64, 32, 64, 32, 64], [32, 64, 32, 64, 32])  # the first may come too early


def test_camera_goes_through_the_folders_of_a_folder(
    make_picture: MakeFile, make_video: MakeFile
) -> None:
    make_picture('in/deep/a.png', (32, 48))
    folder = make_video('in/walk.mp4', frames=3).parent
    came = taken(8, str(folder), '--recursive', '--fps', '50')
    assert {message.width for message in came} == {64, 32}


def test_camera_takes_standard_input(make_picture: MakeFile) -> None:
    words = [sys.executable, '-m', 'openpose_ros', 'camera', '-', '--once', '--fps', '100']
    ended = subprocess.run(
        words, input=make_picture().read_bytes(), capture_output=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 0, ended
    assert ended.stderr.startswith(b'openpose-ros camera: publishing - on /image')


def test_camera_plays_a_video_compressed_on_its_topic(make_video: MakeFile) -> None:
    came = taken(
        *(15, str(make_video(frames=12, fps=50)), '--compressed', '--topic', 'raw'),
        *('-r', '__ns:=/front'),
        topic='/front/raw/compressed',
        kind='CompressedImage',
    )
    assert decode_image(came[0]).shape == (48, 64, 3)


def test_camera_ends_with_its_source_when_asked(
    make_video: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['camera', str(make_video(frames=4)), '--once', '--fps', '100']) == 0
    assert main(['camera', str(make_video(frames=4)), '--max-frames', '9', '--fps', '100']) == 0
    assert capsys.readouterr().err.count('\n') == 2


def test_camera_leaves_out_what_is_damaged_and_says_so_once(
    make_picture: MakeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_picture('in/b.png').parent
    (folder / 'a.png').touch()
    assert main(['camera', str(folder), '--max-frames', '5', '--fps', '100']) == 0
    assert capsys.readouterr().err.count('a.png is empty') == 1


@pytest.mark.parametrize('broken', ['empty', 'cut', 'video'])
def test_camera_that_ends_says_by_its_status_what_was_left_out(
    make_picture: MakeFile, make_video: MakeFile, broken: str
) -> None:
    folder = make_picture('in/b.jpg').parent
    assert main(['camera', str(folder), '--once', '--fps', '100']) == 0
    whole = (folder / 'b.jpg').read_bytes()
    if broken == 'video':
        make_video('in/a.mp4', frames=4).write_bytes(b'\0\0\0\x18ftypisom')
    else:
        (folder / 'a.jpg').write_bytes(b'' if broken == 'empty' else whole[:-200])
    assert main(['camera', str(folder), '--once', '--fps', '100']) == 1


def test_camera_says_once_what_is_odd_about_a_picture(
    make_picture: MakeFile, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_picture('photo.jpg')
    whole = path.read_bytes()
    for cut, says in ((2, 'has no end marker'), (200, 'is damaged or cut off')):
        path.write_bytes(whole[:-cut])
        assert main(['camera', str(path), '--max-frames', '5', '--fps', '100']) == 0
        assert capfd.readouterr().err.count(f'openpose-ros camera: {path} {says}') == 1
    assert main(['camera', str(path), '--max-image-pixels', '3000']) == 1
    assert f'{path} is 64x48 pixels, but at most 3000' in capfd.readouterr().err


def test_camera_without_any_picture_that_can_be_read_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ('a.png', 'b.png'):
        (tmp_path / name).touch()
    assert main(['camera', str(tmp_path)]) == 1
    assert 'b.png is empty' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'status', 'says'),
    [
        (['gone.mp4'], 1, 'cannot read gone.mp4'),
        (['.', '--fps', '0'], 2, '0 is no number above 0'),
        (['.', '--fps', 'nan'], 2, 'nan is no number above 0'),
        (['PICTURE', '--topic', '1st'], 2, "'1st' is not the name of a topic"),
        (['PICTURE', '--camera-info', 'gone.yaml'], 2, 'cannot read the calibration gone.yaml'),
    ],
)
def test_camera_says_what_is_wrong(
    arguments: list[str],
    status: int,
    says: str,
    make_picture: MakeFile,
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture = str(make_picture())
    try:
        found = main(['camera', *(picture if word == 'PICTURE' else word for word in arguments)])
    except SystemExit as exc:  # argparse's way
        found = int(str(exc.code))
    assert found == status
    err = capsys.readouterr().err
    assert says in err
    assert err.count('\n') == 1
