"""Numba's cache on disk: which folders are read, and what happens when files are damaged."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
import inspect
import logging
from pathlib import Path
import pickle
from typing import Any

from numba.core import caching
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.registry import cpu_target

_DIGEST_BYTES = sha256().digest_size
_LOGGER = logging.getLogger('openpose_ros.parsing')
# The Numba of Ubuntu 22.04 and 24.04 has it by another name.
_InTree = getattr(caching, 'InTreeCacheLocator', None) or caching._InTreeCacheLocator


class CheckedCacheFile(IndexDataCacheFile):
    """
    One kernel's files in the cache; whatever is wrong with them, they are as good as not there.

    Numba believes what it finds. Files that are empty or cut end the import of the parser, and one
    with a hole in its machine code ends the process. So every data file ends with its sha256.

    What the folder lacks is looked for among the package's own files, which may be there though
    nobody may write to them: in an image, say, where `openpose-ros warm-up` ran.

    Attributes
    ----------
    kept_in : str or None
        The folder that has the machine code; None if no folder has it.
    compiled : bool
        Whether it had to be compiled.

    """

    def __init__(self, cache_path, filename_base, source_stamp, installed=None):
        super().__init__(cache_path, filename_base, source_stamp)
        self.kept_in = None
        self.compiled = False
        self._files = [self]
        if installed is not None and installed != cache_path:
            self._files.append(CheckedCacheFile(installed, filename_base, source_stamp))

    def load(self, key):
        for file in self._files:
            data = file._load(key)
            if data is not None:
                self.kept_in = file._cache_path
                return data
        _tell_of_compiling()
        return None

    def _load(self, key):
        try:
            return super().load(key)
        except Exception:  # noqa: BLE001  unpickling damaged bytes raises anything
            return None

    def save(self, key, data):
        self.compiled = True
        try:
            super().save(key, data)
        except OSError:  # a full disk, say: only the next start is slower
            return
        self.kept_in = self._cache_path

    def _load_index(self):
        try:
            return super()._load_index()
        except Exception:  # noqa: BLE001  as in load
            return {}

    def _load_data(self, name):
        with open(self._data_path(name), 'rb') as file:
            content = file.read()
        data, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
        if sha256(data).digest() != digest:
            raise ValueError(f'{self._data_path(name)} is damaged')
        return pickle.loads(data)

    def _save_data(self, name, data):
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(content)
            file.write(sha256(content).digest())


class _InstalledLocator(_InTree):
    def ensure_cache_path(self):
        """Ask for no permission: nothing is written there."""


class _InstalledImpl(CompileResultCacheImpl):
    _locator_classes = (_InstalledLocator,)


class _InstalledCache(FunctionCache):
    """The package's own files, for where no folder can be written to."""

    _impl_class = _InstalledImpl


def keep_compiled(dispatcher) -> None:
    """Let a dispatcher keep its machine code, or at least use what the package has."""
    function = dispatcher.py_func
    try:
        try:
            dispatcher.enable_caching()
        except (RuntimeError, OSError):  # no folder can be written to
            dispatcher._cache = _InstalledCache(function)
    except (RuntimeError, OSError):  # nor read: no error, only a slower start
        _tell_of_compiling()
        return
    cache = dispatcher._cache
    stored, folder = cache._cache_file, Path(inspect.getfile(function)).parent
    cache._cache_file = CheckedCacheFile(
        stored._cache_path,
        cache._impl.filename_base,
        (stored._source_stamp, _stamps_beside(folder)),
        str(folder / '__pycache__'),
    )


@cache
def _tell_of_compiling() -> None:
    """Log once that somebody waits."""
    _LOGGER.info('compiling the parser, which takes up to a minute; later starts need not')


def _stamps_beside(folder: Path) -> tuple[tuple[str, float, int], ...]:
    """
    Return size and time of every source that a kernel may call into.

    Machine code holds that of the kernels that it calls, and the numbers that it takes from the
    modules around its room; Numba looks at one source only. The parser's kernels have all their
    numbers in their rooms.
    """
    ours = Path(__file__).parents[1]
    rooms = ours.rglob('_kernels') if ours in folder.parents else (folder, folder.parent)
    sources = sorted(source for room in rooms for source in room.glob('*.py'))
    stats = [(source, source.stat()) for source in sources]
    return tuple((source.name, stat.st_mtime, stat.st_size) for source, stat in stats)


def kept_in(dispatcher: Any) -> tuple[str | None, bool]:
    """Return the folder that has a dispatcher's machine code or None, and if it was compiled."""
    file = getattr(dispatcher._cache, '_cache_file', None)
    return (None, True) if file is None else (file.kept_in, file.compiled)


def processor() -> str:
    """Return which processor the machine code is for, as LLVM calls it; others compile anew."""
    return str(cpu_target.target_context.codegen().magic_tuple()[1])
