"""People as a list of COCO's results, with the ids that pictures have in a truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import json
from typing import Any, BinaryIO

from openpose_ros.errors import ParameterError
from openpose_ros.files.gathered import GatheredFile
from openpose_ros.io.coco.results import coco_results
from openpose_ros.io.coco.truth import Truth
from openpose_ros.io.frame import Frame
from openpose_ros.io.pictures import Picture
from openpose_ros.io.result_file import ResultFile
from openpose_ros.io.sources import Source
from openpose_ros.people import People


class ResultsFile(ResultFile):
    """
    Gathers the people of every picture of a truth, and writes them at the end; a context.

    It is what `COCO(TRUTH).loadRes(FILE)` takes: a bare list of `image_id`, `category_id`,
    `keypoints` and `score`. It is written as `GatheredFile` does it.

    Parameters
    ----------
    name : str
        Of the file.
    truth : Truth
        Names the pictures, by their files, and the keypoints.

    Raises
    ------
    OutputError, ParameterError
        As `GatheredFile` does.

    """

    def __init__(self, name: str, truth: Truth) -> None:
        self._file = GatheredFile(name, 1, _compose)
        super().__init__(self._file)
        self._truth = truth

    def write(self, frame: Frame, people: People) -> None:
        """
        Add the people of a picture; frames of videos and other pictures are left out.

        Raises
        ------
        OutputError
            If the disk does not take it.

        """
        picture = None if frame.fps is not None else self._truth.picture(frame.source)
        if picture is None:
            return
        for person in coco_results(people, picture, self._truth.keypoint_names):
            person['keypoints'] = [round(number, 4) for number in person['keypoints']]
            text = json.dumps(person, separators=(',', ':'), allow_nan=False)
            self._file.add(0, text.encode())


def strangers(sources: Sequence[Source], truth: Truth) -> list[str]:
    """
    Return the names of the sources that a truth lacks.

    Raises
    ------
    SourceError
        If it may be several pictures of the truth.
    ParameterError
        If two sources are one picture of it, or none is.

    """
    named: dict[Any, str] = {}
    lacking = []
    for source in sources:
        picture = truth.picture(source.name) if isinstance(source, Picture) else None
        if picture is None:
            lacking.append(source.name)
        elif picture in named:
            raise ParameterError(
                f'{named[picture]} and {source.name} are both picture {picture} of {truth.name}; '
                'leave one out'
            )
        else:
            named[picture] = source.name
    if not named:
        raise ParameterError(
            f'no source is a picture of {truth.name}: {_some(lacking)}; pictures are found there '
            'by the names of their files'
        )
    return lacking


def left_out(lacking: Sequence[str], truth: Truth, name: str) -> str:
    """Return a line that names sources which will not be in the results."""
    return f'not in {truth.name}, and left out of {name}: {_some(lacking)}'


def _some(names: Sequence[str], most: int = 3) -> str:
    rest = len(names) - most
    return ', '.join(names[:most]) + (f' and {rest} more' if rest > 0 else '')


def _compose(file: BinaryIO, pour: Callable[[int], None]) -> None:
    file.write(b'[\n')
    pour(0)
    file.write(b'\n]\n')
