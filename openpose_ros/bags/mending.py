"""A bag on a full disk: an end for what could be written of it."""

from __future__ import annotations

from contextlib import closing, suppress
import os
from pathlib import Path
import sqlite3
from typing import Any

from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from openpose_ros.bags.contents import Complaints
from openpose_ros.bags.mcap_file import McapFile
from openpose_ros.bags.telling import MCAP_MAGIC

# A data end and a footer without a summary, as https://mcap.dev/spec has them: readers walk then.
_END = b'\x0f' + (4).to_bytes(8, 'little') + bytes(4)
_END += b'\x02' + (20).to_bytes(8, 'little') + bytes(20) + MCAP_MAGIC
_ROOM = 1 << 16  # bytes that metadata.yaml and the end may take


class _Ended:
    """A storage of rosbags' writer that has ended already; it only writes metadata.yaml then."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def close(self, version: int, metadata: str) -> None:
        """Do nothing."""


def mend(writer: Writer) -> bool:
    """
    End a bag after its disk would take no more.

    Parameters
    ----------
    writer : rosbags.rosbag2.Writer
        Was writing it; done afterwards.

    Returns
    -------
    bool
        Whether there is a bag now, with a message at least.

    Raises
    ------
    OSError
        If even that cannot be written.

    """
    storage: Any = writer.storage
    path = Path(storage.path) if storage is not None else _written(writer)
    with suppress(OSError, sqlite3.Error):  # what it still holds cannot be written
        writer.abort()
    if writer.storage_plugin == StoragePlugin.MCAP:
        if not _cut(path):
            return False
    else:
        _take_back(path)
    with Reader(path) as reader:
        counts = {(one.topic, one.msgtype): one.msgcount for one in reader.connections}
        count = reader.message_count
        if not count:
            return False
        writer.min_timestamp, writer.max_timestamp = reader.start_time, reader.end_time - 1
    writer.counts = {one.id: counts.get((one.topic, one.msgtype), 0) for one in writer.connections}
    ended: Any = _Ended(path)
    writer.storage = ended
    writer.close()
    return True


def _written(writer: Writer) -> Path:
    """Return the one file of a writer that has ended."""
    files = Path(writer.path).iterdir()
    return next(path for path in files if path.suffix in ('.mcap', '.db3'))


def _cut(path: Path) -> bool:
    """Let an MCAP end with the last record that is whole, and has room; tell if there is one."""
    full = path.stat().st_size
    found = McapFile(path, Complaints(lambda _: None))
    if found.is_whole:
        return True
    end = max((end for end in found.ends if end <= full - _ROOM), default=len(MCAP_MAGIC))
    if end <= len(MCAP_MAGIC):  # not even what a reader wants at the beginning
        return False
    os.truncate(path, end)
    with open(path, 'ab') as file:
        file.write(_END)
        file.flush()
        os.fsync(file.fileno())
    return True


def _take_back(path: Path) -> None:
    """Let a database go back to what it committed; its journal, goes too."""
    with closing(sqlite3.connect(path)) as base:
        base.execute('BEGIN IMMEDIATE')
        base.rollback()
