"""
Whole channels taken out of a teacher's layers, and the rest fitted anew on real activations.

Channels go one by one, always the one without which the next mixing layer's values before its
activation can be made best from those that remain (the exact increase of the squared error of
that least squares problem, as in optimal brain surgeon). Then the layer is solved for the kept
channels from what really comes in, which differs from what the teacher gets, because the layers
before were pruned too.
"""

from __future__ import annotations

from collections.abc import Callable
import logging

import torch
from torch import Tensor
import torch.nn.functional as F  # noqa: N812

_log = logging.getLogger(__name__)
ROWS = 60_000  # cells that are looked at
RIDGE = 1e-4  # relative to the mean square of a feature
HELD_OUT = 5  # every fifth picture is not fitted to

Following = Tensor | tuple[Callable[[Tensor], Tensor], Tensor]


@torch.no_grad()
def prune_pair(
    features: Tensor, target: Tensor, following: Following, width: int
) -> tuple[Tensor, Tensor, Tensor, float]:
    """
    Fit a layer that gives the most useful `width` of the teacher's channels.

    Parameters
    ----------
    features : float32 (N, C, h, w)
        What comes into the layer, in the network that is made.
    target : float32 (N, D, h, w)
        What the teacher's layer gives before its ReLU, at the same cells.
    following : float32 (E, D) or (E, D, 1, 1), or (callable, the same)
        The next mixing layer's weight; with a function if something is done in between: from
        float32 (n, D, h, w), after the ReLU, to what is mixed, channel by channel.
    width : int
        Channels to keep, at most D.

    Returns
    -------
    (float32 (width, C), float32 (width,), int64 (width,), float)
        Weight and bias; the kept channels of the D, ascending; the share of the variance of the
        next mixing layer's values that the fitted channels explain, on pictures that nothing was
        fitted to (every fifth; all of fewer than five).

    """
    between, mixing = following if isinstance(following, tuple) else (lambda x: x, following)
    mixing = mixing.reshape(mixing.shape[0], -1)
    if not 0 < width <= target.shape[1] or mixing.shape[1] != target.shape[1]:
        raise ValueError(
            f'cannot keep {width} of {target.shape[1]} channels before a layer that mixes '
            f'{mixing.shape[1]}'
        )
    fitted, held = split(len(features))
    mixed = rows(between(target[fitted].relu()))
    kept = choose(mixed, mixing, width)
    weight, bias = least_squares(rows(features[fitted]), rows(target[fitted][:, kept]))

    def made(part: Tensor) -> Tensor:
        outputs = target.new_zeros(len(part), target.shape[1], *target.shape[2:])
        outputs[:, kept] = F.conv2d(part, weight[:, :, None, None], bias).relu()
        return between(outputs)[:, kept]

    again, shift = least_squares(rows(made(features[fitted])), mixed @ mixing.T)
    wanted = rows(between(target[held].relu())) @ mixing.T
    share = explained(rows(made(features[held])) @ again.T + shift, wanted)
    return weight, bias, kept, share


def split(pictures: int) -> tuple[list[int], list[int]]:
    """Return the numbers of the pictures to fit to, and of those held out from it."""
    numbers = range(pictures)
    if pictures < HELD_OUT:
        return list(numbers), list(numbers)
    return [i for i in numbers if i % HELD_OUT], [i for i in numbers if i % HELD_OUT == 0]


def choose(mixed: Tensor, mixing: Tensor, width: int) -> Tensor:
    """
    Take out channels one by one.

    Parameters
    ----------
    mixed : float32 (rows, D)
        What the mixing layer gets.
    mixing : float32 (E, D)
        Its weight.
    width : int
        Channels to keep.

    Returns
    -------
    int64 (width,)
        Ascending.

    """
    x = mixed.double()
    x = x - x.mean(dim=0)
    gram = x.T @ x / len(x)
    diagonal = gram.diagonal()
    gram = gram + RIDGE * diagonal.mean() * torch.eye(len(gram), dtype=gram.dtype)
    inverse = torch.linalg.inv(gram)
    weight = mixing.double().clone()  # of the channels that remain, fitted anew
    kept = torch.ones(len(gram), dtype=torch.bool)
    for _ in range(len(gram) - width):
        cost = weight.square().sum(dim=0) / inverse.diagonal()
        cost[~kept] = torch.inf
        worst = int(cost.argmin())
        pivot, column = inverse[worst, worst].clone(), inverse[:, worst].clone()
        weight = weight - torch.outer(weight[:, worst], column) / pivot
        inverse = inverse - torch.outer(column, column) / pivot
        inverse[worst], inverse[:, worst] = 0, 0
        inverse[worst, worst] = 1
        weight[:, worst] = 0
        kept[worst] = False
    return kept.nonzero().flatten()


def least_squares(x: Tensor, y: Tensor, *, ridge: float = RIDGE) -> tuple[Tensor, Tensor]:
    """
    Solve `x @ weight.T + bias = y`.

    Parameters
    ----------
    x : float32 (rows, C)
        What comes in.
    y : float32 (rows, D)
        What is to come out.
    ridge : float
        Regularisation, relative to the mean square of a feature.

    Returns
    -------
    (float32 (D, C), float32 (D,))

    """
    x, y = x.double(), y.double()
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    x, y = x - x_mean, y - y_mean
    gram = x.T @ x
    gram = gram + ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    weight = torch.linalg.solve(gram, x.T @ y).T
    return weight.float(), (y_mean - weight @ x_mean).float()


def explained(got: Tensor, wanted: Tensor) -> float:
    """Return the share of the variance of `wanted` (rows, D) that `got` explains, at most 1."""
    wanted, got = wanted.double(), got.double()
    whole = (wanted - wanted.mean(dim=0)).square().sum()
    return float(1 - (wanted - got).square().sum() / whole)


def rows(values: Tensor) -> Tensor:
    """Return (N, C, h, w) as (rows, C): the same random cells for the same N, h and w."""
    flat = values.permute(0, 2, 3, 1).flatten(0, 2)
    if len(flat) <= ROWS:
        return flat
    order = torch.randperm(len(flat), generator=torch.Generator().manual_seed(0))
    return flat[order[:ROWS]]
