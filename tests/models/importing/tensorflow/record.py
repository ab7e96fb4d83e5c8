"""
Records what TensorFlow makes of the graphs of `networks`, for the tests.

It is large and no dependency, so this runs in an environment of its own::

    python -m venv judge && judge/bin/pip install tensorflow-cpu==2.21.0
    judge/bin/python -m tests.models.importing.tensorflow.record

"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tests.models.importing.tensorflow import networks, various

RECORDED = Path(__file__).with_name('tensorflow.npz')


def outputs(graph: Any, names: list[str], picture: Any) -> list[Any]:
    """Return the outputs of a graph, each (height, width, channels)."""
    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString(graph.SerializeToString())
    with tf.Graph().as_default() as made:
        tf.import_graph_def(definition, name='')
        with tf.compat.v1.Session(graph=made) as session:
            found = session.run([f'{name}:0' for name in names], {'image:0': picture})
    return [maps[0] for maps in found]


def main() -> None:
    found = {}
    for name, make in networks.NETWORKS.items():
        graph = make(networks.EIGHTH)
        [found[name]] = outputs(graph, ['Openpose/concat_stage7'], networks.picture())
    for name, make in various.CASES.items():
        [maps] = outputs(make(), ['end'], various.picture())
        found[f'various/{name}'] = maps[:, :, various.RECORDED]
    np.savez_compressed(RECORDED, **found)


if __name__ == '__main__':
    main()
