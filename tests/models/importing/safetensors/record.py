"""
Records a file that the library safetensors wrote, for the tests.

In an environment of its own::

    python -m venv own && own/bin/pip install safetensors numpy
    own/bin/python -m tests.models.importing.safetensors.record
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).parent


def main() -> None:
    random = np.random.RandomState(5)
    values = {
        'plain': random.normal(0, 1, (3, 4, 5)).astype(np.float32),
        'half': random.normal(0, 1, (2, 3)).astype(np.float16),
        'double': random.normal(0, 1, 7),
        'long': np.array(7),
        'none': np.zeros((0, 3), np.float32),
    }
    save_file(values, HERE / 'tensors.safetensors', {'format': 'pt'})
    np.savez_compressed(HERE / 'tensors.npz', **values)


if __name__ == '__main__':
    main()
