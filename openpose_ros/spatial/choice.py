"""Whom of the people in an image the robot is to walk up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openpose_ros.placement import Size

Array = npt.NDArray[np.float64]

_PATIENCE_S = 0.5  # so long somebody else must be better, and who has no id may be missed
_TALLER = 0.1  # by which a box must be taller, of itself
_MORE_CENTRAL = 0.1  # by which a box must be nearer to the middle, in widths of the image
_SAME_PLACE = 0.6  # metres within which who has no id is the same
_SAME_BOX = 0.3  # and without distances, in heights of the box


@dataclass(frozen=True)
class Wish:
    """
    Who is wanted.

    Attributes
    ----------
    target : str
        One of `targets.TARGETS`.
    target_id : str
        Whom 'id' wants.
    hysteresis : float
        Metres by which another person must be nearer.

    """

    target: str = 'nearest'
    target_id: str = ''
    hysteresis: float = 0.5


@dataclass(frozen=True, eq=False)
class Candidates:
    """
    N people of whom one may be the target.

    Attributes
    ----------
    ids : sequence of str
        '' of who has none.
    position : float64 (N, 3)
        In the camera's optical frame, metres; NaN unknown.
    boxes : float64 (N, 4)
        x_min, y_min, width, height, pixels; of who is not seen, where she is expected.
    since_s : float64 (N,)
        Seconds since each was seen, 0: she is.

    """

    ids: Sequence[str]
    position: Array
    boxes: Array
    since_s: Array

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def distance(self) -> Array:
        """From the camera, float64 (N,), metres; NaN unknown."""
        return np.asarray(np.sqrt((self.position * self.position).sum(axis=1)))

    @property
    def middles(self) -> Array:
        """The middles of the boxes, float64 (N, 2)."""
        return np.asarray(self.boxes[:, :2] + self.boxes[:, 2:] / 2)


class Chooser:
    """
    Chooses, and stays with whom it has chosen. Not for several threads at a time.

    Somebody else takes over when she has been better by a margin for half a second, or at once
    when the one before is lost. Of who has no id, as without tracking, it is told by her place
    whether she is the same.

    Attributes
    ----------
    changes : int
        How often somebody was chosen who was not chosen just before.

    """

    def __init__(self) -> None:
        self.changes = 0
        self.reset()

    def reset(self) -> None:
        """Forget who was chosen."""
        self._wish = Wish()
        self._id = ''
        self._position: Array | None = None  # None: nobody is chosen
        self._box = np.full(4, np.nan)
        self._seen_s = -np.inf
        self._better = ''  # who is
        self._better_since_s = np.inf
        self._stamp_s = -np.inf

    def choose(self, people: Candidates, wish: Wish, size: Size, stamp_s: float) -> int | None:
        """
        Say whom to walk up to.

        Parameters
        ----------
        people : Candidates
            Those of an image, and who else is still expected.
        wish : Wish
            Who is wanted; another wish than the last is followed at once.
        size : (int, int)
            Width and height of the image, pixels.
        stamp_s : float
            When it was taken, seconds; if it jumps back, nobody is chosen yet.

        Returns
        -------
        int or None
            Her place among them; None: nobody.

        """
        if stamp_s < self._stamp_s or (wish.target, wish.target_id) != (
            self._wish.target,
            self._wish.target_id,
        ):
            self.reset()
        self._wish, self._stamp_s = wish, stamp_s
        chosen = before = self._same(people)
        if wish.target == 'id':
            named = wish.target_id and wish.target_id in people.ids
            chosen = list(people.ids).index(wish.target_id) if named else None
        else:
            is_missed = chosen is None and self._position is not None and not self._id
            if is_missed and stamp_s - self._seen_s <= _PATIENCE_S:
                return None
            chosen = self._settled(people, chosen, *_costs(people, wish, size, chosen))
        self.changes += chosen is not None and chosen != before
        self._remember(people, chosen)
        return chosen

    def _same(self, people: Candidates) -> int | None:
        """Return the place of who was chosen before, or None."""
        if self._position is None:
            return None
        if self._id:
            return list(people.ids).index(self._id) if self._id in people.ids else None
        away = np.sqrt(((people.position - self._position) ** 2).sum(axis=1)) / _SAME_PLACE
        middle = self._box[:2] + self._box[2:] / 2
        apart = np.hypot(*(people.middles - middle).T) / (_SAME_BOX * self._box[3])
        away = np.where(np.isnan(away), apart, away)
        away = np.where(np.isnan(away) | (people.since_s > 0), np.inf, away)
        if not len(away) or away.min() > 1:
            return None
        return int(away.argmin())

    def _settled(
        self, people: Candidates, chosen: int | None, costs: Array, margin: float
    ) -> int | None:
        """Return who is chosen, if somebody else may be better."""
        rivals = np.where(people.since_s > 0, np.inf, costs)
        if chosen is None:
            self._better_since_s = np.inf
            return int(rivals.argmin()) if np.isfinite(rivals).any() else None
        rivals[chosen] = np.inf
        best = int(rivals.argmin())
        reference = costs[chosen] if np.isfinite(costs[chosen]) else np.inf
        if not rivals[best] < reference - margin:
            self._better_since_s = np.inf
            return chosen
        if people.ids[best] != self._better or self._better_since_s == np.inf:
            self._better, self._better_since_s = people.ids[best], self._stamp_s
        if self._stamp_s - self._better_since_s < _PATIENCE_S:
            return chosen
        self._better_since_s = np.inf
        return best

    def _remember(self, people: Candidates, chosen: int | None) -> None:
        if chosen is None:
            self._position = None
            return
        self._id, self._position = people.ids[chosen], people.position[chosen]
        self._box, self._seen_s = people.boxes[chosen], self._stamp_s


def _costs(people: Candidates, wish: Wish, size: Size, chosen: int | None) -> tuple[Array, float]:
    """Return what speaks against each, and by how much another must be better."""
    if wish.target == 'most_central':
        apart = people.middles - (np.array(size) - 1) / 2
        costs, margin = np.hypot(*apart.T), _MORE_CENTRAL * size[0]
    else:
        costs, margin = people.distance, wish.hysteresis
        if np.isnan(costs).all():  # the tallest box
            costs = -people.boxes[:, 3]
            margin = 0.0 if chosen is None else -_TALLER * float(costs[chosen])
    return np.where(np.isnan(costs), np.inf, costs), margin
