"""Who was found in the frames of a bag, so that a second pass over it needs no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast

import numpy as np

from openpose_ros.archive.ranges import Store, Stored
from openpose_ros.errors import MapsError
from openpose_ros.estimates import Estimate
from openpose_ros.estimator import PoseEstimator
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton

Known = dict[str, tuple[People, int] | None]
"""By the digest of a frame: people, and crops left out; None where the maps made no sense."""


class _Standing:
    """What stands in for an estimator where a bag is worked on; all else is the estimator's."""

    def __init__(self, estimator: PoseEstimator) -> None:
        vars(self)['_real'] = estimator

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)['_real'], name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in vars(self):
            vars(self)[name] = value
        else:
            setattr(vars(self)['_real'], name, value)

    @property
    def as_estimator(self) -> PoseEstimator:
        """This, where an estimator is asked for."""
        return cast('PoseEstimator', self)


class Taking(_Standing):
    """
    Estimates, and takes down who was found.

    Parameters
    ----------
    estimator : PoseEstimator
        Does the work.

    """

    def __init__(self, estimator: PoseEstimator) -> None:
        super().__init__(estimator)
        vars(self).update(_store=Store(), _digests=[], _failed=[], _overflows=[], _left_out=[])

    def estimate(self, frame: FrameArray) -> Estimate:
        """Do as `PoseEstimator.estimate`."""
        digest = _digest(frame)
        try:
            found: Estimate = vars(self)['_real'].estimate(frame)
        except MapsError:
            self._failed.append(digest)
            raise
        self._store.add(Frame(frame, '', len(self._digests), 0.0), found.people)
        self._digests.append(digest)
        self._overflows.append(found.people.overflow)
        self._left_out.append(found.crops_left_out)
        return found

    def packed(self, facts: dict[str, Any]) -> bytes:
        """Return the content of a file, as `Store.packed`."""
        taken = {
            'digests': self._digests,
            'failed': self._failed,
            'overflows': self._overflows,
            'left_out': self._left_out,
        }
        return bytes(self._store.packed({**facts, **taken}))


class Recalling(_Standing):
    """
    Tells who was found in each frame; of a frame that nobody took down, estimates.

    Parameters
    ----------
    estimator : PoseEstimator
        Looks at what is not known.
    parts : iterator of Stored
        What `Taking` took down, in the order in which frames will come. Two are held at a time.

    Attributes
    ----------
    asked : int
        How often the estimator was asked.

    """

    _known: Known
    _latest: Known
    asked: int

    def __init__(self, estimator: PoseEstimator, parts: Iterator[Stored]) -> None:
        super().__init__(estimator)
        vars(self).update(_parts=parts, _known={}, _latest={}, asked=0)

    def estimate(self, frame: FrameArray) -> Estimate:
        """Do as `PoseEstimator.estimate`, but without maps where the people are known."""
        digest = _digest(frame)
        while digest not in self._known:
            part = next(self._parts, None)
            if part is None:
                break
            latest = _known(part, vars(self)['_real'].spec.skeleton)
            self._known, self._latest = {**self._latest, **latest}, latest
        known = self._known.get(digest)
        if known is None:
            self.asked += 1
            found: Estimate = vars(self)['_real'].estimate(frame)
            return found
        people, left_out = known
        nothing = cast('Any', None)
        return Estimate(people, nothing, nothing, {}, frame=frame, crops_left_out=left_out)


def _known(part: Stored, skeleton: Skeleton) -> Known:
    facts = part.facts
    known: Known = dict.fromkeys(facts['failed'])
    for digest, overflow, left_out, (_, people) in zip(
        facts['digests'], facts['overflows'], facts['left_out'], part.frames('', skeleton)
    ):
        known[digest] = replace(people, overflow=overflow), left_out
    return known


def _digest(frame: FrameArray) -> str:
    return sha256(np.ascontiguousarray(frame).data).hexdigest()
