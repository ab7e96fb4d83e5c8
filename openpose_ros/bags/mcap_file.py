"""
MCAP files, whole or not.

The libraries for MCAP end where a file is cut off or a chunk is broken; what follows is read here
all the same. So the index at a file's end is not needed: one walk over the records finds the
chunks. See https://mcap.dev/spec, of which these are the records and their numbers.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import suppress
import heapq
import os
from pathlib import Path
import struct
import sys
from typing import BinaryIO, NamedTuple
import zlib

from lz4.frame import LZ4FrameDecompressor
from rosbags.rosbag2.metadata import parse_qos

from openpose_ros.bags.contents import FIRST_NS, LAST_NS, Channel, Complaints, Key, Message
from openpose_ros.bags.telling import MCAP_MAGIC
from openpose_ros.errors import SourceError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_FOOTER, _SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _INDEX = 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
_HEAD = struct.Struct('<BQ')  # of a record: its number, and how many bytes follow
_OF_CHUNK = struct.Struct('<QQQII')  # first and last time, size, checksum, length of a name
_OF_MESSAGE = struct.Struct('<HIQQ')  # channel, number, time of the log, time of publication
_LARGEST_CHUNK = 1 << 31
_BROKEN = (struct.error, ValueError, LookupError, RuntimeError, EOFError, OSError, zstd.ZstdError)


class _Chunk(NamedTuple):
    """A chunk: its times, where its bytes are, and whose messages are in it (None: unknown)."""

    start_ns: int
    end_ns: int
    offset: int
    compression: str
    stored: int
    size: int
    checksum: int
    channels: set[int] | None


class _Entry(NamedTuple):
    """A message: in a chunk by its bytes, else by where they are in the file."""

    log_ns: int
    channel: int
    data: memoryview | tuple[int, int]


class McapFile:
    """
    A file of a bag.

    Parameters
    ----------
    path : Path
        Of the file.
    complain : Complaints
        Hears what is broken.

    Attributes
    ----------
    channels : list of Channel
    start_ns, end_ns : int
        The first and the last time, nanoseconds.
    is_whole : bool
        Whether it ends as a whole one does.
    ends : array of int
        Where each record of its data ends, bytes.

    Raises
    ------
    SourceError
        If it cannot be read, or is no MCAP.

    """

    def __init__(self, path: Path, complain: Complaints) -> None:
        self.path = path
        self._complain = complain
        self._schemas: dict[int, tuple[str, str, str]] = {}
        self._ids: dict[int, Channel] = {}
        self._counts: Counter[int] = Counter()
        self._chunks: list[_Chunk] = []
        self._loose: list[_Entry] = []  # messages outside of chunks
        self.is_whole = False
        self.ends = array('Q', [len(MCAP_MAGIC)])
        try:
            with open(path, 'rb') as file:
                if file.read(len(MCAP_MAGIC)) != MCAP_MAGIC:
                    raise SourceError(f'{path} is no MCAP: it does not begin as one')
                self._walk(file, os.fstat(file.fileno()).st_size)
                self._look_into_chunks(file)
        except OSError as exc:
            raise SourceError(f'cannot read {path}: {exc.strerror}') from exc
        times = [(chunk.start_ns, chunk.end_ns) for chunk in self._chunks if chunk.end_ns]
        times += [(entry.log_ns, entry.log_ns) for entry in self._loose]
        self.start_ns = min((start for start, _ in times), default=LAST_NS)
        self.end_ns = max((end for _, end in times), default=FIRST_NS)
        counts: Counter[Key] = Counter()
        for number, channel in self._ids.items():
            counts[channel.key] += self._counts[number]
        found = {channel.key: channel for channel in self._ids.values()}
        self.channels = [channel._replace(total=counts[key]) for key, channel in found.items()]

    def messages(
        self, wanted: Collection[Key], start_ns: int = FIRST_NS, stop_ns: int = LAST_NS
    ) -> Iterator[Message]:
        """Yield what is wanted from one time until before another, in order of the log."""
        keys = {number: one.key for number, one in self._ids.items() if one.key in wanted}
        chunks = [
            chunk
            for chunk in self._chunks
            if chunk.start_ns < stop_ns
            and chunk.end_ns >= start_ns
            and (chunk.channels is None or not chunk.channels.isdisjoint(keys))
        ]
        chunks.sort(key=lambda chunk: chunk.start_ns)
        with open(self.path, 'rb') as file:
            for entry in self._merged(file, chunks, keys, start_ns, stop_ns):
                data = entry.data
                if isinstance(data, tuple):
                    file.seek(data[0])
                    data = memoryview(file.read(data[1]))
                yield Message(keys[entry.channel], entry.log_ns, data)

    def _merged(
        self,
        file: BinaryIO,
        chunks: list[_Chunk],
        keys: Collection[int],
        start_ns: int,
        stop_ns: int,
    ) -> Iterator[_Entry]:
        """Yield what is in chunks, which may overlap in time, and outside; few are held."""

        def chosen(entries: list[_Entry]) -> Iterator[_Entry]:
            found = [e for e in entries if e.channel in keys and start_ns <= e.log_ns < stop_ns]
            return iter(sorted(found, key=lambda entry: entry.log_ns))

        heap: list[tuple[int, int, _Entry, Iterator[_Entry]]] = []  # numbers settle what is equal

        def push(number: int, entries: Iterator[_Entry]) -> None:
            entry = next(entries, None)
            if entry is not None:
                heapq.heappush(heap, (entry.log_ns, number, entry, entries))

        push(-1, chosen(self._loose))
        number = 0
        while heap or number < len(chunks):
            while number < len(chunks) and (not heap or chunks[number].start_ns <= heap[0][0]):
                push(number, chosen(self._entries(file, chunks[number])))
                number += 1
            if heap:
                _, which, entry, entries = heapq.heappop(heap)
                yield entry
                push(which, entries)

    def _walk(self, file: BinaryIO, size: int) -> None:
        """Look at each record's head, and into those that say what there is."""
        while True:
            position = file.tell()
            head = file.read(_HEAD.size)
            number, length = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, size)
            end = position + _HEAD.size + length
            if end > size:
                self._complain(
                    f'{self.path} is cut off after {position} bytes: what it held behind that is '
                    'lost'
                )
                return
            if number == _FOOTER:
                self.is_whole = True
                return
            if number in (_SCHEMA, _CHANNEL, _INDEX):
                with suppress(*_BROKEN):
                    self._note(number, memoryview(file.read(length)))
            elif number == _MESSAGE and length >= _OF_MESSAGE.size:
                channel, _, log_ns, _ = _OF_MESSAGE.unpack(file.read(_OF_MESSAGE.size))
                place = position + _HEAD.size + _OF_MESSAGE.size, length - _OF_MESSAGE.size
                self._loose.append(_Entry(log_ns, channel, place))
                self._counts[channel] += 1
            elif number == _CHUNK:
                self._note_chunk(file, position, length)
            file.seek(end)
            self.ends.append(end)

    def _note_chunk(self, file: BinaryIO, position: int, length: int) -> None:
        beginning = file.read(min(length, 64))
        try:
            start_ns, end_ns, size, checksum, letters = _OF_CHUNK.unpack_from(beginning)
            name, stored = struct.unpack_from(f'<{letters}sQ', beginning, _OF_CHUNK.size)
            compression = name.decode()
            before = _OF_CHUNK.size + letters + 8
            if before + stored > length or size > _LARGEST_CHUNK:
                raise ValueError('its sizes contradict each other')
        except _BROKEN as exc:
            self._complain_of(position, exc)
            return
        offset = position + _HEAD.size + before
        self._chunks.append(
            _Chunk(start_ns, end_ns, offset, compression, stored, size, checksum, None)
        )

    def _note(self, number: int, record: memoryview) -> None:
        """Take over a schema, a channel, or the index behind a chunk."""
        if number == _SCHEMA:
            (which,) = struct.unpack_from('<H', record)
            texts = _strings(record[2:], 3)
            self._schemas[which] = texts[0], texts[1], texts[2]
        elif number == _CHANNEL:
            which, schema = struct.unpack_from('<HH', record)
            topic, packed = _strings(record[4:], 2)
            metadata = record[4 + 8 + len(topic.encode()) + len(packed.encode()) + 4 :]
            type_name, encoding, text = self._schemas.get(schema, ('', '', ''))
            said = _pairs(metadata)
            qos: tuple[object, ...] = ()
            with suppress(Exception):  # of a library, on what others wrote
                qos = tuple(parse_qos(said.get('offered_qos_profiles', '')))
            self._ids[which] = Channel(
                topic,
                type_name,
                0,
                text,
                encoding,
                said.get('topic_type_hash', ''),
                qos,
                packed,
            )
        elif self._chunks:
            which, size = struct.unpack_from('<HI', record)
            chunk = self._chunks[-1]
            self._counts[which] += size // 16
            if chunk.channels is None:
                self._chunks[-1] = chunk = chunk._replace(channels=set())
            if chunk.channels is not None and size:
                chunk.channels.add(which)

    def _look_into_chunks(self, file: BinaryIO) -> None:
        """Find the channels that are said nowhere else, and count where no index does."""
        for place, chunk in enumerate(self._chunks):
            unknown = chunk.channels is None or not chunk.channels <= self._ids.keys()
            if not unknown:
                continue
            entries = self._entries(file, chunk)
            if chunk.channels is None:
                self._counts.update(entry.channel for entry in entries)
                present = {entry.channel for entry in entries}
                self._chunks[place] = chunk._replace(channels=present)

    def _entries(self, file: BinaryIO, chunk: _Chunk) -> list[_Entry]:
        """Return the messages of a chunk, none if it is broken; take over what else it says."""
        try:
            file.seek(chunk.offset)
            data = memoryview(_decompressed(file.read(chunk.stored), chunk))
            if chunk.checksum and zlib.crc32(data) != chunk.checksum:
                raise ValueError('its checksum does not fit')
            return list(self._records(data))
        except _BROKEN as exc:
            self._complain_of(chunk.offset, exc)
            return []

    def _records(self, data: memoryview) -> Iterator[_Entry]:
        position = 0
        while position < len(data):
            number, length = _HEAD.unpack_from(data, position)
            start = position + _HEAD.size
            position = start + length
            if position > len(data):
                raise ValueError('a record ends behind it')
            record = data[start:position]
            if number == _MESSAGE:
                channel, _, log_ns, _ = _OF_MESSAGE.unpack_from(record)
                yield _Entry(log_ns, channel, record[_OF_MESSAGE.size :])
            elif number == _SCHEMA or (number == _CHANNEL and self._is_new(record)):
                self._note(number, record)

    def _is_new(self, record: memoryview) -> bool:
        return struct.unpack_from('<H', record)[0] not in self._ids

    def _complain_of(self, position: int, exc: Exception) -> None:
        reason = ' '.join(str(exc).split()) or type(exc).__name__
        self._complain(
            f'{self.path}: the chunk at byte {position} is broken ({reason}): its messages are '
            'left out'
        )


def _decompressed(stored: bytes, chunk: _Chunk) -> bytes:
    if chunk.compression == '':
        data = stored
    elif chunk.compression == 'zstd':
        data = zstd.ZstdDecompressor().decompress(stored, chunk.size)
    elif chunk.compression == 'lz4':
        data = LZ4FrameDecompressor().decompress(stored, chunk.size)
    else:
        raise ValueError(f"its compression '{chunk.compression}' is unknown")
    if len(data) != chunk.size:
        raise ValueError(f'it has {len(data)} bytes, but should have {chunk.size}')
    return data


def _strings(record: memoryview, count: int) -> list[str]:
    found, position = [], 0
    for _ in range(count):
        (length,) = struct.unpack_from('<I', record, position)
        position += 4
        if position + length > len(record):
            raise ValueError('a text ends behind its record')
        found.append(bytes(record[position : position + length]).decode())
        position += length
    return found


def _pairs(record: memoryview) -> dict[str, str]:
    """Return a map of texts, as much of it as is whole."""
    found, position = {}, 0
    with suppress(*_BROKEN):
        while position < len(record):
            name, value = _strings(record[position:], 2)
            position += 8 + len(name.encode()) + len(value.encode())
            found[name] = value
    return found
