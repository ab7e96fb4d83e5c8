"""The annotated image: the message's people, on the picture, at any scale."""

from __future__ import annotations

import numpy as np
import pytest

from openpose_ros.drawing import draw_people
from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.people import People
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.visualization import VISUALIZATION, Visualization, annotated
from openpose_ros.skeletons import load_skeleton
from tests.ros.fakes import TYPES, FakeTransport, header
from tests.ros.messages.scenes import persons_of, some_people, somewhere

SKELETON = load_skeleton('coco_18')


def somebody() -> People:
    keypoints = scatter_people(1, SKELETON, (200, 300))
    return People(keypoints, np.ones(1, np.float32), SKELETON)


def grey() -> np.ndarray:
    return np.full((200, 300, 3), 128, np.uint8)


def test_people_are_drawn_on_a_copy() -> None:
    frame = grey()
    frame.flags.writeable = False  # as a message's own memory
    picture = annotated(frame, somebody(), scale=1.0, render_threshold=0.05)
    np.testing.assert_array_equal(picture, draw_people(grey(), somebody()))
    assert (picture != 128).any()


@pytest.mark.parametrize('scale', [0.5, 0.29, 0.05])
def test_people_keep_their_place_when_scaled(scale: float) -> None:
    picture = annotated(grey(), somebody(), scale=scale, render_threshold=0.05)
    assert picture.shape == (round(200 * scale), round(300 * scale), 3)
    rows, columns = np.nonzero((picture != 128).any(axis=2))
    found = somebody().keypoints[0, :, :2]
    low, high = found.min(axis=0), found.max(axis=0)
    drawn_low = (np.array([columns.min(), rows.min()]) + 0.5) / scale - 0.5
    drawn_high = (np.array([columns.max(), rows.max()]) + 0.5) / scale - 0.5
    margin = 5 / scale  # of a joint, its outline and the anti-aliasing
    np.testing.assert_allclose(drawn_low, low, atol=margin)
    np.testing.assert_allclose(drawn_high, high, atol=margin)


def test_one_column_stays_a_picture() -> None:
    frame = np.full((200, 8, 3), 128, np.uint8)
    picture = annotated(frame, People.empty(SKELETON), scale=0.05, render_threshold=0.05)
    assert picture.shape == (10, 1, 3)


def test_threshold_hides_keypoints() -> None:
    people = somebody()
    people.keypoints[..., 2] = 0.3
    assert (annotated(grey(), people, scale=1.0, render_threshold=0.4) == 128).all()


def test_raw_and_compressed_show_the_same() -> None:
    transport = FakeTransport()
    transport.watched = set(VISUALIZATION)
    persons = persons_message(TYPES, somebody(), header(), (300, 200))
    params = NodeParams(annotated_scale=0.5)
    Visualization(transport).publish(grey(), somebody(), persons, params, None)
    assert [output for output, _ in transport.published] == list(VISUALIZATION)
    (raw,), (compressed,), (markers,) = map(transport.of, VISUALIZATION)
    assert (raw.width, raw.height) == (150, 100)
    difference = decode_image(raw).astype(int) - decode_image(compressed)
    assert np.abs(difference).mean() < 6
    assert raw.header is compressed.header is markers.markers[0].header is persons.header


def test_markers_of_who_went_are_deleted() -> None:
    transport = FakeTransport()
    transport.watched = {'markers'}
    visualization = Visualization(transport)
    shown = []
    for ids in (('kqf1', 'kqf2'), ('kqf2',), ('kqf2',)):
        people = some_people(*ids)
        persons = persons_of(people, somewhere(people))
        visualization.publish(grey(), people, persons, NodeParams(), None)
        markers = transport.of('markers')[-1].markers
        shown.append({one.id: one.action for one in markers if one.id})
    assert shown == [{1: 0, 2: 0}, {1: 2, 2: 0}, {2: 0}]


def test_picture_says_how_far_people_are() -> None:
    transport = FakeTransport()
    transport.watched = {'image_annotated'}
    people = some_people('kqf1')
    people.keypoints[..., :2] /= 3  # into the picture
    persons = persons_of(people, somewhere(people), hidden=('kqf7',))
    Visualization(transport).publish(grey(), people, persons, NodeParams(), None)
    expected = draw_people(grey(), people, distances_m=[np.sqrt(0.25**2 + 0.5**2 + 1)])
    np.testing.assert_array_equal(decode_image(transport.of('image_annotated')[0]), expected)
    assert (expected != draw_people(grey(), people)).any()
