"""The loop: a step lowers the loss; a killed run goes on bit for bit."""

from __future__ import annotations

from dataclasses import replace
import sys

import pytest
import torch

from training.augment import AugmentParams
from training.base_network import BaseConfig, BaseNetwork
from training.batches import make_batch
from training.losses import LossParams, placement_loss, pose_loss
from training.network import NetworkConfig, PoseNetwork
from training.train import main, open_trainer, run
from training.trainer import NotFiniteError, Trainer, TrainParams, learning_rate, save

SMALL = NetworkConfig(
    stem=8,
    trunk=((8, 1), (8, 2), (16, 2)),
    deep=((16, 1),),
    neck=16,
    paf_blocks=(1, 1),
    heat_blocks=1,
)
PARAMS = TrainParams(
    steps=6, batch=2, crop=(64, 64), rate=3e-3, trunk_rate=1, backbone_rate=1, warmup=1
)


def new_trainer(params: TrainParams = PARAMS) -> Trainer:
    torch.manual_seed(0)
    return Trainer(PoseNetwork(SMALL), params, LossParams())


def same(first: dict, second: dict) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


def test_train_step_lowers_the_loss(pictures):
    trainer = new_trainer()
    batch = make_batch(pictures, PARAMS, AugmentParams(), 0)
    losses = [sum(trainer.train_step(*batch)[name] for name in ('heat', 'paf')) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0], losses


def test_train_step_frozen_trunk_stays_as_it_is(pictures):
    trainer = new_trainer(replace(PARAMS, trunk_rate=0))
    before = trainer.network.trunk[0][0][0].weight.clone()
    trainer.train_step(*make_batch(pictures, PARAMS, AugmentParams(), 0))
    assert torch.equal(before, trainer.network.trunk[0][0][0].weight)


def test_run_interrupted_and_resumed_equals_one_run_bit_for_bit(pictures, tmp_path):
    options = {'held_out': 1, 'workers': 0, 'log_every': 2}
    whole = new_trainer()
    run(tmp_path, whole, pictures, AugmentParams(), **options)

    first = new_trainer(replace(PARAMS, steps=3))
    run(tmp_path, first, pictures, AugmentParams(), **options)
    torch.manual_seed(99)  # the resumed process has another past
    second = Trainer(PoseNetwork(SMALL), PARAMS, LossParams())
    second.restore(torch.load(tmp_path / 'last.pt'))
    run(tmp_path, second, pictures, AugmentParams(), **options)

    assert second.step == whole.step == 6
    assert same(whole.network.state_dict(), second.network.state_dict())
    assert same(whole.average, second.average)


def test_run_writes_a_curve(pictures, tmp_path):
    run(tmp_path, new_trainer(), pictures, AugmentParams(), held_out=1, workers=0, log_every=3)
    lines = (tmp_path / 'curve.csv').read_text().splitlines()
    assert lines[0].startswith('time,step,views_per_s,heat,paf,rate,held_heat,held_paf')
    assert [line.split(',')[1] for line in lines[1:]] == ['3', '6']


def test_run_finish_lets_the_rate_fall(pictures, tmp_path):
    trainer = new_trainer(replace(PARAMS, steps=10_000))
    run(
        tmp_path,
        trainer,
        pictures,
        AugmentParams(),
        held_out=1,
        workers=0,
        log_every=5,
        minutes=0.02,
        finish=True,
    )
    lines = (tmp_path / 'curve.csv').read_text().splitlines()
    rates = [float(line.split(',')[5]) for line in lines[1:]]
    assert trainer.fade < 0.2
    assert rates == sorted(rates, reverse=True)


def test_open_trainer_goes_on_with_its_own_network(pictures, tmp_path):
    options = {'teacher': None, 'device': 'cpu', 'bfloat16': False}
    first = open_trainer(tmp_path, pictures, PARAMS, LossParams(), network=SMALL, **options)
    assert first.step == 0
    first.train_step(*make_batch(pictures, PARAMS, AugmentParams(), 0))
    save(first.state(), tmp_path / 'last.pt')
    other = replace(SMALL, neck=24)
    second = open_trainer(tmp_path, pictures, PARAMS, LossParams(), network=other, **options)
    assert second.step == 1
    assert second.network.config == SMALL
    assert same(first.network.state_dict(), second.network.state_dict())


def checkpoint(step: int, weight: float = 1.0) -> dict:
    weights = {'weight': torch.tensor([weight])}
    return {'step': step, 'network': weights, 'average': weights}


def test_save_leaves_no_half_written_file(tmp_path):
    save(checkpoint(1), tmp_path / 'last.pt')
    save(checkpoint(2), tmp_path / 'last.pt')
    assert torch.load(tmp_path / 'last.pt')['step'] == 2
    assert [path.name for path in tmp_path.iterdir()] == ['last.pt']


@pytest.mark.parametrize(
    ('step', 'expected'),
    [
        (0, 0.1),  # warm-up
        (9, 1.0),
        (900, 1.0),
    ],
)
def test_learning_rate(step, expected):
    params = TrainParams(rate=1.0, warmup=10)
    assert learning_rate(params, step) == pytest.approx(expected)


def test_pose_loss_masked_cells_do_not_count():
    target = torch.zeros(1, 57, 2, 2)
    heatmaps, paf = torch.zeros(1, 19, 2, 2), torch.zeros(1, 38, 2, 2)
    heatmaps[:, :, 0, 0] = 5
    paf[:, :, 0, 0] = 5
    mask = torch.ones(1, 57, 2, 2)
    mask[:, :, 0, 0] = 0
    losses = pose_loss([heatmaps], [paf, paf], target, mask, params=LossParams())
    assert [float(loss) for loss in losses] == [0, 0]


def test_pose_loss_plain_weights_are_the_squared_error():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 57, 3, 4, generator=generator)
    heatmaps = torch.rand(2, 19, 3, 4, generator=generator)
    pafs = [torch.rand(2, 38, 3, 4, generator=generator) for _ in range(2)]
    heat, paf = pose_loss([heatmaps], pafs, target, params=LossParams(peak=0, limb=0, heat=1))
    errors = [((p - target[:, 19:]) ** 2).sum() / 24 for p in pafs]
    assert float(heat) == pytest.approx(float(((heatmaps - target[:, :19]) ** 2).sum() / 24))
    assert float(paf) == pytest.approx(float(errors[1] + 0.5 * errors[0]), rel=1e-5)


def bump(x: float, y: float, height: float = 0.8) -> torch.Tensor:
    """Return heatmaps (1, 19, 16, 16): a peak at x, y of the fourth joint, and the background."""
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing='ij')
    maps = torch.zeros(1, 19, 16, 16)
    maps[0, 3] = height * torch.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 2)
    maps[0, -1] = 1 - maps[0, 3]
    return maps


def test_placement_loss_is_the_squared_distance_whatever_the_height():
    target = bump(8, 7)
    assert placement_loss(target, target) == pytest.approx(0, abs=1e-6)
    assert placement_loss(0.5 * target, target) == pytest.approx(0, abs=1e-4)
    for height in (0.8, 0.4, 1.2):
        moved = placement_loss(bump(8.3, 6.6, height), target)
        assert moved == pytest.approx(0.3**2 + 0.4**2, rel=0.1)


def test_placement_loss_counts_what_is_there_and_known():
    target = bump(8, 7) + bump(1, 7)  # the second is at the edge
    assert placement_loss(bump(8, 7), target) == pytest.approx(0, abs=1e-6)
    assert placement_loss(torch.zeros_like(target), torch.zeros_like(target)) == 0
    assert placement_loss(bump(9, 7, 0.8), bump(8, 7, 0.2)) == 0  # too low to be a peak
    mask = torch.ones_like(target)
    mask[:, 3, :, 8:] = 0
    assert placement_loss(bump(9, 7), target, mask) == 0


def test_placement_loss_moves_the_peak():
    maps = bump(8.6, 7).requires_grad_()
    placement_loss(maps, bump(8, 7)).backward()
    row = maps.grad[0, 3, 7]
    assert row[7] < 0 < row[10]  # higher on the target's side, lower on the other
    assert (maps.grad[0, -1] == 0).all()


def test_pose_loss_takes_the_place_of_every_stage():
    target = torch.cat([bump(8, 7), torch.zeros(1, 38, 16, 16)], dim=1)
    stages = [bump(8.5, 7), bump(8.2, 7)]
    pafs = [torch.zeros(1, 38, 16, 16)] * 2
    plain, _ = pose_loss(stages, pafs, target, params=LossParams())
    with_place, paf = pose_loss(stages, pafs, target, params=LossParams(place=2.0))
    expected = 2 * (placement_loss(stages[1], target[:, :19]))
    expected += 2 * 0.5 * placement_loss(stages[0], target[:, :19])
    assert with_place - plain == pytest.approx(float(expected), rel=1e-4)
    assert paf == 0


def test_save_never_replaces_a_good_checkpoint_by_nan(tmp_path):
    save(checkpoint(1), tmp_path / 'last.pt')
    with pytest.raises(NotFiniteError, match='network weight is not finite'):
        save(checkpoint(2, weight=float('nan')), tmp_path / 'last.pt')
    assert torch.load(tmp_path / 'last.pt')['step'] == 1


def test_train_step_nan_target_ends_before_the_weights_change(pictures):
    trainer = new_trainer()
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    images, targets, mask = make_batch(pictures, PARAMS, AugmentParams(), 0)
    targets[0, 3, 2, 2] = float('nan')
    with pytest.raises(NotFiniteError, match='step 0: the loss is not finite'):
        trainer.train_step(images, targets, mask)
    weights = [name for name in before if 'running' not in name and 'tracked' not in name]
    after = trainer.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in weights)


def test_run_with_a_rate_too_high_keeps_the_last_good_checkpoint(pictures, tmp_path):
    options = {'held_out': 1, 'workers': 0, 'log_every': 100}
    run(tmp_path, new_trainer(), pictures, AugmentParams(), **options)
    wild = Trainer(PoseNetwork(SMALL), replace(PARAMS, steps=60, rate=1e30), LossParams())
    wild.restore(torch.load(tmp_path / 'last.pt'))
    with pytest.raises(NotFiniteError):
        run(tmp_path, wild, pictures, AugmentParams(), save_every_s=0, **options)
    kept = torch.load(tmp_path / 'last.pt')
    assert all(torch.isfinite(value).all() for value in kept['average'].values())


@pytest.mark.parametrize('crop', [(100, 128), (0, 64), (64,), (-64, 64)])
def test_train_params_crop_that_cannot_be_is_refused(crop):
    with pytest.raises(ValueError, match='positive multiples of 8'):
        TrainParams(crop=crop)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--finish'], '--finish needs --minutes'),
        (['--params', '{"crop": [100, 100]}'], 'positive multiples of 8'),
        (['--params', '{"speed": 1}'], 'speed'),
    ],
)
def test_main_wrong_usage_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['train', str(tmp_path), '--data', 'pack', *arguments])
    with pytest.raises(SystemExit, match='2'):
        main()
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_open_trainer_begins_with_the_weights_of_a_checkpoint(pictures, tmp_path):
    first = new_trainer()
    save(first.state(), tmp_path / 'start.pt')
    second = open_trainer(
        tmp_path / 'run',
        pictures,
        PARAMS,
        LossParams(),
        network=NetworkConfig(),
        teacher=None,
        start=tmp_path / 'start.pt',
        device='cpu',
        bfloat16=False,
    )
    assert second.step == 0
    assert second.network.config == SMALL
    assert same(first.average, second.network.state_dict())


def base_trainer(lanes: int) -> Trainer:
    torch.manual_seed(0)
    config = BaseConfig(stem=8, trunk=((8, 1), (8, 2), (16, 2)), deep=((16, 1),), features=16)
    network = BaseNetwork(replace(config, bottleneck=1, dense=1, head=16, refine=16))
    return Trainer(network, replace(PARAMS, batch=3), LossParams(), lanes=lanes)


def test_train_step_in_lanes_is_the_same_step(pictures):
    batch = make_batch(pictures, replace(PARAMS, batch=3), AugmentParams(), 0)
    one, two = base_trainer(1), base_trainer(2)
    for _ in range(2):
        first, second = one.train_step(*batch), two.train_step(*batch)
        assert first['heat'] == pytest.approx(second['heat'], rel=1e-4)
        assert first['paf'] == pytest.approx(second['paf'], rel=1e-4)
    for name, value in one.network.state_dict().items():
        torch.testing.assert_close(value, two.network.state_dict()[name], atol=2e-3, rtol=1e-2)


def test_trainer_lanes_with_batch_normalisation_are_refused():
    with pytest.raises(ValueError, match='without batch normalisation'):
        Trainer(PoseNetwork(SMALL), PARAMS, LossParams(), lanes=2)
