"""A session on a GPU, here without one: views, composed targets, relative weights, checkpoints."""

from __future__ import annotations

from copy import deepcopy
import csv
import math
from pathlib import Path
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch

from training.atlas import SIDE, Atlas, ViewParams
from training.base_network import BaseConfig, BaseNetwork
from training.composing import (
    HALF,
    ComposedTeacher,
    blurred,
    compose,
    double_maps,
    gaussian,
    halve_maps,
)
from training.export import fold_normalisation, load_network, unfold_normalisation
from training.network import NetworkConfig, PoseNetwork
from training.pack import make_picture, write_pack
from training.relative import RelativeWeights
from training.rescale import shrink_maps
from training.student import SessionParams, Student
from training.targets import render_maps

TINY = BaseConfig(
    stem=8,
    trunk=((8, 1), (16, 2), (16, 2)),
    deep=((16, 2),),
    features=16,
    bottleneck=0,
    dense=1,
    head=16,
    refine=16,
    dense_blocks=1,
)
PLAIN = ViewParams(
    scale=(1.0, 1.0),
    fitted=False,
    rotation_deg=0,
    turned=0,
    flip=0,
    mosaic=0,
    colour=0,
    nobody=0,
)


def picture(shape: tuple[int, int], value: int = 0):
    """Return a smooth picture: what halving and doubling leave as it is, nearly."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    pixels = np.stack([x * 200 / shape[1], y * 200 / shape[0], np.full(shape, value)], axis=-1)
    return make_picture('drawn/one', pixels.astype(np.uint8), quality=100)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_a_view_as_it_is_is_the_picture():
    atlas = Atlas(2, 'cpu')
    atlas.add([picture((128, 192), 90)], [1.0], nobody=False)
    given, view, large = atlas.views(torch.tensor([0]), (128, 192), PLAIN, generator())
    expected = torch.from_numpy(picture((128, 192), 90).pixels()).permute(2, 0, 1).float()
    assert (view[0] - expected)[:, 2:-2, 2:-2].abs().max() < 3  # JPEG's error, and halving's
    assert (given[0] - view[0]).abs().max() <= 0.5
    assert torch.equal(given, given.round())
    assert large.shape == (1, 3, 256, 384)


def test_a_view_at_the_pictures_size_is_as_sharp_as_it():
    noise = np.random.default_rng(0).integers(0, 256, (128, 192, 3)).astype(np.uint8)
    sharp = make_picture('drawn/noise', noise, quality=100)
    atlas = Atlas(1, 'cpu')
    atlas.add([sharp], [1.0], nobody=False)
    views = atlas.views(torch.tensor([0]), (128, 192), PLAIN, generator())
    expected = torch.from_numpy(sharp.pixels()).permute(2, 0, 1).float()
    assert (views[0][0] - expected).abs().max() < 2
    assert (views[1][0] - expected).abs().max() < 1
    halved = torch.nn.functional.avg_pool2d(views[2], 2)
    assert (halved[0] - expected).abs().mean() > 10  # what the teacher sees is another sample


def test_a_view_of_less_than_half_the_size_leaves_no_pixel_out():
    lines = np.zeros((400, 400, 3), np.uint8)
    lines[:, ::4] = 255  # a quarter of it: 64
    atlas = Atlas(1, 'cpu')
    atlas.add([make_picture('drawn/lines', lines, quality=100)], [1.0], nobody=False)
    small = ViewParams(**{**PLAIN.__dict__, 'scale': (0.25, 0.25)})
    view = atlas.views(torch.tensor([0]), (128, 128), small, generator())[1][0, 0]
    inner = view[50:78, 50:78]
    assert inner.std() < 12
    assert abs(float(inner.mean()) - 64) < 12


def test_a_mirrored_view_is_mirrored():
    atlas = Atlas(2, 'cpu')
    atlas.add([picture((128, 192))], [1.0], nobody=False)
    plain = atlas.views(torch.tensor([0]), (128, 192), PLAIN, generator())[1]
    mirrored = ViewParams(**{**PLAIN.__dict__, 'flip': 1.0})
    turned = atlas.views(torch.tensor([0]), (128, 192), mirrored, generator())[1]
    assert (turned.flip(3) - plain)[..., 2:-2, 2:-2].abs().max() < 1e-2
    assert (turned - plain).abs().mean() > 20


def test_a_view_beyond_the_picture_is_padding_and_its_parts_are_to_scale():
    atlas = Atlas(2, 'cpu')
    atlas.add([picture((64, 64), 200)], [1.0], nobody=False)
    double = ViewParams(**{**PLAIN.__dict__, 'scale': (2.0, 2.0)})
    seen = [
        (atlas.views(torch.tensor([0]), (256, 384), params, generator())[1][0, 2] > 180).sum()
        for params in (PLAIN, double)
    ]
    assert abs(int(seen[0]) - 64 * 64) < 64 * 4
    assert abs(int(seen[1]) - 128 * 128) < 128 * 6
    view = atlas.views(torch.tensor([0]), (256, 384), PLAIN, generator())[1]
    assert (view == 128).float().mean() > 0.9


@pytest.mark.parametrize('shape', [(64, 96), (200, 96), (400, 600)])
def test_a_fitted_view_shows_the_whole_picture_as_large_as_it_can(shape: tuple[int, int]):
    atlas = Atlas(1, 'cpu')
    atlas.add([picture(shape, 220)], [1.0], nobody=False)
    fitted = ViewParams(**{**PLAIN.__dict__, 'fitted': True})
    view = atlas.views(torch.tensor([0]), (128, 192), fitted, generator())[1][0, 2] > 180
    ratio = min(128 / shape[0], 192 / shape[1])
    height, width = int(view.any(dim=1).sum()), int(view.any(dim=0).sum())
    assert height == pytest.approx(ratio * shape[0], abs=1.5)
    assert width == pytest.approx(ratio * shape[1], abs=1.5)


def test_the_background_counts_less_and_is_not_told():
    torch.manual_seed(0)
    views = torch.rand(1, 3, 64, 96) * 255
    network = BaseNetwork(TINY)
    with torch.no_grad():
        heatmaps, pafs = network(views)
    wrong = {}
    for channel in (0, 18):
        targets = heatmaps.clone()
        targets[:, channel] += 1
        for background in (0.15, 1.0):
            params = SessionParams(background=background, first=0)
            student = Student(deepcopy(network), params, (1.0, 1.0), 'cpu')
            loss, told = student.losses(views, targets, pafs)
            wrong[channel, background] = loss.detach(), told
    assert float(wrong[18, 0.15][0]) == pytest.approx(0.15 * float(wrong[0, 0.15][0]), rel=1e-3)
    assert float(wrong[18, 1.0][0]) == pytest.approx(float(wrong[0, 1.0][0]), rel=1e-3)
    assert float(wrong[18, 0.15][1][1]) == pytest.approx(0, abs=1e-5)
    assert float(wrong[0, 0.15][1][1]) == pytest.approx(1 / 18, rel=1e-3)


def test_a_large_picture_is_shrunk_and_its_scale_says_so():
    atlas = Atlas(1, 'cpu')
    pixels = np.zeros((300, 2 * SIDE, 3), np.uint8)
    atlas.add([make_picture('a/b', pixels, longest_px=2 * SIDE, scale=0.7)], [1.0], nobody=False)
    assert atlas._size[0].tolist() == [SIDE, 150]
    assert float(atlas._scale[0]) == pytest.approx(1.4)
    with pytest.raises(ValueError, match='room for 0 cannot take 1 pictures'):
        atlas.add([picture((64, 64))], [1.0], nobody=False)


def test_pictures_are_drawn_by_weight_and_kind():
    atlas = Atlas(4, 'cpu')
    with pytest.raises(ValueError, match='without people has no views'):
        atlas.draw(4, PLAIN, generator())
    atlas.add([picture((64, 64))] * 3, [0.0, 1.0, 3.0], nobody=False)
    atlas.add([picture((64, 64))], [1.0], nobody=True)
    drawn = atlas.draw(4000, ViewParams(nobody=0.25), generator()).bincount(minlength=4)
    assert drawn[0] == 0
    assert drawn[3] == 1000
    assert 2.7 < drawn[2] / drawn[1] < 3.3
    assert atlas.draw(100, PLAIN, generator()).bincount(minlength=4)[3] == 0


def test_a_mosaic_and_colour_change_what_is_seen_and_noise_only_the_networks_view():
    atlas = Atlas(4, 'cpu')
    atlas.add([picture((256, 384), v) for v in (0, 80, 160, 240)], [1.0] * 4, nobody=False)
    numbers = torch.arange(4)
    mosaic = ViewParams(**{**PLAIN.__dict__, 'mosaic': 1.0})
    blue = atlas.views(numbers, (128, 192), mosaic, generator())[1][:, 2]
    assert max(len(view.round().unique()) for view in blue) > 1  # parts of several pictures
    coloured = ViewParams(**{**PLAIN.__dict__, 'colour': 0.1})
    many = torch.zeros(64, dtype=torch.long)
    given, view, _ = atlas.views(many, (64, 64), coloured, generator())
    changed = (given - view).abs().mean(dim=(1, 2, 3))
    assert 2 < int((changed > 1).sum()) < 30  # noise
    assert len(view[:, 0].mean(dim=(1, 2)).round().unique()) > 10


def test_halved_maps_are_those_of_the_small_picture(person: np.ndarray):
    small, large = (
        render_maps(person * np.float32((k, k, 1)) + np.float32((k, k, 0)) / 2, (20 * k, 15 * k))
        for k in (1, 2)
    )
    peaks, pafs = halve_maps(
        *(torch.from_numpy(part[None].copy()) for part in (large[:18], large[19:]))
    )
    expected = shrink_maps(large[:19], large[19:], (20, 15), ratio=0.5)
    inner = (slice(None), slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(peaks[0].numpy()[inner], expected[0][:18][inner], atol=0.03)
    np.testing.assert_allclose(pafs[0].numpy()[inner], expected[1][inner], atol=0.08)
    assert np.abs(peaks[0].numpy() - small[:18]).max() < 0.25


def test_doubled_maps_have_peaks_of_their_usual_width(person: np.ndarray):
    small, large = (
        render_maps(person * np.float32((k, k, 1)) + np.float32((k, k, 0)) / 2, (20 * k, 15 * k))
        for k in (1, 2)
    )
    parts = (torch.from_numpy(part[None].copy()) for part in (small[:18], small[19:]))
    peaks, pafs = (maps[0].numpy() for maps in double_maps(*parts))
    assert peaks.shape == (18, 40, 30)
    assert pafs.shape == (38, 40, 30)
    for found, wanted in zip(peaks, large[:18], strict=True):
        if wanted.max() > 0.9:
            places = [np.unravel_index(maps.argmax(), maps.shape) for maps in (found, wanted)]
            assert np.abs(np.subtract(*places)).max() <= 1
            assert found.max() > 0.75
            assert (found > 0.5).sum() <= 1.6 * (wanted > 0.5).sum()
    wide = torch.nn.functional.interpolate(torch.from_numpy(small[None, :18]), scale_factor=2)
    assert (wide > 0.5).sum() > 2.5 * (large[:18] > 0.5).sum()  # what they would be else


def test_half_the_size_counts_where_the_others_see_nobody():
    empty = torch.zeros(1, 18, 24, 32), torch.zeros(1, 38, 24, 32)
    peak = blurred(torch.eye(24, 32)[None, None].expand(1, 18, -1, -1), gaussian(1.0))
    seen = peak / peak.max(), torch.full((1, 38, 24, 32), 0.5)
    shares = [1.0, 1.0, HALF]
    assert float(compose([empty, empty, seen], shares)[0][:, :18].max()) > 0.95
    shifted = seen[0].roll(3, dims=3), -seen[1]
    _, pafs = compose([seen, empty, shifted], shares)
    assert float(pafs[0, 0, 12, 12]) > 0.4


@pytest.mark.parametrize('size', [(64, 96), (72, 104)])
def test_a_composed_teacher_takes_every_multiple_of_eight(size: tuple[int, int]):
    class Level(torch.nn.Module):
        def forward(self, pictures):
            height, width = (side // 8 for side in pictures.shape[2:])
            sizes.append((height, width))
            maps = torch.zeros(len(pictures), 57, height, width, dtype=pictures.dtype)
            return maps[:, :19], maps[:, 19:]

    sizes: list[tuple[int, int]] = []
    teacher = ComposedTeacher(Level(), 'cpu')
    heatmaps, pafs = teacher(torch.zeros(2, 3, *size), torch.zeros(2, 3, 2 * size[0], 2 * size[1]))
    height, width = (side // 8 for side in size)
    assert heatmaps.shape == (2, 19, height, width)
    assert pafs.shape == (2, 38, height, width)
    halves = (-(-height // 2), -(-width // 2))
    assert sorted(sizes) == sorted([(height, width), (2 * height, 2 * width), halves])


def test_the_size_that_sees_somebody_counts():
    empty = torch.zeros(1, 18, 24, 32), torch.zeros(1, 38, 24, 32)
    peak = blurred(torch.eye(24, 32)[None, None].expand(1, 18, -1, -1), gaussian(1.0))
    seen = peak / peak.max(), torch.full((1, 38, 24, 32), 0.5)
    heatmaps, pafs = compose([empty, seen])
    assert heatmaps.shape == (1, 19, 24, 32)
    assert float(heatmaps[:, :18].max()) > 0.97
    assert float(pafs[0, 0, 12, 12]) > 0.48
    assert float(pafs[0, 0, 0, 31]) == pytest.approx(0.25, abs=0.02)  # nobody is near
    torch.testing.assert_close(heatmaps[:, 18], 1 - heatmaps[:, :18].amax(dim=1))


def test_relative_weights_compute_the_same_and_come_back():
    torch.manual_seed(0)
    network = BaseNetwork(TINY).eval()
    with torch.no_grad():
        network.deep[0][0][0].weight *= 300
        network.heads[0][1].weight *= 0.001
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.rand(1, 3, 64, 64) * 255
    expected = network(images)
    relative = RelativeWeights(network)
    for got, wanted in zip(network(images), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)
    for layer in (network.deep[0][0][0], network.heads[0][1]):
        assert float(layer.weight.detach().square().mean().sqrt()) == pytest.approx(1, abs=0.05)
    after = relative.absolute(network.state_dict())
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=1e-5, atol=1e-9)


def test_a_folded_network_comes_back_with_normalisations_that_change_nothing():
    torch.manual_seed(0)
    config = NetworkConfig(
        stem=8, trunk=((8, 1), (8, 2), (16, 2)), deep=((16, 2),), neck=16, paf_blocks=(1,)
    )
    network = PoseNetwork(config)
    for _ in range(3):
        network(torch.rand(2, 3, 64, 64) * 255)  # so that normalisations have something to say
    network.eval()
    folded = fold_normalisation(network)
    again = PoseNetwork(folded.config)
    again.load_state_dict(unfold_normalisation(folded.config, folded.state_dict()))
    again.eval()
    images = torch.rand(1, 3, 64, 96) * 255
    for got, wanted in zip(again(images), network(images), strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.filterwarnings('ignore')
def test_half_precision_without_a_trunk_trains_the_rest_alone():
    torch.manual_seed(0)
    network = BaseNetwork(TINY)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    params = SessionParams(batch=2, size=(64, 96), rate=0.01, trunk=0, half=True, warmup=1)
    student = Student(network, params, (1.0, 1.0), 'cpu')
    views = torch.rand(2, 3, 64, 96) * 255
    targets = torch.rand(2, 19, 8, 12), torch.rand(2, 38, 8, 12)
    errors = [student.train_step(views, *targets) for _ in range(4)]
    assert errors[-1].sum() < errors[0].sum()
    after = student.relative.absolute(network.state_dict())
    for name, value in before.items():
        still = name.startswith(('stem', 'trunk'))
        assert torch.allclose(after[name], value, rtol=1e-5) == still, name


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ('people', 'nobody'):
        noise = rng.integers(0, 256, (8, 96, 128, 3)).astype(np.uint8)
        soft = (cv2.blur(one, (5, 5)) for one in noise)
        write_pack(tmp_path / name, (make_picture(f'{name}/{i}', n) for i, n in enumerate(soft)))
    return tmp_path


@pytest.mark.filterwarnings('ignore')
def test_a_session_trains_and_leaves_checkpoints(packs: Path):
    from training.export import export

    torch.manual_seed(0)
    teacher = BaseNetwork(TINY).eval()
    with torch.no_grad():  # a teacher of more than noughts
        for layer in (*teacher.heads, *teacher.refinement.predict):
            (layer if isinstance(layer, torch.nn.Conv2d) else layer[-1]).weight.normal_()
    export(teacher, packs / 'teacher.onnx')
    networks = {'base': BaseNetwork(TINY), 'small': PoseNetwork(NetworkConfig(neck=16))}
    for name, network in networks.items():
        state = {'config': network.config.to_dict(), 'average': network.state_dict()}
        torch.save(state, packs / f'{name}.pt')
    arguments = [str(packs / 'run'), str(packs / 'teacher.onnx')]
    for name in networks:
        arguments += ['--start', str(packs / f'{name}.pt')]
    arguments += ['--data', str(packs / 'people'), '--data', f'{packs / "nobody"}:nobody']
    arguments += ['--minutes', '0.15', '--params', '{"batch": 4, "size": [64, 96], "warmup": 1}']
    done = subprocess.run(
        [sys.executable, '-m', 'training.session', *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with (packs / 'run' / 'log.csv').open() as file:
        lines = list(csv.reader(file))
    assert {line[1] for line in lines} == {'base', 'small'}
    assert all(math.isfinite(float(value)) for line in lines for value in line[2:])
    for name, network in networks.items():
        trained = load_network(packs / 'run' / f'{name}.pt').state_dict()
        assert trained.keys() == network.state_dict().keys()
        assert any(
            not torch.equal(trained[key], value)
            for key, value in network.state_dict().items()
            if key.endswith('weight')
        )
