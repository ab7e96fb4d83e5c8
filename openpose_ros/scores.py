"""Scores of people as the parser has them, and as they are told: by the model's calibration."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import ceil

import numpy as np

from openpose_ros.models import ModelSpec, ScoreCalibration
from openpose_ros.parsing.decoders import DecoderParams
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.people import People

_MOST_PEAKS = 4096  # that a capacity can be
_SLACK = 1e-6  # of a parser's score, which is float32


@lru_cache(maxsize=16)
def parser_params(params: DecoderParams, spec: ModelSpec, growth: float = 1.0) -> DecoderParams:
    """
    Return what the parser gets of parameters.

    Parameters
    ----------
    params : PafParams or PoseNetParams
        Of which `min_score` is a score as it is told.
    spec : ModelSpec
        Says by its `score_calibration` what that is of the parser's own, and by its `limb_order`
        what 'auto' means.
    growth : float
        As `Estimate.growth`: there is as much more room for peaks.

    """
    if not isinstance(params, PafParams):
        return params
    if growth > 1:
        room = min(_MOST_PEAKS, ceil(growth * params.max_peaks))
        params = replace(params, max_peaks=room)
    if params.limb_order == 'auto':
        params = replace(params, limb_order=spec.limb_order)
    if spec.score_calibration is None:
        return params
    least = spec.score_calibration.own(params.min_score) - _SLACK  # rounding must not lose anybody
    return replace(params, min_score=min(max(least, 0.0), 1.0))


def told(people: People, calibration: ScoreCalibration | None, params: DecoderParams) -> People:
    """
    Tell the scores of people by the model's calibration, and keep who then has `min_score`.

    Parameters
    ----------
    people : People
        With the parser's own scores, best first.
    calibration : ScoreCalibration or None
        None: scores stay what they are.
    params : PafParams or PoseNetParams
        Of which `min_score` is a score as it is told.

    """
    if calibration is None:
        return people
    scores = calibration.told(people.scores).astype(np.float32)
    if isinstance(params, PafParams):
        kept = int((scores >= np.float32(params.min_score)).sum())  # they come best first
        people, scores = people[:kept], scores[:kept]
    return replace(people, scores=scores)
