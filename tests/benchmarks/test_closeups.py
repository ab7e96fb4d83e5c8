"""The close-ups that `benchmarks.closeups` cuts, and what it counts on them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip('pycocotools')
from benchmarks.closeups import SIDE, WIDTHS, close_ups, found_of
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton

NAMES = list(load_skeleton('coco_17').keypoint_names)
SEEN = {
    'nose': (300, 140),
    'left_shoulder': (360, 200),
    'right_shoulder': (240, 200),
    'left_ankle': (300, 470),
}


def annotated(folder: Path, joints: dict[str, tuple[int, int]], **more: Any) -> dict[str, Any]:
    """Write a black picture with a white dot on each joint, and return its annotations."""
    picture = np.zeros((480, 640, 3), np.uint8)
    flat = [0] * (3 * len(NAMES))
    for name, (x, y) in joints.items():
        cv2.circle(picture, (x, y), 4, (255, 255, 255), -1)
        flat[3 * NAMES.index(name) : 3 * NAMES.index(name) + 3] = x, y, 2
    assert cv2.imwrite(str(folder / 'one.png'), picture)
    return {
        'images': [{'id': 7, 'file_name': 'one.png'}],
        'annotations': [{'image_id': 7, 'keypoints': flat, **more}],
    }


def test_joints_of_a_close_up_are_where_they_are_on_it(tmp_path: Path) -> None:
    views = list(close_ups(tmp_path, annotated(tmp_path, SEEN), NAMES))

    assert [view.width for view in views] == list(WIDTHS)
    for view in views:
        assert view.picture.shape == (SIDE, SIDE, 3)
        ends = view.joints[[NAMES.index('left_shoulder'), NAMES.index('right_shoulder')], :2]
        assert np.hypot(*(ends[0] - ends[1])) == pytest.approx(view.width)
        shown = view.joints[view.joints[:, 2] > 0]
        for x, y, _ in shown:
            assert view.picture[round(y), round(x)].min() > 200
        assert view.joints[NAMES.index('left_wrist'), 2] == 0
    ankle = NAMES.index('left_ankle')
    assert [view.joints[ankle, 2] > 0 for view in views] == [False, False, False]


@pytest.mark.parametrize(
    ('joints', 'more'),
    [
        ({'nose': (300, 100), 'left_shoulder': (360, 200)}, {}),
        ({**SEEN, 'right_shoulder': (340, 200)}, {}),
        (SEEN, {'iscrowd': 1}),
    ],
    ids=['one shoulder', 'too small', 'a crowd'],
)
def test_who_cannot_be_cut_out_is_left_out(
    tmp_path: Path, joints: dict[str, tuple[int, int]], more: dict[str, Any]
) -> None:
    assert list(close_ups(tmp_path, annotated(tmp_path, joints, **more), NAMES)) == []


def test_nobody_is_magnified_more_than_it_says(tmp_path: Path) -> None:
    joints = {**SEEN, 'left_shoulder': (340, 200), 'right_shoulder': (300, 200)}  # 40 apart

    views = close_ups(tmp_path, annotated(tmp_path, joints), NAMES)

    assert [view.width for view in views] == [70]


def test_the_person_with_the_most_joints_counts(tmp_path: Path) -> None:
    skeleton = load_skeleton('coco_18')
    views = list(close_ups(tmp_path, annotated(tmp_path, SEEN), NAMES))
    index = [skeleton.index(name) for name in NAMES]

    def see(picture: Any) -> People:
        (view,) = (v for v in views if v.picture is picture)
        people = np.full((2, skeleton.num_keypoints, 3), np.nan, np.float32)
        people[0, index[0], :2] = view.joints[0, :2]  # another, with one joint
        people[1, index] = np.where(view.joints[:, 2:] > 0, view.joints, np.nan)
        people[1, skeleton.index('right_shoulder'), 0] += 0.21 * view.width  # just too far
        return People(people, np.ones(2, np.float32), skeleton)

    class Estimator:
        spec = SimpleNamespace(skeleton=skeleton)
        __call__ = staticmethod(see)

    found = found_of(Estimator(), views, NAMES)  # type: ignore[arg-type]

    assert found == {width: (2, 3) for width in WIDTHS}
