"""What fsspec reaches: s3://bucket/walks, say."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from openpose_ros.errors import LibraryError, ParameterError


def is_address(name: str) -> bool:
    """Tell whether a name is an address for fsspec: s3://bucket/walks, say."""
    return '://' in name


def filesystem(address: str) -> Any:
    """
    Return fsspec's file system behind an address.

    Raises
    ------
    LibraryError
        If fsspec, or what it needs for such addresses, is not installed.
    ParameterError
        If it knows no such addresses.

    """
    try:
        fsspec = import_module('fsspec')
    except ImportError as exc:
        raise LibraryError(
            address,
            'fsspec',
            'pip install fsspec, and what it needs for such addresses: s3fs, gcsfs',
        ) from exc
    try:
        return fsspec.core.url_to_fs(address)[0]
    except (ImportError, ValueError) as exc:
        raise ParameterError(f'{address}: {" ".join(str(exc).split())}') from exc


def line_of(exc: Exception) -> str:
    """Return what an exception of a library says, as one line."""
    return ' '.join(str(exc).split()) or type(exc).__name__
