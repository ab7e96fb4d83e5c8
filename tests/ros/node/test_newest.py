"""The worker: always the newest item, every item accounted for, nothing hangs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import threading
from time import sleep
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from openpose_ros.ros.node.newest import NewestWorker
from openpose_ros.ros.node.slots import Counts, Slot
from tests.ros.scenes import PATIENCE_S, wait_until


class Bench:
    """A worker whose work waits for a sign, and a record of all that it did."""

    def __init__(self, **overrides: Any) -> None:
        self.log: list[Any] = []
        self.errors: list[BaseException] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        calls: dict[str, Any] = {
            'setup': self.setup,
            'teardown': self.teardown,
            'report': self.errors.append,
            'work': self.work,
            **overrides,
        }
        work = calls.pop('work')
        self.worker: NewestWorker[Any, Any] = NewestWorker('test', **calls)
        self.slot: Slot[Any, Any] = self.worker.slot(work, calls['report'])

    def setup(self) -> threading.Thread:
        self.log.append('setup')
        return threading.current_thread()

    def work(self, resource: threading.Thread, item: Any) -> str:
        assert resource is threading.current_thread()
        self.begun.release()
        assert self.may_end.acquire(timeout=PATIENCE_S)
        self.log.append(item)
        if isinstance(item, BaseException):
            raise item
        return 'processed'

    def teardown(self, resource: threading.Thread) -> None:
        assert resource is threading.current_thread()
        self.log.append('teardown')

    def put_and_wait(self, item: Any) -> None:
        """Put an item and wait until it is worked on."""
        self.slot.put(item)
        assert self.begun.acquire(timeout=PATIENCE_S)

    def settle(self) -> None:
        """Let the work in hand end, without refusing anything."""
        self.may_end.release()
        wait_until(lambda: self.slot.counts().in_flight == 0)


def check(counts: Counts) -> Counts:
    """Check the two equations."""
    assert counts.received == counts.taken + counts.waiting + sum(counts.refused.values())
    ended = sum(counts.outcomes.values()) + counts.replaced + counts.failed
    assert counts.taken == ended + counts.in_flight
    assert counts.in_flight in (0, 1)
    assert 0 <= counts.waiting <= 9  # one in the slot, the others held back
    return counts


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.worker.start()
    bench.worker.accept()
    yield bench
    bench.may_end.release(1000)
    assert bench.worker.stop(PATIENCE_S)
    check(bench.slot.counts())


def test_newest_takes_the_place_of_what_waits(bench: Bench) -> None:
    bench.put_and_wait(1)
    for item in (2, 3, 4):
        bench.slot.put(item)
    counts = check(bench.slot.counts())
    assert (counts.received, counts.taken, counts.replaced) == (4, 3, 2)
    assert (counts.in_flight, counts.waiting) == (1, 1)
    bench.may_end.release(2)
    wait_until(lambda: bench.slot.counts().outcomes == {'processed': 2})
    assert bench.log == ['setup', 1, 4]
    assert check(bench.slot.counts()).in_flight == 0


@pytest.mark.parametrize('exc', [ValueError('odd'), MemoryError(), SystemExit(3)], ids=repr)
def test_error_is_counted_and_reported_and_survived(bench: Bench, exc: BaseException) -> None:
    bench.put_and_wait(exc)
    bench.settle()
    bench.put_and_wait('next')
    bench.settle()
    counts = check(bench.slot.counts())
    assert (counts.failed, counts.outcomes) == (1, {'processed': 1})
    assert bench.errors == [exc]


def test_report_that_raises_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    def report(_: BaseException) -> None:
        raise OSError('no one listens')

    bench = Bench(report=report)
    bench.worker.start()
    bench.worker.accept()
    bench.may_end.release(2)
    bench.put_and_wait(ValueError('odd'))
    wait_until(lambda: bench.slot.counts().failed == 1)
    bench.put_and_wait('next')
    assert bench.worker.stop(PATIENCE_S)
    assert bench.log[-2:] == ['next', 'teardown']
    assert 'cannot report' in caplog.text


def test_outcome_counts_under_its_name() -> None:
    bench = Bench(work=lambda _, item: item)
    bench.worker.start()
    bench.worker.accept()
    for name in ('old', 'new', 'old'):
        before = bench.slot.counts().taken
        bench.slot.put(name)
        wait_until(lambda before=before: bench.slot.counts().taken > before)
        wait_until(lambda: bench.slot.counts().in_flight == 0)
    assert bench.worker.stop(PATIENCE_S)
    assert check(bench.slot.counts()).outcomes == {'old': 2, 'new': 1}


def test_items_are_refused_until_accepted_and_when_paused() -> None:
    bench = Bench()
    bench.slot.put('before start')
    bench.worker.start()
    bench.slot.put('before accept')
    bench.worker.accept()
    bench.put_and_wait('in hand')
    bench.slot.put('waiting')
    bench.may_end.release()
    assert bench.worker.pause(PATIENCE_S)
    bench.slot.put('after pause')
    bench.slot.refuse('too dark')
    counts = check(bench.slot.counts())
    # Whether 'waiting' was refused, or taken before the pause began, is up to the threads.
    assert counts.refused['too dark'] == 1
    assert counts.refused['paused'] in (3, 4)
    bench.may_end.release()
    assert bench.worker.stop(PATIENCE_S)
    assert 'after pause' not in bench.log


def test_pause_waits_for_the_work_in_hand_up_to_its_deadline(bench: Bench) -> None:
    bench.put_and_wait(1)
    bench.slot.put(2)
    assert not bench.worker.pause(0.01)
    counts = check(bench.slot.counts())
    assert (counts.in_flight, counts.waiting, counts.refused) == (1, 0, {'paused': 1})
    bench.may_end.release()
    assert bench.worker.pause(PATIENCE_S)
    assert bench.log == ['setup', 1]


def test_stop_tears_down_in_the_thread_and_start_begins_anew() -> None:
    bench = Bench()
    for round_ in range(3):
        bench.worker.start()
        bench.worker.accept()
        bench.may_end.release()
        bench.put_and_wait(round_)
        assert bench.worker.stop(PATIENCE_S)
    expected = [entry for round_ in range(3) for entry in ('setup', round_, 'teardown')]
    assert bench.log == expected
    assert bench.worker.stop(0.0)  # again, and of what does not run
    assert check(bench.slot.counts()).outcomes == {'processed': 3}


def test_stop_refuses_what_waits(bench: Bench) -> None:
    bench.put_and_wait(1)
    bench.slot.put(2)
    bench.may_end.release(2)
    assert bench.worker.stop(PATIENCE_S)
    counts = check(bench.slot.counts())
    assert counts.outcomes['processed'] + counts.refused.get('stopped', 0) == 2


def test_stop_leaves_a_stuck_thread_behind() -> None:
    left_behind = []

    def work(resource: Any, item: Any) -> str:
        outcome = bench.work(resource, item)
        left_behind.append(bench.worker.left_behind())
        return outcome

    bench = Bench(work=work)
    bench.worker.start()
    bench.worker.accept()
    bench.put_and_wait('stuck')
    assert not bench.worker.stop(0.01)
    counts = check(bench.slot.counts())
    assert (counts.failed, counts.in_flight) == (1, 0)

    bench.worker.start()  # meanwhile another life
    bench.worker.accept()
    bench.may_end.release()
    wait_until(lambda: 'teardown' in bench.log)  # the stuck one's
    bench.may_end.release()
    bench.put_and_wait('fresh')
    assert bench.worker.stop(PATIENCE_S)
    assert bench.log == ['setup', 'setup', 'stuck', 'teardown', 'fresh', 'teardown']
    assert left_behind == [True, False]
    counts = check(bench.slot.counts())
    assert (counts.failed, counts.outcomes) == (1, {'processed': 1})


def test_setup_that_raises_leaves_nothing_running() -> None:
    attempts = iter([OSError('no such engine'), None])

    def setup() -> threading.Thread:
        exc = next(attempts)
        if exc:
            raise exc
        return bench.setup()

    bench = Bench(setup=setup)
    threads = threading.active_count()
    with pytest.raises(OSError, match='no such engine'):
        bench.worker.start()
    assert threading.active_count() == threads
    bench.worker.accept()  # changes nothing
    bench.slot.put(1)
    assert check(bench.slot.counts()).refused == {'paused': 1}
    bench.worker.start()
    assert bench.worker.stop(PATIENCE_S)
    assert bench.log == ['setup', 'teardown']


def test_start_twice_is_refused(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match='runs already'):
        bench.worker.start()


def test_teardown_that_raises_is_reported() -> None:
    def teardown(_: Any) -> None:
        raise OSError('cannot free')

    bench = Bench(teardown=teardown)
    bench.worker.start()
    assert bench.worker.stop(PATIENCE_S)
    assert [str(exc) for exc in bench.errors] == ['cannot free']


def test_item_is_not_kept_after_its_work(bench: Bench) -> None:
    class Item:
        alive = 0

        def __init__(self) -> None:
            Item.alive += 1

        def __del__(self) -> None:
            Item.alive -= 1

    bench.log = Forgetful()
    bench.put_and_wait(Item())
    bench.settle()
    wait_until(lambda: Item.alive == 0)


class Forgetful(list[Any]):
    def append(self, _: Any) -> None:
        """Keep nothing."""


ACTIONS = ['put', 'hold', 'promote', 'fail', 'refuse', 'pause', 'accept', 'restart']


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1))))
def test_counts_add_up_at_any_moment(actions: list[tuple[str, int]]) -> None:
    """For each of two sources, whatever becomes of the items of the other."""

    def work(_: Any, item: Any) -> str:
        if item == 'fail':
            raise ValueError(item)
        return 'processed'

    worker: NewestWorker[Any, Any] = NewestWorker(
        'test', setup=object, teardown=lambda _: None, report=lambda _: None
    )
    slots = [worker.slot(work, lambda _: None) for _ in range(2)]
    over = threading.Event()
    snapshots: list[Counts] = []

    def watch() -> None:
        while not over.is_set():
            snapshots.extend(slot.counts() for slot in slots)
            sleep(0.0001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    does: dict[str, Callable[[Slot[Any, Any]], object]] = {
        'put': lambda slot: slot.put('good'),
        'hold': lambda slot: slot.put('good', 0.001),
        'promote': lambda slot: slot.promote(lambda item: item),
        'fail': lambda slot: slot.put('fail'),
        'refuse': lambda slot: slot.refuse('why'),
        'pause': lambda _: worker.pause(PATIENCE_S),
        'accept': lambda _: worker.accept(),
        'restart': lambda _: (worker.stop(PATIENCE_S), worker.start()),
    }
    try:
        worker.start()
        worker.accept()
        for action, place in actions:
            does[action](slots[place])
        assert worker.stop(PATIENCE_S)
    finally:
        over.set()
        watcher.join()
    for counts in snapshots:
        check(counts)
    for place, slot in enumerate(slots):
        counts = check(slot.counts())
        offered = ('put', 'hold', 'fail', 'refuse')
        assert counts.received == sum(one[0] in offered for one in actions if one[1] == place)
        assert counts.in_flight == counts.waiting == 0


def test_start_waits_no_longer_when_told_so() -> None:
    may_end = threading.Event()
    log: list[str] = []
    bench = Bench(
        setup=lambda: may_end.wait(PATIENCE_S), teardown=lambda _: log.append('torn down')
    )
    looks = iter([False, False, True])
    with pytest.raises(KeyboardInterrupt):
        bench.worker.start(lambda: next(looks))
    may_end.set()
    assert bench.worker.stop(PATIENCE_S)  # its thread ends; nothing is left behind
    assert log == ['torn down']
    bench.worker.start()  # and it can begin anew
    assert bench.worker.stop(PATIENCE_S)


# What is held back before the slot

LONG_S = 1000.0


def test_what_is_held_back_comes_when_its_time_is_up(bench: Bench) -> None:
    bench.slot.put('held', 0.02)
    assert bench.slot.counts().waiting == 1
    assert bench.begun.acquire(timeout=PATIENCE_S)
    bench.settle()
    assert bench.log[-1] == 'held'
    assert check(bench.slot.counts()).outcomes == {'processed': 1}


def test_what_is_complete_comes_at_once_and_replaces_what_is_older(bench: Bench) -> None:
    for number in (1, 2, 3):
        bench.slot.put(number, LONG_S)
    assert check(bench.slot.counts()).waiting == 3
    bench.slot.promote(lambda item: None)
    assert bench.slot.counts().waiting == 3
    bench.slot.promote(lambda item: f'{item} and more' if item < 3 else None)
    assert bench.begun.acquire(timeout=PATIENCE_S)
    counts = check(bench.slot.counts())
    assert (counts.replaced, counts.waiting, counts.in_flight) == (1, 1, 1)
    bench.settle()
    assert bench.log[-1] == '2 and more'


def test_a_newer_item_takes_the_place_of_what_is_held_back(bench: Bench) -> None:
    bench.slot.put('older', LONG_S)
    bench.put_and_wait('newer')
    bench.settle()
    counts = check(bench.slot.counts())
    assert (counts.replaced, counts.waiting, counts.outcomes) == (1, 0, {'processed': 1})
    assert bench.log[-1] == 'newer'


def test_of_all_that_is_held_back_the_newest_comes_when_the_oldest_is_due(bench: Bench) -> None:
    bench.slot.put('long', LONG_S)
    for name in ('a', 'b', 'c'):
        bench.slot.put(name, 0.001)
    bench.slot.put('first', 0.0)  # wakes the thread, and replaces them
    assert bench.begun.acquire(timeout=PATIENCE_S)
    for name in ('d', 'e', 'f'):
        bench.slot.put(name, 0.001)
    bench.may_end.release()
    assert bench.begun.acquire(timeout=PATIENCE_S)
    bench.settle()
    assert bench.log[-2:] == ['first', 'f']
    assert check(bench.slot.counts()).replaced == 6


def test_only_so_many_are_held_back(bench: Bench) -> None:
    for number in range(20):
        bench.slot.put(number, LONG_S)
    counts = check(bench.slot.counts())
    assert (counts.waiting, counts.replaced) == (8, 12)


def test_what_is_held_back_is_refused_when_the_worker_pauses_or_stops(bench: Bench) -> None:
    bench.slot.put('one', LONG_S)
    assert bench.worker.pause(PATIENCE_S)
    bench.worker.accept()
    bench.slot.put('other', LONG_S)
    assert bench.worker.stop(PATIENCE_S)
    assert check(bench.slot.counts()).refused == {'paused': 1, 'stopped': 1}


# Several sources


class Fair:
    """A worker with several slots; whose items it works on, and when each has come."""

    def __init__(self, count: int) -> None:
        self.order: list[Any] = []
        self.errors: list[tuple[int, BaseException]] = []
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.worker: NewestWorker[Any, Any] = NewestWorker(
            'test', setup=object, teardown=lambda _: None, report=lambda _: None
        )
        self.slots = [
            self.worker.slot(
                self.work, lambda exc, number=number: self.errors.append((number, exc))
            )
            for number in range(count)
        ]
        self.worker.start()
        self.worker.accept()

    def work(self, _: Any, item: Any) -> str:
        self.begun.release()
        assert self.may_end.acquire(timeout=PATIENCE_S)
        if isinstance(item, BaseException):
            raise item
        self.order.append(item)
        return 'processed'

    def turn(self) -> None:
        """Let the work in hand end, and the next one begin."""
        self.may_end.release()
        assert self.begun.acquire(timeout=PATIENCE_S)

    def end(self) -> None:
        self.may_end.release(1000)
        wait_until(lambda: not any(s.counts().waiting or s.counts().in_flight for s in self.slots))
        assert self.worker.stop(PATIENCE_S)
        for slot in self.slots:
            check(slot.counts())


def test_sources_that_fill_all_at_once_have_turns_alike() -> None:
    fair = Fair(3)
    fair.slots[0].put((0, -1))
    assert fair.begun.acquire(timeout=PATIENCE_S)
    for round_ in range(30):  # of each round one is worked on, and the next round replaces two
        for number, slot in enumerate(fair.slots):
            slot.put((number, round_))
        fair.turn()
    fair.end()
    numbers = [number for number, _ in fair.order[:31]]
    assert [numbers.count(number) for number in range(3)] == [11, 10, 10]
    rounds = [round_ for _, round_ in fair.order[:31]]
    assert rounds == list(range(-1, 30)), 'the newest of each'


def test_a_fast_source_leaves_the_slow_ones_their_items() -> None:
    fair = Fair(3)
    fair.slots[0].put('fast')
    assert fair.begun.acquire(timeout=PATIENCE_S)
    for round_ in range(20):
        for _ in range(3):
            fair.slots[0].put('fast')
        if round_ % 4 == 0:
            fair.slots[1].put('slow')
        if round_ % 4 == 1:
            fair.slots[2].put('slow')
        fair.turn()
    fair.end()
    for slot in fair.slots[1:]:
        counts = slot.counts()
        assert (counts.outcomes, counts.replaced) == ({'processed': 5}, 0)
    counts = fair.slots[0].counts()
    assert counts.outcomes['processed'] >= 11
    assert counts.replaced > 40


def test_what_fails_and_what_is_held_back_is_its_own_sources_alone() -> None:
    fair = Fair(2)
    broken, whole = fair.slots
    broken.put('held', LONG_S)
    exc = ValueError('odd')
    broken.put(exc)
    assert fair.begun.acquire(timeout=PATIENCE_S)
    whole.put('good', 0.001)
    fair.turn()
    broken.refuse('why')
    fair.end()
    assert fair.errors == [(0, exc)]
    assert fair.order == ['good']
    counts = check(broken.counts())
    assert (counts.received, counts.failed, counts.replaced, counts.refused) == (
        3,
        1,
        1,
        {'why': 1},
    )
    assert check(whole.counts()).outcomes == {'processed': 1}


def test_one_that_is_complete_late_does_not_hold_up_the_others() -> None:
    fair = Fair(2)
    fair.slots[0].put('late', LONG_S)
    fair.slots[1].put('now')
    assert fair.begun.acquire(timeout=PATIENCE_S)
    fair.slots[0].promote(lambda item: f'{item} but complete')
    fair.turn()
    fair.end()
    assert fair.order == ['now', 'late but complete']


def test_what_waited_in_vain_stays_the_newest_until_its_turn() -> None:
    fair = Fair(3)
    fair.slots[0].put('first')
    assert fair.begun.acquire(timeout=PATIENCE_S)
    fair.slots[1].put('before')
    fair.slots[2].put('older', 0.001)
    sleep(0.002)  # it is due
    fair.turn()  # the other one begins; what was due is in its slot now
    fair.slots[2].put('newer', 0.001)
    sleep(0.002)
    fair.turn()
    fair.end()
    assert fair.order == ['first', 'before', 'newer']
    assert check(fair.slots[2].counts()).replaced == 1


def test_what_waited_in_vain_leaves_what_is_complete_its_turn() -> None:
    fair = Fair(2)
    fair.slots[0].put('first')
    assert fair.begun.acquire(timeout=PATIENCE_S)
    fair.slots[1].put('complete')
    fair.slots[1].put('newer', 0.001)
    fair.slots[1].put('newest', LONG_S)
    sleep(0.002)
    fair.turn()
    fair.may_end.release()
    assert fair.begun.acquire(timeout=PATIENCE_S)
    fair.end()
    assert fair.order == ['first', 'complete', 'newest']


def test_all_are_paused_and_stopped_together() -> None:
    fair = Fair(2)
    fair.slots[0].put('in hand')
    assert fair.begun.acquire(timeout=PATIENCE_S)
    fair.slots[1].put('waiting')
    assert not fair.worker.pause(0.01)
    assert check(fair.slots[1].counts()).refused == {'paused': 1}
    fair.may_end.release()
    assert fair.worker.pause(PATIENCE_S)
    fair.slots[0].put('late')
    fair.end()
    assert check(fair.slots[0].counts()).refused == {'paused': 1}
