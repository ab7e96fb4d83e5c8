"""From inputs to items: what is taken, what its result is called, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path

import pytest

from openpose_ros.archive.finding import biggest_first, find_items
from openpose_ros.archive.items import BAG, PICTURE, PICTURES, VIDEO
from openpose_ros.errors import OpenPoseError, ParameterError, SourceError

MakeFile = Callable[..., Path]


def found(*inputs: Path, without: Path | None = None) -> dict[str, tuple[str, str]]:
    """Return the name and the kind of each item, by its result."""
    items = find_items([str(path) for path in inputs], without=without)
    return {item.result: (item.name, item.kind) for item in items}


def test_folder_stands_for_all_videos_and_folders_of_pictures_below(
    make_video: MakeFile, make_picture: MakeFile, tmp_path: Path
) -> None:
    top = tmp_path / 'in'
    make_video('in/walk.mp4', frames=1)
    make_video('in/monday/walk.mp4', frames=1)
    for number in (1, 2, 10):
        make_picture(f'in/monday/frames/img{number}.png')
    make_video('in/.hidden/walk.mp4', frames=1)
    (top / '.walk.mp4').write_bytes(b'hidden')
    (top / 'notes.txt').write_text('no video')
    (top / 'table').write_text('nor this')
    assert found(top) == {
        'walk.mp4.jsonl': (f'{top}/walk.mp4', VIDEO),
        'monday/walk.mp4.jsonl': (f'{top}/monday/walk.mp4', VIDEO),
        'monday/frames.jsonl': (f'{top}/monday/frames', PICTURES),
    }
    (pictures,) = [item for item in find_items([str(top)]) if item.kind == PICTURES]
    assert pictures.files == ('img1.png', 'img2.png', 'img10.png')
    assert pictures.size == 3 * (top / 'monday/frames/img1.png').stat().st_size


def test_input_may_be_a_file_or_a_folder_of_pictures(
    make_video: MakeFile, make_picture: MakeFile, tmp_path: Path
) -> None:
    video, picture = make_video('a/walk.mp4', frames=1), make_picture('b/photo.png')
    assert found(video) == {'walk.mp4.jsonl': (str(video), VIDEO)}
    assert found(picture) == {'photo.png.jsonl': (str(picture), PICTURE)}
    assert found(tmp_path / 'b') == {'b.jsonl': (f'{tmp_path}/b', PICTURES)}


def test_kind_is_that_of_the_bytes_or_else_of_the_name(
    make_video: MakeFile, make_picture: MakeFile, tmp_path: Path
) -> None:
    make_video('in/walk.mp4', frames=1).rename(tmp_path / 'in/walk')
    make_picture('in/x/photo.png').rename(tmp_path / 'in/x/photo')
    make_video('in/y/walk.mp4', frames=1).rename(tmp_path / 'in/y/walk.png')
    (tmp_path / 'in/broken.mp4').write_bytes(b'garbage')  # must be said, not left out
    assert {result: kind for result, (_, kind) in found(tmp_path / 'in').items()} == {
        'walk.jsonl': VIDEO,
        'x.jsonl': PICTURES,
        'y/walk.png.jsonl': VIDEO,
        'broken.mp4.jsonl': VIDEO,
    }


def test_bags_are_folders_with_metadata_and_files_by_their_names(
    make_picture: MakeFile, tmp_path: Path
) -> None:
    for name in ('day/walk/metadata.yaml', 'day/walk/walk_0.mcap', 'day/walk/walk_1.mcap'):
        path = make_picture(f'in/{name}.png')
        path.rename(path.with_suffix(''))
    metadata = tmp_path / 'in/day/walk/metadata.yaml'
    metadata.write_text('rosbag2_bagfile_information:\n  version: 9\n')
    make_picture('in/day/walk/camera/img.png')
    (tmp_path / 'in/day/walk/camera/metadata.yaml').write_text('license: CC0\n')  # of no bag
    (tmp_path / 'in/alone.mcap').write_bytes(b'garbage')
    (tmp_path / 'in/old.db3.zstd').write_bytes(b'garbage')
    assert {result: kind for result, (_, kind) in found(tmp_path / 'in').items()} == {
        'day/walk.bag': BAG,
        'day/walk/camera.jsonl': PICTURES,
        'alone.mcap.bag': BAG,
        'old.db3.zstd.bag': BAG,
    }
    (bag,) = [item for item in find_items([str(tmp_path / 'in/day/walk')]) if item.kind == BAG]
    assert (bag.name, bag.result) == (f'{tmp_path}/in/day/walk', 'walk.bag')
    assert bag.files == ('metadata.yaml', 'walk_0.mcap', 'walk_1.mcap')


def test_pipe_in_a_folder_is_told_and_left_out(tmp_path: Path) -> None:
    (tmp_path / 'a.png').write_bytes(b'\x89PNG\r\n\x1a\n')
    os.mkfifo(tmp_path / 'b.png')
    lines: list[str] = []
    (item,) = find_items([str(tmp_path)], tell=lines.append)
    assert item.files == ('a.png',)
    assert lines == [f'{tmp_path}/b.png is no file but a pipe or a device, and left out']


def test_folder_of_the_results_is_not_looked_into(make_video: MakeFile, tmp_path: Path) -> None:
    make_video('in/walk.mp4', frames=1)
    make_video('in/out/drawn.mp4', frames=1)
    assert list(found(tmp_path / 'in', without=tmp_path / 'in/out')) == ['walk.mp4.jsonl']


def test_bags_that_are_results_are_no_inputs(make_video: MakeFile, tmp_path: Path) -> None:
    """Results may lie beside what they are of; the next run would look for people in them."""
    make_video('in/walk.mp4', frames=1)
    for folder in ('drive.bag', 'drive.bag.partial', 'drive.bag.part', 'own.bag'):
        (tmp_path / 'in' / folder).mkdir()
        (tmp_path / 'in' / folder / 'a.mcap').write_bytes(b'\x89MCAP0\r\n')
    (tmp_path / 'in/drive.bag.done.json').write_text('{}')
    assert set(found(tmp_path / 'in')) == {'own.bag/a.mcap.bag', 'walk.mp4.jsonl'}


def test_links_are_followed_once(make_video: MakeFile, tmp_path: Path) -> None:
    make_video('elsewhere/walk.mp4', frames=1)
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/a').symlink_to(tmp_path / 'elsewhere')
    (tmp_path / 'elsewhere/circle').symlink_to(tmp_path / 'in')
    assert list(found(tmp_path / 'in')) == ['a/walk.mp4.jsonl']


def test_two_inputs_of_one_result_are_refused(make_video: MakeFile, tmp_path: Path) -> None:
    make_video('a/day/walk.mp4', frames=1)
    make_video('b/day/walk.mp4', frames=1)
    with pytest.raises(ParameterError, match=r'a/day/walk.mp4 and .*b/day/walk.mp4 would have'):
        found(tmp_path / 'a', tmp_path / 'b')
    assert len(found(tmp_path)) == 2


NOTHING = [  # what there is, what is said
    ('gone', 'cannot read .*gone: No such file'),
    ('empty', 'empty has no videos, no pictures and no bags'),
    ('empty/notes.txt', 'is neither a picture nor a video nor a bag'),
]


@pytest.mark.parametrize(('name', 'says'), NOTHING)
def test_input_without_anything_is_refused(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'empty/notes.txt').write_text('nothing')
    with pytest.raises(SourceError, match=says):
        found(tmp_path / name)


def test_stamp_changes_with_the_file(make_video: MakeFile, make_picture: MakeFile) -> None:
    video, picture = make_video('a/walk.mp4', frames=1), make_picture('b/photo.png')
    for path, top in ((video, video), (picture, picture.parent)):
        (before,) = find_items([str(top)])
        path.write_bytes(path.read_bytes() + b'more')
        (after,) = find_items([str(top)])
        assert before.stamp != after.stamp


def test_biggest_come_first(make_video: MakeFile, tmp_path: Path) -> None:
    for name, frames in (('a', 2), ('b', 9), ('c', 4)):
        make_video(f'in/{name}.mp4', frames=frames)
    items = biggest_first(find_items([str(tmp_path / 'in')]))
    assert [item.result[0] for item in items] == ['b', 'c', 'a']


def test_address_needs_fsspec_and_what_speaks_it() -> None:
    with pytest.raises(OpenPoseError, match='nowhere://bucket'):
        find_items(['nowhere://bucket'])


def test_input_that_is_named_twice_is_told(make_video: MakeFile, tmp_path: Path) -> None:
    video = make_video('in/walk.mp4', frames=1)
    with pytest.raises(ParameterError, match=r'walk\.mp4 is in the inputs twice; name it once'):
        found(video, video)
