"""
The mean of networks of one kind, weight by weight.

    python -m training.average OUTPUT.pt A.pt B.pt [--shares 0.5 0.5]

Of checkpoints that go back to the same one, and did not go far, the mean is often better than
each (Wortsman et al., arXiv 2203.05482).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from training.trainer import save


def mean_of(states: Sequence[dict[str, Any]], shares: Sequence[float]) -> dict[str, Any]:
    """
    Average the averaged weights of checkpoints.

    Parameters
    ----------
    states : sequence of dict
        As `training.trainer.Checkpointed.state` makes them, all of one config.
    shares : sequence of float
        What each counts, relative to the others; not negative, not all 0.

    Returns
    -------
    dict
        A checkpoint without an optimiser, of no steps.

    Raises
    ------
    ValueError
        If the networks differ in more than their weights, or the shares do not fit.

    """
    if len(states) != len(shares) or min(shares, default=-1) < 0 or not sum(shares):
        raise ValueError(
            f'{len(states)} networks have shares {list(shares)}: give one for each, none below 0'
        )
    for state in states[1:]:
        for name, value in states[0]['config'].items():
            if state['config'].get(name) != value:
                raise ValueError(
                    f'networks differ in {name}: {value} and {state["config"].get(name)}; '
                    'only networks of one config have a mean'
                )
    counts = [share / sum(shares) for share in shares]
    weights = {
        name: sum(
            count * state['average'][name].float()
            for count, state in zip(counts, states, strict=True)
        )
        for name in states[0]['average']
    }
    return {'config': states[0]['config'], 'step': 0, 'network': weights, 'average': weights}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('output', type=Path)
    parser.add_argument('checkpoints', type=Path, nargs='+', metavar='A.pt')
    parser.add_argument('--shares', type=float, nargs='+', help='one each (default: equal)')
    arguments = parser.parse_args()
    states = [
        torch.load(path, map_location='cpu', weights_only=True) for path in arguments.checkpoints
    ]
    try:
        save(mean_of(states, arguments.shares or [1.0] * len(states)), arguments.output)
    except ValueError as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
