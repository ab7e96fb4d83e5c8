"""Files of a bag in SQLite, whole or not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
import sqlite3
from urllib.parse import quote

from rosbags.rosbag2 import Reader

from openpose_ros.bags.contents import FIRST_NS, LAST_NS, Channel, Complaints, Key, Message
from openpose_ros.errors import SourceError

_ENCODINGS = {'MSG': 'ros2msg', 'IDL': 'ros2idl'}


class SqliteFile:
    """
    A file of a bag, as `McapFile` is one.

    Raises
    ------
    SourceError
        If it cannot be read, or is no bag.

    """

    def __init__(self, path: Path, complain: Complaints) -> None:
        self.path = path
        self._complain = complain
        self.channels: list[Channel] = []
        self._ids: dict[int, Key] = {}
        self.start_ns, self.end_ns = LAST_NS, FIRST_NS
        try:
            with Reader(path) as reader:
                for one in reader.connections:
                    self._ids[one.id] = one.topic, one.msgtype
                    self.channels.append(
                        Channel(
                            one.topic,
                            one.msgtype,
                            one.msgcount,
                            one.msgdef.data,
                            _ENCODINGS.get(one.msgdef.format.name, ''),
                            one.digest,
                            tuple(one.ext.offered_qos_profiles),
                            one.ext.serialization_format,
                        )
                    )
                if reader.message_count:
                    self.start_ns, self.end_ns = reader.start_time, reader.end_time - 1
        except Exception as exc:  # of a library, on what others wrote
            reason = ' '.join(str(exc).split()) or type(exc).__name__
            raise SourceError(f'{path} cannot be read as a bag: {reason}') from exc

    def messages(
        self, wanted: Collection[Key], start_ns: int = FIRST_NS, stop_ns: int = LAST_NS
    ) -> Iterator[Message]:
        """Yield what is wanted from one time until before another, in order of the log."""
        ids = [number for number, key in self._ids.items() if key in wanted]
        if not ids:
            return
        places = ','.join('?' * len(ids))
        base = sqlite3.connect(_address(self.path), uri=True, check_same_thread=False)
        try:
            while True:
                last_ns = start_ns
                try:
                    rows = base.execute(
                        f'SELECT topic_id, timestamp, data FROM messages WHERE topic_id IN '
                        f'({places}) AND timestamp >= ? AND timestamp < ? ORDER BY timestamp, id',
                        (*ids, start_ns, stop_ns),
                    )
                    for number, log_ns, data in rows:
                        if not isinstance(log_ns, int) or log_ns < last_ns:
                            self._complain(
                                f'{self.path} is broken: its messages are not in order; what '
                                'follows is left out'
                            )
                            return  # or a damaged index leads in a circle, for ever
                        last_ns = log_ns
                        yield Message(self._ids[number], log_ns, data)
                except sqlite3.DatabaseError as exc:
                    self._complain(
                        f'{self.path} is broken: {exc}; what cannot be read is left out'
                    )
                    behind = _time_behind(base, last_ns)
                    if behind is None:
                        return
                    start_ns = behind + 1
                else:
                    return
        finally:
            base.close()


def _address(path: Path) -> str:
    # Immutable: nothing is written beside the file, and a medium that is read-only will do.
    return f'file:{quote(str(path.absolute()))}?mode=ro&immutable=1'


def _time_behind(base: sqlite3.Connection, log_ns: int) -> int | None:
    """Return the time of the first message behind a time; None if that cannot be read either."""
    try:
        (found,) = base.execute(
            'SELECT MIN(timestamp) FROM messages WHERE timestamp > ?', (log_ns,)
        ).fetchone()
    except sqlite3.DatabaseError:
        return None
    return None if found is None else int(found)
