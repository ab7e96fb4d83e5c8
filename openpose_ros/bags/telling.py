"""Which names are those of bags; nothing heavy."""

from __future__ import annotations

from pathlib import Path

METADATA, INFORMATION = 'metadata.yaml', 'rosbag2_bagfile_information'
SUFFIXES = ('.mcap', '.db3', '.mcap.zstd', '.db3.zstd')
MCAP_MAGIC, SQLITE_MAGIC = b'\x89MCAP0\r\n', b'SQLite format 3\0'
_ENOUGH = 4096  # bytes of metadata.yaml, to see what it is
_ZSTD_MAGIC = b'\x28\xb5\x2f\xfd'


def is_bag(name: str) -> bool:
    """Tell whether a name is that of a bag: by a folder's files, or by a file's first bytes."""
    path = Path(name)
    try:
        if path.is_dir():
            if (path / METADATA).is_file():
                with open(path / METADATA, 'rb') as file:
                    return INFORMATION.encode() in file.read(_ENOUGH)
            # Beside pictures an MCAP is a result, not what the folder is.
            seen = [one.name for one in path.iterdir() if not one.name.startswith('.')]
            return bool(seen) and all(name.endswith(SUFFIXES) for name in seen)
        if not path.is_file():
            return False
        with open(path, 'rb') as file:
            beginning = file.read(16)
    except OSError:
        return False
    if beginning.startswith(_ZSTD_MAGIC):
        return path.name.endswith(SUFFIXES)
    return beginning.startswith((MCAP_MAGIC, SQLITE_MAGIC))
