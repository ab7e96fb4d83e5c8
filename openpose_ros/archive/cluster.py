"""Workers on Ray: actors on this machine, or on those of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
import os
import shutil
import signal
import socket
import tempfile
from typing import Any

from openpose_ros.archive.settings import Settings
from openpose_ros.archive.working import Worker
from openpose_ros.closing import Closing
from openpose_ros.errors import LibraryError, TransportError

_STORE_BYTES = 100 << 20  # tasks and outcomes are small; Ray takes 30 % of the memory by default
_STARTS = 3
_PATIENCE_S = 5.0  # for the machine of a cluster to answer
_LONGEST_FOLDER = 40  # Ray's sockets lie below it, and their paths may have 107 bytes


def _start(ray: Any, stopped: Callable[[], bool], **options: Any) -> None:
    """
    Start Ray, or join it, and leave SIGTERM to who handles it already: Ray's handler exits.

    On a busy machine Ray's own patience of 30 s may not suffice: it is tried again, but not where
    somebody asked to stop meanwhile: a signal to the process group ends what Ray has started.
    """
    utilities: Any = import_module('ray._private.utils')
    taken = getattr(utilities, 'set_sigterm_handler', None)
    utilities.set_sigterm_handler = lambda handler: None
    try:
        for attempt in range(1, _STARTS + 1):
            try:
                ray.init(**options)
                return
            except Exception as exc:
                if type(exc) is not Exception or attempt == _STARTS or stopped():
                    raise
                with suppress(Exception):
                    ray.shutdown()
    finally:
        if taken is not None:
            utilities.set_sigterm_handler = taken


def check_ray() -> None:
    """
    See that there is a Ray, without importing it.

    Raises
    ------
    LibraryError
        If not, with what to do.

    """
    if find_spec('ray') is None:
        raise LibraryError(
            'archive',
            'Ray',
            'pip install "openpose_ros[archive]". Where Ray has no wheel for this Python, '
            'estimate works on one file after the other',
        )


class Cluster(Closing):
    """
    Ray, started for this process alone or joined, and workers on it.

    Nobody is told of the use of Ray, and it has no dashboard. What it writes meanwhile is deleted
    at the end.

    Parameters
    ----------
    address : str, optional
        Of a cluster that is there already. Without it Ray runs on this machine.
    workers : int, optional
        By default as many as there is room for: cores by threads, or one for each GPU.
    threads : int, optional
        Of each worker; by default its share of the cores.
    stopped : callable, optional
        Whether somebody asked to stop; then Ray is not started again where that took too long.

    Attributes
    ----------
    ray : module
    workers, threads : int
        As given, or as they were shared out.
    machines : int

    Raises
    ------
    TransportError
        If the cluster cannot be joined, or Ray does not start.

    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        threads: int | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        # Before the import: Ray reads them there.
        os.environ['RAY_USAGE_STATS_ENABLED'] = '0'
        os.environ.setdefault('RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO', '0')
        self._folder: str | None = None
        self._actors: list[Any] = []
        # Ray handles SIGTERM in its own way; whoever calls us has one already.
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        self.ray = import_module('ray')
        quiet = {'logging_level': 'error', 'log_to_driver': False}
        try:
            if address is None:
                cores = len(os.sched_getaffinity(0))
                self.workers, self.threads = shared_out(cores, 0, workers, threads)
                self._folder = _short_folder()
                _start(
                    self.ray,
                    stopped,
                    address='local',
                    num_cpus=max(cores, self.workers * self.threads),
                    object_store_memory=_STORE_BYTES,
                    include_dashboard=False,
                    _temp_dir=self._folder,
                    **quiet,
                )
            else:
                _check_address(address)
                _start(self.ray, stopped, address=address, **quiet)
            found = self.ray.cluster_resources()
            self._gpus = float(found.get('GPU', 0))
            cores = int(found.get('CPU', 1))
            self.workers, self.threads = shared_out(cores, int(self._gpus), workers, threads)
            self.machines = sum(node['Alive'] for node in self.ray.nodes())
        except Exception as exc:  # a bare one, where Ray waited for itself in vain
            self.close()
            where = f'Ray at {address}' if address else 'Ray on this machine'
            said = ' '.join(str(exc).split())
            advice = (
                '; is it running, and of the same version? ray status tells' if address else ''
            )
            raise TransportError(f'cannot use {where}: {said}{advice}') from exc
        finally:
            for number, handler in handlers.items():
                with suppress(ValueError):  # not the main thread: nothing was changed
                    signal.signal(number, handler)

    def hire(self, settings: Settings, run: Mapping[str, Any]) -> Any:
        """Return the actor of one more worker; Ray starts it where there is room."""
        options: dict[str, Any] = {
            'num_cpus': self.threads,
            'max_restarts': 0,
            'max_task_retries': 0,
            'max_concurrency': 2,  # `work`, and `progress` beside it
        }
        if self._gpus:
            options['num_gpus'] = min(1.0, self._gpus / self.workers)
        actor = self.ray.remote(**options)(Worker).remote(settings, dict(run), self.threads)
        self._actors.append(actor)
        return actor

    def close(self) -> None:
        """End the workers and what Ray started for this process."""
        with suppress(Exception):  # it may have ended before us
            for actor in self._actors:
                self.ray.kill(actor)
        with suppress(Exception):
            self.ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def shared_out(cores: int, gpus: int, workers: int | None, threads: int | None) -> tuple[int, int]:
    """
    Return how many workers there are, and how many threads each has.

    Parameters
    ----------
    cores, gpus : int
        Of all machines.
    workers, threads : int, optional
        What is given is taken; the other one is what fits.

    """
    if workers is None:
        workers = gpus or max(1, cores // (threads or 1))
    if threads is None:
        threads = max(1, cores // workers)
    return workers, threads


def _check_address(address: str) -> None:
    """
    See that somebody listens at an address: Ray itself would try for minutes.

    Raises
    ------
    OSError, ValueError
        If not, or if it is none.

    """
    if address == 'auto':  # which Ray looks for on this machine, and knows soon
        return
    host, _, port = address.rpartition(':')
    if not host or not port.isdecimal() or '/' in host:
        raise ValueError(f"'{address}' is neither HOST:PORT nor auto")
    with socket.create_connection((host.strip('[]'), int(port)), timeout=_PATIENCE_S):
        pass


def _short_folder() -> str:
    """Make a folder for what Ray writes."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(
        prefix='openpose_ros_', dir=usual if len(usual) <= _LONGEST_FOLDER else '/tmp'
    )
