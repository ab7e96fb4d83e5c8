"""Pictures without photographs: noise with a drawn person, and maps rendered from its joints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


class MayNeedTorch(pytest.Module):
    """A test module that is skipped where it cannot be imported without PyTorch."""

    def collect(self) -> list:
        try:
            return list(super().collect())
        except self.CollectError as error:
            if "No module named 'torch'" not in str(error):
                raise
            reason = 'training needs PyTorch: pip install openpose_ros[training]'
            pytest.skip(reason, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module:
    return MayNeedTorch.from_parent(parent, path=module_path)


@pytest.fixture
def person() -> np.ndarray:
    """Float32 (1, 18, 3): a standing person, arms raised a little, in a picture of 120x160."""
    points = [
        *((60, 30), (60, 50), (48, 50), (40, 68), (34, 86), (72, 50), (82, 66), (92, 80)),
        *((52, 92), (50, 116), (48, 140), (68, 92), (71, 116), (73, 140)),
        *((57, 27), (63, 27), (53, 29), (67, 29)),
    ]
    return np.array([[(x, y, 2) for x, y in points]], np.float32)


@pytest.fixture
def pictures(person: np.ndarray) -> list:
    """Four pictures of noise, each with the person drawn as dots at another place."""
    from training.dataset import MarkedPicture

    rng = np.random.default_rng(0)
    marked = []
    for shift in (-20, -5, 5, 20):
        image = rng.integers(0, 80, (160, 120, 3)).astype(np.uint8)
        people = person + np.array([shift, 0, 0], np.float32)
        for k, (x, y, _) in enumerate(people[0].astype(int)):
            image[y - 3 : y + 4, max(0, x - 3) : x + 4] = (255 - 13 * k, 13 * k, 200)
        marked.append(MarkedPicture(image, [], people))
    return marked
