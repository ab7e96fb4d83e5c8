"""A network brought nearer to what a teacher makes of views; killed and begun again it goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training.augment import AugmentParams
from training.base_network import BaseConfig, BaseNetwork
from training.distil import Distiller, DistilParams, run, variances
from training.trainer import NotFiniteError
from training.views import SHARD, Composed, Views, teacher_values

CONFIG = BaseConfig(
    stem=8,
    trunk=((8, 1), (8, 2), (16, 2)),
    deep=((16, 1), (16, 2)),
    ranks=(4, 0),
    features=16,
    bottleneck=1,
    bottleneck_channels=4,
    clipped=True,
    dense=1,
    head=16,
    refine=16,
    dense_blocks=1,
)
PARAMS = DistilParams(batch=4, rate=3e-3, refinement=1.0, warmup=1, ema=0.9)


def network(seed: int) -> BaseNetwork:
    torch.manual_seed(seed)
    made = BaseNetwork(CONFIG)
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')
    return made


@pytest.fixture
def views(tmp_path: Path) -> Views:
    """Three files of what another network of the same layers makes of noise."""
    other, rng = network(1), np.random.default_rng(0)
    made = Views(tmp_path / 'views')
    for number in range(3):
        features = torch.from_numpy(rng.random((SHARD, 16, 4, 6), np.float32))
        with torch.no_grad():
            own, heatmaps, pafs = other.after_trunk(features)
            fine_heatmaps, fine_pafs = other.refined(own, heatmaps, pafs)
        maps = torch.cat([own, pafs, heatmaps, fine_pafs[1], fine_heatmaps[1]], dim=1)
        for kind, values in (('features', features), ('targets', maps)):
            array = values.half().numpy()
            np.save(made.folder / f'views-{number:04d}.{kind}.npy', array)
    return made


def distiller(views: Views, params: DistilParams = PARAMS) -> Distiller:
    return Distiller(network(2), params, variances(views, CONFIG))


def batches(views: Views, step: int) -> list:
    features, targets = (torch.from_numpy(np.array(array)) for array in views.open(1))
    return [(features[4 * step :][:4], targets[4 * step :][:4])]


def test_distil_comes_nearer_to_all_five_targets(views):
    student = distiller(views)
    held = tuple(torch.from_numpy(np.array(array)) for array in views.open(0))
    before = student.evaluate(*held)
    for step in range(60):
        student.train_step(batches(views, step % 25))
    assert (student.evaluate(*held) < 0.7 * before).all()


def test_distil_is_nothing_for_the_teacher_itself(views):
    held = tuple(torch.from_numpy(np.array(array)) for array in views.open(0))
    itself = Distiller(network(1), PARAMS, variances(views, CONFIG))
    assert itself.evaluate(*held).max() < 1e-5  # float16


def test_distil_leaves_stem_and_trunk_as_they_are(views):
    student = distiller(views)
    before = {k: v.clone() for k, v in student.network.state_dict().items()}
    for step in range(2):  # SOAP only looks at its first gradient
        student.train_step(batches(views, step))
    changed = {k for k, v in student.network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert not any(name.startswith(('stem', 'trunk')) for name in changed)


def test_distil_run_interrupted_and_resumed_goes_on_bit_for_bit(views, tmp_path, monkeypatch):
    def until(student: Distiller, steps: int, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        own = student.train_step

        def step_and_stop(given: list) -> torch.Tensor:
            losses = own(given)
            if student.step == steps:
                import os
                import signal

                os.kill(os.getpid(), signal.SIGINT)
            return losses

        monkeypatch.setattr(student, 'train_step', step_and_stop)
        run(folder, student, views, minutes=5)
        assert student.step == steps

    one, two, three = distiller(views), distiller(views), distiller(views)
    until(one, 6, tmp_path / 'one')
    until(two, 3, tmp_path / 'two')
    three.restore(torch.load(tmp_path / 'two/last.pt', weights_only=True))
    until(three, 6, tmp_path / 'two')
    for name, value in one.network.state_dict().items():
        assert torch.equal(value, three.network.state_dict()[name])
        assert torch.equal(one.average[name], three.average[name])


def test_distil_what_is_not_finite_ends_before_the_weights_change(views):
    student = distiller(views)
    before = {k: v.clone() for k, v in student.network.state_dict().items()}
    ((features, targets),) = batches(views, 0)
    targets[0, 0, 0, 0] = torch.nan
    with pytest.raises(NotFiniteError, match='step 0'):
        student.train_step([(features, targets)])
    assert all(torch.equal(v, before[k]) for k, v in student.network.state_dict().items())


def test_distil_without_views_says_so(views, tmp_path):
    with pytest.raises(ValueError, match='holds 0 files of views'):
        run(tmp_path, distiller(views), Views(tmp_path / 'none'), minutes=1)


def test_distil_params_batch_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match='multiple of 4, got 6'):
        replace(PARAMS, batch=6)


TEACHER = Path(__file__).parents[3] / 'shared/models/human-pose-estimation-0001.onnx'


@pytest.mark.skipif(not TEACHER.exists(), reason=f'no {TEACHER.name} in ../shared/models')
def test_views_are_what_the_teacher_gives(pictures, tmp_path, monkeypatch):
    pytest.importorskip('onnx', reason='a teacher is an ONNX file')
    from training.teacher import OnnxTeacher

    monkeypatch.setattr('training.views.SHARD', 4)
    teacher = OnnxTeacher(TEACHER)
    names = teacher_values(teacher, BaseConfig())
    views = Views(tmp_path, crop=(64, 96))
    views.add(teacher, names, pictures, [], AugmentParams())
    assert len(views) == 1
    features, targets = views.open(0)
    assert features.shape == (4, 256, 8, 12)
    assert targets.shape == (4, 128 + 38 + 19 + 38 + 19, 8, 12)
    again = Views(tmp_path / 'again', crop=(64, 96))
    again.add(teacher, names, pictures, [], AugmentParams())
    assert np.array_equal(again.open(0)[1], targets)
    assert (targets[:, :128] >= 0).all()  # after its ReLU
    assert targets[:, -1:].mean() > 0.5  # the background of the last heatmaps


@pytest.mark.skipif(not TEACHER.exists(), reason=f'no {TEACHER.name} in ../shared/models')
def test_views_composed_have_maps_of_two_sizes_and_the_same_features(
    pictures, tmp_path, monkeypatch
):
    pytest.importorskip('onnxruntime', reason='composed maps are made by ONNX Runtime')
    from training.teacher import OnnxTeacher

    monkeypatch.setattr('training.views.SHARD', 4)
    teacher = OnnxTeacher(TEACHER)
    names = teacher_values(teacher, BaseConfig())
    plain, once, twice = (Views(tmp_path / name, crop=(64, 96)) for name in ('a', 'b', 'c'))
    plain.add(teacher, names, pictures, [], AugmentParams())
    once.add(teacher, names, pictures, [], AugmentParams(), Composed(TEACHER, (1.0,)))
    twice.add(teacher, names, pictures, [], AugmentParams(), Composed(TEACHER))
    for views in (once, twice):
        features, targets = views.open(0)
        assert np.array_equal(features, plain.open(0)[0])
        assert targets.shape == (4, 128 + 38 + 19 + 38 + 19, 8, 12)
        assert not targets[:, :128].any()
        assert np.array_equal(targets[:, 128:185], targets[:, 185:])
    wanted = np.clip(plain.open(0)[1][:, 185:223], -1, 1)  # PAFs of the last stage
    assert np.abs(once.open(0)[1][:, 185:223] - wanted).max() < 5e-3
    assert np.abs(twice.open(0)[1][:, 185:223] - wanted).max() > 0.02
    nobody = Views(tmp_path / 'd', crop=(64, 96), nobody=1.0)
    nobody.add(teacher, names, pictures, pictures[:1], AugmentParams(), Composed(TEACHER))
    assert not nobody.open(0)[1][:, 185:-1].any()
    assert (nobody.open(0)[1][:, -1] == 1).all()
    assert variances(once, BaseConfig())[0] == torch.inf
    assert torch.isfinite(variances(once, BaseConfig())[1:]).all()
