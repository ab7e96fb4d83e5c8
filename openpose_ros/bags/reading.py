"""Bags: a file, or a folder of files in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
import shutil
import sys
from typing import Any, Protocol

from openpose_ros.bags.contents import FIRST_NS, LAST_NS, Channel, Complaints, Key, Message
from openpose_ros.bags.folders import folder_for
from openpose_ros.bags.mcap_file import McapFile
from openpose_ros.bags.sqlite_file import SqliteFile
from openpose_ros.bags.telling import INFORMATION, MCAP_MAGIC, METADATA, SQLITE_MAGIC, SUFFIXES
from openpose_ros.closing import Closing
from openpose_ros.documents import parse_yaml, read_document
from openpose_ros.errors import SourceError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_ZSTD = '.zstd'


class BagFile(Protocol):
    """`McapFile` or `SqliteFile`."""

    channels: list[Channel]
    start_ns: int
    end_ns: int

    def messages(
        self, wanted: Collection[Key], start_ns: int = FIRST_NS, stop_ns: int = LAST_NS
    ) -> Iterator[Message]:
        """Yield what is wanted from one time until before another, in order of the log."""
        ...


@dataclass(frozen=True)
class _Metadata:
    """What metadata.yaml says."""

    files: list[str]
    packed_messages: bool
    channels: dict[Key, Mapping[str, Any]]


class Bag(Closing):
    """
    A bag of ROS 2, of which what can be read is read.

    Every pass over its messages opens the files again, so that there may be several at a time,
    each in its own thread.

    Parameters
    ----------
    path : Path
        A folder, with metadata.yaml or without; or one of its files: MCAP or SQLite, by itself or
        compressed by zstd, which is unpacked into a temporary folder.
    complain : Complaints
        Hears what is broken.

    Attributes
    ----------
    path : Path
    storage : str
        'mcap' or 'sqlite3'.
    channels : list of Channel
    start_ns, end_ns : int
        The first and the last time of its log, nanoseconds.
    paths : list of Path
        Of all files that it is read from.

    Raises
    ------
    SourceError
        If there is no such bag, or none of its files can be read.

    """

    def __init__(self, path: Path, complain: Complaints) -> None:
        self.path = path
        self._complain = complain
        self._unpacked: Path | None = None
        self._forget: Callable[[], object] = _nothing
        try:
            is_folder = path.is_dir()
            self._metadata = _read_metadata(path, complain) if is_folder else None
            self.paths = self._find_files()
        except OSError as exc:  # a folder above that must not be looked into
            raise SourceError(f'cannot read {path}: {exc.strerror}') from exc
        try:
            self._files = self._opened()
        except BaseException:
            self.close()
            raise
        if is_folder:
            self.paths.append(path / METADATA)
        self.start_ns = min((one.start_ns for one in self._files), default=LAST_NS)
        self.end_ns = max((one.end_ns for one in self._files), default=FIRST_NS)
        self.storage = 'mcap' if isinstance(self._files[0], McapFile) else 'sqlite3'
        self.channels = self._joined_channels()

    def messages(
        self, wanted: Collection[Key], start_ns: int = FIRST_NS, stop_ns: int = LAST_NS
    ) -> Iterator[Message]:
        """
        Yield messages, file by file, those of each in order of its log.

        Parameters
        ----------
        wanted : collection of (str, str)
            Topics and types.
        start_ns, stop_ns : int
            From when on, and until before when, nanoseconds.

        """
        wanted = frozenset(wanted)
        start_ns, stop_ns = max(start_ns, FIRST_NS), min(stop_ns, LAST_NS)
        packed = self._metadata is not None and self._metadata.packed_messages
        for file in self._files:
            if file.end_ns < start_ns or file.start_ns >= stop_ns:
                continue
            for message in file.messages(wanted, start_ns, stop_ns):
                if not packed:
                    yield message
                    continue
                try:
                    yield message._replace(data=zstd.decompress(message.data))
                except zstd.ZstdError as exc:
                    self._complain(f'{self.path}: a message on {message.key[0]} is broken: {exc}')

    def close(self) -> None:
        """Remove what was unpacked."""
        self._forget()

    def _find_files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        if self._metadata is not None:
            return [self.path / PurePath(name).name for name in self._metadata.files]
        found = sorted(path for path in self.path.iterdir() if path.name.endswith(SUFFIXES))
        if not found:
            raise SourceError(
                f'{self.path} is no bag: it has neither {METADATA} nor files of '
                f'{" or ".join(SUFFIXES)}'
            )
        self._complain.mention(
            f'{self.path} has no {METADATA}: its files are read in the order of their times'
        )
        return found

    def _opened(self) -> list[BagFile]:
        files: list[BagFile] = []
        for path in self.paths:
            try:
                files.append(_open_file(self._plain(path), self._complain))
            except SourceError as exc:
                if len(self.paths) == 1:
                    raise
                self._complain(str(exc))
        if not files:
            raise SourceError(f'none of the files of {self.path} can be read')
        if self._metadata is None:
            files.sort(key=lambda file: file.start_ns)
        return files

    def _plain(self, path: Path) -> Path:
        """Return a file that is not compressed as a whole: itself, or what was unpacked."""
        if path.suffix != _ZSTD:
            return path
        if self._unpacked is None:
            self._unpacked, self._forget = folder_for(self)
        plain = self._unpacked / path.stem
        try:
            with zstd.open(path, 'rb') as packed, open(plain, 'wb') as file:
                shutil.copyfileobj(packed, file, 1 << 20)
        except (zstd.ZstdError, EOFError) as exc:
            self._complain(f'{path} is broken: {exc}; what comes before that is read')
        except OSError as exc:
            raise SourceError(f'cannot unpack {path} to {plain}: {exc.strerror}') from exc
        return plain

    def _joined_channels(self) -> list[Channel]:
        """Return the channels of all files, with what metadata.yaml knows besides."""
        found: dict[Key, Channel] = {}
        for channel in (channel for file in self._files for channel in file.channels):
            before = found.get(channel.key)
            if before is None:
                found[channel.key] = channel
            else:
                found[channel.key] = before._replace(
                    total=before.total + channel.total,
                    definition=before.definition or channel.definition,
                    encoding=before.encoding or channel.encoding,
                    digest=before.digest or channel.digest,
                    qos=before.qos or channel.qos,
                )
        if self._metadata is not None:
            for key, said in self._metadata.channels.items():
                if key in found and not found[key].digest:
                    digest = str(said.get('type_description_hash') or '')
                    found[key] = found[key]._replace(digest=digest)
        return list(found.values())


def _open_file(path: Path, complain: Complaints) -> BagFile:
    try:
        with open(path, 'rb') as file:
            beginning = file.read(16)
    except OSError as exc:
        raise SourceError(f'cannot read {path}: {exc.strerror}') from exc
    if not beginning:
        raise SourceError(f'{path} is empty (0 bytes)')
    if beginning.startswith(MCAP_MAGIC):
        return McapFile(path, complain)
    if beginning.startswith(SQLITE_MAGIC):
        return SqliteFile(path, complain)
    raise SourceError(f'{path} is no bag: its first bytes are neither of MCAP nor of SQLite')


def _read_metadata(path: Path, complain: Complaints) -> _Metadata | None:
    """Return what a folder's metadata.yaml says; None where there is none that can be read."""
    file = path / METADATA
    try:
        said = parse_yaml(read_document(file))[INFORMATION]
        topics = [one['topic_metadata'] for one in said['topics_with_message_count']]
        mode = str(said.get('compression_mode') or 'none').lower()
        way = str(said.get('compression_format') or 'zstd').lower()
        metadata = _Metadata(
            [str(name) for name in said['relative_file_paths']],
            mode == 'message',
            {(str(one['name']), str(one['type'])): one for one in topics},
        )
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise SourceError(f'cannot read {file}: {exc.strerror}') from exc
    except (ValueError, TypeError, LookupError, AttributeError) as exc:
        reason = ' '.join(str(exc).split())
        complain(f'{file} cannot be used: {type(exc).__name__}: {reason}')
        return None
    if mode != 'none' and way != 'zstd':
        raise SourceError(f"{path} is compressed by '{way}', but only zstd is known")
    return metadata


def _nothing() -> None:
    """Have nothing to remove."""
