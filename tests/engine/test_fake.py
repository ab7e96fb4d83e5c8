"""The engine without a network."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from openpose_ros.engine import open_engine
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import EngineError
from openpose_ros.models import load_model

SPEC = load_model('human-pose-estimation-0001', need_file=False)
BATCH = np.zeros((2, 3, 64, 80), np.float32)
HEATMAPS, PAFS = np.zeros((2, 19, 8, 10)), np.zeros((2, 38, 8, 10))


def test_a_handler_gets_the_batch_and_makes_the_maps():
    seen = []

    def handler(batch):
        seen.append(batch)
        return (HEATMAPS + 1).tolist(), np.asfortranarray(PAFS + 2)

    with FakeEngine(handler, SPEC) as engine:
        maps = engine.infer(BATCH)
    assert seen[0] is BATCH
    for found, value in zip(maps, (1, 2)):
        assert (found == value).all()
        assert found.dtype == np.float32
        assert found.flags.c_contiguous


def test_what_the_handler_keeps_stays_as_it_is():
    heatmaps = HEATMAPS.astype(np.float32)
    engine = FakeEngine(lambda batch: (heatmaps, PAFS), SPEC)
    engine.infer(BATCH).heatmaps[:] = 7
    assert not heatmaps.any()


def test_maps_that_do_not_fit_are_refused():
    engine = FakeEngine(lambda batch: (HEATMAPS[:1], PAFS), SPEC)
    with pytest.raises(
        EngineError, match=r'heatmaps \(1, 19, 8, 10\) .* expected \(2, 19, 8, 10\)'
    ):
        engine.infer(BATCH)


def test_what_a_handler_raises_goes_through():
    def handler(batch):
        raise RuntimeError('the cable is out')

    with pytest.raises(RuntimeError, match='the cable is out'):
        FakeEngine(handler, SPEC).infer(BATCH)


def test_an_inference_can_be_made_slow():
    engine = FakeEngine(lambda batch: (HEATMAPS, PAFS), SPEC, delay_s=0.05)
    started = time.perf_counter()
    engine.infer(BATCH)
    assert time.perf_counter() - started >= 0.05
    assert '0.05 s' in engine.description


@pytest.mark.parametrize('size', [(656, 368), (80, 64)])
def test_by_name_it_shows_people_that_are_known(size, tmp_path, monkeypatch):
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path))
    monkeypatch.delenv('OPENPOSE_ROS_MODEL_PATH', raising=False)
    width, height = size
    cells = height // 8, width // 8
    truth = render_maps(scatter_people(3, SPEC.skeleton, cells), SPEC.skeleton, cells)
    with open_engine(backend='fake') as engine:
        assert engine.name == 'fake'
        maps = engine.infer(np.zeros((2, 3, height, width), np.float32))
    for found, expected in zip(maps, truth):
        np.testing.assert_array_equal(found, [expected, expected])


def test_images_of_ever_new_sizes_do_not_fill_the_memory():
    engine = open_engine(SPEC, backend='fake')

    def look(widths):
        for width in widths:
            engine.infer(np.zeros((1, 3, 64, 8 * width), np.float32))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = look(range(8, 40))
        assert look(range(8, 40)) < 1.2 * before
        assert look(range(40, 72)) < 3 * before  # the maps are larger
        assert look(range(8, 40)) < 1.2 * before
    finally:
        tracemalloc.stop()
