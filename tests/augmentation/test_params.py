"""The parameters of augmentation: what fits together, and with which model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from openpose_ros.augmentation import AugmentationParams, check_augmentation
from openpose_ros.errors import ParameterError
from openpose_ros.models import ModelSpec, load_model


@pytest.fixture(scope='module')
def spec() -> ModelSpec:
    return load_model(None)


def test_by_default_the_network_sees_a_frame_once() -> None:
    assert AugmentationParams().is_plain
    for values in ({'flip': True}, {'tiles': True}, {'scale_number': 2}):
        assert not AugmentationParams(**values).is_plain


@pytest.mark.parametrize(
    ('values', 'says'),
    [
        ({'scale_number': 0}, 'scale_number is 0'),
        ({'scale_number': 5}, 'the smallest scale were none'),
        ({'scale_number': 2, 'tiles': True}, 'take one of them'),
        ({'tile_overlap': 0.9}, 'tile_overlap is 0.9'),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        AugmentationParams(**values)


def test_maps_of_distances_are_not_averaged(spec: ModelSpec) -> None:
    posenet = replace(spec, decoder='posenet')
    check_augmentation(AugmentationParams(), posenet)
    with pytest.raises(ParameterError, match='cannot be averaged'):
        check_augmentation(AugmentationParams(flip=True), posenet)


def test_a_network_of_one_size_has_one_scale(spec: ModelSpec) -> None:
    fixed = replace(spec, input=replace(spec.input, fixed_size=(256, 256)))
    check_augmentation(AugmentationParams(flip=True, tiles=True), fixed)
    with pytest.raises(ParameterError, match='runs at 256x256 only'):
        check_augmentation(AugmentationParams(scale_number=2), fixed)
