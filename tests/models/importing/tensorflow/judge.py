"""
What TensorFlow makes of a network of tf-pose-estimation.

::

    python -m tests.models.importing.tensorflow.judge NAME FOLDER

writes one of `networks.NETWORKS`, at its full width, to FOLDER/net.pb, a picture, and what
TensorFlow makes of that to FOLDER/maps.npz. See `record` for what it needs.
"""

from __future__ import annotations

from pathlib import Path
import sys

import numpy as np
import tensorflow as tf

from tests.models.importing.tensorflow import networks
from tests.models.importing.tensorflow.record import outputs


def main(name: str, folder: Path) -> None:
    graph = networks.NETWORKS[name]()
    (folder / 'net.pb').write_bytes(graph.SerializeToString())
    picture = networks.picture()
    [maps] = outputs(graph, ['Openpose/concat_stage7'], picture)
    np.save(folder / 'picture.npy', picture.transpose(0, 3, 1, 2))
    np.savez(folder / 'maps.npz', joined=maps.transpose(2, 0, 1))
    sys.stdout.write(f'TensorFlow {tf.__version__}\n')


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]))
