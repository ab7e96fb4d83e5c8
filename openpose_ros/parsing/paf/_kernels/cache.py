"""Numba's cache on disk, which a power cut or an upgrade may have damaged: then compile anew."""

from __future__ import annotations

from hashlib import sha256
import pickle

from numba.core.caching import IndexDataCacheFile

_DIGEST_BYTES = sha256().digest_size


class CheckedCacheFile(IndexDataCacheFile):
    """
    One kernel's files in the cache; whatever is wrong with them, they are as good as not there.

    Numba believes what it finds. Files that are empty or cut end the import of the parser, and one
    with a hole in its machine code ends the process. So every data file ends with its sha256.
    """

    def load(self, key):
        try:
            return super().load(key)
        except Exception:  # noqa: BLE001  unpickling damaged bytes raises anything
            return None

    def save(self, key, data):
        try:
            super().save(key, data)
        except OSError:  # a full disk, say: only the next start is slower
            return

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


def check_cache(dispatcher) -> None:
    """Let a dispatcher whose caching is enabled look at its files before it believes them."""
    cache = dispatcher._cache
    stored = cache._cache_file
    cache._cache_file = CheckedCacheFile(
        cache_path=stored._cache_path,
        filename_base=cache._impl.filename_base,
        source_stamp=stored._source_stamp,
    )
