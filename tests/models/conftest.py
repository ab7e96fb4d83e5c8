"""Fixtures of all tests of models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.models.known import cache, know

__all__ = ['cache', 'know']


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is converted out of the user's cache; the same folder as `cache`."""
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'a cäche'))
