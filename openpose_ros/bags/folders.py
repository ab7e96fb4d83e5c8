"""Folders that are there for a while, and never stay behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import shutil
import tempfile
from typing import Any
import weakref

from openpose_ros.signals import before_any_end

_folders: set[Path] = set()  # of this process


def folder_for(owner: Any, *, parent: Path | None = None) -> tuple[Path, Callable[[], object]]:
    """
    Make a folder that is there for as long as its owner.

    Parameters
    ----------
    owner : object
        When it is freed, the folder is removed.
    parent : Path, optional
        Where; by default where temporary files are.

    Returns
    -------
    Path
        The folder.
    callable
        Removes it earlier.

    """
    folder = Path(tempfile.mkdtemp(prefix='openpose_ros-bag-', dir=parent))
    _folders.add(folder)
    return folder, weakref.finalize(owner, _remove, folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _folders.discard(folder)


def _remove_all() -> None:
    for folder in tuple(_folders):
        _remove(folder)


before_any_end(_remove_all)
