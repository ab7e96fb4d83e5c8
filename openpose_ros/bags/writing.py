"""
Bags out: OUT is whole, or not there.

What is written lies in OUT.part/NAME, which becomes OUT when all of it is on the disk. Where the
work ends early, or the disk is full, what there is becomes OUT.partial, a bag that opens. Whatever
kills the process leaves OUT.part, which no reader takes for a bag: what it holds has no
metadata.yaml, and lies a folder deeper.
"""

from __future__ import annotations

from contextlib import suppress
import fcntl
import os
from pathlib import Path
import shutil
import sqlite3
from time import monotonic
from types import TracebackType
from typing import Any, Literal

from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from openpose_ros.bags.contents import Channel, Key
from openpose_ros.bags.mending import mend
from openpose_ros.bags.places import beside
from openpose_ros.bags.recording import Recorded
from openpose_ros.errors import OutputError
from openpose_ros.files.whole import sync
from openpose_ros.ros.types.store import MessageTypes

STORAGES = {'sqlite3': StoragePlugin.SQLITE3, 'mcap': StoragePlugin.MCAP}
COMPRESSIONS = ('none', 'zstd')
VERSIONS: dict[str, Literal[8, 9]] = {'humble': 8, 'jazzy': 9}  # of rosbag2's metadata
_REPLACED = 'replaced'
_RESERVE, _RESERVED = 'reserve', 1 << 18  # bytes for the end of a bag on a full disk
# What SQLite loses on a full disk, at most: it takes back what was not committed.
_COMMIT_S, _COMMIT_BYTES = 2.0, 1 << 23
_INFINITE = QosTime(9223372036, 854775807)


def offered(*, latched: bool) -> tuple[Qos, ...]:
    """Return the quality of service of what we publish, as the node has it."""
    return (
        Qos(
            history=QosHistory.KEEP_LAST,
            depth=1 if latched else 5,
            reliability=QosReliability.RELIABLE,
            durability=QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
            deadline=_INFINITE,
            lifespan=_INFINITE,
            liveliness=QosLiveliness.AUTOMATIC,
            liveliness_lease_duration=_INFINITE,
            avoid_ros_namespace_conventions=False,
        ),
    )


class BagWriter:
    """
    Writes a bag; a context, at whose end it has its name.

    Parameters
    ----------
    out : Path
        Its folder in the end.
    storage, compression : str
        Of STORAGES, of COMPRESSIONS.
    distro : str
        Of VERSIONS: which ROS shall read it.
    types : MessageTypes
        Define what is written.

    Attributes
    ----------
    ended_early : bool
        Set it where the work was stopped: then it becomes OUT.partial.
    place : Path or None
        Where the bag is in the end; None if it holds nothing and was given up.
    count : int
        How many messages were written.

    Raises
    ------
    OutputError
        If it cannot be written, or another process writes it.

    """

    def __init__(
        self,
        out: Path,
        *,
        storage: str,
        compression: str,
        distro: str,
        types: MessageTypes,
        say: Any,
    ) -> None:
        self._out = Path(os.path.abspath(out))
        self._part = beside(out, '.part')
        self._types = types
        self._say = say
        self.ended_early = False
        self.place: Path | None = None
        self.count = 0
        self._connections: dict[Key, Any] = {}
        self._committed_s, self._uncommitted = monotonic(), 0
        self._folder = -1
        self._failure: OutputError | None = None
        try:
            self._take_part()
            self._writer = Writer(
                self._part / self._out.name,
                version=VERSIONS[distro],
                storage_plugin=STORAGES[storage],
            )
            if compression == 'zstd':
                mode = CompressionMode.STORAGE if storage == 'mcap' else CompressionMode.MESSAGE
                self._writer.set_compression(mode, CompressionFormat.ZSTD)
            self._writer.open()
        except (OSError, sqlite3.Error) as exc:
            if self._folder >= 0:  # it is ours, and there may be no room for what it holds
                self._remove()
                os.close(self._folder)
            raise self._lost(exc) from exc

    def _take_part(self) -> None:
        """Make OUT.part anew, unless somebody is at work on it, or it holds what is not ours."""
        part = self._part
        if part.exists():
            descriptor = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                self._lock(descriptor)
                strange = {one.name for one in part.iterdir()} - {self._out.name, _RESERVE}
                if strange:
                    raise OutputError(
                        f'cannot write {part}: it holds {min(strange)}, which no bag that was '
                        'begun has; look at it, and remove it'
                    )
                shutil.rmtree(part)
            finally:
                os.close(descriptor)
            self._say(f'{part} of an earlier run, which did not end well, is replaced')
        part.mkdir(parents=True)
        self._folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._lock(self._folder)
        (part / _RESERVE).write_bytes(os.urandom(_RESERVED))  # zeros may take no room

    def _lock(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise OutputError(f'another process is writing {self._part}; choose another') from exc
        except OSError:
            pass  # a file system without locks

    def open_topic(self, topic: str, type_name: str, *, latched: bool = False) -> None:
        """
        Have a topic of ours, even if nothing is on it.

        Raises
        ------
        OutputError
            If it cannot be written.

        """
        if (topic, type_name) not in self._connections:
            qos = offered(latched=latched)
            self._connect(topic, type_name, qos, typestore=self._types.store)

    def copy_topic(self, channel: Channel) -> str:
        """
        Have a topic of another bag, as it was there.

        Returns
        -------
        str
            '', or why that cannot be.

        """
        if channel.packed != 'cdr':
            return f"its messages are packed as '{channel.packed}', not as CDR"
        known = channel.type_name in self._types.store.fielddefs
        if channel.definition and channel.digest:
            said = {'msgdef': channel.definition, 'rihs01': channel.digest}
        elif known:
            said = {'typestore': self._types.store}
        elif channel.definition and channel.encoding == 'ros2msg':
            try:
                said = {'typestore': _store_of(channel, self._types)}
            except Exception as exc:  # noqa: BLE001  of a library, on what others wrote
                return f'the definition of {channel.type_name} cannot be read: {exc!r:.200}'
        else:
            return f'the bag does not define {channel.type_name}, and it is not known here'
        self._connect(channel.topic, channel.type_name, channel.qos, **said)
        return ''

    def _connect(self, topic: str, type_name: str, qos: Any, **said: Any) -> None:
        try:
            self._connections[topic, type_name] = self._writer.add_connection(
                topic, type_name, offered_qos_profiles=qos, **said
            )
        except (OSError, sqlite3.Error) as exc:
            raise self._lost(exc) from exc

    def write(self, recorded: Recorded, log_ns: int) -> None:
        """
        Write a message of ours.

        Raises
        ------
        OutputError
            If the disk does not take it.

        """
        self.open_topic(recorded.topic, recorded.type_name, latched=recorded.latched)
        self.write_packed((recorded.topic, recorded.type_name), log_ns, recorded.data)

    def write_packed(self, key: Key, log_ns: int, data: bytes | memoryview) -> None:
        """Write a message on a topic that is there; raises what `write` raises."""
        try:
            self._writer.write(self._connections[key], log_ns, data)
            self.count += 1
            self._uncommitted += len(data)
            self._commit()
        except (OSError, sqlite3.Error) as exc:
            raise self._lost(exc) from exc

    def _commit(self) -> None:
        """Let SQLite keep what there is, now and then."""
        now_s = monotonic()
        if now_s < self._committed_s + _COMMIT_S and self._uncommitted < _COMMIT_BYTES:
            return
        self._committed_s, self._uncommitted = now_s, 0
        connection = getattr(self._writer.storage, 'conn', None)
        if connection is not None:
            connection.commit()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is not None and error is self._failure:
                if self._rescue():
                    raise OutputError(f'{error}; what there is, is in {self.place}') from error
            else:
                self._finish(partial=self.ended_early or error is not None)
        finally:
            os.close(self._folder)

    def _finish(self, *, partial: bool) -> None:
        if partial and not self.count:
            self._writer.abort()
            self._remove()
            return
        if not self.count:  # else times of nothing at all would be written
            self._writer.min_timestamp = self._writer.max_timestamp = 0
        try:
            self._writer.close()
        except (OSError, sqlite3.Error) as exc:
            failure = self._lost(exc)
            if self._rescue():
                raise OutputError(f'{failure}; what there is, is in {self.place}') from exc
            raise failure from exc
        self._settle(partial=partial)

    def _rescue(self) -> bool:
        """Make a bag of what is on the disk; tell whether there is one."""
        with suppress(OSError, sqlite3.Error):
            (self._part / _RESERVE).unlink(missing_ok=True)
        try:
            if not mend(self._writer):
                self._remove()
                return False
            self._settle(partial=True)
        except Exception as exc:  # noqa: BLE001  the first error is told already
            self._say(f'{self._part} holds what was written; it could not be ended: {exc}')
            return False
        return True

    def _settle(self, *, partial: bool) -> None:
        """Give the bag its name."""
        written = self._part / self._out.name
        try:
            for path in (*written.iterdir(), written):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    sync(descriptor)
                finally:
                    os.close(descriptor)
            place = beside(self._out, '.partial') if partial else self._out
            if place.exists():
                if partial:
                    self._say(f'{place} of an earlier run is replaced')
                place.rename(self._part / _REPLACED)
            written.rename(place)
            self.place = place
        except OSError as exc:
            raise self._lost(exc) from exc
        self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self._part, ignore_errors=True)

    def _lost(self, exc: Exception) -> OutputError:
        self._failure = OutputError(f'cannot write {self._out}: {_reason(exc)}')
        return self._failure


def _reason(exc: Exception) -> str:
    return str(getattr(exc, 'strerror', None) or exc)


def _store_of(channel: Channel, types: MessageTypes) -> Any:
    """Return a type store that has a channel's type, for its hash."""
    from rosbags.typesys import get_types_from_msg

    store = MessageTypes().store
    found = get_types_from_msg(channel.definition, channel.type_name)
    store.register({name: fields for name, fields in found.items() if name not in store.fielddefs})
    return store
