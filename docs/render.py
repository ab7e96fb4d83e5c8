"""
Draw the people of the README's photographs, found with the network in the package.

::

    python -m docs.render

writes docs/people.jpg: every photograph of docs/photos, and the demo's, side by side.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from openpose_ros import PoseEstimator
from openpose_ros.drawing import draw_people

FOLDER = Path(__file__).parent
PHOTOS = (*FOLDER.glob('photos/*.jpg'), FOLDER.parent / 'openpose_ros/cli/data/crew.jpg')


def main() -> None:
    drawn = []
    with PoseEstimator() as estimator:
        for path in sorted(PHOTOS, key=lambda path: path.name):
            photo = cv2.imread(str(path))
            drawn.append(draw_people(photo, estimator(photo)))
    cv2.imwrite(str(FOLDER / 'people.jpg'), np.hstack(drawn), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == '__main__':
    main()
