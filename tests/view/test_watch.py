"""Work whose results are written, watched: it can be held, and not turned back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import threading

import pytest

from openpose_ros.estimator import PoseEstimator
from openpose_ros.io import find_sources
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.view.watch import Watch
from tests.view.serving import PATIENCE_S, Served, serve


class Work:
    """Works on a video as `estimate` does, in a thread, once it is let."""

    def __init__(self, path: Path) -> None:
        (self.source,) = find_sources(str(path))
        self.said: list[str] = []
        self.over = threading.Event()
        self.let = threading.Event()
        self.done = 0
        self.estimator = PoseEstimator.from_model(backend='fake')
        self.watch = Watch(
            self.estimator,
            places=1,
            max_pixels=MAX_IMAGE_PIXELS,
            command=['openpose-ros', 'estimate', 'x.mp4'],
            say=self.said.append,
            stopped=self.over.is_set,
        )
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        self.let.wait()
        self.watch.begin(self.source, 0)
        for frame in self.source.frames():
            self.watch.wait(frame)
            if self.over.is_set():
                return
            found = self.estimator.estimate(frame.image)
            self.watch.show(frame, found, found.people)
            self.done += 1
        self.watch.end()


@contextmanager
def working(path: Path) -> Iterator[tuple[Work, Served]]:
    work = Work(path)
    with work.estimator, serve(work.watch) as page:
        work.watch.serve(page.server)
        work.thread.start()
        try:
            yield work, page
        finally:
            work.over.set()
            work.let.set()
            work.thread.join(PATIENCE_S)
            assert not work.thread.is_alive()


@pytest.fixture
def video(make_video: Callable[..., Path]) -> Path:
    return make_video(frames=8)


def test_work_is_held_stepped_and_let_go(video: Path) -> None:
    with working(video) as (work, page), page.viewer() as viewer:
        viewer.send(pause=0)
        viewer.wait('status', lambda facts: facts['paused'])
        work.let.set()
        viewer.wait('status', lambda facts: facts['name'] == str(video))
        assert work.done == 0
        for index in range(3):
            viewer.send(step=1)
            assert viewer.wait('frame')['index'] == index
        assert work.done <= 3
        viewer.send(play=0)
        viewer.wait('status', lambda facts: 'the work is done' in facts['line'])
        assert work.done == 8
        assert viewer.wait('frame', lambda facts: facts['index'] == 7)['total'] == 8
        viewer.send(set={'max_people': 1})
        assert 'the work is done' in viewer.wait('refused')['text']


def test_changed_parameters_hold_from_the_next_frame_and_are_recorded_in_one_line(
    video: Path,
) -> None:
    with working(video) as (work, page), page.viewer() as viewer:
        viewer.send(pause=0)
        viewer.wait('status', lambda facts: facts['paused'])
        work.let.set()
        viewer.send(step=1)
        assert len(viewer.wait('frame')['people']) == 3
        viewer.send(set={'max_people': 1})
        viewer.send(set={'max_people': 2, 'peak_threshold': 0.1})
        viewer.wait('status', lambda facts: facts['values']['peak_threshold'] == 0.1)
        assert work.said == []  # not yet: no frame has them
        viewer.send(step=1)
        assert len(viewer.wait('frame')['people']) == 2
        assert work.said == [
            f'from {video} frame 1 on: peak_threshold 0.1 (was 0.05), max_people 2 (was 0)'
        ]
        viewer.send(set={'peak_threshold': 2})
        assert 'peak_threshold is 2' in viewer.wait('refused')['text']


@pytest.mark.parametrize(('action', 'value'), [('seek', 3), ('go', 0)])
def test_there_is_no_way_back(video: Path, action: str, value: int) -> None:
    with working(video) as (_, page), page.viewer() as viewer:
        viewer.send(**{action: value})
        assert f'no {action} while results are written' in viewer.wait('refused')['text']
        assert page.bring(b'x').status == 403


def test_nobody_who_looks_costs_nothing(video: Path) -> None:
    with working(video) as (work, page):
        shown = []
        page.server.show = lambda *_, **__: shown.append(1)  # type: ignore[method-assign]
        work.let.set()
        work.thread.join(PATIENCE_S)
        assert (work.done, shown) == (8, [])
