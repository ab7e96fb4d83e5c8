"""People as a dataset of COCO, which pycocotools loads and annotators' tools import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from openpose_ros.files.gathered import GatheredFile
from openpose_ros.io.coco.results import PERSON
from openpose_ros.io.frame import Frame
from openpose_ros.io.result_file import ResultFile
from openpose_ros.io.sources import Source
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton

_IMAGES, _ANNOTATIONS = range(2)
_FOUND = 2  # COCO's word for a keypoint that is labelled and visible


class DatasetFile(ResultFile):
    """
    Gathers the people of every frame, and writes one object of JSON at the end; a context.

    It has what pycocotools, CVAT and Datumaro read: `images`; `annotations` with the keypoints of
    the whole skeleton (x, y, 2; 0, 0, 0 where missing), `num_keypoints`, `bbox`, `area`,
    `iscrowd`, an empty `segmentation` and a `score`; and the one of `categories`. It is written
    as `GatheredFile` does it.

    Parameters
    ----------
    name : str
        Of the file.
    skeleton : Skeleton
        Of all people.
    sources : sequence of Source
        Whose frames will come; pictures are called by their path below the folder of all. Frames
        are called as CVAT calls them, frame_000012.jpg, with more than one source STEM/… before.

    Raises
    ------
    OutputError, ParameterError
        As `GatheredFile` does.

    """

    def __init__(self, name: str, skeleton: Skeleton, sources: Sequence[Source]) -> None:
        self._file = GatheredFile(name, 2, self._compose)
        super().__init__(self._file)
        self._skeleton = skeleton
        self._root = _common_folder(sources)
        self._alone = len(sources) == 1
        self._images = self._people = 0

    def write(self, frame: Frame, people: People) -> None:
        """
        Add a frame, also one without people.

        Raises
        ------
        OutputError
            If the disk does not take it.

        """
        self._images += 1
        height, width = frame.image.shape[:2]
        image = {
            'id': self._images,
            'file_name': self._called(frame),
            'width': width,
            'height': height,
        }
        self._file.add(_IMAGES, _json(image))
        for score, keypoints in zip(people.scores.tolist(), people.keypoints.tolist()):
            self._people += 1
            annotation = {
                'id': self._people,  # from 1: pycocotools takes an id of 0 for nobody
                'image_id': self._images,
                'category_id': PERSON,
                **_annotation(keypoints),
                'iscrowd': 0,
                'segmentation': [],  # Datumaro, which CVAT imports with, asks for it
                'score': round(score, 4),
            }
            self._file.add(_ANNOTATIONS, _json(annotation))

    def _called(self, frame: Frame) -> str:
        if frame.fps is not None:
            name = f'frame_{frame.index:06d}.jpg'
            return name if self._alone else f'{Path(frame.source).stem or "stream"}/{name}'
        path = os.path.relpath(frame.source, self._root)
        return os.fsencode(path).decode('utf-8', 'backslashreplace')

    def _compose(self, file: BinaryIO, pour: Callable[[int], None]) -> None:
        category = {
            'id': PERSON,
            'name': 'person',
            'supercategory': 'person',
            'keypoints': list(self._skeleton.keypoint_names),
            # From 1, as COCO counts.
            'skeleton': [
                [limb.start + 1, limb.end + 1]
                for limb in self._skeleton.limbs
                if limb.drawn and not limb.redundant
            ],
        }
        about = {'description': 'people found by openpose_ros', 'skeleton': self._skeleton.name}
        file.write(b'{"info":' + _json(about) + b',"licenses":[],"images":[\n')
        pour(_IMAGES)
        file.write(b'\n],"annotations":[\n')
        pour(_ANNOTATIONS)
        file.write(b'\n],"categories":[' + _json(category) + b']}\n')


def _annotation(keypoints: list[list[float]]) -> dict[str, Any]:
    flat: list[float] = []
    xs, ys = [], []
    for x, y, score in keypoints:
        if score > 0:
            x, y = round(x, 2), round(y, 2)
            xs.append(x)
            ys.append(y)
            flat += (x, y, _FOUND)
        else:
            flat += (0, 0, 0)
    left, top = min(xs, default=0), min(ys, default=0)
    width, height = (round(max(side, default=0) - low, 2) for side, low in ((xs, left), (ys, top)))
    return {
        'keypoints': flat,
        'num_keypoints': len(xs),
        'bbox': [left, top, width, height],
        'area': round(width * height, 2),
    }


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(',', ':'), allow_nan=False).encode()


def _common_folder(sources: Sequence[Source]) -> str:
    """Return the folder below which all pictures lie: their own, where there is but one."""
    folders = {os.path.dirname(os.path.abspath(s.name)) for s in sources if '://' not in s.name}
    return os.path.commonpath(folders) if folders else os.curdir
