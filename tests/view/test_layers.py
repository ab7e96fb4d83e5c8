"""What a browser draws the layers of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from openpose_ros.engine.fake import FakeEngine
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import load_model
from openpose_ros.parsing.paf.params import PafParams
from openpose_ros.view.layers import Layers, layer_facts, with_own_maps
from openpose_ros.view.shown import Shown

SPEC = load_model(need_file=False)
FRAME = np.zeros((368, 656, 3), np.uint8)
ALL = Layers(0, 0, True, True)


def shown_of(estimator: PoseEstimator) -> Shown:
    found = estimator.estimate(FRAME)
    return Shown(found, estimator.params, 'x')


def test_at_most_500_refused_limbs_are_sent_the_nearest_first() -> None:
    rng = np.random.default_rng(3)

    def noise(batch: np.ndarray) -> Sequence[np.ndarray]:  # type: ignore[type-arg]
        height, width = batch.shape[2] // 8, batch.shape[3] // 8
        channels = 2 * len(SPEC.skeleton.limbs)
        return (
            rng.random((1, SPEC.skeleton.num_keypoints + 1, height, width)),
            rng.uniform(-1, 1, (1, channels, height, width)),
        )

    params = PafParams(nms_window=9, max_peaks=16)
    with PoseEstimator(SPEC, FakeEngine(noise, SPEC), params) as estimator:
        facts, _ = layer_facts(shown_of(estimator), ALL, SPEC)
    limbs = facts['limbs']
    assert len(limbs) == 500 < facts['refused']
    ranks = ['person_dropped', 'contradicts', 'taken', 'gap', 'too_few_samples']
    order = [(ranks.index(limb[6]), -limb[5]) for limb in limbs]
    assert order == sorted(order)


def test_a_network_without_fields_has_heatmaps_alone() -> None:
    with PoseEstimator.from_model('posenet-mobilenet-v1-075', backend='fake') as estimator:
        facts, data = layer_facts(shown_of(estimator), ALL, estimator.spec)
    assert set(facts) == {'grid', 'heatmap'}
    width, height = facts['grid']['size']
    assert len(data) == width * height


@pytest.mark.parametrize('layers', [Layers(99, 99), Layers(-5, -1), Layers()])
def test_a_layer_that_is_not_there_is_left_out(layers: Layers) -> None:
    with PoseEstimator.from_model(backend='fake') as estimator:
        facts, data = layer_facts(shown_of(estimator), layers, estimator.spec)
    assert set(facts) == {'grid'}
    assert data == b''


def test_own_maps_are_written_over_by_nobody() -> None:
    with PoseEstimator.from_model(backend='fake') as estimator:
        found = estimator.estimate(FRAME)
    own = with_own_maps(found)
    before = own.maps.heatmaps.copy()
    found.maps.heatmaps[:] = 7
    assert np.array_equal(own.maps.heatmaps, before)
    assert own.people is found.people


def test_facts_are_json_whatever_the_network_says() -> None:
    import json

    with PoseEstimator.from_model(backend='fake') as estimator:
        shown = shown_of(estimator)
    shown.estimate.maps.heatmaps[:, 0, 0, 0] = np.nan
    facts, data = layer_facts(shown, Layers(heatmap=0), SPEC)
    json.dumps([facts, replace(shown, age_s=0.5).facts()], allow_nan=False)
    assert data[0] == 0
