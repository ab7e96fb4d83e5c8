"""Imports of checkpoints against PyTorch itself; the tests without it have recorded ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from openpose_ros.models import import_model, load_model
from tests.models.importing.onnx_maps import largest_difference, maps_of
from tests.models.importing.torch import networks


@pytest.mark.parametrize('zipped', [True, False])
@pytest.mark.parametrize('make', [networks.Lightweight, networks.OpenPose])
def test_maps_are_those_of_pytorch(tmp_path, make, zipped):
    net = networks.with_weights(make(part=networks.EIGHTH))
    path = tmp_path / 'net.pth'
    torch.save(net.state_dict(), path, _use_new_zipfile_serialization=zipped)
    picture = np.random.RandomState(3).uniform(-0.5, 0.5, (1, 3, 48, 40)).astype(np.float32)
    output = import_model(path, tmp_path / 'net.onnx')
    found = maps_of(output, picture)
    for name, maps in networks.maps(net, picture).items():
        assert largest_difference(found[name], maps) <= 1e-4
    assert load_model(output).skeleton.name == 'coco_18'
