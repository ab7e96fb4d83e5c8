"""How near a person must be: how many are found, by their height."""

from __future__ import annotations

from collections.abc import Sequence
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
    scorer = compared(results, annotations)
    everyone = scorer.params.areaRng[0]
    counts = np.zeros((len(EDGES_PX), 2), int)
    for image in filter(None, scorer.evalImgs):
        if image['aRng'] != everyone:
            continue
        matches = image['gtMatches'][0]  # at the first threshold, 0.50
        for person, match, ignored in zip(image['gtIds'], matches, image['gtIgnore']):
            if not ignored:
                place = np.searchsorted(EDGES_PX, heights[person], side='right') - 1
                counts[place] += 1, match > 0
    return [(int(people), int(found)) for people, found in counts]
