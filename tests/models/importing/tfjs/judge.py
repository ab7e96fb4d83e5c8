"""
What TensorFlow.js makes of PoseNet.

::

    NODE_PATH=judge/node_modules python -m tests.models.importing.tfjs.judge NAME FOLDER

writes 'posenet-mobilenet' or 'posenet-resnet', at its full width, to FOLDER/model.json, a picture,
and what TensorFlow.js makes of that to FOLDER/maps.npz. See `record` for what it needs.
"""

from __future__ import annotations

import os
from pathlib import Path
import sys

import numpy as np

from tests.models.importing.tensorflow.networks import picture as picture_of
from tests.models.importing.tfjs import networks
from tests.models.importing.tfjs.record import outputs

MAKERS = {'posenet-mobilenet': networks.mobilenet, 'posenet-resnet': networks.resnet}
NAMES = {  # a word in the name of an output: what the import calls it
    'heatmap': 'heatmaps',
    'offset': 'offsets',
    'displacement_fwd': 'displacement_fwd',
    'displacement_bwd': 'displacement_bwd',
}


def main(name: str, folder: Path) -> None:
    path = networks.write_graph_model(folder, MAKERS[name](16, 1))
    picture = picture_of(65, 97) / np.float32(127.5) - 1
    modules = Path(os.environ.get('NODE_PATH', 'node_modules'))
    [found] = outputs([(path, picture, False)], modules.parent)
    maps = {
        role: values.transpose(2, 0, 1)
        for output, values in found.items()
        for word, role in NAMES.items()
        if word in output
    }
    maps['heatmaps'] = 1 / (1 + np.exp(-maps['heatmaps']))  # which PoseNet's program does
    np.save(folder / 'picture.npy', picture.transpose(0, 3, 1, 2).astype(np.float32))
    np.savez(folder / 'maps.npz', **maps)
    sys.stdout.write('TensorFlow.js\n')


if __name__ == '__main__':
    main(sys.argv[1], Path(sys.argv[2]))
