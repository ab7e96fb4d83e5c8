"""
An engine without a network: for tests, and to run everything around a network.

`open_engine(None, backend='fake')` shows a few people who stand still, whatever the picture; a
`FakeEngine` of one's own returns what its handler makes, as httpx's MockTransport does::

    def nobody(batch):
        return np.zeros((1, 19, 46, 82)), np.zeros((1, 38, 46, 82))

    engine = FakeEngine(nobody, load_model(need_file=False))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
import time

import numpy as np
import numpy.typing as npt

from openpose_ros.engine.base import MAPS, AnyMaps, Engine, FloatArray, check_batch
from openpose_ros.engine.outputs import check_maps
from openpose_ros.engine.pretending import maps_like
from openpose_ros.engine.synthetic import scatter_people
from openpose_ros.errors import EngineError
from openpose_ros.models import ModelSpec

Handler = Callable[[FloatArray], tuple[npt.ArrayLike, ...]]

_PEOPLE = 3
_SHAPES = 16  # of maps that are kept: images of ever new sizes would fill the memory


class FakeEngine(Engine):
    """
    Returns what a function makes of a batch.

    Parameters
    ----------
    handler : callable
        Takes the batch, float32 (N, 3, h, w), and returns heatmaps and PAFs as `Maps` has them,
        or four as `PoseNetMaps` has them where that is the decoder.
        What it raises goes through to the caller.
    spec : ModelSpec
        The model to pretend; its file is not needed.
    delay_s : float
        How long an inference seems to take, seconds, besides the handler's own time.

    """

    name = 'fake'
    precision = 'fp32'

    def __init__(self, handler: Handler, spec: ModelSpec, *, delay_s: float = 0.0) -> None:
        self.spec = spec
        self.description = f'fake engine, no network, {delay_s:g} s an inference'
        self._handler: Handler | None = handler
        self._delay_s = delay_s

    def infer(self, batch: FloatArray) -> AnyMaps:
        if self._handler is None:
            raise EngineError(f'the engine of {self.spec.name} is closed; open another')
        check_batch(batch, self.spec)
        if self._delay_s:
            time.sleep(self._delay_s)
        arrays = (np.array(maps, np.float32, order='C') for maps in self._handler(batch))
        maps = MAPS[self.spec.decoder](*arrays)
        check_maps(maps, self.spec, batch.shape)
        return maps

    def close(self) -> None:
        self._handler = None


def open_fake(spec: ModelSpec, providers: Sequence[str] | None, threads: int | None) -> FakeEngine:
    """
    Open an engine that shows a few synthetic people.

    Parameters
    ----------
    spec : ModelSpec
        The model to pretend; its file is not needed.
    providers, threads
        Ignored: there is nothing to run.

    """

    @lru_cache(maxsize=_SHAPES)
    def people(shape: tuple[int, int]) -> tuple[FloatArray, ...]:
        standing = scatter_people(_PEOPLE, spec.skeleton, shape)
        return maps_like(spec, standing, shape)

    def handler(batch: FloatArray) -> tuple[FloatArray, ...]:
        height, width = (-(-side // spec.stride) for side in batch.shape[2:])
        return tuple(np.stack([maps] * len(batch)) for maps in people((height, width)))

    return FakeEngine(handler, spec)
