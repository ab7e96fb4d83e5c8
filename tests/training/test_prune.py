"""Channels taken out: what can be kept exactly is; the share told is that of other pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from training.base_network import BaseConfig, BaseNetwork, make_network
from training.inherit_base import _tune, begin_refinement, inherit_base
from training.network import NetworkConfig, PoseNetwork
from training.prune import choose, explained, least_squares, prune_pair, split


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def rank_8(features: torch.Tensor, seed: int = 3) -> torch.Tensor:
    """16 channels, each a positive mixture of the same 8, so that a ReLU changes nothing."""
    mixed = torch.einsum('dc,nchw->ndhw', random(8, features.shape[1], seed=seed), features)
    return torch.einsum('ed,ndhw->nehw', random(16, 8, seed=seed + 1), mixed)


def test_prune_pair_rank_8_of_16_channels_keeps_nearly_all_at_width_8():
    features = random(10, 16, 12, 12)
    following = torch.randn(24, 16, generator=torch.Generator().manual_seed(5))
    weight, bias, kept, share = prune_pair(features, rank_8(features), following, 8)
    assert weight.shape == (8, 16)
    assert bias.shape == (8,)
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert share >= 0.99


def test_prune_pair_all_channels_is_the_teachers_layer():
    features = random(10, 16, 12, 12) - 0.5
    own = torch.randn(12, 16, generator=torch.Generator().manual_seed(1))
    target = torch.einsum('dc,nchw->ndhw', own, features) + 0.25
    weight, bias, kept, share = prune_pair(features, target, random(20, 12, seed=2), 12)
    torch.testing.assert_close(weight, own, atol=2e-3, rtol=0)
    torch.testing.assert_close(bias, torch.full((12,), 0.25), atol=2e-3, rtol=0)
    assert kept.tolist() == list(range(12))
    assert share > 0.999


def test_prune_pair_channels_that_the_next_layer_ignores_go_first():
    features = random(10, 8, 10, 10) - 0.5
    following = random(6, 8, seed=2)
    following[:, [1, 4, 6]] = 0
    *_, kept, share = prune_pair(features, features, following, 5)
    assert kept.tolist() == [0, 2, 3, 5, 7]
    assert share > 0.999


def test_prune_pair_sees_through_what_is_done_in_between():
    features = random(10, 6, 10, 10) - 0.5
    dead = torch.tensor([1, 1, 0, 1, 0, 1.0])[:, None, None]
    *_, kept, share = prune_pair(features, features, (lambda x: x * dead, random(9, 6)), 4)
    assert kept.tolist() == [0, 1, 3, 5]
    assert share > 0.999


def test_prune_pair_share_is_that_of_pictures_not_fitted_to():
    """Noise that no other picture has can be fitted to, but explains nothing elsewhere."""
    features, noise = random(10, 40, 3, 3), random(10, 30, 3, 3, seed=9)
    *_, share = prune_pair(features, noise, torch.eye(30), 30)
    assert share < 0.1


@pytest.mark.parametrize('width', [0, 17])
def test_prune_pair_width_that_cannot_be_says_so(width):
    features = random(5, 16, 4, 4)
    with pytest.raises(ValueError, match=f'cannot keep {width} of 16'):
        prune_pair(features, features, torch.eye(16), width)


def test_choose_is_never_worse_than_the_strongest_channels():
    x = random(500, 12) @ random(12, 12, seed=1)
    mixing = torch.randn(7, 12, generator=torch.Generator().manual_seed(2))
    wanted = x @ mixing.T

    def share(kept: torch.Tensor) -> float:
        weight, bias = least_squares(x[:, kept], wanted)
        return explained(x[:, kept] @ weight.T + bias, wanted)

    strongest = (x.var(dim=0) * mixing.square().sum(dim=0)).topk(5).indices
    assert share(choose(x, mixing, 5)) >= share(strongest)


def test_split_holds_every_fifth_picture_out():
    assert split(11) == ([1, 2, 3, 4, 6, 7, 8, 9], [0, 5, 10])
    assert split(3) == ([0, 1, 2], [0, 1, 2])


def test_base_network_without_refinement_gives_its_first_maps():
    torch.manual_seed(0)
    network = BaseNetwork(BaseConfig(deep=((24, 1), (24, 2)), features=16, head=16, refine=16))
    heatmaps, pafs = network.stages(torch.rand(1, 3, 64, 48) * 255)
    assert [maps.shape for maps in heatmaps] == 2 * [(1, 19, 8, 6)]
    assert [maps.shape for maps in pafs] == 2 * [(1, 38, 8, 6)]
    torch.testing.assert_close(heatmaps[0], heatmaps[1])
    torch.testing.assert_close(pafs[0], pafs[1])


@pytest.mark.parametrize('config', [BaseConfig(features=16, deep=((24, 1),)), NetworkConfig()])
def test_make_network_by_the_kind_in_a_config(config):
    network = make_network(config.to_dict())
    assert network.config == config
    assert isinstance(network, BaseNetwork if isinstance(config, BaseConfig) else PoseNetwork)
    groups = network.groups()
    assert sum(map(len, groups)) == len(list(network.parameters()))


def test_make_network_of_an_old_checkpoint_is_a_small_one():
    values = NetworkConfig().to_dict()
    del values['kind']
    assert isinstance(make_network(values), PoseNetwork)


def test_tune_comes_nearer_to_what_is_wanted():
    torch.manual_seed(0)
    features = random(15, 6, 12, 12)
    part = torch.nn.Sequential(torch.nn.Conv2d(6, 4, 1), torch.nn.ReLU())
    wanted = torch.nn.functional.conv2d(features - 0.5, random(4, 6, 1, 1, seed=2) - 0.5).relu()
    before, after = _tune(part, features, wanted, torch.ones(4), 150, rate=1e-2)
    assert after < 0.5 * before
    assert _tune(part, features, part(features).detach(), torch.ones(4), 5) == (0, 0)


def test_begin_refinement_lives_and_comes_nearer_to_the_targets():
    torch.manual_seed(0)
    network = BaseNetwork(BaseConfig(deep=((24, 1), (24, 2)), features=16, head=16, refine=32))
    for part in (network.stem, network.trunk, network.deep, network.neck, network.dense):
        for layer in part.modules():
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
    images = random(20, 3, 96, 96) * 255
    features, heatmaps, pafs = network.first_stage(images)
    # Something that can be known from the features: a mixture of them, blurred.
    blurred = torch.nn.functional.avg_pool2d(features.detach(), 3, 1, 1)
    mixture = torch.einsum('dc,nchw->ndhw', random(57, 16, seed=4) / features.std(), blurred)
    targets = torch.cat([heatmaps, pafs], dim=1).detach() + mixture
    shares = begin_refinement(network, None, images, targets)
    assert min(shares.values()) > 0.5
    for stage in (network.paf_stage, network.heat_stage):
        values = stage.squeeze(torch.cat([features, pafs, heatmaps], dim=1))
        for block in stage.blocks:
            change = block.body(values)
            assert change.std() > 0.2
            values = values + change


SHARED = Path(__file__).parents[3] / 'shared'
TEACHER = SHARED / 'models/human-pose-estimation-0001.onnx'
PICTURES = sorted((SHARED / 'images').glob('*.jpg'))


@pytest.mark.skipif(not TEACHER.exists(), reason=f'no {TEACHER.name} in ../shared/models')
def test_inherit_base_same_widths_gives_the_teachers_first_maps():
    pytest.importorskip('onnx', reason='a teacher is an ONNX file')
    from training.inherit import inherited_config
    from training.teacher import OnnxTeacher

    teacher = OnnxTeacher(TEACHER)
    given = inherited_config(NetworkConfig(), teacher)
    deep = tuple((512, dilation) for dilation in (1, 2, 1, 1, 1, 1))
    config = BaseConfig(deep=deep, head=512, scale=given.scale, offset=given.offset)
    torch.manual_seed(0)
    network = BaseNetwork(config).eval()
    noise = np.random.default_rng(0).uniform(0, 255, (6, 3, 12, 12))
    images = torch.nn.functional.interpolate(
        torch.from_numpy(noise).float(), size=(96, 96), mode='bicubic'
    )
    assert min(inherit_base(network, teacher, images)) > 0.9


@pytest.mark.skipif(
    not TEACHER.exists() or len(PICTURES) != 40,
    reason=f'no {TEACHER.name} and 40 photographs in ../shared',
)
def test_inherit_base_keeps_what_the_readme_states_of_the_teachers_pairs():
    pytest.importorskip('onnx', reason='a teacher is an ONNX file')
    from training.inherit import inherited_config
    from training.teacher import OnnxTeacher

    teacher = OnnxTeacher(TEACHER)
    given = inherited_config(NetworkConfig(), teacher)
    network = BaseNetwork(BaseConfig(scale=given.scale, offset=given.offset)).eval()
    views = np.full((len(PICTURES), 256, 384, 3), 128, np.uint8)
    for view, path in zip(views, PICTURES, strict=True):
        image = cv2.imread(str(path))
        factor = min(256 / image.shape[0], 384 / image.shape[1])
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        view[: small.shape[0], : small.shape[1]] = small[:256, :384]
    images = torch.from_numpy(views.transpose(0, 3, 1, 2)).float()
    readme = (Path(__file__).parents[2] / 'training/README.md').read_text()
    (line,) = (row for row in readme.splitlines() if row.startswith('| the 40 test photographs'))
    stated = [float(cell) for cell in line.strip('| ').split('|')[1:]]
    shares = inherit_base(network, teacher, images)
    assert len(shares) == len(stated)
    assert all(share > told - 0.02 for share, told in zip(shares, stated))
