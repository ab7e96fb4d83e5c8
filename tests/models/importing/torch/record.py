"""
Records checkpoints in both of PyTorch's forms, for the tests that have no PyTorch.

In an environment with PyTorch::

    python -m tests.models.importing.torch.record LIGHTWEIGHT OPENPOSE

These are checkouts of Daniil-Osokin/lightweight-human-pose-estimation.pytorch and of
Hzzone/pytorch-openpose: the networks of the tests must have their tensors, and return what theirs
do, or nothing is written.
"""

from __future__ import annotations

from collections import OrderedDict
import importlib.util
from pathlib import Path
import sys
from typing import Any

import numpy as np
import torch

from tests.models.importing.torch import networks

HERE = Path(__file__).parent
SIXTEENTH = 16


def main(lightweight: Path, openpose: Path) -> None:
    _check(lightweight, openpose)
    values = OrderedDict(_tensors())
    for name, form in (('zip', True), ('stream', False)):
        torch.save(values, HERE / f'tensors-{name}.pth', _use_new_zipfile_serialization=form)
    expected = {name: tensor.detach().float().numpy() for name, tensor in values.items()}
    np.savez_compressed(HERE / 'tensors.npz', **expected)
    net = networks.with_weights(networks.Lightweight(2, SIXTEENTH))
    optimiser = torch.optim.Adam(net.parameters())
    checkpoint = {
        'state_dict': {f'module.{name}': tensor for name, tensor in net.state_dict().items()},
        'optimizer': optimiser.state_dict(),
        'iter': 370000,
        'best': None,
        'rate': 4e-5,
    }
    path = HERE / 'lightweight.pth'
    torch.save(checkpoint, path, _use_new_zipfile_serialization=False)
    picture = np.random.RandomState(3).uniform(-0.5, 0.5, (1, 3, 45, 38)).astype(np.float32)
    found = networks.maps(net, picture)
    np.savez_compressed(HERE / 'lightweight.npz', picture=picture, **found)
    sys.stdout.write(f'PyTorch {torch.__version__}, {path.stat().st_size} bytes\n')


def _tensors() -> dict[str, Any]:
    random = torch.manual_seed(5)
    whole = torch.randn(3, 4, 5, generator=random)
    return {
        'plain': whole,
        'turned': whole.permute(2, 0, 1),
        'part': whole[1:, 2],
        'parameter': torch.nn.Parameter(torch.randn(2, 3, generator=random)),
        'half': whole[0].half(),
        'bfloat16': whole[1].bfloat16(),
        'double': whole[2].double(),
        'long': torch.tensor(7),
        'none': torch.zeros(0, 3),
    }


def _check(lightweight: Path, openpose: Path) -> None:
    sys.path.insert(0, str(lightweight))
    from models.with_mobilenet import PoseEstimationWithMobileNet

    spec = importlib.util.spec_from_file_location('upstream', openpose / 'src/model.py')
    upstream = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(upstream)
    body = upstream.bodypose_model()
    body.model6_2.relu_Mconv7_stage6_L2 = torch.nn.Identity()  # which Caffe's has not
    for mine, theirs in (
        (networks.Lightweight(), PoseEstimationWithMobileNet()),
        (networks.OpenPose(), body),
    ):
        networks.with_weights(mine)
        theirs.load_state_dict(mine.state_dict())  # strict: the same tensors
        picture = torch.randn(1, 3, 64, 48)
        with torch.no_grad():
            found, expected = mine(picture), theirs.eval()(picture)[-2:]
        expected = sorted(expected, key=lambda maps: maps.shape[1])  # heatmaps first
        for one, other in zip(found, expected):
            assert torch.equal(one, other), type(mine)


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2]))
