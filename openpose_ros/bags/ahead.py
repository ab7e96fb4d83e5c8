"""Reading ahead: the next few things are made ready in a thread beside the work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')
AHEAD = 4  # images that are ready, at most


class _Ahead(Generic[Item]):
    """What is shared by the thread that makes things ready and the one that takes them."""

    def __init__(self, weigh: Callable[[Item], float]) -> None:
        self._weigh = weigh
        self._changed = threading.Condition()
        self._ready: deque[tuple[Item, float]] = deque()
        self._weight = 0.0
        self._ended = self._given_up = False
        self._error: BaseException | None = None

    def fill(self, items: Iterator[Item]) -> None:
        """Be the thread that makes things ready."""
        try:
            for item in items:
                weight = self._weigh(item)
                with self._changed:
                    while self._ready and self._weight + weight > AHEAD and not self._given_up:
                        self._changed.wait()
                    if self._given_up:
                        return
                    self._ready.append((item, weight))
                    self._weight += weight
                    self._changed.notify_all()
        except BaseException as exc:  # noqa: BLE001  raised again where things are taken
            self._error = exc
        finally:
            close = getattr(items, 'close', None)
            if close is not None:
                close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def take(self) -> Iterator[Item]:
        """Yield what is ready, in order; raises what went wrong, where it did."""
        while True:
            with self._changed:
                while not self._ready and not self._ended:
                    self._changed.wait()
                if not self._ready:
                    break
                item, weight = self._ready.popleft()
                self._weight -= weight
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """Let the thread end."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()


@contextmanager
def read_ahead(
    items: Iterator[Item], weigh: Callable[[Item], float] = lambda _: 1.0
) -> Iterator[Iterator[Item]]:
    """
    Yield an iterator over the same things, made ready beside the work.

    Parameters
    ----------
    items : iterator
        Runs in a thread of its own, which has ended when the context has.
    weigh : callable
        What a thing weighs, in images: things of AHEAD are held at most, or a single heavier one.

    """
    ahead = _Ahead(weigh)
    thread = threading.Thread(target=ahead.fill, args=(items,), name='reading a bag')
    thread.start()
    try:
        yield ahead.take()
    finally:
        ahead.give_up()
        thread.join()
