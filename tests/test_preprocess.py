"""Preprocess: every pixel where the placement says, in the order and scale the model wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import numpy.typing as npt
import pytest

from openpose_ros.errors import FrameError, ParameterError
from openpose_ros.models import InputSpec, ModelSpec
from openpose_ros.preprocess import check_net_resolution, preprocess
from openpose_ros.skeletons import load_skeleton

Image = npt.NDArray[Any]


def spec(**changes: Any) -> ModelSpec:
    """Return a model that takes blue, green, red from 0 to 255, but for these changes."""
    plain = InputSpec(colour='BGR', mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0))
    return ModelSpec(
        name='tiny',
        file='tiny.onnx',
        sha256='0' * 64,
        skeleton=load_skeleton('coco_18'),
        input=replace(plain, **changes),
    )


def noise(width: int, height: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_preprocess_keeps_a_frame_of_the_networks_size() -> None:
    frame = noise(656, 368)
    tensor, placement = preprocess(frame, spec(), (656, 368))
    assert tensor.shape == (1, 3, 368, 656)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    assert placement.offset == (0, 0)
    np.testing.assert_array_equal(tensor[0], frame.transpose(2, 0, 1))


@pytest.mark.parametrize('size', [(328, 368), (656, 184), (640, 480), (1, 1), (3, 700)])
def test_preprocess_pads_beside_the_scaled_frame(size: tuple[int, int]) -> None:
    tensor, placement = preprocess(
        np.full((size[1], size[0], 3), 7, np.uint8), spec(pad=50), (656, 368)
    )
    (left, top), (width, height) = placement.offset, placement.scaled_size
    expected = np.full((3, 368, 656), 50)
    expected[:, top : top + height, left : left + width] = 7
    np.testing.assert_array_equal(tensor[0], expected)


@pytest.mark.parametrize('size', [(640, 480), (1280, 720), (500, 333)])
def test_preprocess_scales_like_cv2(size: tuple[int, int]) -> None:
    """Where no pixel would be skipped."""
    frame = noise(*size)
    tensor, placement = preprocess(frame, spec(), (656, 368))
    (left, top), (width, height) = placement.offset, placement.scaled_size
    np.testing.assert_array_equal(
        tensor[0, :, top : top + height, left : left + width],
        cv2.resize(frame, (width, height)).transpose(2, 0, 1),
    )


def test_preprocess_red_first_where_the_model_wants_it() -> None:
    frame = np.zeros((8, 8, 3), np.uint8)
    frame[:] = 10, 20, 30
    for colour, expected in (('BGR', [10, 20, 30]), ('RGB', [30, 20, 10])):
        tensor, _ = preprocess(frame, spec(colour=colour), (8, 8))
        assert tensor[0, :, 4, 4].tolist() == expected


def test_preprocess_normalises_frame_and_padding() -> None:
    frame = np.zeros((8, 8, 3), np.uint8)
    frame[:] = 10, 20, 30
    model = spec(colour='RGB', mean=(1.0, 2.0, 0.0), scale=(0.5, 1.0, 2.0), pad=100)
    tensor, _ = preprocess(frame, model, (16, 8))
    assert tensor[0, :, 0, 4].tolist() == [14.5, 18.0, 20.0]
    assert tensor[0, :, 0, 0].tolist() == [49.5, 98.0, 200.0]


def test_preprocess_writes_into_out_where_it_fits() -> None:
    frame = noise(640, 480)
    expected, _ = preprocess(frame, spec(), (656, 368))
    out = np.full((1, 3, 368, 656), np.nan, np.float32)  # whatever was there is gone
    tensor, _ = preprocess(frame, spec(), (656, 368), out=out)
    assert tensor is out
    np.testing.assert_array_equal(out, expected)


def test_preprocess_makes_its_own_where_out_does_not_fit() -> None:
    out = np.zeros((1, 3, 8, 8), np.float32)
    tensor, _ = preprocess(noise(640, 480), spec(), (656, 368), out=out)
    assert tensor.shape == (1, 3, 368, 656)
    assert not out.any()


def test_preprocess_reads_frames_of_any_memory_layout() -> None:
    frame = noise(64, 48)
    expected, _ = preprocess(frame, spec(), (64, 48))
    wide = np.zeros((50, 100, 3), np.uint8)
    wide[1:49, 7:71] = frame
    flipped = np.ascontiguousarray(frame[::-1, ::-1])[::-1, ::-1]
    read_only = frame.copy()
    read_only.flags.writeable = False
    for other in (wide[1:49, 7:71], flipped, read_only, np.asfortranarray(frame)):
        tensor, _ = preprocess(other, spec(), (64, 48))
        np.testing.assert_array_equal(tensor, expected)


def test_preprocess_does_not_skip_fine_texture() -> None:
    """A checked cloth of one pixel is grey from afar; bilinear samples would see stripes."""
    threads = np.array([[[0] * 3, [255] * 3], [[255] * 3, [0] * 3]], np.uint8)
    frame = np.tile(threads, (1080, 1920, 1))
    tensor, placement = preprocess(frame, spec(), (-1, 368))
    (left, _), (width, _) = placement.offset, placement.scaled_size
    inside = tensor[0, :, 2:-2, left + 2 : left + width - 2]
    assert inside.min() > 120
    assert inside.max() < 135


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.integers(200, 2500), st.integers(200, 2500)),
    st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)),
    st.sampled_from([(656, 368), (-1, 256), (320, -1)]),
)
def test_preprocess_moves_a_dot_where_the_placement_says(
    size: tuple[int, int], place: tuple[float, float], net: tuple[int, int]
) -> None:
    dot = np.array(size) * place
    rows, columns = np.mgrid[: size[1], : size[0]].astype(np.float32)
    spread = min(size) / 60
    blob = np.exp(-((columns - dot[0]) ** 2 + (rows - dot[1]) ** 2) / (2 * spread**2))
    frame = np.repeat((255 * blob).astype(np.uint8)[..., np.newaxis], 3, axis=2)
    tensor, placement = preprocess(frame, spec(pad=0), net)
    weights = tensor[0, 1] / tensor[0, 1].sum()
    rows, columns = np.mgrid[: weights.shape[0], : weights.shape[1]]
    found_cell = (np.array([(weights * columns).sum(), (weights * rows).sum()]) - 3.5) / 8
    np.testing.assert_allclose(
        placement.to_source(found_cell),
        dot,
        atol=0.15
        * max(1, *(source / scaled for source, scaled in zip(size, placement.scaled_size))),
    )


@pytest.mark.parametrize(
    'frame', [None, np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), noise(8, 8)[:0]]
)
def test_preprocess_what_is_no_frame_is_an_error(frame: Any) -> None:
    with pytest.raises(FrameError, match='the frame '):
        preprocess(frame, spec(), (656, 368))


def test_check_net_resolution_default_is_the_models() -> None:
    assert check_net_resolution(None, replace(spec(), net_resolution=(-1, 256))) == (-1, 256)
    assert check_net_resolution(None, spec(fixed_size=(432, 368))) == (432, 368)


@pytest.mark.parametrize('net', [(656, 368), (-1, 368), (656, -1), (8, 8), (4096, 4096)])
def test_check_net_resolution_takes_multiples(net: tuple[int, int]) -> None:
    assert check_net_resolution(net, spec()) == net


def test_check_net_resolution_takes_a_files_list_and_numpy_numbers() -> None:
    found = check_net_resolution(list(np.array([656, 368])), spec())  # type: ignore[arg-type]
    assert found == (656, 368)
    assert [type(side) for side in found] == [int, int]


def test_check_net_resolution_of_posenet_has_a_remainder() -> None:
    posenet = spec(multiple=16, offset=1)
    assert check_net_resolution((641, 481), posenet) == (641, 481)
    with pytest.raises(ParameterError, match=r'tiny needs sides of 16 n \+ 1, .*take 641 for 640'):
        check_net_resolution((640, 481), posenet)


@pytest.mark.parametrize(
    ('net', 'changes', 'message'),
    [
        ((650, 368), {}, r'net_resolution is 650x368, but tiny needs sides of 8 n, .*648 for 650'),
        ((656, 0), {}, 'take 8 for 0'),
        ((-2, 368), {}, 'or one of them -1; take 8 for -2'),
        ((-1, 4), {}, 'take 8 for 4'),
        ((99999, 368), {}, 'at most 4096.*take 4096 for 99999'),
        ((-1, -1), {}, 'net_resolution is -1x-1, but one side must be given'),
        ((656, 368), {'fixed_size': (432, 368)}, 'is 656x368, but tiny runs at 432x368 only'),
        ((-1, 368), {'fixed_size': (432, 368)}, 'is -1x368, but tiny runs at 432x368 only'),
        ((656,), {}, r'net_resolution is \(656,\), but must be \(width, height\)'),
        ((1, 2, 3), {}, r'net_resolution is \(1, 2, 3\), but must be'),
        (368, {}, 'net_resolution is 368, but must be'),
        ('656x368', {}, "net_resolution is '656x368', but must be"),
        ((656.5, 368), {}, r'net_resolution is \(656.5, 368\), but must be'),
    ],
)
def test_check_net_resolution_other_is_one_line_that_says_what(
    net: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message) as caught:
        check_net_resolution(net, spec(**changes))
    assert '\n' not in str(caught.value)
