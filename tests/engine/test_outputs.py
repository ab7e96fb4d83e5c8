"""Picking outputs by name and by channels, and bringing them into one form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openpose_ros.engine.outputs import OutputChoice, choose_outputs, make_maps
from openpose_ros.errors import EngineError
from openpose_ros.models import InputSpec, ModelSpec, OutputSpec
from openpose_ros.skeletons import Limb, Skeleton, load_skeleton

BATCH = (2, 3, 32, 48)
CELLS = (4, 6)


def make_spec(skeleton=load_skeleton('coco_18'), **outputs):  # noqa: B008 (it is frozen)
    return ModelSpec(
        name='mine',
        path=Path('folder/mine.onnx'),
        file='mine.onnx',
        sha256='0' * 64,
        skeleton=skeleton,
        input=InputSpec(colour='BGR', mean=(0, 0, 0), scale=(1, 1, 1)),
        outputs=OutputSpec(**outputs),
    )


def nchw(**channels):
    return {name: (1, count, 'h', 'w') for name, count in channels.items()}


@pytest.mark.parametrize(
    ('named', 'shapes', 'expected'),
    [
        ({}, nchw(a=38, b=19), ('b', 'a')),  # by channels, whatever the order
        ({}, nchw(b=19, a=38), ('b', 'a')),
        ({}, nchw(b=18, a=38), ('b', 'a')),  # no background
        ({}, nchw(a=57), ('a', 'a')),
        ({'background': 'none'}, nchw(a=56), ('a', 'a')),
        ({'heatmaps': 'h', 'pafs': 'p'}, nchw(p=38, x=38, h=19, y=19), ('h', 'p')),
        ({'heatmaps': 'h', 'pafs': 'p'}, nchw(b=19, a=38), ('b', 'a')),  # renamed by an exporter
        ({'heatmaps': 'h'}, nchw(a=19, h=19, p=38), ('h', 'p')),  # one name is enough
        ({'joined': 'j'}, nchw(j=57, other=57), ('j', 'j')),
        ({'joined': 'j'}, nchw(b=19, a=38, j=57), ('j', 'j')),
        ({}, nchw(b=19, a=38, j=57), ('b', 'a')),
        ({'heatmaps': 'h', 'pafs': 'p'}, {'h': (), 'p': (1, 'c', 'h', 'w')}, ('h', 'p')),
        ({'layout': 'NHWC'}, {'a': (1, 46, 82, 57)}, ('a', 'a')),
        ({'layout': 'NHWC'}, {'a': (1, 19, 38, 19), 'b': (1, 38, 19, 38)}, ('a', 'b')),
    ],
)
def test_outputs_are_picked_by_name_then_by_channels(named, shapes, expected):
    assert choose_outputs(make_spec(**named), shapes) == OutputChoice(*expected)


CHAIN = Skeleton(
    name='chain',
    keypoint_names=('a', 'b', 'c'),
    limbs=(Limb(0, 1, 0, 1), Limb(1, 2, 2, 3)),
    mirror=(0, 1, 2),
    colours=((0, 0, 0),) * 3,
)


@pytest.mark.parametrize(
    ('spec', 'shapes'),
    [
        (make_spec(), nchw(classes=1000)),  # another kind of network
        (make_spec(), nchw(a=19)),
        (make_spec(), nchw(a=19, b=38, c=38)),  # two stages
        (make_spec(heatmaps='a'), nchw(a=26, b=38)),  # named, but of another skeleton
        (make_spec(), {'a': (1, 46, 82, 57)}),  # NHWC, which the manifest does not say
        (make_spec(), {'a': (1, 'c', 'h', 'w')}),  # nothing to go by
        (make_spec(), {}),
        (make_spec(CHAIN), nchw(a=4, b=4)),  # 3 keypoints and background, 2 limbs
        (make_spec(CHAIN, heatmaps='a', pafs='a'), nchw(a=4, b=4)),
    ],
)
def test_outputs_that_do_not_fit_or_are_ambiguous_are_listed(spec, shapes):
    with pytest.raises(
        EngineError, match=r'cannot tell which outputs of folder/mine[.]onnx'
    ) as caught:
        choose_outputs(spec, shapes)
    for name, shape in shapes.items():
        assert f"'{name}' ({', '.join(map(str, shape))})" in str(caught.value)


def test_a_name_settles_what_channels_cannot():
    spec = make_spec(CHAIN, heatmaps='b', pafs='a')
    assert choose_outputs(spec, nchw(a=4, b=4)) == OutputChoice('b', 'a')


def numbered(channels):
    """Return an array whose values tell picture, channel and cell."""
    return np.arange(2 * channels * 24, dtype=np.float32).reshape(2, channels, *CELLS)


@pytest.mark.parametrize('layout', ['NCHW', 'NHWC'])
@pytest.mark.parametrize('dtype', [np.float32, np.float16])
def test_two_tensors_become_maps(layout, dtype):
    heatmaps, pafs = (numbered(count).astype(dtype) for count in (19, 38))
    arrays = {'h': heatmaps, 'p': pafs}
    if layout == 'NHWC':
        arrays = {name: array.transpose(0, 2, 3, 1) for name, array in arrays.items()}
    maps = make_maps(arrays, OutputChoice('h', 'p'), make_spec(layout=layout), BATCH)
    for found, expected in zip(maps, (heatmaps, pafs)):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.float32
        assert found.flags.c_contiguous


@pytest.mark.parametrize(
    ('fields', 'heatmap_channels', 'paf_channels'),
    [
        ({}, range(19), range(19, 57)),
        ({'order': ('pafs', 'heatmaps')}, range(38, 57), range(38)),
        ({'background': 'none'}, range(18), range(18, 56)),
        ({'background': 'first'}, [*range(1, 19), 0], range(19, 57)),
        (
            {'background': 'first', 'order': ('pafs', 'heatmaps')},
            [*range(39, 57), 38],
            range(38),
        ),
    ],
)
def test_a_joined_tensor_is_split_as_the_manifest_says(fields, heatmap_channels, paf_channels):
    joined = numbered(len(heatmap_channels) + len(paf_channels))
    maps = make_maps({'j': joined}, OutputChoice('j', 'j'), make_spec(**fields), BATCH)
    np.testing.assert_array_equal(maps.heatmaps, joined[:, list(heatmap_channels)])
    np.testing.assert_array_equal(maps.pafs, joined[:, list(paf_channels)])
    assert maps.heatmaps.flags.c_contiguous
    assert maps.pafs.flags.c_contiguous


@pytest.mark.parametrize(
    ('heatmaps', 'pafs'),
    [
        ((2, 19, 4, 7), (2, 38, 4, 7)),  # another stride
        ((1, 19, 4, 6), (1, 38, 4, 6)),  # another batch
        ((2, 26, 4, 6), (2, 38, 4, 6)),  # another skeleton
        ((2, 19, 4, 6), (2, 38, 4, 5)),  # they contradict each other
    ],
)
def test_arrays_of_another_shape_are_refused(heatmaps, pafs):
    arrays = {'h': np.zeros(heatmaps), 'p': np.zeros(pafs)}
    with pytest.raises(EngineError, match=r'expected \(2, 19, 4, 6\) and \(2, 38, 4, 6\)'):
        make_maps(arrays, OutputChoice('h', 'p'), make_spec(), BATCH)


def test_arrays_without_four_axes_are_refused():
    arrays = {'h': np.zeros((19, 4, 6)), 'p': np.zeros((38, 4, 6))}
    with pytest.raises(EngineError, match=r'shape \(19, 4, 6\), expected 4 axes'):
        make_maps(arrays, OutputChoice('h', 'p'), make_spec(), BATCH)


POSENET = ('heatmaps', 'offsets', 'displacement_forward', 'displacement_backward')


def posenet_spec(**outputs):
    return replace(
        make_spec(load_skeleton('coco_17'), background='none', **outputs), decoder='posenet'
    )


@pytest.mark.parametrize(
    ('named', 'shapes', 'expected'),
    [
        (dict(zip(POSENET, 'hofb')), nchw(b=32, f=32, o=34, h=17), tuple('hofb')),
        ({'displacement_forward': 'f'}, nchw(b=32, f=32, o=34, h=17), tuple('hofb')),
        ({'displacement_backward': 'b'}, nchw(b=32, f=32, o=34, h=17), tuple('hofb')),
    ],
)
def test_outputs_of_posenet_are_picked(named, shapes, expected):
    choice = choose_outputs(posenet_spec(**named), shapes)
    assert tuple(choice) == expected
    assert choice.names == list(expected)


@pytest.mark.parametrize(
    ('named', 'shapes'),
    [
        ({}, nchw(b=32, f=32, o=34, h=17)),  # which displacement is which
        (dict(zip(POSENET, 'hoff')), nchw(b=32, f=32, o=34, h=17)),
        (dict(zip(POSENET, 'hofb')), nchw(b=32, f=32, o=32, h=17)),  # of another number
        (dict(zip(POSENET, 'hofb')), nchw(f=32, o=34, h=17)),
        ({}, nchw(a=19, b=38)),
    ],
)
def test_outputs_of_posenet_that_cannot_be_told_are_listed(named, shapes):
    with pytest.raises(EngineError, match='cannot tell which outputs') as caught:
        choose_outputs(posenet_spec(**named), shapes)
    for name in (*shapes, *POSENET):
        assert name in str(caught.value)


def test_maps_of_posenet_of_another_size_are_refused():
    spec = posenet_spec(**dict(zip(POSENET, 'hofb')))
    sizes = dict(zip('hofb', (17, 34, 32, 32)))
    choice = choose_outputs(spec, nchw(**sizes))
    arrays = {name: np.zeros((2, count, *CELLS), np.float16) for name, count in sizes.items()}
    assert make_maps(arrays, choice, spec, BATCH).offsets.dtype == np.float32
    arrays['b'] = arrays['b'][..., 1:]
    with pytest.raises(EngineError, match=r'returned displacement_backward \(2, 32, 4, 5\)'):
        make_maps(arrays, choice, spec, BATCH)
