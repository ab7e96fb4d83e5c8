"""Networks for the tests of the node: they show what a test wants, when it wants."""

from __future__ import annotations

from collections.abc import Callable
import threading
from time import sleep
from typing import Any

import numpy as np
import pytest

from openpose_ros.engine import OnProgress
from openpose_ros.engine.fake import FakeEngine
from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.estimator import PoseEstimator
from openpose_ros.models import load_model
from openpose_ros.parts import PartFinder, Parts
from openpose_ros.ros.node.parameters import NodeParams
from tests.parts.scenes import part_engine

PATIENCE_S = 20.0  # of a test with a thread; never waited for when all is well


def wait_until(fact: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(int(1000 * PATIENCE_S)):
        if fact():
            return
        sleep(0.001)
    pytest.fail('what was waited for did not come')


class Scene:
    """
    A network that shows people, and obeys.

    Parameters
    ----------
    people : int
        How many stand there.
    delay_s : float
        How long an inference takes.

    Attributes
    ----------
    gated : bool
        Whether each inference waits for `may_end`.
    trouble : callable
        Called in each inference with the heatmaps, which it may spoil; it may raise.
    opened, closed : int
        How many estimators were.
    threads : set of str
        The names of those that ran an inference.

    """

    def __init__(self, people: int = 2, *, delay_s: float = 0.0) -> None:
        self.people = people
        self.delay_s = delay_s
        self.gated = False
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.trouble: Callable[[Any], object] = lambda _: None
        self.opened = self.closed = 0
        self.threads: set[str] = set()
        self.params: list[Any] = []
        self._maps: dict[tuple[int, ...], Any] = {}

    def open(self, params: NodeParams, on_build: OnProgress) -> PoseEstimator:
        """Return an estimator of this scene; see `OpenEstimator`."""
        spec = load_model(need_file=False)
        scene, self.opened = self, self.opened + 1

        class Engine(FakeEngine):
            def close(self) -> None:
                scene.closed += 1
                super().close()

        def infer(batch: Any) -> Any:
            scene.threads.add(threading.current_thread().name)
            if scene.gated:
                scene.begun.release()
                assert scene.may_end.acquire(timeout=PATIENCE_S)
            shape = tuple(side // spec.stride for side in batch.shape[2:])
            if shape not in scene._maps:
                standing = scatter_people(scene.people, spec.skeleton, shape)
                scene._maps[shape] = render_maps(standing, spec.skeleton, shape)
            heatmaps, pafs = (maps[np.newaxis].copy() for maps in scene._maps[shape])
            scene.trouble(heatmaps)
            return heatmaps, pafs

        engine = Engine(infer, spec, delay_s=self.delay_s)
        parts = Parts(params=params)
        if params.hand_model:
            parts.hand = PartFinder('hand', part_engine('hand_21', delay_s=self.delay_s / 4))
        return PoseEstimator(spec, engine, params, params.net_size or (-1, 256), parts=parts)
