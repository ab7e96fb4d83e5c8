"""
What PyTorch makes of a network.

::

    python -m tests.models.importing.torch.judge NAME FOLDER

writes 'lightweight' or 'openpose', at its full width, to FOLDER/net.pth, a picture, and what
PyTorch makes of that to FOLDER/maps.npz. It needs NumPy and PyTorch, no more.
"""

from __future__ import annotations

from pathlib import Path
import sys

import numpy as np
import torch

from tests.models.importing.torch import networks

MAKERS = {'lightweight': networks.Lightweight, 'openpose': networks.OpenPose}


def main(name: str, folder: Path) -> None:
    net = networks.with_weights(MAKERS[name]())
    torch.save({'state_dict': net.state_dict()}, folder / 'net.pth')
    picture = np.random.RandomState(3).uniform(-0.5, 0.5, (1, 3, 48, 40)).astype(np.float32)
    np.save(folder / 'picture.npy', picture)
    np.savez(folder / 'maps.npz', **networks.maps(net, picture))
    sys.stdout.write(f'PyTorch {torch.__version__}\n')


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]))
