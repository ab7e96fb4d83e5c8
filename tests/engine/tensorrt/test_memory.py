"""Contexts, streams and buffers, on a pretended driver: who owns what, and in which order."""

from __future__ import annotations

from threading import Event, Thread

import numpy as np
import pytest

from openpose_ros.engine.tensorrt.memory import Gpu
from openpose_ros.errors import EngineError
from tests.engine.tensorrt.pretended import FACTS, CudaError, PretendedDriver


@pytest.fixture
def driver():
    return PretendedDriver()


@pytest.fixture
def gpu(driver):
    return Gpu(driver)


def test_context_is_current_only_while_it_is_used(driver, gpu):
    assert driver.stack == []
    with gpu.current():
        assert driver.stack == ['primary context']
        with gpu.current():
            assert len(driver.stack) == 2
    assert driver.stack == []
    with pytest.raises(ZeroDivisionError), gpu.current():
        raise ZeroDivisionError
    assert driver.stack == []


def test_gpu_is_of_use_to_any_thread(driver, gpu):
    stacks = []

    def use():
        with gpu.current():
            gpu.buffer('x', 8)
            stacks.append(list(driver.stack))

    def close():
        gpu.close()
        stacks.append(list(driver.stack))

    for work in (use, use, close):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert stacks == [['primary context'], ['primary context'], []]
    assert driver.leaks == (0, 0, 0, 0)


def test_bytes_go_there_and_back(gpu):
    with gpu.current():
        buffer = gpu.buffer('x', 100)
        buffer.host[:50] = np.arange(50)
        gpu.upload(buffer, 50)
        buffer.host[:] = 255
        gpu.download(buffer, 40)
        gpu.synchronize()
    np.testing.assert_array_equal(buffer.host[:40], np.arange(40))
    assert (buffer.host[40:] == 255).all()


def test_buffers_are_reused_until_they_are_too_small(driver, gpu):
    with gpu.current():
        first = gpu.buffer('x', 100)
        assert gpu.buffer('x', 100) is first
        assert gpu.buffer('x', 60) is first
        other = gpu.buffer('y', 60)
        assert other.address != first.address
        assert driver.calls.count('allocate') == 2
        assert len(gpu.buffer('x', 101).host) == 101
    assert driver.leaks == (1, 1, 2, 2)


def test_all_is_freed_in_order_and_once(driver, gpu):
    with gpu.current():
        gpu.buffer('x', 8)
    driver.calls.clear()
    gpu.close()
    assert driver.calls == ['push', 'free', 'free_host', 'free_stream', 'pop', 'release']
    gpu.close()
    assert driver.calls[-1] == 'release'
    assert len(driver.calls) == 6
    assert driver.leaks == (0, 0, 0, 0)
    with pytest.raises(EngineError, match='given back already'), gpu.current():
        pass


@pytest.mark.parametrize('call', ['allocate', 'allocate_host'])
def test_full_memory_says_how_full_and_what_to_do(driver, gpu, call):
    driver.fails[call] = CudaError(f'{call} failed: out of memory')
    with pytest.raises(EngineError) as raised, gpu.current():
        gpu.buffer('x', 8)
    text = str(raised.value)
    assert text.startswith('the GPU is out of memory, 100 of 1024 MiB are free')
    assert 'smaller net_resolution' in text
    assert '\n' not in text
    assert driver.leaks == (1, 1, 0, 0)
    with gpu.current():  # what was freed meanwhile is there to be taken
        gpu.buffer('x', 8)


def test_lost_context_says_so_and_can_be_closed(driver, gpu):
    with gpu.current():
        gpu.buffer('x', 8)
        driver.lost = True
    said = r'context is lost \(allocate_host failed: an illegal.*clean up and configure the node'
    with pytest.raises(EngineError, match=said), gpu.current():
        gpu.buffer('y', 8)
    assert driver.stack == []
    gpu.close()
    assert driver.retained == 0
    assert driver.stack == []


def test_other_refusals_are_told_as_they_are(driver, gpu):
    driver.fails['synchronize'] = CudaError('synchronize failed: invalid value')
    said = r'refused its work: synchronize failed: invalid value$'
    with pytest.raises(EngineError, match=said), gpu.current():
        gpu.synchronize()


@pytest.mark.parametrize('call', ['facts', 'retain', 'make_stream', 'push'])
def test_gpu_that_cannot_be_opened_leaves_nothing_behind(driver, call):
    driver.fails[call] = CudaError(f'{call} failed: no luck')
    with pytest.raises(EngineError, match=f'{call} failed: no luck'):
        Gpu(driver)
    assert driver.leaks == (0, 0, 0, 0)
    assert driver.stack == []


def test_gpu_says_what_it_is(gpu):
    assert gpu.facts == FACTS
    assert gpu.library == 'pretended'


def test_gpu_that_is_closed_while_a_thread_uses_it_waits_for_that_thread(driver, gpu):
    inside, leave = Event(), Event()

    def build():
        with gpu.current():
            inside.set()
            leave.wait(10)

    thread = Thread(target=build)
    thread.start()
    assert inside.wait(10)
    gpu.close()
    gpu.close()
    assert 'release' not in driver.calls
    assert driver.leaks == (1, 1, 0, 0)
    with pytest.raises(EngineError, match='given back already'), gpu.current():
        pass
    leave.set()
    thread.join()
    assert driver.leaks == (0, 0, 0, 0)
    assert driver.calls[-3:] == ['free_stream', 'pop', 'release']
