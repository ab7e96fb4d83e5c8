"""Layers over the picture: a heatmap, a part affinity field, peaks, limbs that were refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from openpose_ros.engine import Maps
from openpose_ros.estimates import Estimate
from openpose_ros.models import ModelSpec
from openpose_ros.parsing.explaining import REASONS, ExplainedLimb, explain
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.scores import parser_params
from openpose_ros.view.shown import Shown

_MOST_REFUSED = 500
_NEAREST_FIRST = {  # how far a limb of that reason got
    reason: place
    for place, reason in enumerate(
        ('person_dropped', 'contradicts', 'taken', 'gap', 'too_few_samples')
    )
}
assert set(_NEAREST_FIRST) == set(REASONS) - {'accepted'}


@dataclass(frozen=True)
class Layers:
    """
    Which layers a viewer has switched on.

    Attributes
    ----------
    heatmap : int
        Number of the keypoint whose heatmap is shown; -1: none.
    paf : int
        Number of the limb whose field is shown; -1: none.
    peaks, refused : bool

    """

    heatmap: int = -1
    paf: int = -1
    peaks: bool = False
    refused: bool = False

    @property
    def need_maps(self) -> bool:
        """Whether any of them is made of the network's maps."""
        return self.heatmap >= 0 or self.paf >= 0 or self.peaks or self.refused


def with_own_maps(estimate: Estimate) -> Estimate:
    """Return an estimate whose maps no engine writes over."""
    maps = type(estimate.maps)(*(array[:1].copy() for array in estimate.maps))
    return replace(estimate, maps=maps)


def layer_facts(shown: Shown, layers: Layers, spec: ModelSpec) -> tuple[dict[str, Any], bytes]:
    """
    Return what a browser draws the layers of, ready for JSON, and bytes that follow.

    Parameters
    ----------
    shown : Shown
        With the maps of its frame.
    layers : Layers
        Those that are on; what the network's maps have not is left out.
    spec : ModelSpec
        Whose maps they are.

    Returns
    -------
    facts : dict
        `grid`: `size` of the maps, cells; `origin`, the centre of the first cell, and `cell`, the
        size of one, pixels of the frame. `heatmap`, `paf`: their numbers, if they are there.
        `peaks`: rows of keypoint, x, y, score. `limbs`: rows of limb, x and y of both ends,
        score, reason; the refused ones, nearest to acceptance first, and how many there are in
        `refused`.
    data : bytes
        The heatmap, uint8 (h, w), 255 for 1; then the field, int8 (2, h, w), 127 for 1.

    """
    estimate, data = shown.estimate, b''
    maps = estimate.maps
    heatmaps = maps.heatmaps[0]
    height, width = heatmaps.shape[1:]
    facts: dict[str, Any] = {
        'grid': {
            'size': [width, height],
            'origin': list(estimate.placement.origin),
            'cell': list(estimate.placement.cell_size),
        }
    }
    skeleton = spec.skeleton
    if 0 <= layers.heatmap < skeleton.num_keypoints:
        facts['heatmap'] = layers.heatmap
        data += _scaled(heatmaps[layers.heatmap], 255, 0).astype(np.uint8).tobytes()
    if not isinstance(maps, Maps):
        return facts, data
    if 0 <= layers.paf < len(skeleton.limbs):
        limb = skeleton.limbs[layers.paf]
        facts['paf'] = layers.paf
        field = maps.pafs[0][[limb.paf_x, limb.paf_y]]
        data += _scaled(field, 127, -127).astype(np.int8).tobytes()
    if layers.peaks or layers.refused:
        facts.update(_explained(shown, maps, layers, spec))
    return facts, data


def _scaled(values: Any, one: int, least: int) -> Any:
    return np.rint(np.nan_to_num(values) * one).clip(least, one)


def _explained(shown: Shown, maps: Maps, layers: Layers, spec: ModelSpec) -> dict[str, Any]:
    params = parser_params(_paf_params(shown.params), spec, shown.estimate.growth)
    assert isinstance(params, PafParams)
    explanation = explain(maps.heatmaps[0], maps.pafs[0], spec.skeleton, params)
    place = shown.estimate.placement.to_source
    peaks = [place(rows[:, :2]).round(1).tolist() for rows in explanation.peaks]
    facts: dict[str, Any] = {}
    if layers.peaks:
        facts['peaks'] = [
            [keypoint, *xy, round(float(score), 4)]
            for keypoint, (rows, places) in enumerate(zip(explanation.peaks, peaks))
            for xy, score in zip(places, rows[:, 2])
        ]
    if layers.refused:
        refused = [limb for limb in explanation.limbs if limb.reason != 'accepted']
        refused.sort(key=_distance)
        facts['refused'] = len(refused)
        facts['limbs'] = []
        for number, start, end, score, reason in refused[:_MOST_REFUSED]:
            limb = spec.skeleton.limbs[number]
            ends = [*peaks[limb.start][start], *peaks[limb.end][end]]
            facts['limbs'].append([number, *ends, round(score, 4), reason])
    return facts


def _distance(limb: ExplainedLimb) -> tuple[int, float]:
    return _NEAREST_FIRST[limb.reason], -limb.score


def _paf_params(params: Any) -> PafParams:
    """Return the decoder's parameters out of what has more."""
    names = PafParams.__dataclass_fields__
    return PafParams(**{name: getattr(params, name) for name in names})
