"""How far a build is, from phases that lie inside each other."""

from __future__ import annotations

import pytest

from openpose_ros.engine.tensorrt.progress import Progress


def test_phases_inside_phases_add_up():
    told = []
    progress = Progress(lambda part, what: told.append((part, what)))
    progress.start('build', None, 4)
    progress.step('build', 0)
    progress.start('optimise', 'build', 2)
    progress.step('optimise', 0)
    progress.start('time', 'optimise', 5)
    progress.step('time', 0)
    progress.step('time', 4)
    progress.finish('time')
    progress.step('optimise', 1)
    progress.finish('optimise')
    for step in (1, 2, 3):
        progress.step('build', step)
    assert told == [
        (1 / 4, 'build'),
        ((1 + 1 / 2) / 4, 'optimise'),
        (pytest.approx((1 + (1 + 1 / 5) / 2) / 4), 'time'),
        (2 / 4, 'time'),
        (2 / 4, 'optimise'),
        (2 / 4, 'build'),
        (3 / 4, 'build'),
        (1.0, 'build'),
    ]


def test_it_never_goes_back_and_never_beyond_the_end():
    told = []
    progress = Progress(lambda part, what: told.append(part))
    progress.start('build', None, 1)
    progress.step('build', 0)
    progress.step('build', 1)  # one more than it said
    progress.start('again', 'build', 0)
    progress.step('again', 0)
    progress.start('other', None, 10)  # beside it
    progress.step('other', 0)
    progress.step('never started', 3)
    assert told == [1.0] * 4


def test_stop_ends_the_build_at_its_next_step():
    told = []
    progress = Progress(lambda part, what: told.append(part))
    progress.start('build', None, 2)
    assert progress.step('build', 0)
    progress.stop(KeyboardInterrupt())
    assert not progress.step('build', 1)
    assert len(told) == 1


def test_what_the_callback_raises_ends_the_build_and_is_kept():
    def fail(part, what):
        raise RuntimeError('the node shuts down')

    progress = Progress(fail)
    progress.start('build', None, 2)
    assert not progress.step('build', 0)
    assert str(progress.stopped_by) == 'the node shuts down'
    progress.stop(KeyboardInterrupt())
    assert isinstance(progress.stopped_by, RuntimeError)  # the first reason stays
