"""
Records what OpenCV 4's Caffe reader makes of the networks of `networks`, for the tests.

OpenCV 5 no longer reads Caffe, so this runs in an environment of its own::

    python -m venv judge && judge/bin/pip install 'opencv-python-headless<5' numpy protobuf
    judge/bin/python -m tests.models.importing.caffe.record OPENPOSE

OPENPOSE is a checkout of CMU-Perceptual-Computing-Lab/openpose: each network at its full width
must be, layer by layer, that of the .prototxt there, or nothing is written.
"""

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

import cv2
from google.protobuf import text_format
import numpy as np

from tests.models.importing.caffe import networks
from tests.models.importing.caffe.judge import opencv_outputs

RECORDED = Path(__file__).with_name('opencv.npz')


def _check(name: str, openpose: Path) -> None:
    """See that a network is upstream's, all but the size of the picture and the spelling."""
    path = openpose / f'models/{networks.UPSTREAM[name]}.prototxt'
    upstream = networks.CAFFE.NetParameter()
    text_format.Parse(path.read_text('utf-8'), upstream, allow_unknown_field=True)
    mine = networks.NETWORKS[name](1)
    assert [*map(_told, mine.layer)] == [*map(_told, upstream.layer)], name


def _told(layer: Any) -> tuple[Any, ...]:
    """Return what a layer does; the output and what makes it may be called otherwise."""
    convolution, pool = layer.convolution_param, layer.pooling_param
    is_end = layer.top[:] == ['net_output']
    return (
        '' if is_end else layer.name,
        layer.type,
        layer.bottom[:],
        layer.top[:],
        convolution.num_output,
        [*convolution.pad] or [0],
        [*convolution.kernel_size],
        [*convolution.stride] or [1],
        convolution.group,
        [*convolution.dilation] or [1],
        (pool.pool, pool.kernel_size, pool.stride, pool.pad),
        layer.concat_param.axis,
    )


def main(openpose: Path) -> None:
    found = {}
    for name, make in networks.NETWORKS.items():
        _check(name, openpose)
        stages_of = 'mpi' if name == 'mpi-4' else name  # the same file, other graphs
        weights = networks.with_weights(networks.NETWORKS[stages_of](networks.EIGHTH))
        made = opencv_outputs(make(networks.EIGHTH), weights, networks.picture())
        [found[name]] = made.values()
        if stages_of == name:
            # As OpenPose does it: blue, green, red, x / 256 - 0.5
            frame = cv2.dnn.blobFromImage(networks.frame(), 1 / 256, mean=(128, 128, 128))
            [found[f'frame/{name}']] = opencv_outputs(
                make(networks.EIGHTH), weights, frame
            ).values()
    various = networks.with_weights(networks.various())
    made = opencv_outputs(networks.without_weights(various), various, networks.picture())
    found |= {f'various/{name}': maps for name, maps in made.items()}
    np.savez_compressed(RECORDED, **found)
    for name, maps in found.items():
        sys.stdout.write(f'{name}: {maps.shape}, largest {np.abs(maps).max():.4g}\n')
    sys.stdout.write(f'OpenCV {cv2.__version__}\n')


if __name__ == '__main__':
    main(Path(sys.argv[1]))
