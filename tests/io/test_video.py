"""Videos deliver every frame with its time; one that ends too early says so."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, product
from pathlib import Path

import pytest

from openpose_ros.errors import SourceError
from openpose_ros.io import Frame
from openpose_ros.io.selection import Selection
from openpose_ros.io.standard_input import open_piped
from openpose_ros.io.video import Camera, Video, open_video
from tests.io.streams import raw_video, served


def test_video_delivers_all_frames_in_order(make_video: Callable[..., Path]) -> None:
    video = open_video(str(make_video(frames=12, fps=12.5)))
    frames = list(video.frames())
    assert (video.total, video.fps, video.stem) == (12, 12.5, 'walk')
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.stamp_s for frame in frames] == pytest.approx([i / 12.5 for i in range(12)])
    assert {frame.fps for frame in frames} == {12.5}
    assert frames[0].image.shape == (48, 64, 3)
    assert frames[0].image is not frames[1].image


def test_video_frames_can_be_left_early(make_video: Callable[..., Path]) -> None:
    frames = open_video(str(make_video())).frames()
    assert next(frames).index == 0
    frames.close()  # type: ignore[attr-defined]


def test_video_cut_short_delivers_what_is_there_and_says_so(shared: Path, tmp_path: Path) -> None:
    whole = (shared / 'video/one-by-one-person-detection.mp4').read_bytes()
    path = tmp_path / 'cut.mp4'
    path.write_bytes(whole[: len(whole) // 20])
    delivered: list[Frame] = []
    with pytest.raises(SourceError, match=r'cut\.mp4 .*claims 1394 frames, \d+ could') as caught:
        delivered.extend(open_video(str(path)).frames())
    assert 10 < len(delivered) < 100
    assert f' {len(delivered)} could be read' in str(caught.value)


def test_video_that_claims_a_frame_more_is_whole(make_video: Callable[..., Path]) -> None:
    path = str(make_video(frames=12))
    video = open_video(path)
    assert len(list(Video(path, video.fps, 13).frames())) == 12
    with pytest.raises(SourceError, match='claims 16 frames, 12 could'):
        list(Video(path, video.fps, 16).frames())


def test_video_of_varying_rate_is_whole_when_its_time_is(make_video: Callable[..., Path]) -> None:
    path = str(make_video(frames=12, fps=5))
    # Claims twice the frames, but its last frame is at the end of the claimed time.
    assert len(list(Video(path, 10.0, 24).frames())) == 12


def test_video_without_a_rate_gets_one(make_video: Callable[..., Path]) -> None:
    assert open_video(str(make_video(fps=1000))).fps == 30


def test_open_video_refuses_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / 'notes.mp4'
    path.write_text('no video')
    with pytest.raises(SourceError, match=r'notes\.mp4 is neither a picture nor a video'):
        open_video(str(path))


def test_open_video_says_that_an_mp4_was_cut_off(make_video: Callable[..., Path]) -> None:
    path = make_video(frames=12)
    whole = path.read_bytes()
    for size in (len(whole) // 2, whole.index(b'moov') - 4, 33):
        path.write_bytes(whole[:size])
        with pytest.raises(SourceError, match=r'is an MP4 that was cut off before its index'):
            open_video(str(path))
    for other in (whole[:12], b'RIFF' + bytes(99), bytes(99), whole[:32] + bytes(99)):
        path.write_bytes(other)
        with pytest.raises(SourceError, match=r'is neither a picture nor a video'):
            open_video(str(path))


def test_a_cut_off_mp4_is_told_through_a_pipe_too(
    make_video: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_video(frames=12)
    cut = tmp_path / 'cut'
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with cut.open('rb') as file, pytest.raises(SourceError, match=r'^walk is an MP4 that was cut'):
        open_piped(file, 'walk', max_pixels=10**6)


def test_stream_is_called_after_its_path() -> None:
    assert Video('rtsp://robot:554/live/front?x=1', 30.0, None).stem == 'front'
    assert Video('rtsp://robot', 30.0, None).stem == 'stream'


@pytest.mark.parametrize('name', ['97', '/dev/null'])
def test_camera_that_does_not_open_says_what_is_there(name: str) -> None:
    with pytest.raises(SourceError, match=f'cannot open camera {name}; devices here: '):
        next(Camera(name).frames())


def test_camera_that_breaks_off_says_so(make_video: Callable[..., Path]) -> None:
    camera = Camera(str(make_video(frames=12)))  # OpenCV opens it as it opens a device
    delivered: list[Frame] = []
    with pytest.raises(SourceError, match=r'delivered no frame after 12 frames; check its cable'):
        delivered.extend(camera.frames(Selection(start=1, every=5)))
    assert [frame.index for frame in delivered] == [1, 6, 11]


def test_camera_results_have_a_name() -> None:
    assert (Camera('0').stem, Camera('/dev/video2').stem) == ('camera_0', 'video2')


def test_live_stream_that_ends_broke_off(make_video: Callable[..., Path]) -> None:
    """A stream claims no end: if it has one, its maker has stopped, or the network."""
    path = raw_video(make_video(frames=12))
    with served(path.read_bytes()) as address:
        video = open_video(address)
        assert video.total is None
        delivered: list[Frame] = []
        with pytest.raises(SourceError, match=r'live broke off after 12 frames; is its server'):
            delivered.extend(video.frames())
    assert len(delivered) == 12


def test_file_without_a_claim_just_ends(make_video: Callable[..., Path]) -> None:
    path = str(make_video(frames=12))
    assert len(list(Video(path, 25.0, None).frames())) == 12


def test_selection_counts_what_it_has() -> None:
    for start, every, total in product((0, 1, 5, 12, 13), (1, 2, 5, 20), (0, 1, 5, 12)):
        selection = Selection(start, every)
        assert selection.count(total) == sum(map(selection.has, range(total)))


def test_video_stops_where_it_leaves_frames_out(make_video: Callable[..., Path]) -> None:
    asked = count()
    video = open_video(str(make_video(frames=12)))
    assert list(video.frames(Selection(start=99, stopped=lambda: next(asked) >= 3))) == []
    assert next(asked) == 4
