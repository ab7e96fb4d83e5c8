"""A network that grows computes what it did, nearly, and can learn in all that is new."""

from __future__ import annotations

from dataclasses import replace
import sys

import pytest
import torch

from training.base_network import BaseConfig, BaseNetwork
from training.export import load_network
from training.grow import grown, main
from training.trainer import save

CONFIG = BaseConfig(
    trunk=((8, 1), (8, 2), (12, 2)),
    deep=((16, 1),),
    features=8,
    bottleneck=0,
    dense=1,
    head=12,
    refine=8,
    dense_blocks=1,
)


@pytest.fixture
def network() -> BaseNetwork:
    torch.manual_seed(0)
    return BaseNetwork(CONFIG).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1)) * 255


@torch.no_grad()
def test_same_size_computes_the_same(network, images):
    for expected, got in zip(network(images), grown(network, 0, 12)(images), strict=True):
        torch.testing.assert_close(got, expected, atol=0, rtol=0)


@torch.no_grad()
def test_new_blocks_change_little_and_see_further(network, images):
    new = grown(network, 2, 12)
    assert new.config == replace(CONFIG, wide_blocks=2)
    dilations = [[layer[0].dilation[0] for layer in block] for block in new.refinement.blocks]
    assert dilations == [[1, 2], [2, 4], [2, 4]]
    for expected, got in zip(network(images), new(images), strict=True):
        assert 0 < (got - expected).abs().max() < 0.1 * expected.std()


def test_all_that_is_new_gets_gradients(network, images):
    new = grown(network, 1, 12).train()
    sum(maps.square().sum() for maps in new(images)).backward()
    for layer in new.refinement.blocks[1]:
        assert layer[0].weight.grad.abs().max() > 0


@torch.no_grad()
def test_channels_that_count_for_nothing_go_first(network, images):
    for first, last in network.heads:
        first[0].weight[::3] = 0  # 4 of 12
        first[0].bias[::3] = 0
        last.weight[:, 1] *= 1e-6
    new = grown(network, 0, 8)
    for expected, got in zip(network(images), new(images), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    seven = grown(network, 0, 7)  # without the one that hardly counts
    for expected, got in zip(network(images), seven(images), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(('blocks', 'head'), [(0, 13), (0, 0), (-1, 12)])
def test_what_would_not_grow_says_so(network, blocks, head):
    with pytest.raises(ValueError, match=f'{blocks} wide blocks and {head} channels of heads'):
        grown(network, blocks, head)


def test_without_a_dense_refinement_says_so():
    with pytest.raises(ValueError, match='no dense refinement'):
        grown(BaseNetwork(replace(CONFIG, dense_blocks=0)), 1, 12)


@torch.no_grad()
def test_a_checkpoint_grows(network, images, tmp_path, monkeypatch, capsys):
    weights = network.state_dict()
    state = {'config': CONFIG.to_dict(), 'network': weights, 'average': weights}
    save(state, tmp_path / 'old.pt')
    words = ['grow', str(tmp_path / 'old.pt'), str(tmp_path / 'new.pt'), '--wide-blocks', '1']
    monkeypatch.setattr(sys, 'argv', words)
    main()
    new = load_network(tmp_path / 'new.pt')
    assert (new.config.wide_blocks, new.config.head) == (1, 12)
    assert (new(images)[0] - network(images)[0]).abs().max() < 0.1
    with pytest.raises(SystemExit):
        main()
    assert 'exists' in capsys.readouterr().err
