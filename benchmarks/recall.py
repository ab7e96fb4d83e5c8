"""Who is found: how many people, by their height and by how much of them is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from openpose_ros.evaluation import compared
from openpose_ros.placement import Size

EDGES_PX = (0, 32, 64, 96, 128, 192)  # lower ends of the ranges of height


def heights_px(annotations: dict[str, Any], net_resolution: Size) -> dict[int, float]:
    """
    Return the height of every annotated person's box, by annotation id.

    Parameters
    ----------
    annotations : dict
        The content of a COCO person_keypoints file.
    net_resolution : (int, int)
        Width and height, pixels, that pictures are letterboxed to: heights are in these pixels.

    """
    scales = {
        image['id']: min(net_resolution[0] / image['width'], net_resolution[1] / image['height'])
        for image in annotations['images']
    }
    return {
        person['id']: person['bbox'][3] * scales[person['image_id']]
        for person in annotations['annotations']
    }


def recall_by_height(
    results: Sequence[dict[str, Any]], annotations: dict[str, Any], net_resolution: Size
) -> list[tuple[int, int]]:
    """
    Count people and those of them that were found.

    Parameters
    ----------
    results : sequence of dict
        As `accuracy.estimate_all` returns them.
    annotations, net_resolution
        As `heights_px` takes them.

    Returns
    -------
    list of (int, int)
        For each range of EDGES_PX: how many people with annotated keypoints are that high, and
        how many of those were matched at an OKS of 0.50 or better. Crowds do not count.

    """
    heights = heights_px(annotations, net_resolution)
    counts = np.zeros((len(EDGES_PX), 2), int)
    for person, is_found in matched(results, annotations).items():
        place = np.searchsorted(EDGES_PX, heights[person], side='right') - 1
        counts[place] += 1, is_found
    return [(int(people), int(found)) for people, found in counts]


def recall_of_kinds(
    results: Sequence[dict[str, Any]], annotations: dict[str, Any]
) -> dict[str, tuple[int, int]]:
    """
    Count people of each of KINDS and those of them that were found, as `recall_by_height` does.

    Returns
    -------
    dict of str to (int, int)
        By the names of KINDS.

    """
    people = {person['id']: person for person in annotations['annotations']}
    found = matched(results, annotations)
    counts = {}
    for name, is_kind in KINDS.items():
        ids = [person for person in found if is_kind(people[person])]
        counts[name] = len(ids), sum(found[person] for person in ids)
    return counts


def matched(results: Sequence[dict[str, Any]], annotations: dict[str, Any]) -> dict[Any, bool]:
    """Return for each person's id, crowds left out, whether they were found: OKS 0.50 or more."""
    scorer = compared(results, annotations)
    everyone = scorer.params.areaRng[0]
    found = {}
    for image in filter(None, scorer.evalImgs):
        if image['aRng'] != everyone:
            continue
        matches = image['gtMatches'][0]  # at the first threshold, 0.50
        for person, match, ignored in zip(image['gtIds'], matches, image['gtIgnore']):
            if not ignored:
                found[person] = bool(match > 0)
    return found


def _is_half_body(person: Mapping[str, Any]) -> bool:
    """Return whether neither a knee nor an ankle is marked, but something above them is."""
    marked = np.reshape(person['keypoints'], (-1, 3))[:, 2] > 0
    return bool(not marked[-4:].any() and marked.any())


def _is_wide(person: Mapping[str, Any]) -> bool:
    return bool(person['bbox'][2] > person['bbox'][3])


KINDS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    'half bodies': _is_half_body,  # COCO's keypoints end with knees and ankles
    'wider than high': _is_wide,
}
