"""Names become sources; a name that leads nowhere gets one line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path

import pytest

from openpose_ros.errors import SourceError
from openpose_ros.io import find_sources
from openpose_ros.io.pictures import Picture, read_picture
from openpose_ros.io.video import Camera, Video

MakeFile = Callable[..., Path]


def test_find_sources_of_a_picture_a_video_and_a_camera(
    make_picture: MakeFile, make_video: MakeFile
) -> None:
    picture, video = make_picture('photo.JPG'), make_video()
    assert find_sources(str(picture)) == [Picture(picture)]
    assert find_sources(str(video)) == [Video(str(video), 12.5, 12)]
    assert find_sources('0') == [Camera('0')]
    assert find_sources('/dev/null') == [Camera('/dev/null')]


def test_find_sources_takes_a_file_called_like_a_camera(
    make_video: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video()
    monkeypatch.chdir(path.parent)
    path.rename(path.with_name('0'))
    assert find_sources('0') == [Video('0', 12.5, 12)]


def test_find_sources_of_a_folder_in_natural_order(make_picture: MakeFile) -> None:
    for name in ('img10.png', 'img9.PNG', 'Img1.png', 'zwei/inner.png', '.hidden.png'):
        folder = make_picture(f'in/{name}').parent
    (folder / 'notes.txt').write_text('no picture')
    (folder / 'folder.png').mkdir()
    names = [source.stem for source in find_sources(str(folder))]
    assert names == ['Img1', 'img9', 'img10']


def test_find_sources_looks_into_files(make_picture: MakeFile, make_video: MakeFile) -> None:
    picture, video = make_picture('in/photo.jpg'), make_video('in/walk.mp4')
    bare, disguised = picture.with_name('IMG 1'), video.with_name('photo.mov')
    picture.rename(bare)
    disguised.write_bytes(bare.read_bytes())
    (bare.parent / 'page.pdf').write_bytes(b'%PDF-1.7')
    os.mkfifo(bare.parent / 'pipe')
    for path in (bare, disguised):
        assert find_sources(str(path)) == [Picture(path)]
    video.rename(video.with_name('walk.jpg'))
    [source] = find_sources(str(video.with_name('walk.jpg')))
    assert isinstance(source, Video)
    names = [Path(source.name).name for source in find_sources(str(bare.parent))]
    assert names == ['IMG 1', 'photo.mov', 'walk.jpg']  # the last one's name promises a picture


def test_a_pipe_in_a_folder_is_told_and_the_others_go_on(make_picture: MakeFile) -> None:
    """Whoever reads it waits for a writer that never comes, and hears no signal meanwhile."""
    picture = make_picture('in/photo.jpg')
    os.mkfifo(picture.with_name('a.jpg'))
    pipe, photo = find_sources(str(picture.parent))
    with pytest.raises(SourceError, match=r'a\.jpg is no file but a pipe or a device'):
        next(pipe.frames())
    assert photo == Picture(picture)


def test_a_picture_in_a_named_pipe_is_waited_for_before_the_work(
    make_picture: MakeFile, tmp_path: Path
) -> None:
    """A signal ends the process at once there; within the work it is only noted."""
    path, pipe = make_picture(), tmp_path / 'live.jpg'
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(pipe.write_bytes, path.read_bytes())
        (source,) = find_sources(str(pipe))
        writing.result()
    pipe.unlink()
    (frame,) = source.frames()
    assert (frame.source, frame.image.shape) == (str(pipe), read_picture(path).shape)


def test_find_sources_refuses_a_zero_byte_in_a_name() -> None:
    with pytest.raises(SourceError, match='no name has a zero byte'):
        find_sources('a\0.jpg')
    with pytest.raises(SourceError, match='no name has a zero byte'):
        read_picture(Path('a\0.jpg'))


def test_find_sources_hands_the_limit_on(make_picture: MakeFile) -> None:
    picture = make_picture('in/photo.jpg')
    for name in (picture, picture.parent):
        assert find_sources(str(name), max_pixels=99) == [Picture(picture, 99)]


def test_find_sources_refuses_videos_of_frames_that_are_too_large(make_video: MakeFile) -> None:
    name = str(make_video())
    assert find_sources(name, max_pixels=64 * 48)[0].name == name
    with pytest.raises(SourceError, match=r'a frame of .*walk\.mp4 is 64x48 pixels, but at most'):
        find_sources(name, max_pixels=64 * 48 - 1)


def test_find_sources_of_an_empty_name_says_so() -> None:
    with pytest.raises(SourceError, match=r'the name of a source is empty; name a picture'):
        find_sources('')


def test_find_sources_keeps_a_dangling_link_for_its_message(tmp_path: Path) -> None:
    (tmp_path / 'lost.png').symlink_to(tmp_path / 'nowhere.png')
    (source,) = find_sources(str(tmp_path))
    with pytest.raises(SourceError, match=r'lost\.png: No such file'):
        next(source.frames())


def test_find_sources_of_an_empty_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / 'notes.txt').write_text('no picture')
    with pytest.raises(SourceError, match=r'no pictures; looked for \.avif .*\.jpg .*\.png'):
        find_sources(str(tmp_path))


NOWHERE = [  # name below tmp_path, what the message says
    ('gone.jpg', r'cannot read .*gone\.jpg: No such file'),
    ('photo.jpg/inner.jpg', 'Not a directory'),
    ('x' * 300, 'File name too long'),
    ('empty.mp4', r'empty\.mp4 is empty'),
    ('readme.txt', r'readme\.txt is neither a picture nor a video'),
]


@pytest.mark.parametrize(('name', 'says'), NOWHERE, ids=[case[0][:20] for case in NOWHERE])
def test_find_sources_names_what_leads_nowhere(
    tmp_path: Path, make_picture: MakeFile, name: str, says: str
) -> None:
    make_picture('photo.jpg')
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'readme.txt').write_text('hello')
    with pytest.raises(SourceError, match=says) as caught:
        find_sources(str(tmp_path / name))
    assert '\n' not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason='root may read everything')
def test_find_sources_of_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    with pytest.raises(SourceError, match='Permission denied'):
        find_sources(str(tmp_path))
    tmp_path.chmod(0o700)


def test_find_sources_of_a_folder_takes_videos_too(
    make_picture: MakeFile, make_video: MakeFile
) -> None:
    folder = make_picture('in/b.png').parent
    make_video('in/a.mp4')
    (folder / 'c.mp4').write_bytes(b'\0\0\0\x18ftypisom')  # begins as one, and is none
    sources = find_sources(str(folder))
    assert [Path(source.name).name for source in sources] == ['a.mp4', 'b.png', 'c.mp4']
    assert sources[0] == Video(str(folder / 'a.mp4'), 12.5, 12)
    with pytest.raises(SourceError, match=r'c\.mp4 is neither a picture nor a video'):
        next(sources[2].frames())


def test_find_sources_looks_into_the_folders_of_a_folder_if_told(
    make_picture: MakeFile, make_video: MakeFile, tmp_path: Path
) -> None:
    folder = tmp_path / 'in'
    for name in ('x10/a.png', 'x9/deep/b.png', 'out/c.png', '.hidden/d.png'):
        make_picture(f'in/{name}')
    with pytest.raises(SourceError, match=r'no pictures .*but 3 folders: --recursive looks there'):
        find_sources(str(folder))
    make_picture('in/z.png')
    make_video('in/x9/walk.mp4')
    (folder / 'x9' / 'round').symlink_to(folder)
    assert [source.stem for source in find_sources(str(folder))] == ['z']
    found = find_sources(str(folder), recursive=True, without=folder / 'out')
    assert [source.stem for source in found] == ['z', 'walk', 'b', 'a']


def test_find_sources_of_empty_folders_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / 'a' / 'b').mkdir(parents=True)
    with pytest.raises(SourceError, match=r'and those in it have no pictures; looked for'):
        find_sources(str(tmp_path), recursive=True)


def test_find_sources_of_a_stream_that_is_not_there() -> None:
    with pytest.raises(SourceError, match=r'http://127\.0\.0\.1:9/live is refused: nothing list'):
        find_sources('http://127.0.0.1:9/live')
