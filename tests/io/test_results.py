"""Results land under their names, nothing is overwritten, and videos can be played."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files import Claims
from openpose_ros.io import Frame
from openpose_ros.io import results as results_module
from openpose_ros.io.pictures import Picture, read_picture
from openpose_ros.io.result_names import prepare_folder, stems_of, unique_stems
from openpose_ros.io.results import Results
from openpose_ros.io.video import Video, open_video
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

NOBODY = People.empty(load_skeleton('coco_18'))


def frame_of(name: str, size: tuple[int, int] = (64, 48), index: int = 0) -> Frame:
    width, height = size
    image = np.full((height, width, 3), 90, np.uint8)
    return Frame(image, name, index, index / 25, None if name.endswith('g') else 25.0)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


STEMS = [
    (['a', 'b'], ['a', 'b']),
    (['a', 'a', 'b', 'a'], ['a', 'a_2', 'b', 'a_3']),
    (['a', 'a', 'a_2'], ['a', 'a_3', 'a_2']),  # a_2 is somebody's own name
    (['a_2', 'a', 'a', 'a_2'], ['a_2', 'a', 'a_3', 'a_2_2']),
    ([], []),
]


@pytest.mark.parametrize(('given', 'expected'), STEMS)
def test_unique_stems_numbers_the_repeated(given: list[str], expected: list[str]) -> None:
    assert unique_stems(given) == expected


KEPT = [
    ('photo.png', 'photo.png'),
    ('photo.JPG', 'photo.jpg'),
    ('photo.tiff', 'photo.tiff'),
    ('photo.TIF', 'photo.tif'),
    ('photo.ppm', 'photo.ppm'),
    ('photo.jfif', 'photo.png'),
    ('photo.pgm', 'photo.png'),  # has no colours
    ('photo', 'photo.png'),
    ('photo.heic', 'photo.png'),
    ('été à 2.webp', 'été à 2.webp'),
    ('v1.2.png', 'v1.2.png'),
]


@pytest.mark.parametrize(('name', 'result'), KEPT)
def test_results_of_a_picture(tmp_path: Path, name: str, result: str) -> None:
    frame = Frame(frame_of('photo.png').image, name)
    with Results(tmp_path, Path(name).stem) as results:
        results.write(frame, frame.image, NOBODY)
    assert names_in(tmp_path) == sorted([result, f'{Path(name).stem}_keypoints.json'])
    assert np.abs(read_picture(tmp_path / result).astype(int) - 90).max() <= 2
    people = json.loads((tmp_path / f'{Path(name).stem}_keypoints.json').read_text())
    assert people == {'version': 1.3, 'people': []}


def test_results_of_a_video_can_be_played(tmp_path: Path) -> None:
    with Results(tmp_path, 'walk') as results:
        for index in range(5):
            frame = frame_of('walk.avi', index=index)
            results.write(frame, frame.image, NOBODY)
    assert names_in(tmp_path) == [
        'walk.mp4',
        *(f'walk_00000000000{index}_keypoints.json' for index in range(5)),
    ]
    video = open_video(str(tmp_path / 'walk.mp4'))
    assert (video.total, video.fps) == (5, 25.0)
    assert [frame.image.shape for frame in video.frames()] == [(48, 64, 3)] * 5


def test_results_of_a_video_that_does_not_end_go_on_in_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_module, '_MOST_FRAMES', 3)
    with Results(tmp_path, 'walk') as results:
        for index in range(7):
            frame = frame_of('walk.avi', index=index)
            results.write(frame, frame.image, NOBODY)
    videos = {path.name: open_video(str(path)).total for path in tmp_path.glob('*.mp4')}
    assert videos == {'walk.mp4': 3, 'walk_000000000003.mp4': 3, 'walk_000000000006.mp4': 1}


def test_results_of_a_video_are_finished_when_interrupted(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Results(tmp_path, 'walk') as results:
            frame = frame_of('walk.avi')
            results.write(frame, frame.image, NOBODY)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(list(open_video(str(tmp_path / 'walk.mp4')).frames())) == 1


def test_results_of_a_video_whose_frames_change_size(tmp_path: Path) -> None:
    with Results(tmp_path, 'odd') as results:
        for index, size in enumerate([(63, 47), (64, 48), (30, 60)]):
            frame = frame_of('odd.avi', size, index)
            results.write(frame, frame.image, NOBODY)
    assert open_video(str(tmp_path / 'odd.mp4')).total == 3


@pytest.mark.parametrize('size', [(1, 40), (8200, 4)])
def test_results_of_a_video_refuse_a_size_without_a_codec(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    frame = frame_of('huge.avi', size)
    with pytest.raises(OutputError, match=rf'huge\.mp4: frames of {size[0]}x{size[1]} pixels'):
        Results(tmp_path, 'huge').write(frame, frame.image, NOBODY)


def test_results_of_a_picture_that_the_format_cannot_hold(tmp_path: Path) -> None:
    frame = frame_of('wide.jpg', (70_000, 1))
    with pytest.raises(OutputError, match=r'cannot encode .*wide\.jpg'):
        Results(tmp_path, 'wide').write(frame, frame.image, NOBODY)


@pytest.mark.parametrize('name', ['photo.png', 'walk.avi'])
def test_results_name_a_folder_that_is_gone(tmp_path: Path, name: str) -> None:
    frame = frame_of(name)
    with pytest.raises(OutputError, match=rf'cannot write .*{Path(name).stem}\.(png|mp4)'):
        Results(tmp_path / 'gone', Path(name).stem).write(frame, frame.image, NOBODY)


def test_results_notice_a_video_that_was_lost(tmp_path: Path) -> None:
    frame = frame_of('walk.avi')
    results = Results(tmp_path, 'walk')
    results.write(frame, frame.image, NOBODY)
    next(
        tmp_path.glob('walk.mp4.*.part.mp4')
    ).unlink()  # what OpenCV writes from now on reaches nobody
    with pytest.raises(OutputError, match=r'walk\.mp4 is not whole: 0 of 1'):
        results.__exit__(None, None, None)


def test_stems_keep_clear_of_the_frames_of_a_video() -> None:
    video = Video('in/walk.avi', 25.0, 100)
    frame = Picture(Path('in/walk_000000000012.png'))
    assert stems_of([frame, video]) == ['walk_000000000012_2', 'walk']
    assert stems_of([frame, Picture(Path('walk.png'))]) == ['walk_000000000012', 'walk']
    # A second walk must not become walk_2 either, beside a frame of that name.
    other = Picture(Path('walk_2_000000000012.png'))
    assert stems_of([video, video, other]) == ['walk', 'walk_3', 'walk_2_000000000012']


def test_results_of_a_frame_never_go_to_another_result(tmp_path: Path) -> None:
    claims = Claims()
    claims.claim(tmp_path / 'walk_000000000000_keypoints.json')
    frame = frame_of('walk.avi')
    results = Results(tmp_path, 'walk', claims=claims)
    with pytest.raises(ParameterError, match='the same file, for two results'):
        results.write(frame, frame.image, NOBODY)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize('kind', ['hard', 'symbolic'])
@pytest.mark.parametrize('name', ['photo.png', 'photo_keypoints.json'])
def test_prepare_folder_protects_what_links_lead_to(
    tmp_path: Path, make_picture: Callable[..., Path], kind: str, name: str
) -> None:
    path = make_picture('in/photo.png')
    (tmp_path / 'out').mkdir()
    if kind == 'hard':
        os.link(path, tmp_path / 'out' / name)
    else:
        (tmp_path / 'out' / name).symlink_to(path)
    with pytest.raises(ParameterError, match=r'which this command reads'):
        prepare_folder(tmp_path / 'out', [Picture(path)])


def test_prepare_folder_makes_it(tmp_path: Path) -> None:
    prepare_folder(tmp_path / 'new/out', [])
    prepare_folder(tmp_path / 'new/out', [])
    assert names_in(tmp_path / 'new') == ['out']


def test_prepare_folder_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / 'out').touch()
    with pytest.raises(OutputError, match=r'cannot make the folder .*out: File exists'):
        prepare_folder(tmp_path / 'out', [])


def test_prepare_folder_protects_the_sources(
    make_picture: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_picture('photo.png')
    monkeypatch.chdir(path.parent)
    with pytest.raises(ParameterError, match=r'photo\.png lies in the folder .* another folder'):
        prepare_folder(path.parent, [Picture(Path('photo.png'))])
