"""A world of models in which only a test's own are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from openpose_ros.models import finding

RAW_BGR = {'colour': 'BGR', 'mean': [0, 0, 0], 'scale': [1, 1, 1]}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where downloads go; no folder of models but this one and the package's is set."""
    monkeypatch.setenv('OPENPOSE_ROS_CACHE', str(tmp_path / 'a cäche'))
    monkeypatch.delenv('OPENPOSE_ROS_MODEL_PATH', raising=False)
    return tmp_path / 'a cäche' / 'models'


@pytest.fixture
def know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Return a function that replaces the package's manifests by one and adds more."""
    folder = tmp_path / 'data'
    folder.mkdir()
    monkeypatch.setattr(finding, '_DATA', folder)

    def know(name: str, content: bytes, **fields: Any) -> dict[str, Any]:
        manifest = {
            'name': name,
            'file': f'{name}.onnx',
            'sha256': sha256(content),
            'skeleton': 'coco_18',
            'input': RAW_BGR,
            **fields,
        }
        (folder / f'{name}.json').write_text(json.dumps(manifest))
        finding.known_models.cache_clear()
        return manifest

    yield know
    finding.known_models.cache_clear()
