"""How files of the cache are written: by one process at a time, and whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import fcntl
import logging
from pathlib import Path
import time

from openpose_ros.errors import EngineError
from openpose_ros.files import write_whole

_LOGGER = logging.getLogger(__name__)
CACHE_REMEDY = 'set OPENPOSE_ROS_CACHE to a folder that can be written'
_POLL_S = 0.2


@contextmanager
def locked(path: Path, on_wait: Callable[[], object]) -> Iterator[None]:
    """
    Hold a lock file; wait while another process holds it. One that died holds it no more.

    Where the file system has no locks, go on without one: what is written is whole anyway.

    Parameters
    ----------
    path : Path
        Of the lock file; it stays.
    on_wait : callable
        Called again and again while it waits; what it raises ends that.

    Raises
    ------
    EngineError
        If it cannot be written.

    """
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open('ab')
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                on_wait()
                time.sleep(_POLL_S)  # and not in flock: Ctrl-C must come through meanwhile
            except OSError as exc:
                _LOGGER.warning(
                    'cannot lock %s: %s; going on without, so that another process may do the '
                    'same work',
                    path,
                    exc.strerror,
                )
                break
        yield


def write_cached(path: Path, data: bytes) -> None:
    """Write a file of the cache whole or not at all; an EngineError if it cannot be written."""
    write_whole(path, data, error=EngineError, remedy=CACHE_REMEDY, make_folder=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise EngineError(
            f'cannot write {exc.filename or path}: {exc.strerror}; {CACHE_REMEDY}'
        ) from exc
