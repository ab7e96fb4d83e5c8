"""`benchmarks.limb_order` on one photograph, with the network in the package."""

from __future__ import annotations

import json
from pathlib import Path
import re
import shutil
import sys

import pytest

pytest.importorskip('pycocotools')
from benchmarks import limb_order
from openpose_ros.skeletons import load_skeleton
from tests.models.test_close_up import JOINTS, PHOTO

NAMES = list(load_skeleton('coco_17').keypoint_names)


def test_what_each_order_brings_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The astronaut's shoulders are found where peaks count, and by the field alone are not."""
    (tmp_path / 'images').mkdir()
    shutil.copy(PHOTO, tmp_path / 'images/1.jpg')
    joints = {name: place for name, place in JOINTS.items() if name in NAMES}
    flat = [0] * (3 * len(NAMES))
    for name, (x, y) in joints.items():
        flat[3 * NAMES.index(name) : 3 * NAMES.index(name) + 3] = x, y, 2
    person = {'id': 1, 'image_id': 1, 'category_id': 1, 'iscrowd': 0, 'keypoints': flat}
    person |= {'num_keypoints': len(joints), 'bbox': [20, 10, 260, 370], 'area': 60000}
    picture = {'id': 1, 'file_name': '1.jpg', 'width': 384, 'height': 384}
    category = {'id': 1, 'name': 'person', 'keypoints': NAMES, 'skeleton': []}
    truth = {'images': [picture], 'annotations': [person], 'categories': [category]}
    (tmp_path / 'images' / limb_order.ANNOTATIONS).write_text(json.dumps(truth))
    monkeypatch.setattr(limb_order, 'SHARED', tmp_path)
    monkeypatch.setattr(limb_order, 'SIZES', ((256, 256),))
    monkeypatch.setattr(sys, 'argv', ['limb_order', 'openpose-ros-base-int8'])

    assert limb_order.main() == 0

    rows = [row for row in capsys.readouterr().out.splitlines() if 'base-int8' in row]
    by_field, by_peaks = re.findall(r'(\d\.\d+) \(', rows[0])
    assert float(by_field) < 0.3 < 0.8 < float(by_peaks)
    by_field, by_peaks = re.findall(r'\| (\d\.\d+)', rows[1])
    assert float(by_peaks) > float(by_field)


def test_an_unknown_network_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        limb_order,
        'read_annotations',
        lambda _: {'categories': [{'keypoints': NAMES}], 'images': [], 'annotations': []},
    )
    monkeypatch.setattr(sys, 'argv', ['limb_order', 'no-such-network'])
    assert limb_order.main() == 1
    assert 'no-such-network' in capsys.readouterr().err
