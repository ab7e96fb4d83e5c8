"""
What OpenCV 4's Caffe reader makes of a network; OpenCV 5 no longer has one.

::

    python -m tests.models.importing.caffe.judge NAME FOLDER

writes one of `networks.NETWORKS`, at its full width, to FOLDER/net.caffemodel, a picture, and what
OpenCV makes of that to FOLDER/maps.npz. It needs NumPy, protobuf and OpenCV below 5, no more.
"""

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

import cv2
from google.protobuf import text_format
import numpy as np

from tests.models.importing.caffe import networks


def opencv_outputs(graph: Any, weights: Any, picture: Any) -> dict[str, Any]:
    """Return each output that OpenCV finds, by its name."""
    text = text_format.MessageToString(graph).encode()
    net = cv2.dnn.readNetFromCaffe(
        np.frombuffer(text, np.uint8), np.frombuffer(weights.SerializeToString(), np.uint8)
    )
    net.setInput(picture)
    names = net.getUnconnectedOutLayersNames()
    return dict(zip(names, net.forward(names)))


def main(name: str, folder: Path) -> None:
    weights = networks.with_weights(networks.NETWORKS[{'mpi-4': 'mpi'}.get(name, name)](1))
    (folder / 'net.caffemodel').write_bytes(weights.SerializeToString())
    picture = networks.picture()
    [maps] = opencv_outputs(networks.NETWORKS[name](1), weights, picture).values()
    np.save(folder / 'picture.npy', picture)
    np.savez(folder / 'maps.npz', joined=maps[0])
    sys.stdout.write(f'OpenCV {cv2.__version__}\n')


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]))
