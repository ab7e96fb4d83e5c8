"""MP4 and QuickTime files that were cut off before their index."""

from __future__ import annotations

import os
import stat
import struct

_MOST_BOXES = 4096  # of the outermost; a file has a handful, one in fragments thousands
_INDEX = (b'moov', b'moof')


def lacks_index(path: str) -> bool:
    """
    Tell whether a file begins as an MP4 and ends before the box that says where its frames are.

    Recorders write that last: without it nothing can be read of what a full disk or a power cut
    ended. Of each box only the first bytes are read.
    """
    try:
        with open(path, 'rb') as file:
            kind = os.fstat(file.fileno())
            if not stat.S_ISREG(kind.st_mode):
                return False
            place = 0
            for _ in range(_MOST_BOXES):
                file.seek(place)
                head = file.read(16)
                if len(head) < 16 or place >= kind.st_size:
                    return place > 0
                length, name = struct.unpack_from('>I4s', head)
                if name in _INDEX or (place == 0 and name != b'ftyp'):
                    return False
                if length == 1:
                    (length,) = struct.unpack_from('>Q', head, 8)
                if length == 0:  # it ends with the file
                    return bool(name == b'mdat')
                if length < 8:
                    return False
                place += length
    except (OSError, ValueError, OverflowError):  # no such file, or no place in one
        return False
    return False
