"""People as COCO's results, the form that pycocotools scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.people import People

PERSON = 1  # what a person's category is called here, whatever a file calls it


def coco_results(
    people: People, image_id: Any, keypoint_names: Sequence[str]
) -> list[dict[str, Any]]:
    """
    Return the people of one picture in COCO's result format.

    Parameters
    ----------
    people : People
        In pixels of the picture.
    image_id : int or str
        The picture's id in the annotations.
    keypoint_names : sequence of str
        The keypoints that COCO asks for, in its order. They are looked up by name: what the
        skeleton lacks is missing, what COCO lacks (a neck) is left out.

    Returns
    -------
    list of dict
        One entry a person; a missing keypoint is (0, 0, 0).

    """
    rows = np.where(people.keypoints[..., 2:] > 0, people.keypoints, 0)
    ordered = in_order(rows, people.skeleton.keypoint_names, keypoint_names)
    return [
        coco_result(image_id, keypoints, score)
        for keypoints, score in zip(ordered, people.scores.tolist())
    ]


def coco_result(image_id: Any, keypoints: npt.NDArray[Any], score: float) -> dict[str, Any]:
    """Return one person, of keypoints (K, 3), as COCO's results have them."""
    return {
        'image_id': image_id,
        'category_id': PERSON,
        'keypoints': keypoints.ravel().tolist(),
        'score': float(score),
    }


def in_order(
    rows: npt.NDArray[Any], names: Sequence[str], wanted: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return keypoints (N, K, 3) in another order, 0 where there is none of a name."""
    ordered = np.zeros((len(rows), len(wanted), 3))
    for column, name in enumerate(wanted):
        if name in names:
            ordered[:, column] = rows[:, names.index(name)]
    return ordered
