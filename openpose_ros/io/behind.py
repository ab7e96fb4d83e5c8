"""Files written behind the work, several at a time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from openpose_ros.files import write_whole

# To wait until a file of 2 kB is on its disk takes 5.7 ms here (ext4), as long as a small network;
# with four waiting at a time 0.5 ms a file: they share what the disk does.
_THREADS = 4
_MOST_WAITING = 32


class WriteBehind:
    """
    Writes whole files while its caller goes on; a context, at whose end all are written.

    At most a few dozen wait: a disk that is slower than the work slows it down.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, 'write')
        self._waiting: deque[Future[None]] = deque()

    def write(self, path: Path, data: bytes) -> None:
        """
        Write a file soon, as `write_whole` does.

        Raises
        ------
        OutputError
            If one of those before could not be written.

        """
        while self._waiting and (len(self._waiting) >= _MOST_WAITING or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(write_whole, path, data))

    def flush(self) -> None:
        """
        Wait until all are written.

        Raises
        ------
        OutputError
            If one of them could not be written.

        """
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> WriteBehind:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        for written in self._waiting:
            written.result()
