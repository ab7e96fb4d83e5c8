"""
What goes into each family of networks, and whose it is.

No file of weights says how a picture is brought into the range that its network was trained on,
and a network that is fed otherwise still finds people, only fewer and worse. So each entry is what
the program does that the weights were published with, at the lines that it names; a test holds a
pixel of each against that.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from openpose_ros.models.importing.graph import Graph, multiple_of, stride_of

_OPENPOSE = 'https://github.com/CMU-Perceptual-Computing-Lab/openpose'
_NONCOMMERCIAL = (
    "OpenPose's own weights are for academic or non-profit organization noncommercial research "
    f'use only ({_OPENPOSE}/blob/master/LICENSE)'
)
_KERAS = 'https://github.com/michalfaber/keras_Realtime_Multi-Person_Pose_Estimation'
_LIGHTWEIGHT = 'https://github.com/Daniil-Osokin/lightweight-human-pose-estimation.pytorch'
_TENSORFLOW = 'https://github.com/ildoonet/tf-pose-estimation'
_POSENET = 'https://github.com/tensorflow/tfjs-models/tree/master/posenet'


def _input(
    colour: str, mean: tuple[float, float, float], scale: float, pad: float, **more: int
) -> dict[str, Any]:
    return {'colour': colour, 'mean': mean, 'scale': [scale] * 3, 'pad': pad, **more}


# x / 256 - 0.5 on blue, green, red: src/openpose/utilities/openCv.cpp:127 and 145 of OpenPose at
# 5c5d965, called with 1 at src/openpose/core/cvMatToOpInput.cpp:89, with true for hand and face
# at handExtractorCaffe.cpp:68 and faceExtractorCaffe.cpp:246. Beside the picture it is black:
# include/openpose_private/utilities/openCvPrivate.hpp:16.
_CAFFE = _input('BGR', (128, 128, 128), 1 / 256, 0)


def _openpose(skeleton: str, description: str) -> dict[str, Any]:
    return {
        'skeleton': skeleton,
        'description': description,
        'input': _CAFFE,
        'licence': _NONCOMMERCIAL,
        'homepage': _OPENPOSE,
    }


def _of_part(skeleton: str, description: str) -> dict[str, Any]:
    # A crop of 368x368: hand_net_resolution and face_net_resolution, flags.hpp:158 and 150.
    more = {'decoder': 'heatmaps', 'net_resolution': [368, 368]}
    return {**_openpose(skeleton, description), **more}


FAMILIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        'openpose-coco': _openpose('coco_18', "OpenPose's COCO network, VGG-19"),
        'openpose-mpi': _openpose('mpi_15', "OpenPose's MPI network, VGG-19"),
        'openpose-body-25': _openpose('body_25', "OpenPose's BODY_25 network, VGG-19"),
        'openpose-hand': _of_part('hand_21', "OpenPose's network for hands, VGG-19"),
        'openpose-face': _of_part('face_70', "OpenPose's network for faces, VGG-19"),
        # x / 256 - 0.5 in the model's code, not in its .h5: model/cmu_model.py:185 at 0f7f5dc;
        # blue, green, red: demo_image.py:35; beside the picture 128: config:11.
        'keras-openpose': {
            'skeleton': 'coco_18',
            'description': "OpenPose's COCO network, VGG-19, as Keras has it",
            'input': _input('BGR', (128, 128, 128), 1 / 256, 128),
            'licence': _NONCOMMERCIAL,
            'homepage': _KERAS,
        },
        # (x - 128) / 256: demo.py:52 at d23c284, val.py:30; blue, green, red: demo.py:25;
        # beside the picture 0 after that, which is 128: demo.py:52, val.py:36; 256 high: demo.py.
        'lightweight-openpose': {
            'skeleton': 'coco_18',
            'description': 'Lightweight OpenPose, MobileNet v1',
            'input': _input('BGR', (128, 128, 128), 1 / 256, 128),
            'net_resolution': [-1, 256],
            'licence': 'Apache-2.0',
            'homepage': _LIGHTWEIGHT,
        },
        # Blue, green, red as they are: tf_pose/common.py:114 and estimator.py:555 at 9aaf347; the
        # MobileNets have no more (network_mobilenet_thin.py:20, network_mobilenet_v2.py:28), CMU's
        # graph begins with x / 256 - 0.5 (network_cmu.py:10, network_base.py:152). Black beside
        # the picture: tf_pose/estimator.py:450.
        'tf-openpose': {
            'skeleton': 'coco_18',
            'description': 'tf-pose-estimation, MobileNet',
            'input': _input('BGR', (0, 0, 0), 1, 0),
            'licence': 'Apache-2.0',
            'homepage': _TENSORFLOW,
        },
        'tf-openpose-cmu': {
            'skeleton': 'coco_18',
            'description': "OpenPose's COCO network, VGG-19, of tf-pose-estimation; "
            'normalisation is in the graph',
            'input': _input('BGR', (0, 0, 0), 1, 0),
            'licence': _NONCOMMERCIAL,
            'homepage': _TENSORFLOW,
        },
        # x / 127.5 - 1 on red, green, blue: posenet/src/mobilenet.ts:24 of tfjs-models at
        # 18a7342; black beside the picture: posenet/src/util.ts:243.
        'posenet-mobilenet': {
            'skeleton': 'coco_17',
            'decoder': 'posenet',
            'description': 'PoseNet, MobileNet v1',
            'input': _input('RGB', (127.5, 127.5, 127.5), 1 / 127.5, 0, offset=1),
            'net_resolution': [641, 481],
            'licence': 'Apache-2.0',
            'homepage': _POSENET,
        },
        # Red, green, blue minus their means: posenet/src/resnet.ts:22 and 26.
        'posenet-resnet': {
            'skeleton': 'coco_17',
            'decoder': 'posenet',
            'description': 'PoseNet, ResNet-50',
            'input': _input('RGB', (123.15, 115.90, 103.06), 1, 0, offset=1),
            'net_resolution': [641, 481],
            'licence': 'Apache-2.0',
            'homepage': _POSENET,
        },
    }
)
"""The fields of the manifest that a family has in common, by the name of the family."""
_OUTPUTS: Mapping[str, Mapping[str, str]] = {
    'paf': {'heatmaps': 'heatmaps', 'pafs': 'pafs'},
    'heatmaps': {'heatmaps': 'heatmaps'},
    'posenet': {
        'heatmaps': 'heatmaps',
        'background': 'none',
        'offsets': 'offsets',
        'displacement_forward': 'displacement_fwd',
        'displacement_backward': 'displacement_bwd',
    },
}


def manifest_of(graph: Graph) -> dict[str, Any]:
    """Return what the manifest of a network says; nothing where its family is not known."""
    told = FAMILIES.get(graph.family)
    if told is None:
        return {}
    known = _OUTPUTS[told.get('decoder', 'paf')]
    heatmaps = graph.outputs['heatmaps']
    return {
        **told,
        'stride': stride_of(graph, heatmaps),
        'input': {**told['input'], 'multiple': multiple_of(graph, heatmaps)},
        'outputs': {
            role: name
            for role, name in known.items()
            if role == 'background' or name in graph.outputs
        },
    }
