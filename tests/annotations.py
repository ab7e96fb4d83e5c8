"""Annotations in COCO's form, and people who were found exactly there."""

from __future__ import annotations

from typing import Any

import numpy as np

from openpose_ros.io.coco.results import coco_results
from openpose_ros.people import People
from openpose_ros.skeletons import load_skeleton


def people_of(truth: dict[str, Any], skeleton_name: str, names: list[str]) -> People:
    """Return one annotated person as if somebody had been found there."""
    skeleton = load_skeleton(skeleton_name)
    keypoints = np.full((1, skeleton.num_keypoints, 3), np.nan, np.float32)
    keypoints[..., 2] = 0
    for name, (x, y, visible) in zip(names, np.reshape(truth['keypoints'], (-1, 3))):
        if visible and name in skeleton.keypoint_names:
            keypoints[0, skeleton.index(name)] = x, y, 0.9
    return People(keypoints, np.ones(1, np.float32), skeleton)


def drawn_people(annotations: dict[str, Any], skeleton_name: str) -> list[dict[str, Any]]:
    """Return the ground truth as if it had been found, by way of one of our skeletons."""
    names = annotations['categories'][0]['keypoints']
    results = []
    for truth in annotations['annotations']:
        results += coco_results(people_of(truth, skeleton_name, names), truth['image_id'], names)
    return results


def two_pictures() -> dict[str, Any]:
    """Two pictures, one person each, all 17 keypoints on a grid, in COCO's format."""
    sided = ['eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle']
    names = ['nose', *(f'{side}_{part}' for part in sided for side in ('left', 'right'))]
    keypoints = [value for i in range(17) for value in (20 + 10 * (i % 4), 30 + 12 * i, 2)]
    return {
        'images': [{'id': 7, 'file_name': 'b.jpg'}, {'id': 3, 'file_name': 'a.jpg'}],
        'categories': [{'id': 1, 'name': 'person', 'keypoints': names}],
        'annotations': [
            {
                'id': index + 1,
                'image_id': image_id,
                'category_id': 1,
                'iscrowd': 0,
                'area': 6000.0,
                'bbox': [20, 30, 30, 200],
                'num_keypoints': 17,
                'keypoints': list(keypoints),
            }
            for index, image_id in enumerate((3, 7))
        ],
    }
