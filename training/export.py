"""
A checkpoint's averaged weights as an ONNX file that every engine of the package runs.

    python -m training.export CHECKPOINT OUTPUT.onnx

Input `image` float32 (1, 3, height, width), BGR, 0 to 255; outputs `heatmaps` and `pafs` at an
eighth of the size. Height and width are free, multiples of 8. Metadata say what the package
must know, so that the file runs as it is. It is compared with PyTorch before the command ends.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace
import itertools
import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from training.base_network import BaseConfig, Network, make_network
from training.network import STRIDE, NetworkConfig
from training.teacher_maps import PAD_VALUE

OPSET = 17
TOLERANCE = 2e-4
# Fields of a model's manifest (`openpose_ros.models`), JSON or plain words.
METADATA = {
    'openpose_ros.skeleton': 'coco_18',
    'openpose_ros.stride': str(STRIDE),
    'openpose_ros.licence': 'Apache-2.0',
    'openpose_ros.net_resolution': '[-1, 256]',
    'openpose_ros.limb_order': 'peaks',
    'openpose_ros.input.name': 'image',
    'openpose_ros.input.colour': 'BGR',
    'openpose_ros.input.mean': '[0, 0, 0]',
    'openpose_ros.input.scale': '[1, 1, 1]',
    'openpose_ros.input.pad': str(PAD_VALUE),
    'openpose_ros.outputs.heatmaps': 'heatmaps',
    'openpose_ros.outputs.pafs': 'pafs',
}
_log = logging.getLogger(__name__)


def load_network(checkpoint: Path) -> Network:
    """Return the network of a checkpoint with its averaged weights, ready for inference."""
    state = torch.load(checkpoint, map_location='cpu')
    network = make_network(state['config'])
    network.load_state_dict(state['average'])
    return network.eval()


def fold_normalisation(network: Network) -> Network:
    """
    Return a copy without normalisations, but for one addition to the picture.

    Batch normalisations go into the convolutions before them, the picture's scale into the first.
    Its offset cannot: at the edges the convolution's padding would be another.
    """
    network = copy.deepcopy(network).eval()
    for module in network.modules():
        if isinstance(module, nn.Sequential):
            children = list(module.named_children())
            for (name, first), (other, second) in itertools.pairwise(children):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    setattr(module, name, fuse_conv_bn_eval(first, second))
                    setattr(module, other, nn.Identity())
    scale, offset = network.config.scale, network.config.offset
    network.stem[0].weight.data *= scale
    network.config = replace(network.config, scale=1.0, offset=offset / scale)
    return network


def unfold_normalisation(
    config: BaseConfig | NetworkConfig, weights: dict[str, Tensor]
) -> dict[str, Tensor]:
    """
    Return what `fold_normalisation` has taken away, as normalisations that change nothing.

    Parameters
    ----------
    config : BaseConfig or NetworkConfig
        Of the folded network.
    weights : dict of str to Tensor
        Its state.

    Returns
    -------
    dict of str to Tensor
        The state of a network of that config.

    """
    network = make_network(config.to_dict())
    whole = network.state_dict()
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            before, _, place = name.rpartition('.')
            bias = weights[f'{before}.{int(place) - 1}.bias']
            values = (torch.ones_like(bias), bias, torch.zeros_like(bias))
            for part, value in zip(('weight', 'bias', 'running_mean'), values, strict=True):
                whole[f'{name}.{part}'] = value
            whole[f'{name}.running_var'] = torch.ones_like(bias) - module.eps
    for name in whole.keys() & weights.keys():
        whole[name] = weights[name]
    return whole


def export(network: Network, path: Path) -> float:
    """
    Write `network` as ONNX and compare the file with it.

    Parameters
    ----------
    network : Network
        Not changed.
    path : Path
        Overwritten.

    Returns
    -------
    float
        The largest difference of any output on random pictures of two sizes.

    Raises
    ------
    ValueError
        If the difference exceeds the tolerance.

    """
    import onnx

    folded = fold_normalisation(network)
    example = torch.rand(1, 3, 64, 96) * 255
    sizes = {2: 'height', 3: 'width'}
    cells = {2: 'height_cells', 3: 'width_cells'}
    torch.onnx.export(
        folded,
        (example,),
        str(path),
        input_names=['image'],
        output_names=['heatmaps', 'pafs'],
        dynamic_axes={'image': sizes, 'heatmaps': cells, 'pafs': cells},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(str(path))
    onnx.checker.check_model(model, full_check=True)
    onnx.helper.set_model_props(model, METADATA)
    onnx.save(model, str(path))
    difference = compare(network, path)
    if not difference <= TOLERANCE:
        raise ValueError(f'{path}: differs from PyTorch by {difference:.2g}, allowed {TOLERANCE}')
    return difference


@torch.no_grad()
def compare(network: Network, path: Path) -> float:
    """Return the largest difference between an ONNX file and PyTorch, at two picture sizes."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    generator = torch.Generator().manual_seed(0)
    network = network.eval()
    worst = 0.0
    for height, width in ((64, 96), (128, 64)):
        image = torch.rand(1, 3, height, width, generator=generator) * 255
        got = session.run(['heatmaps', 'pafs'], {'image': image.numpy()})
        for ours, theirs in zip(network(image), got, strict=True):
            if not (np.isfinite(theirs).all() and np.isfinite(ours.numpy()).all()):
                raise ValueError(
                    f'{path}: its maps are not finite; the weights are NaN or too large'
                )
            worst = max(worst, float(np.abs(ours.numpy() - theirs).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('output', type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format='%(message)s')
    network = load_network(arguments.checkpoint)
    difference = export(network, arguments.output)
    count = sum(parameter.numel() for parameter in network.parameters())
    _log.info('%s: %d parameters, differs by %.2g', arguments.output, count, difference)


if __name__ == '__main__':
    main()
