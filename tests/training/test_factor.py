"""Layers of a low rank: what can be kept exactly is; channels are evened out without a change."""

from __future__ import annotations

import pytest
import torch

from training.base_network import BaseConfig, BaseNetwork, ClippedElu
from training.factor import even_out, factor_pair, shrink_to_maps
from training.inherit_base import begin_refinement

FACTORED = BaseConfig(
    deep=((24, 1), (24, 2)),
    ranks=(8, 0),
    features=16,
    bottleneck_channels=4,
    clipped=True,
    head=16,
    refine=16,
    dense_blocks=2,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def random_network() -> BaseNetwork:
    torch.manual_seed(0)
    network = BaseNetwork(FACTORED)
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
    return network.eval()


def low_rank(features: torch.Tensor, rank: int, outputs: int) -> torch.Tensor:
    weight = (random(outputs, rank, seed=1) - 0.5) @ (
        random(rank, features.shape[1], seed=2) - 0.5
    )
    return torch.einsum('dc,nchw->ndhw', weight, features) + 0.25


def test_factor_pair_keeps_a_layer_of_that_rank():
    features = random(10, 16, 12, 12)
    target = low_rank(features, 5, 12)
    first, second, bias, share = factor_pair(features, target, 5)
    assert (first.shape, second.shape, bias.shape) == ((5, 16), (12, 5), (12,))
    assert share > 0.999
    inner = torch.einsum('rc,nchw->nrhw', first, features)
    torch.testing.assert_close(inner.std(dim=(0, 2, 3)), torch.ones(5), atol=0.1, rtol=0)
    made = torch.einsum('dr,nrhw->ndhw', second, inner) + bias[:, None, None]
    torch.testing.assert_close(made, target, atol=5e-3, rtol=0)
    assert factor_pair(features, target, 3)[-1] < 0.999


def test_factor_pair_gives_its_rank_to_what_counts():
    features = random(10, 8, 12, 12) - 0.5
    target = features.clone()
    target[:, :4] *= 5  # large, but nobody asks for them
    counts = torch.tensor([0.0, 0, 0, 0, 1, 1, 1, 1])
    first, second, bias, _ = factor_pair(features, target, 4, counts)
    made = torch.einsum('dc,nchw->ndhw', second @ first, features) + bias[:, None, None]
    torch.testing.assert_close(made[:, 4:], target[:, 4:], atol=0.02, rtol=0)
    assert (made - target)[:, :4].std() > 0.5


@pytest.mark.parametrize('rank', [0, 13])
def test_factor_pair_rank_that_cannot_be_says_so(rank):
    features = random(5, 16, 4, 4)
    with pytest.raises(ValueError, match=f'12 channels has no rank of {rank}'):
        factor_pair(features, features[:, :12], rank)


def test_even_out_changes_channels_and_not_what_the_network_computes():
    network = random_network()
    with torch.no_grad():  # as the teacher has them: one channel far larger than the others
        network.deep[0][1][1][0].weight[3] *= 200
        network.deep[1][0][0].weight[3] /= 200
    images = random(4, 3, 64, 64) * 255
    before = network(images)
    even_out(network, images)
    for one, two in zip(before, network(images), strict=True):
        torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-3 * float(one.detach().std()))
    config = network.config
    values = network.trunk(network.stem(images * config.scale + config.offset))
    for depthwise, pointwise in network.deep:
        for part in (depthwise, pointwise):
            values = part(values)
            size = values.square().mean(dim=(0, 2, 3)).sqrt()
            assert size.max() < 1.05
            assert float(size.median().detach()) == pytest.approx(1, abs=0.05)


def test_shrink_to_maps_changes_ranges_and_not_what_the_network_computes():
    network = random_network()
    refinement = network.refinement
    with torch.no_grad():  # so that the second maps are made of what lies beside the first
        for predict in refinement.predict:
            predict.weight.normal_(generator=torch.Generator().manual_seed(1))
        refinement.squeeze[0].bias.fill_(30)
        network.neck[-1][0].bias.fill_(20)
    images = [random(1, 3, 64, 96, seed=n) * 255 for n in (4, 5)]
    before = [network(image) for image in images]
    seen: list[float] = []
    shrink_to_maps(network, images)
    for image, maps in zip(images, before, strict=True):
        for one, two in zip(maps, network(image), strict=True):
            torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-3 * float(one.detach().std()))
        features, *maps = network.first_stage(image)
        values = refinement.values(features, *maps)
        seen += [float(features.detach().max()), float(values.detach().max())]
    assert 0.5 < min(seen) <= max(seen) < 1.2


def test_clipped_elu_is_near_the_elu():
    x = torch.linspace(-4, 4, 801)
    assert (ClippedElu()(x) - torch.nn.functional.elu(x)).abs().max() < 0.2


def test_factored_config_survives_a_checkpoint():
    assert BaseConfig.from_dict(FACTORED.to_dict()) == FACTORED
    groups = random_network().groups()
    assert sum(map(len, groups)) == len(list(random_network().parameters()))


def test_begin_refinement_dense_comes_nearer_to_the_targets():
    network = random_network()
    images = random(20, 3, 96, 96) * 255
    with torch.no_grad():
        features, heatmaps, pafs = network.first_stage(images)
    blurred = torch.nn.functional.avg_pool2d(features, 3, 1, 1)
    mixture = torch.einsum('dc,nchw->ndhw', random(57, 16, seed=4) / features.std(), blurred)
    shares = begin_refinement(network, None, images, torch.cat([heatmaps, pafs], 1) + mixture)
    assert min(shares.values()) > 0.3
    (_, fine), (_, fine_pafs) = network.stages(images)
    assert not torch.equal(fine, heatmaps)
    assert not torch.equal(fine_pafs, pafs)
