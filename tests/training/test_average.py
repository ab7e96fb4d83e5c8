"""The mean of networks, and who has none."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest
import torch

from training.average import mean_of
from training.export import load_network
from training.network import NetworkConfig, PoseNetwork

SMALL = NetworkConfig(
    stem=8, trunk=((8, 1), (8, 2), (16, 2)), deep=((16, 2),), neck=16, paf_blocks=(1,)
)


def checkpoint(seed: int, config: NetworkConfig = SMALL) -> dict:
    torch.manual_seed(seed)
    network = PoseNetwork(config)
    return {'config': config.to_dict(), 'step': 3, 'average': network.state_dict()}


def test_the_command_writes_the_weighted_mean(tmp_path: Path):
    states = [checkpoint(seed) for seed in (0, 1)]
    for name, state in zip('ab', states, strict=True):
        torch.save(state, tmp_path / f'{name}.pt')
    command = [sys.executable, '-m', 'training.average', 'mean.pt', 'a.pt', 'b.pt']
    command += ['--shares', '3', '1']
    root = Path(__file__).parents[2]
    subprocess.run(command, cwd=tmp_path, env={'PYTHONPATH': str(root)}, check=True)
    mixed = load_network(tmp_path / 'mean.pt').state_dict()
    for name, value in mixed.items():
        expected = 0.75 * states[0]['average'][name] + 0.25 * states[1]['average'][name]
        torch.testing.assert_close(value.float(), expected.float())


def test_networks_of_another_config_have_no_mean():
    other = checkpoint(0, NetworkConfig(**{**SMALL.__dict__, 'neck': 24}))
    with pytest.raises(ValueError, match='differ in neck: 16 and 24'):
        mean_of([checkpoint(0), other], [1, 1])


@pytest.mark.parametrize('shares', [[1.0], [1.0, -1.0], [0.0, 0.0]])
def test_shares_that_do_not_fit_are_refused(shares: list[float]):
    with pytest.raises(ValueError, match='2 networks have shares'):
        mean_of([checkpoint(0), checkpoint(1)], shares)
