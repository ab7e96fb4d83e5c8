"""People found twice: in two halves, or one inside the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NEAR = 0.5  # similarity of a keypoint from which it is that person's
_SHARE = 0.5  # of the keypoints that can be compared
_LEAST = 2


def count_twice(
    results: Sequence[Mapping[str, Any]], annotations: Mapping[str, Any], min_score: float = 0.0
) -> int:
    """
    Count the people found who are another one that was found, too.

    Somebody found is the annotated person with whom most of their keypoints agree, at least half
    of those that both have and at least 2, each with a similarity (of OKS, COCO's tolerances) of
    0.5 or more. So two halves of a person are one person twice, though their OKS is low.

    Parameters
    ----------
    results : sequence of dict
        COCO results, as `accuracy.estimate_all` returns them.
    annotations : dict
        The content of a COCO person_keypoints file.
    min_score : float
        Results below it do not count.

    """
    from pycocotools.cocoeval import Params

    variances = (2 * np.asarray(Params('keypoints').kpt_oks_sigmas)) ** 2
    truth: dict[Any, list[Mapping[str, Any]]] = {}
    for person in annotations['annotations']:
        if person['num_keypoints'] and not person.get('iscrowd'):
            truth.setdefault(person['image_id'], []).append(person)
    counts: Counter[Any] = Counter()
    for result in results:
        if result['score'] >= min_score:
            found = np.reshape(result['keypoints'], (-1, 3))
            people = truth.get(result['image_id'], [])
            agreeing = [_agreeing(found, person, variances) for person in people]
            if agreeing and max(agreeing) > 0:
                counts[people[int(np.argmax(agreeing))]['id']] += 1
    return sum(count - 1 for count in counts.values())


def _agreeing(found: np.ndarray, person: Mapping[str, Any], variances: np.ndarray) -> int:
    """Return how many keypoints agree; 0 where that is not enough to be the same person."""
    marked = np.reshape(person['keypoints'], (-1, 3))
    both = (found[:, 2] > 0) & (marked[:, 2] > 0)
    squares = ((found[:, :2] - marked[:, :2]) ** 2).sum(axis=1)
    similar = np.exp(-squares / variances / (person['area'] + np.spacing(1)) / 2) >= NEAR
    count = int((similar & both).sum())
    return count if count >= max(_LEAST, _SHARE * both.sum()) else 0
