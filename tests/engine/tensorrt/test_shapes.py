"""Which inputs an engine is built for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from openpose_ros.engine.tensorrt.shapes import InputShapes, choose_shapes
from openpose_ros.errors import ParameterError
from openpose_ros.models import load_model

SPEC = load_model('human-pose-estimation-0001', need_file=False)
FIXED = load_model('mobilenetv2-pose-dm14', need_file=False)


@pytest.mark.parametrize(
    ('options', 'text'),
    [
        ({}, '128x128 to 1312x736, best at 656x368'),  # -1x368 of the manifest, for 16:9
        ({'optimum': (456, 256)}, '128x128 to 912x512, best at 456x256'),
        ({'optimum': (64, 48)}, '64x48 to 128x96, best at 64x48'),  # below the usual smallest
        ({'optimum': (456, 256), 'fixed': True}, '456x256'),
        (
            {'minimum': (64, 64), 'optimum': (456, -1), 'maximum': (512, 512)},
            '64x64 to 512x512, best at 456x264',
        ),
    ],
)
def test_shapes_follow_the_manifest_and_what_is_asked_for(options, text):
    shapes = choose_shapes(replace(SPEC, net_resolution=(-1, 368)), **options)
    assert str(shapes) == text


def test_network_of_one_size_gets_it():
    assert choose_shapes(FIXED) == InputShapes(*[(1, 3, 368, 432)] * 3)
    assert choose_shapes(FIXED).is_fixed


@pytest.mark.parametrize(
    ('spec', 'options', 'message'),
    [
        (SPEC, {'optimum': (100, 256)}, 'multiple of 8, but got 100x256'),
        (SPEC, {'minimum': (0, 64)}, 'multiple of 8, but got 0x64'),
        (SPEC, {'minimum': (512, 64), 'optimum': (256, 256)}, 'must be in this order'),
        (SPEC, {'maximum': (512, 64), 'optimum': (256, 256)}, 'must be in this order'),
        (FIXED, {'optimum': (256, 256)}, '256x256 was asked for, but .* takes 432x368 only'),
        (SPEC, {'fixed': True, 'optimum': (256, 256), 'maximum': (512, 512)}, '256x256 only'),
    ],
)
def test_shapes_that_cannot_be_are_refused(spec, options, message):
    with pytest.raises(ParameterError, match=message):
        choose_shapes(spec, **options)


@pytest.mark.parametrize(
    ('size', 'held'),
    [((456, 256), True), ((-1, 736), True), ((456, 744), False), ((120, -1), False)],
)
def test_range_says_which_pictures_it_holds(size, held):
    shapes = choose_shapes(SPEC, minimum=(128, 128), optimum=(656, 368), maximum=(1312, 736))
    assert shapes.holds(size) is held


def test_one_shape_does_not_follow_the_picture():
    shapes = choose_shapes(SPEC, optimum=(656, 368), fixed=True)
    assert shapes.holds((656, 368))
    assert not shapes.holds((-1, 368))
