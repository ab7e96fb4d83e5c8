"""What a picture's parsing returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
import operator
from typing import Any, SupportsIndex, overload

import numpy as np
import numpy.typing as npt

from openpose_ros.errors import LibraryError, ParameterError
from openpose_ros.skeletons import Skeleton, check_is_skeleton, load_skeleton

FloatArray = npt.NDArray[np.float32]
Some = slice | list[int] | npt.NDArray[Any]
_SCORES_SHOWN = 5
_FLOAT32 = np.dtype(np.float32)
_new, _set = object.__new__, object.__setattr__

PARTS = {'left_hands': 'left_hand', 'right_hands': 'right_hand', 'faces': 'face'}
"""What is called so of all people, and what of one."""
PART_SKELETONS = {'left_hands': 'hand_21', 'right_hands': 'hand_21', 'faces': 'face_70'}


@dataclass(frozen=True, eq=False)
class Person:
    """
    One of the people in a picture.

    Attributes
    ----------
    score : float
        As `People.scores`.
    keypoints : float32 (K, 3)
        As `People.keypoints` has them; a view, not a copy.
    skeleton : Skeleton
        Names the K keypoints.
    id : str
        Who it is; '' while that is not known.

    """

    score: float
    keypoints: FloatArray
    skeleton: Skeleton
    id: str = ''

    def __repr__(self) -> str:
        found = int((self.keypoints[:, 2] > 0).sum())
        return (
            f'<Person: score {self.score:.2f}, {found} of {self.skeleton.num_keypoints} '
            f'keypoints of {self.skeleton.name}>'
        )


@dataclass(frozen=True, eq=False)
class People:
    """
    The people in one picture, best first.

    `len` counts them, `people[0]` is the best one, `people[:2]` are the best two, and
    `people[people.scores > 0.5]` those of whom that is true; a loop goes through them, and each is
    a `Person`.

    Attributes
    ----------
    keypoints : float32 (N, K, 3)
        Rows x, y, score. x and y in map cells as parsing returns them ((0, 0) is the centre of
        the first cell), in pixels of the source image as the estimator returns them ((0, 0) is
        the centre of the top-left pixel); NaN where a part was not found. score in [0, 1],
        0 where a part was not found.
    scores : float32 (N,)
        How sure the parser is of each person, in [0, 1], falling; from an estimator whose model
        has a `score_calibration`: how often a person of that score is really there.
    skeleton : Skeleton
        Names the K keypoints.
    overflow : int
        Candidates that a capacity of `PafParams` left no room for; 0 when all were considered.
    ids : tuple of str, length N or 0
        Who each is, '' while that is not known; empty if nothing tracks.
    left_hands, right_hands : float32 (N, 21, 3), optional
        Rows like those of `keypoints`, of the skeleton hand_21. None: nothing looks for them.
    faces : float32 (N, 70, 3), optional
        The same of the skeleton face_70.

    Raises
    ------
    ParameterError
        If the arrays do not go together, or with the skeleton. Lists and numbers of another type
        become float32.
    SkeletonError
        If the skeleton is none, a name say.

    """

    keypoints: FloatArray
    scores: FloatArray
    skeleton: Skeleton
    overflow: int = 0
    ids: tuple[str, ...] = ()
    left_hands: FloatArray | None = None
    right_hands: FloatArray | None = None
    faces: FloatArray | None = None

    def __post_init__(self) -> None:
        check_is_skeleton(self.skeleton)
        try:
            count = len(self.keypoints)
        except TypeError:  # a number, or None
            count = 0
        self._bring('keypoints', (count, self.skeleton.num_keypoints, 3))
        self._bring('scores', (count,))
        for name, skeleton in PART_SKELETONS.items():
            if getattr(self, name) is not None:
                self._bring(name, (count, load_skeleton(skeleton).num_keypoints, 3))
        if len(self.ids) not in (0, count):
            raise ParameterError(
                f'there are {len(self.ids)} ids of {_counted(count)}; give one for each, or none'
            )

    def _bring(self, name: str, shape: tuple[int, ...]) -> None:
        """Bring a field into float32, if it has that shape then."""
        given = getattr(self, name)
        if isinstance(given, np.ndarray) and given.dtype == _FLOAT32 and given.shape == shape:
            return
        try:
            rows = np.asarray(given, np.float32)
        except (TypeError, ValueError):  # what are no numbers, or rows of several lengths
            raise ParameterError(
                f'{name} of people are a {type(given).__name__}, but must be a NumPy array of '
                'numbers'
            ) from None
        if rows.shape != shape:
            raise ParameterError(
                f'{name} of people have shape {rows.shape}, but must have {shape}: '
                f'{_counted(shape[0])} of the skeleton {self.skeleton.name}'
            )
        _set(self, name, rows)

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

    def __iter__(self) -> Iterator[Person]:
        return map(self._person, range(len(self)))

    @overload
    def __getitem__(self, index: Some) -> People: ...  # type: ignore[overload-overlap]
    @overload
    def __getitem__(self, index: SupportsIndex) -> Person: ...
    def __getitem__(self, index: SupportsIndex | Some) -> Person | People:
        if isinstance(index, slice | list) or (isinstance(index, np.ndarray) and index.ndim):
            ids = np.array(self.ids, object)[index].tolist() if self.ids else ()
            return replace(
                self,
                keypoints=self.keypoints[index],
                scores=self.scores[index],
                ids=tuple(ids),
                **{name: rows[index] for name, rows in self.parts.items()},  # type: ignore[arg-type]
            )
        place, count = operator.index(index), len(self)
        if not -count <= place < count:
            raise IndexError(f'no person {place}: there {_are(count)}, counted from 0')
        return self._person(place)

    def _person(self, place: int) -> Person:
        return Person(
            float(self.scores[place]), self.keypoints[place], self.skeleton, self.known_ids[place]
        )

    def __repr__(self) -> str:
        scores = [f'{score:.2f}' for score in self.scores[:_SCORES_SHOWN].tolist()]
        if len(self) > _SCORES_SHOWN:
            scores.append('…')
        said = f', scores {", ".join(scores)}' if scores else ''
        return f'<People: {_counted(len(self))}, skeleton {self.skeleton.name}{said}>'

    @property
    def known_ids(self) -> tuple[str, ...]:
        """Who each of the N people is, '' while that is not known."""
        return self.ids or ('',) * len(self)

    @property
    def parts(self) -> dict[str, FloatArray]:
        """Hands and faces that were looked for, by the names of their fields."""
        found = {name: getattr(self, name) for name in PARTS}
        return {name: rows for name, rows in found.items() if rows is not None}

    def moved(self, move: Callable[[FloatArray], npt.NDArray[Any]]) -> People:
        """
        Return the same people elsewhere.

        Parameters
        ----------
        move : callable
            Takes positions (…, 2), and returns where they are then; NaN stays NaN.

        """

        def rows(keypoints: FloatArray) -> FloatArray:
            places = move(keypoints[..., :2])
            return np.concatenate([places, keypoints[..., 2:]], axis=-1).astype(np.float32)

        moved = {name: rows(keypoints) for name, keypoints in self.parts.items()}
        return replace(self, keypoints=rows(self.keypoints), **moved)  # type: ignore[arg-type]

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
            `skeleton` (name) and `people`: each `id` ('' while that is not known), `score` and
            `keypoints`, K rows [x, y, score]; a missing part is [None, None, 0]. Where hands or
            faces were looked for, `left_hand`, `right_hand` and `face` in the same way.

        """
        people: list[dict[str, Any]] = [
            {'id': name, 'score': round(float(score), 4), 'keypoints': plain_rows(keypoints)}
            for name, score, keypoints in zip(self.known_ids, self.scores, self.keypoints)
        ]
        for field, found in self.parts.items():
            for person, rows in zip(people, found):
                person[PARTS[field]] = plain_rows(rows)
        return {'skeleton': self.skeleton.name, 'people': people}

    def to_dataframe(self) -> Any:
        """
        Return a table with a row for each keypoint that was found.

        Returns
        -------
        pandas.DataFrame
            Columns `person` (its place here, from 0), `id` (the tracker's, '' without one),
            `person_score`, `keypoint` (its name), `x`, `y` and `score`.

        Raises
        ------
        LibraryError
            Without pandas.

        """
        try:
            import pandas
        except ImportError as exc:
            raise LibraryError('to_dataframe', 'pandas', 'pip install pandas') from exc
        person, keypoint = np.nonzero(self.keypoints[..., 2] > 0)
        x, y, score = self.keypoints[person, keypoint].T
        return pandas.DataFrame(
            {
                'person': person,
                'id': np.array(self.known_ids, object)[person],
                'person_score': self.scores[person],
                'keypoint': np.array(self.skeleton.keypoint_names, object)[keypoint],
                'x': x,
                'y': y,
                'score': score,
            }
        )

    def to_supervision(self) -> Any:
        """
        Return people as the library supervision has them, for its annotators.

        Returns
        -------
        supervision.KeyPoints
            A keypoint that was not found is at (0, 0), with confidence 0, which its annotators do
            not draw; everybody's class is 0.

        Raises
        ------
        LibraryError
            Without supervision.

        """
        try:
            import supervision
        except ImportError as exc:
            raise LibraryError('to_supervision', 'supervision', 'pip install supervision') from exc
        found = self.keypoints[..., 2] > 0
        confidence = np.where(found, self.keypoints[..., 2], 0)
        confidences = {'keypoint_confidence': confidence, 'detection_confidence': self.scores}
        if 'keypoint_confidence' not in supervision.KeyPoints.__dataclass_fields__:
            confidences = {'confidence': confidence}  # before 0.29
        return supervision.KeyPoints(
            xy=np.where(found[..., np.newaxis], self.keypoints[..., :2], 0),
            class_id=np.zeros(len(self), int),
            **confidences,
        )


def check_people(people: object) -> None:
    """
    Check that something is people, and not what holds them or one of them.

    Raises
    ------
    ParameterError
        If it is not.

    """
    if not isinstance(people, People):
        held = isinstance(getattr(people, 'people', None), People)
        raise ParameterError(
            f'the people are a {type(people).__name__}, but must be People; '
            + ('pass its .people' if held else 'an estimator returns them, and people[:1] is one')
        )


def people_found(
    keypoints: FloatArray, scores: FloatArray, skeleton: Skeleton, overflow: int
) -> People:
    """
    Return the same as `People` does, in two thirds of the time while caches are cold.

    What has a default is the class's then; setting it as well takes the rest.
    """
    people = _new(People)
    _set(people, 'keypoints', keypoints)
    _set(people, 'scores', scores)
    _set(people, 'skeleton', skeleton)
    _set(people, 'overflow', overflow)
    return people


def _counted(count: int) -> str:
    return f'{count} {"person" if count == 1 else "people"}'


def _are(count: int) -> str:
    return f'{"is" if count == 1 else "are"} {_counted(count)}'


def plain_rows(keypoints: FloatArray) -> list[list[float | None]]:
    """Return keypoints (K, 3) as JSON has them: rounded, [None, None, 0] where missing."""
    return [
        [round(x, 3), round(y, 3), round(score, 4)] if score > 0 else [None, None, 0]
        for x, y, score in keypoints.tolist()
    ]
