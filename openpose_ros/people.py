"""What a picture's parsing returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openpose_ros.skeletons import Skeleton

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class People:
    """
    The people in one picture, best first.

    Attributes
    ----------
    keypoints : float32 (N, K, 3)
        Rows x, y, score. x and y in map cells as parsing returns them ((0, 0) is the centre of
        the first cell), in pixels of the source image as the estimator returns them ((0, 0) is
        the centre of the top-left pixel); NaN where a part was not found. score in [0, 1],
        0 where a part was not found.
    scores : float32 (N,)
        How sure the parser is of each person, in [0, 1], falling.
    skeleton : Skeleton
        Names the K keypoints.
    overflow : int
        Candidates that a capacity of `PafParams` left no room for; 0 when all were considered.

    """

    keypoints: FloatArray
    scores: FloatArray
    skeleton: Skeleton
    overflow: int = 0

    @classmethod
    def empty(cls, skeleton: Skeleton) -> People:
        """Return nobody."""
        return cls(
            np.zeros((0, skeleton.num_keypoints, 3), np.float32),
            np.zeros(0, np.float32),
            skeleton,
        )

    def __len__(self) -> int:
        return len(self.keypoints)

    def bounding_boxes(self) -> FloatArray:
        """
        Return the box around the found keypoints of each person.

        Returns
        -------
        float32 (N, 4)
            x_min, y_min, width, height, in the unit of `keypoints`; NaN for a person without
            a keypoint.

        """
        boxes = np.full((len(self), 4), np.nan, np.float32)
        for box, keypoints in zip(boxes, self.keypoints):
            found = keypoints[keypoints[:, 2] > 0, :2]
            if len(found):
                low = found.min(axis=0)
                box[:2], box[2:] = low, found.max(axis=0) - low
        return boxes

    def to_dict(self) -> dict[str, Any]:
        """
        Return plain numbers, ready for JSON.

        Returns
        -------
        dict
            `skeleton` (name) and `people`: each `id` ('' while nothing tracks), `score` and
            `keypoints`, K rows [x, y, score]; a missing part is [None, None, 0].

        """
        return {
            'skeleton': self.skeleton.name,
            'people': [
                {'id': '', 'score': round(float(score), 4), 'keypoints': _rows(keypoints)}
                for score, keypoints in zip(self.scores, self.keypoints)
            ],
        }


def _rows(keypoints: FloatArray) -> list[list[float | None]]:
    return [
        [round(x, 3), round(y, 3), round(score, 4)] if score > 0 else [None, None, 0]
        for x, y, score in keypoints.tolist()
    ]
