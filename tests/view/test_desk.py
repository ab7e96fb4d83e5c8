"""Walking through pictures and videos, and turning thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from openpose_ros.parsing import PafParams
from tests.view.serving import Served, desk


@pytest.fixture
def picture(make_picture: Callable[..., Path]) -> Iterator[Served]:
    with desk([make_picture()]) as page:
        yield page


def people_of(facts: dict) -> int:  # type: ignore[type-arg]
    return len(facts['people'])


def test_a_picture_comes_with_its_people(picture: Served) -> None:
    with picture.viewer() as viewer:
        frame = viewer.wait('frame')
        assert people_of(frame) == 3
        assert frame['size'] == [64, 48]
        assert frame['index'] is None
        assert set(frame['times_ms']) == {'preprocess', 'infer', 'parse'}
        assert frame['blob'][: frame['jpeg']].startswith(b'\xff\xd8')
        about = viewer.facts[0]
        assert about['mode'] == 'desk'
        assert len(about['skeleton']['keypoints']) == len(frame['people'][0]['keypoints'])


def test_a_threshold_is_tried_on_the_kept_maps(picture: Served) -> None:
    with picture.viewer() as viewer:
        first = viewer.wait('frame')
        viewer.send(set={'max_people': 1})
        second = viewer.wait('frame')
        assert (people_of(first), people_of(second)) == (3, 1)
        assert second['jpeg'] == 0  # the picture is there already
        assert second['times_ms']['infer'] == first['times_ms']['infer']  # it did not run again
        status = next(facts for facts in viewer.facts[::-1] if facts['kind'] == 'status')
        assert status['values']['max_people'] == 1


@pytest.mark.parametrize(
    'values',
    [
        {'nms_window': 4},
        {'peak_threshold': 2},
        {'peak_threshold': '0.1'},
        {'paf_min_count': 20, 'max_people': 1},  # one of them is refused, so both are
        {'no_such': 1},
        {'score_threshold': 0.1},  # of another decoder
        {'min_parts': 19},  # more than the skeleton has
    ],
)
def test_a_refusal_is_told_and_the_old_values_are_kept(
    picture: Served, values: dict[str, object]
) -> None:
    with picture.viewer() as viewer:
        viewer.wait('frame')
        viewer.send(set=values)
        refused = viewer.wait('refused')
        assert next(iter(values)) in refused['text']
        assert '\n' not in refused['text']
    assert picture.host.params() == PafParams()


def test_what_one_viewer_sets_the_other_sees(picture: Served) -> None:
    with picture.viewer() as one, picture.viewer() as other:
        other.wait('frame')
        one.send(set={'max_people': 2})
        assert people_of(other.wait('frame')) == 2
        other.wait('status', lambda facts: facts['values']['max_people'] == 2)


def test_changed_parameters_are_copied(picture: Served) -> None:
    with picture.viewer() as viewer:
        viewer.send(set={'peak_threshold': 0.25, 'length_penalty': True})
        viewer.wait('done')
        viewer.send(copy='command')
        text = viewer.wait('copy')['text']
        assert text.startswith('openpose-ros estimate ')
        assert text.endswith('photo.png --peak-threshold 0.25 --length-penalty')
        viewer.send(copy='yaml')
        values = yaml.safe_load(viewer.wait('copy')['text'])['/**']['ros__parameters']
        assert values['peak_threshold'] == 0.25
        assert values['nms_window'] == 5


def test_a_video_plays_to_its_end_and_stays(make_video: Callable[..., Path]) -> None:
    with desk([make_video(frames=5, fps=50.0)]) as page, page.viewer() as viewer:
        last = viewer.wait('frame', lambda facts: facts['index'] == 4)
        viewer.wait('status', lambda facts: facts['paused'])
        viewer.send(play=0)  # from the start
        again = viewer.wait('frame', lambda facts: facts['number'] == last['number'] + 5)
        assert again['index'] == 4


def test_a_video_pauses_steps_and_seeks(make_video: Callable[..., Path]) -> None:
    with desk([make_video(frames=30, fps=0.5)]) as page, page.viewer() as viewer:
        viewer.send(pause=0)
        status = viewer.wait('status', lambda facts: facts['paused'])
        assert {'pause', 'play', 'seek', 'step'} <= set(status['can'])
        assert status['total'] == 30
        viewer.send(seek=12)
        viewer.wait('frame', lambda facts: facts['index'] == 12)
        viewer.send(step=1)
        assert viewer.wait('frame')['index'] == 13
        viewer.send(step=-1)
        assert viewer.wait('frame')['index'] == 12
        viewer.send(seek=9999)
        assert viewer.wait('frame')['index'] == 29
        viewer.send(seek=-5)
        assert viewer.wait('frame')['index'] == 0


def test_every_frame_of_a_video_that_is_wanted_is_shown(make_video: Callable[..., Path]) -> None:
    path = make_video(frames=12, fps=50.0)
    with desk([path], start=2, every=4) as page, page.viewer() as viewer:
        last = viewer.wait('frame', lambda facts: facts['index'] == 10)
        assert last['number'] == 2  # after those of the numbers 2 and 6


def test_sources_are_walked_through(
    make_picture: Callable[..., Path], make_video: Callable[..., Path]
) -> None:
    paths = [make_picture('a.png', (40, 30)), make_video('b.mp4', frames=3), make_picture('c.png')]
    with desk(paths) as page, page.viewer() as viewer:
        assert viewer.wait('frame')['size'] == [40, 30]
        viewer.send(go=2)
        viewer.wait('frame', lambda facts: facts['name'].endswith('c.png'))
        status = viewer.wait('status', lambda facts: facts['place'] == 2)
        assert status['places'] == 3
        viewer.send(go=1)
        viewer.wait('frame', lambda facts: facts['name'].endswith('b.mp4'))
        viewer.send(go=3)
        assert 'there is no source 3' in viewer.wait('refused')['text']


def test_a_source_that_cannot_be_read_is_told_and_the_next_one_shown(
    make_picture: Callable[..., Path], tmp_path: Path
) -> None:
    broken = make_picture('broken.png')
    paths = [broken, make_picture('whole.png')]
    said: list[str] = []
    broken.write_bytes(broken.read_bytes()[:60])
    with desk(paths, say=said.append) as page, page.viewer() as viewer:
        status = viewer.wait('status', lambda facts: facts['line'] != '')
        assert 'broken.png' in status['line']
        viewer.send(go=1)
        viewer.wait('frame', lambda facts: facts['name'].endswith('whole.png'))
        viewer.wait('status', lambda facts: facts['line'] == '')
    assert len(said) == 1


def test_people_of_a_video_keep_their_ids_until_it_is_sought_in(
    make_video: Callable[..., Path],
) -> None:
    from openpose_ros.tracking import Tracker

    path = make_video(frames=300, fps=10.0)
    with desk([path], tracker=Tracker) as page, page.viewer() as viewer:
        viewer.send(pause=0)
        index = viewer.wait('status', lambda facts: facts['paused'])['index']
        ids = []
        for step in range(1, 6):
            viewer.send(step=1)
            frame = viewer.wait('frame', lambda facts, n=index + step: facts['index'] == n)
            ids.append([person['id'] for person in frame['people']])
        assert ids[-2] == ids[-1]
        assert all(ids[-1])
        viewer.send(seek=0)
        first = viewer.wait('frame', lambda facts: facts['index'] == 0)
        assert not {person['id'] for person in first['people']} & set(ids[-1])


def test_layers_are_of_the_networks_maps(picture: Served) -> None:
    with picture.viewer() as viewer:
        frame = viewer.wait('frame')
        assert 'layers' not in frame
        viewer.send(layers={'heatmap': 0, 'paf': 3, 'peaks': True, 'refused': True})
        facts = viewer.wait('frame', lambda f: 'layers' in f)
        layers, data = facts['layers'], facts['blob'][facts['jpeg'] :]
        width, height = layers['grid']['size']
        assert (layers['heatmap'], layers['paf']) == (0, 3)
        heatmap = np.frombuffer(data, np.uint8, width * height).reshape(height, width)
        field = np.frombuffer(data, np.int8, offset=width * height)
        assert field.size == 2 * width * height
        # The strongest cell lies where a nose was found.
        row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
        place = np.array(layers['grid']['origin']) + np.array(layers['grid']['cell']) * (
            column,
            row,
        )
        noses = np.array([person['keypoints'][0][:2] for person in facts['people']])
        assert np.abs(noses - place).max(axis=1).min() <= max(layers['grid']['cell'])
        peaks = [peak for peak in layers['peaks'] if peak[0] == 0]
        assert len(peaks) == 3
        assert layers['refused'] == len(layers['limbs']) > 0
        assert {limb[6] for limb in layers['limbs']} <= {'gap', 'too_few_samples'}


def test_a_brought_picture_takes_the_place_of_the_last_one(picture: Served) -> None:
    import cv2

    def png(side: int) -> bytes:
        return cv2.imencode('.png', np.zeros((side, side, 3), np.uint8))[1].tobytes()

    with picture.viewer() as viewer:
        for side in (20, 30):
            assert picture.bring(png(side)).status == 200
            viewer.wait('frame', lambda facts, side=side: facts['size'] == [side, side])
        status = viewer.wait('status', lambda facts: facts['places'] == 2)
        assert status['place'] == 1
        viewer.send(go=0)
        viewer.wait('frame', lambda facts: facts['size'] == [64, 48])


def test_a_rotated_frame_is_shown_upright(make_picture: Callable[..., Path]) -> None:
    with desk([make_picture(size=(64, 48))], rotate=90) as page, page.viewer() as viewer:
        assert viewer.wait('frame')['size'] == [48, 64]
