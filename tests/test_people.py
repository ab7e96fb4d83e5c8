"""People: boxes, dictionaries, nobody."""

from __future__ import annotations

from dataclasses import fields, replace
import json
import pickle
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openpose_ros.errors import LibraryError, ParameterError, SkeletonError
from openpose_ros.people import People, Person, people_found
from openpose_ros.skeletons import load_skeleton

SKELETON = load_skeleton('coco_18')


def one_person(**found: tuple[float, float, float]) -> People:
    """Return one person of whom these keypoints were found."""
    keypoints = np.full((1, 18, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for name, row in found.items():
        keypoints[0, SKELETON.index(name)] = row
    return People(keypoints, np.array([0.75], np.float32), SKELETON)


def test_people_found_are_as_others() -> None:
    whole = one_person(nose=(1, 2, 0.5))
    people = people_found(whole.keypoints, whole.scores, SKELETON, 3)
    expected = replace(whole, overflow=3)
    for copied in people, pickle.loads(pickle.dumps(people)), replace(people):
        assert copied.to_dict() == expected.to_dict()
        for field in fields(People)[2:]:
            assert getattr(copied, field.name) == getattr(expected, field.name)
    with pytest.raises(AttributeError):
        people.overflow = 0  # type: ignore[misc]


def test_ids_are_of_each_person_and_unknown_until_somebody_tells() -> None:
    people = People(np.zeros((2, 18, 3), np.float32), np.ones(2, np.float32), SKELETON)
    assert people.known_ids == ('', '')
    assert people[1].id == ''
    tracked = replace(people, ids=('kqf1', ''))
    assert [person.id for person in tracked] == ['kqf1', '']
    assert tracked[:1].ids == ('kqf1',)
    assert [person['id'] for person in tracked.to_dict()['people']] == ['kqf1', '']


def test_empty_has_shapes_and_skeleton() -> None:
    nobody = People.empty(SKELETON)
    assert len(nobody) == 0
    assert nobody.keypoints.shape == (0, 18, 3)
    assert nobody.scores.shape == (0,)
    assert nobody.keypoints.dtype == nobody.scores.dtype == np.float32
    assert nobody.overflow == 0
    assert nobody.bounding_boxes().shape == (0, 4)
    assert nobody.to_dict() == {'skeleton': 'coco_18', 'people': []}


def test_len_counts_people() -> None:
    assert len(one_person(nose=(1, 2, 0.5))) == 1


def test_bounding_boxes_span_found_keypoints() -> None:
    people = one_person(nose=(10, 40, 0.9), neck=(30, 20, 0.1), left_ear=(25, 90, 0.5))
    np.testing.assert_array_equal(people.bounding_boxes(), [[10, 20, 20, 70]])


def test_bounding_boxes_of_one_keypoint_have_no_extent() -> None:
    np.testing.assert_array_equal(
        one_person(nose=(10, 40, 0.9)).bounding_boxes(), [[10, 40, 0, 0]]
    )


def test_bounding_boxes_without_keypoint_are_nan() -> None:
    assert np.isnan(one_person().bounding_boxes()).all()


def test_to_dict_is_plain_json() -> None:
    people = one_person(nose=(10.25, 40.5, 0.9))
    entry = people.to_dict()
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    (person,) = entry['people']
    assert person['id'] == ''
    assert person['score'] == 0.75
    assert person['keypoints'][SKELETON.index('nose')] == [10.25, 40.5, 0.9]
    missing = [row for index, row in enumerate(person['keypoints']) if index]
    assert missing == [[None, None, 0]] * 17


def test_to_dict_rounds_to_what_a_reader_can_use() -> None:
    row = one_person(nose=(1 / 3, 2 / 3, 1 / 7)).to_dict()['people'][0]['keypoints'][0]
    assert row == [0.333, 0.667, 0.1429]


def test_people_are_frozen() -> None:
    with pytest.raises(AttributeError):
        People.empty(SKELETON).overflow = 3  # type: ignore[misc]


def two_people() -> People:
    first = one_person(nose=(10.5, 40, 0.9), neck=(30, 20, 0.1))
    second = one_person(nose=(1, 2, 1))
    return People(
        np.concatenate([first.keypoints, second.keypoints]),
        np.array([0.75, 0.25], np.float32),
        SKELETON,
    )


def test_people_are_one_after_the_other() -> None:
    people = two_people()
    assert [person.score for person in people] == [0.75, 0.25]
    for index, person in enumerate(people):
        assert isinstance(person, Person)
        assert person.skeleton is SKELETON
        np.testing.assert_array_equal(person.keypoints, people.keypoints[index])
        assert person.keypoints.shape == (18, 3)
    assert list(People.empty(SKELETON)) == []


def test_a_person_by_number() -> None:
    people = two_people()
    assert people[0].score == people[np.int64(-2)].score == 0.75
    assert people[-1].score == 0.25
    assert np.shares_memory(people[1].keypoints, people.keypoints)
    for place in (2, -3):
        with pytest.raises(IndexError, match=f'no person {place}: there are 2 people'):
            people[place]
    with pytest.raises(TypeError):
        people['nose']  # type: ignore[call-overload]


def test_a_slice_of_people_is_people() -> None:
    best = two_people()[:1]
    assert isinstance(best, People)
    assert (len(best), best.skeleton, best.scores.tolist()) == (1, SKELETON, [0.75])


def test_those_of_whom_something_is_true_are_people() -> None:
    scores = np.array([0.9, 0.6, 0.3], np.float32)
    rows = np.zeros((3, 18, 3), np.float32)
    hands = np.ones((3, 21, 3), np.float32)
    people = People(rows, scores, SKELETON, ids=('a1', 'a2', ''), left_hands=hands)
    some = people[people.scores > 0.5]
    assert (some.scores.tolist(), some.ids) == (scores[:2].tolist(), ('a1', 'a2'))
    assert people[[2, 0]].ids == people[np.array([2, 0])].ids == ('', 'a1')
    assert people[[2, 0]].left_hands.shape == (2, 21, 3)  # type: ignore[union-attr]
    assert len(people[[]]) == len(people[people.scores > 1]) == 0
    assert people[np.array(1)].id == 'a2'
    with pytest.raises(IndexError):
        people[[3]]


def test_people_of_other_numbers_become_float32() -> None:
    people = People([[[1, 2, 0.5]] * 18], [1], SKELETON)  # type: ignore[arg-type]
    assert people.keypoints.dtype == people.scores.dtype == np.float32
    assert people.bounding_boxes().tolist() == [[1, 2, 0, 0]]
    kept = np.zeros((1, 18, 3), np.float32)
    assert People(kept, np.ones(1, np.float32), SKELETON).keypoints is kept


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        (
            {'keypoints': np.zeros((2, 17, 3))},
            r'shape \(2, 17, 3\), but must have \(2, 18, 3\): 2',
        ),
        ({'keypoints': np.zeros((2, 18, 2))}, r'keypoints of people have shape \(2, 18, 2\)'),
        ({'keypoints': None}, 'keypoints of people have shape'),
        ({'keypoints': 'two'}, 'keypoints of people are a str, but must be a NumPy array'),
        ({'scores': [1]}, r'scores of people have shape \(1,\), but must have \(2,\)'),
        ({'ids': ('a1',)}, 'there are 1 ids of 2 people; give one for each, or none'),
        ({'faces': np.zeros((2, 21, 3))}, r'faces of people have shape .* must have \(2, 70, 3\)'),
    ],
)
def test_people_whose_fields_do_not_go_together(fields: dict[str, Any], message: str) -> None:
    given = {'keypoints': np.zeros((2, 18, 3)), 'scores': [1, 1], 'skeleton': SKELETON, **fields}
    with pytest.raises(ParameterError, match=message):
        People(**given)


def test_people_of_a_name_are_none() -> None:
    with pytest.raises(
        SkeletonError, match=r"is a str, but must be a Skeleton; load_skeleton\('co"
    ):
        People(np.zeros((2, 18, 3)), np.ones(2), 'coco_18')  # type: ignore[arg-type]


def test_reprs_are_one_line() -> None:
    people = two_people()
    assert repr(people) == '<People: 2 people, skeleton coco_18, scores 0.75, 0.25>'
    assert repr(people[0]) == '<Person: score 0.75, 2 of 18 keypoints of coco_18>'
    assert repr(People.empty(SKELETON)) == '<People: 0 people, skeleton coco_18>'
    crowd = People(np.zeros((50, 18, 3), np.float32), np.ones(50, np.float32), SKELETON)
    assert repr(crowd).endswith('scores 1.00, 1.00, 1.00, 1.00, 1.00, …>')


def test_a_person_is_frozen() -> None:
    with pytest.raises(AttributeError):
        two_people()[0].score = 1.0  # type: ignore[misc]


def test_people_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(two_people()))
    assert again.skeleton == SKELETON
    np.testing.assert_array_equal(again.keypoints, two_people().keypoints)


def test_to_dataframe_has_a_row_for_each_keypoint_that_was_found() -> None:
    pytest.importorskip('pandas')
    table = two_people().to_dataframe()
    columns = ['person', 'id', 'person_score', 'keypoint', 'x', 'y', 'score']
    assert list(table.columns) == columns
    assert table['id'].tolist() == ['', '', '']
    named = replace(two_people(), ids=('kqf1', 'kqf2')).to_dataframe()
    assert named['id'].tolist() == ['kqf1', 'kqf1', 'kqf2']
    assert table['person'].tolist() == [0, 0, 1]
    assert table['keypoint'].tolist() == ['nose', 'neck', 'nose']
    assert table['x'].tolist() == [10.5, 30, 1]
    assert table['person_score'].tolist() == [0.75, 0.75, 0.25]
    assert len(People.empty(SKELETON).to_dataframe()) == 0


def test_to_supervision_is_drawn_by_its_annotators() -> None:
    supervision = pytest.importorskip('supervision')
    points = two_people().to_supervision()
    assert points.xy.shape == (2, 18, 2)
    assert points.class_id.tolist() == [0, 0]
    assert points.keypoint_confidence[1].tolist() == [1] + 17 * [0]
    picture = np.zeros((60, 60, 3), np.uint8)
    drawn = supervision.VertexAnnotator(radius=1).annotate(picture, points)
    assert drawn[40, 10].any()  # the nose
    assert not drawn[0, 0].any()  # where missing ones are
    assert len(People.empty(SKELETON).to_supervision()) == 0


@pytest.mark.parametrize('name', ['keypoint_confidence', 'confidence'])
def test_to_supervision_gives_what_each_version_calls_its_own(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their field was renamed; of the library, only its names matter here."""

    def keypoints(**fields: object) -> SimpleNamespace:
        return SimpleNamespace(**fields)

    keypoints.__dataclass_fields__ = {name: None}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, 'supervision', SimpleNamespace(KeyPoints=keypoints))
    points = two_people().to_supervision()
    np.testing.assert_array_equal(getattr(points, name)[:, 0], np.float32([0.9, 1]))
    np.testing.assert_array_equal(points.xy[0, :3], [[10.5, 40], [30, 20], [0, 0]])
    assert points.xy.dtype == np.float32


@pytest.mark.parametrize('library', ['pandas', 'supervision'])
def test_a_library_that_is_missing_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    convert = {'pandas': People.to_dataframe, 'supervision': People.to_supervision}[library]
    with pytest.raises(LibraryError, match=f'needs {library}, .*; pip install {library}') as found:
        convert(two_people())
    assert isinstance(found.value, ImportError)
    assert found.value.name == library
