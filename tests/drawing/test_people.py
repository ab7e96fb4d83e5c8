"""Drawing people: what is drawn lies where it belongs, and odd input draws nothing worse."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.drawing import draw_people
from openpose_ros.errors import FrameError, ParameterError
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

Image = npt.NDArray[Any]
SKELETON = load_skeleton('coco_18')


def frame(value: int = 128, size: tuple[int, int] = (640, 480)) -> Image:
    return np.full((size[1], size[0], 3), value, np.uint8)


def people_of(*persons: dict[str, tuple[float, float, float]]) -> People:
    keypoints = np.full((len(persons), 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for person, found in zip(keypoints, persons):
        for name, row in found.items():
            person[SKELETON.index(name)] = row
    scores = np.linspace(0.9, 0.5, len(persons), dtype=np.float32)
    return People(keypoints, scores, SKELETON)


def colour_of(name: str) -> tuple[int, ...]:
    """Return a keypoint's colour in the order of a frame: blue, green, red."""
    return SKELETON.colours[SKELETON.index(name)][::-1]


def changed(image: Image, ground: int = 128) -> Image:
    """Return the box x_min, y_min, x_max, y_max of all pixels that are not the ground's."""
    rows, columns = np.nonzero((image != ground).any(axis=2))
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()])


ARM = {'left_shoulder': (100, 100, 0.9), 'left_elbow': (220, 100, 0.9)}


def test_draw_people_draws_into_the_frame_and_returns_it() -> None:
    image = frame()
    assert draw_people(image, people_of(ARM)) is image
    assert (image != 128).any()


def test_draw_people_limb_has_the_colour_of_its_end() -> None:
    image = draw_people(frame(), people_of(ARM))
    assert tuple(image[100, 160]) == colour_of('left_elbow')
    assert tuple(image[100, 100]) == colour_of('left_shoulder')  # the joint, over the limb
    x_min, y_min, x_max, y_max = changed(image)
    assert 90 <= x_min < 100 < 220 < x_max <= 230
    assert 90 <= y_min < 100 < y_max <= 110


@pytest.mark.parametrize('ground', [0, 255])
def test_draw_people_stands_out_from_any_ground(ground: int) -> None:
    """Across a limb there is a step of brightness, on black as on white."""
    image = draw_people(frame(ground), people_of(ARM))
    across = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[90:111, 160].astype(int)
    assert np.ptp(across) > 100


def test_draw_people_limb_needs_both_ends() -> None:
    image = draw_people(frame(), people_of({'left_elbow': (100, 100, 0.9)}))
    x_min, y_min, x_max, y_max = changed(image)
    assert x_max - x_min < 12
    assert y_max - y_min < 12
    assert tuple(image[100, 100]) == colour_of('left_elbow')


def test_draw_people_limb_that_is_not_drawn_is_not() -> None:
    ends = {'left_shoulder': (100, 100, 0.9), 'left_ear': (220, 100, 0.9)}
    image = draw_people(frame(), people_of(ends))
    assert tuple(image[100, 160]) == (128, 128, 128)


def test_draw_people_render_threshold_is_of_keypoints() -> None:
    ends = {'left_shoulder': (100, 100, 0.9), 'left_elbow': (220, 100, 0.3)}
    image = draw_people(frame(), people_of(ends), render_threshold=0.3)
    assert changed(image)[2] < 120
    image = draw_people(frame(), people_of(ends), render_threshold=0.29)
    assert changed(image)[2] > 220


def test_draw_people_missing_keypoint_is_not_drawn_at_threshold_zero() -> None:
    nowhere = {'left_elbow': (0, 0, 0)}
    assert (draw_people(frame(), people_of(nowhere), render_threshold=0) == 128).all()


def test_draw_people_best_is_on_top() -> None:
    best, other = {'nose': (100, 100, 0.9)}, {'neck': (100, 100, 0.9)}
    image = draw_people(frame(), people_of(best, other))
    assert tuple(image[100, 100]) == colour_of('nose')


def test_draw_people_thickness_grows_with_the_person() -> None:
    def thickness(length: float) -> int:
        ends = {'left_shoulder': (20, 100, 1), 'left_elbow': (20 + length, 100, 1)}
        image = draw_people(frame(), people_of(ends))
        return int((image[:, int(20 + length / 2)] != 128).any(axis=1).sum())

    assert thickness(40) < thickness(300) < thickness(560) < 20


def test_draw_people_positions_are_sub_pixel() -> None:
    """The centre of gravity of a joint is where it was said to be."""
    for x, y in ((100.0, 100.0), (100.25, 100.5), (100.75, 99.5)):
        image = draw_people(frame(0), people_of({'nose': (x, y, 1)})).max(axis=2).astype(float)
        weights = image / image.sum()
        rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
        assert (weights * columns).sum() == pytest.approx(x, abs=0.13)
        assert (weights * rows).sum() == pytest.approx(y, abs=0.13)


def test_draw_people_nobody_changes_nothing() -> None:
    assert (draw_people(frame(), People.empty(SKELETON), labels=True) == 128).all()
    assert (draw_people(frame(), people_of({}, {}), labels=True) == 128).all()


anywhere = st.one_of(
    st.floats(-50, 700), st.sampled_from([np.nan, np.inf, -np.inf, 1e30, -1e30, 2**31, -(2**15)])
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(anywhere, anywhere, st.floats(0, 1)), min_size=18, max_size=18),
    st.sampled_from([(640, 480), (1, 1), (3, 200), (200, 3)]),
)
def test_draw_people_anywhere_is_safe(
    rows: list[tuple[float, float, float]], size: tuple[int, int]
) -> None:
    people = People(np.array([rows], np.float32), np.ones(1, np.float32), SKELETON)
    draw_people(frame(size=size), people, labels=True)


def test_draw_people_limb_that_leaves_the_frame_is_drawn_up_to_its_edge() -> None:
    ends = {'left_shoulder': (600, 100, 1), 'left_elbow': (700, 100, 1)}
    image = draw_people(frame(), people_of(ends))
    assert tuple(image[100, 639]) == colour_of('left_elbow')


@pytest.mark.parametrize('place', [(320, 240), (0, 0), (639, 479), (-50, 240)])
def test_draw_people_labels_are_readable_inside_the_frame(place: tuple[float, float]) -> None:
    people = people_of({'nose': (*place, 0.9)})
    plain, labelled = draw_people(frame(), people), draw_people(frame(), people, labels=True)
    x_min, y_min, x_max, y_max = changed(128 + (plain != labelled).astype(np.uint8))
    assert 25 < x_max - x_min < 120
    assert 10 < y_max - y_min < 40
    written = labelled[y_min : y_max + 1, x_min : x_max + 1]
    assert (written > 200).all(axis=2).sum() > 20


def test_draw_people_writes_ids_of_who_has_one() -> None:
    people = people_of({'nose': (320, 240, 0.9)})
    plain = draw_people(frame(), people)
    unknown = draw_people(frame(), replace(people, ids=('',)))
    assert (unknown == plain).all()
    images = [
        draw_people(frame(), replace(people, ids=ids), labels=labels)
        for ids in (('kqf1',), ('kqf2',), ())
        for labels in (False, True)
    ]
    assert len({image.tobytes() for image in images}) == 6
    written = (images[0] != plain).any(axis=2)
    assert (images[0][written] > 200).all(axis=1).sum() > 20


def test_draw_people_into_a_part_of_a_picture() -> None:
    image = frame()
    draw_people(image[100:300, 100:400], people_of({'nose': (50, 50, 1)}))
    assert tuple(image[150, 150]) == colour_of('nose')


def test_draw_people_into_read_only_frame_names_the_way_out() -> None:
    image = frame()
    image.flags.writeable = False
    with pytest.raises(FrameError, match=r'pass frame\.copy\(\)'):
        draw_people(image, people_of(ARM))


def test_draw_people_takes_people_and_not_what_holds_them() -> None:
    people = people_of(ARM)
    held = SimpleNamespace(people=people)
    with pytest.raises(ParameterError, match=r'but must be People; pass its \.people$'):
        draw_people(frame(), held)  # type: ignore[arg-type]
    for other in (None, [], people[0], [people[0]], people.to_dict()):
        with pytest.raises(ParameterError, match=r'^the people are a \w+, but must be People; an'):
            draw_people(frame(), other)  # type: ignore[arg-type]


def test_draw_people_wants_numbers() -> None:
    for distances in (['near'], [None], 3):
        with pytest.raises(ParameterError, match=r'distances_m holds .*, but must be numbers'):
            draw_people(frame(), people_of(ARM), distances_m=distances)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"render_threshold holds \['low'\], but must be num"):
        draw_people(frame(), people_of(ARM), render_threshold='low')  # type: ignore[arg-type]


def test_draw_people_wants_a_distance_of_each() -> None:
    people = people_of(ARM, ARM)
    for distances in ([1.0], [1.0, 2.0, 3.0]):
        with pytest.raises(
            ParameterError, match=r'there are \d distances, but 2 people; give one'
        ):
            draw_people(frame(), people, distances_m=distances)
