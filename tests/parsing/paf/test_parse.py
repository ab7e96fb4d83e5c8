"""The front door: scenes against the twins, symmetries, what is taken and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
import pickle

from hypothesis import given
from hypothesis import strategies as st
import numba
import numpy as np
import pytest

from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import MapsError
from openpose_ros.parsing import PafParams, parse_pafs
from openpose_ros.people import People
from openpose_ros.skeletons import Skeleton, load_skeleton
from tests.parsing.paf import naive, strategies
from tests.parsing.paf.agreement import check_people, check_scene, margin_of
from tests.parsing.paf.strategies import KITE, Array, Scene

COCO = load_skeleton('coco_18')
SHAPE = (20, 26)  # room for two


def parse(scene: Scene) -> People:
    return parse_pafs(scene.heatmaps, scene.pafs, scene.skeleton, scene.params)


def drawn(count: int = 2, seed: int = 0, skeleton: Skeleton = COCO) -> Scene:
    people = scatter_people(count, skeleton, SHAPE, seed)
    maps = render_maps(people, skeleton, SHAPE, noise=0.01, seed=seed)
    return Scene(*maps, PafParams(), skeleton)


def assert_same(found: People, expected: People, *, exact: bool = True) -> None:
    tolerance = 0 if exact else 1e-4
    for name in ('keypoints', 'scores'):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=tolerance, atol=tolerance
        )
    assert found.overflow == expected.overflow


@strategies.examples()
@given(strategies.scenes())
def test_people_agree_with_the_twins(scene):
    check_scene(scene)


@strategies.examples(10)
@given(strategies.crowds())
def test_people_of_a_crowd_agree_with_the_twins(scene):
    check_scene(scene)


# Symmetries


def on_canvas(scene: Scene, top: int, left: int) -> Scene:
    """Return the scene somewhere on maps of zeros that are 9 cells larger."""
    placed = []
    for maps in (scene.heatmaps, scene.pafs):
        count, height, width = maps.shape
        canvas = np.zeros((count, height + 9, width + 9), np.float32)
        canvas[:, top : top + height, left : left + width] = maps
        placed.append(canvas)
    return Scene(*placed, scene.params, scene.skeleton)


@strategies.examples(50)
@given(strategies.scenes(), st.integers(1, 8), st.integers(1, 8))
def test_shifted_maps_give_shifted_people(scene, top, left):
    before = on_canvas(scene, 1, 1)
    if margin_of(before) < 1e-5:
        return  # a float32 has fewer places left behind a larger coordinate: either is right
    people, shifted = parse(before), parse(on_canvas(scene, top, left))
    shifted.keypoints[..., :2] -= left - 1, top - 1
    assert_same(shifted, people, exact=False)


def flipped(scene: Scene) -> Scene:
    """Return the maps of the scene in a mirror: left is right, and x components change sign."""
    skeleton = scene.skeleton
    heatmaps, pafs = scene.heatmaps[:, :, ::-1].copy(), np.empty_like(scene.pafs)
    heatmaps[: skeleton.num_keypoints] = heatmaps[list(skeleton.mirror)]
    of_ends = {(limb.start, limb.end): limb for limb in skeleton.limbs}
    for limb in skeleton.limbs:
        ends = skeleton.mirror[limb.start], skeleton.mirror[limb.end]
        other, sign = (of_ends[ends], 1) if ends in of_ends else (of_ends[ends[::-1]], -1)
        pafs[limb.paf_x] = -sign * scene.pafs[other.paf_x, :, ::-1]
        pafs[limb.paf_y] = sign * scene.pafs[other.paf_y, :, ::-1]
    return replace(scene, heatmaps=heatmaps, pafs=pafs)


def assert_mirrored(scene: Scene) -> None:
    people, mirrored = parse(scene), parse(flipped(scene))
    mirrored.keypoints[..., 0] = scene.heatmaps.shape[2] - 1 - mirrored.keypoints[..., 0]
    mirrored.keypoints[:] = mirrored.keypoints[:, list(scene.skeleton.mirror)]
    assert_same(mirrored, people, exact=False)


@strategies.examples(50)
@given(strategies.shapes, strategies.seeds, strategies.params())
def test_maps_in_a_mirror_give_people_in_a_mirror(shape, seed, params):
    # Nowhere a tie, of which the first would stay on one side and the last on the other: also
    # not of limbs of which only one sample counts, at the end that they share. One leg of the kite
    # is redundant and the other is not, which with the order 'peaks' differs.
    several = replace(params, max_peaks=128, paf_samples=8, paf_min_count=4, limb_order='field')
    maps = [
        strategies.noise(count, shape, seed + count)
        for count in (KITE.num_keypoints, 2 * KITE.num_limbs)
    ]
    assert_mirrored(Scene(*maps, several))


@pytest.mark.parametrize('order', ['field', 'peaks'])
@pytest.mark.parametrize('name', ['coco_18', 'body_25', 'mpi_15'])
def test_people_in_a_mirror_are_people_in_a_mirror(name, order):
    scene = drawn(skeleton=load_skeleton(name))
    assert_mirrored(replace(scene, params=PafParams(limb_order=order)))


@strategies.examples(50)
@given(strategies.scenes(), st.sampled_from([0.25, 0.5, 2.0]))
def test_scaled_fields_give_scaled_limbs_and_the_same_people(scene, factor):
    params = replace(scene.params, length_penalty=False, paf_threshold=0.05)
    scaled = replace(params, paf_threshold=0.05 * factor)
    people = parse(replace(scene, params=params))
    assert_same(parse(replace(scene, pafs=scene.pafs * np.float32(factor), params=scaled)), people)


def test_scaled_heatmaps_give_the_same_places_and_scaled_scores():
    scene = drawn()
    scene.heatmaps[:] *= 0.5  # above 1 a score is cut to 1
    params = PafParams(peak_threshold=0.1, min_score=0.0)
    people = parse(replace(scene, params=params))
    half = parse(
        Scene(scene.heatmaps / 2, scene.pafs, replace(params, peak_threshold=0.05), scene.skeleton)
    )
    np.testing.assert_allclose(half.keypoints[..., :2], people.keypoints[..., :2], atol=1e-3)
    np.testing.assert_allclose(half.keypoints[..., 2], people.keypoints[..., 2] / 2, rtol=1e-6)
    np.testing.assert_allclose(half.scores, people.scores / 2, rtol=1e-6)


@pytest.mark.parametrize('seed', range(5))
def test_the_order_in_which_people_are_drawn_does_not_matter(seed):
    people = scatter_people(6, COCO, (46, 82), seed)
    order = np.random.default_rng(seed).permutation(len(people))
    first, second = (
        parse_pafs(*render_maps(some, COCO, (46, 82))) for some in (people, people[order])
    )
    assert len(first) == 6
    assert_same(second, first)


def test_the_same_maps_give_the_same_people():
    first = parse(drawn(seed=3))
    for _ in range(3):
        assert_same(parse(drawn(seed=3)), first)


def test_threads_find_what_one_finds():
    """The kernels release the GIL, so nothing may be shared between calls."""
    scenes = [drawn(1 + seed % 2, seed) for seed in range(8)]
    expected = [parse(scene) for scene in scenes]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(parse, scenes * (10 if strategies.JIT else 1)))
    for index, people in enumerate(found):
        assert_same(people, expected[index % len(scenes)])


# What is taken


def unaligned(maps: Array) -> Array:
    raw = np.empty(maps.nbytes + 1, np.uint8)[1:]
    view = raw.view(np.float32).reshape(maps.shape)
    view[:] = maps
    assert not view.flags.aligned
    return view


def read_only(maps: Array) -> Array:
    copy = maps.copy()
    copy.flags.writeable = False
    return copy


@pytest.mark.parametrize(
    'change',
    [
        read_only,
        unaligned,
        np.asfortranarray,
        lambda maps: maps[:, ::-1].copy()[:, ::-1],  # a negative stride
        lambda maps: np.repeat(maps, 2, axis=2)[:, :, ::2],  # every other column
        lambda maps: np.ascontiguousarray(maps.transpose(1, 2, 0)).transpose(2, 0, 1),  # of NHWC
        lambda maps: np.stack([maps, maps])[1],  # one of a batch
    ],
    ids=['read-only', 'unaligned', 'fortran', 'negative', 'strided', 'nhwc', 'batch'],
)
def test_any_layout_in_memory_is_taken_and_nothing_is_written(change):
    scene = drawn()
    changed = Scene(change(scene.heatmaps), change(scene.pafs), scene.params, COCO)
    expected = parse(scene)
    assert len(expected) == 2
    assert_same(parse(changed), expected)
    for maps, original in ((changed.heatmaps, scene.heatmaps), (changed.pafs, scene.pafs)):
        np.testing.assert_array_equal(maps, original)


def test_a_file_in_memory_is_taken(tmp_path):
    scene = drawn()
    np.save(tmp_path / 'maps.npy', scene.heatmaps)
    for mode in ('r', 'c'):
        mapped = np.load(tmp_path / 'maps.npy', mmap_mode=mode)
        assert_same(parse(replace(scene, heatmaps=mapped)), parse(scene))


@pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason='a room is kept for compiled kernels alone'
)
def test_maps_of_another_process_need_no_new_room(monkeypatch):
    """Pickled, they have a dtype that is float32's equal and not the same object."""
    scene = drawn()
    expected = [parse(scene) for _ in range(2)]  # the second one's room is used again
    maps = pickle.loads(pickle.dumps((scene.heatmaps, scene.pafs)))
    monkeypatch.setattr('openpose_ros.parsing.paf.parse.Room', None)
    assert_same(parse(replace(scene, heatmaps=maps[0], pafs=maps[1])), expected[0])


def test_the_background_is_not_read():
    scene = drawn()
    expected = parse(scene)
    assert_same(parse(replace(scene, heatmaps=scene.heatmaps[:-1])), expected)
    scene.heatmaps[-1] = np.nan
    assert_same(parse(scene), expected)


def test_people_are_new_arrays():
    scene = drawn()
    first, second = parse(scene), parse(scene)
    for name in ('keypoints', 'scores'):
        mine, other = getattr(first, name), getattr(second, name)
        assert mine.flags.writeable
        assert not np.shares_memory(mine, other)
        assert not np.shares_memory(mine, scene.heatmaps)
        assert not np.shares_memory(mine, scene.pafs)


def test_defaults_are_coco_18_and_the_default_parameters():
    scene = drawn()
    assert_same(parse_pafs(scene.heatmaps, scene.pafs), parse(scene))
    assert parse_pafs(scene.heatmaps, scene.pafs).skeleton == COCO


@pytest.mark.parametrize('shape', [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_tiny_maps_of_nothing_and_of_everything(shape):
    for value in (0.0, 0.5, 1.0):
        heatmaps = np.full((19, *shape), value, np.float32)
        pafs = np.full((38, *shape), value, np.float32)
        people = parse_pafs(heatmaps, pafs)
        assert len(people) == 0, 'all peaks are at one point'
        assert people.keypoints.shape == (0, 18, 3)
        alone = parse_pafs(heatmaps, pafs, params=PafParams(single_person=True))
        assert len(alone) == (value > 0)
        if len(alone):
            middle = [(shape[1] - 1) / 2, (shape[0] - 1) / 2, value]
            assert alone.keypoints[0].tolist() == [middle] * 18


def test_peaks_without_room_are_counted():
    scene = drawn(2)
    people = parse(replace(scene, params=PafParams(max_peaks=1)))
    assert people.overflow == 18
    assert parse(scene).overflow == 0


# One person


@strategies.examples(50)
@given(strategies.scenes())
def test_a_single_person_agrees_with_the_twin(scene):
    params = replace(scene.params, single_person=True)
    people = parse(replace(scene, params=params))
    check_people(people, naive.single_person(scene.heatmaps[: KITE.num_keypoints], params))


def test_a_single_person_is_the_global_maximum_of_each_heatmap_and_reads_no_fields():
    scene = drawn(2)
    scene.heatmaps[:] *= np.where(np.arange(SHAPE[1]) < SHAPE[1] // 2, 1, 0.7)
    fields = np.full_like(scene.pafs, np.nan)
    people = parse_pafs(scene.heatmaps, fields, params=PafParams(single_person=True))
    assert len(people) == 1
    for heatmap, (x, y, score) in zip(scene.heatmaps, people.keypoints[0]):
        row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
        assert (x, y) == pytest.approx((column, row), abs=0.5)
        assert score == min(1, heatmap.max())


def test_a_single_person_leaves_nobody_without_room():
    scene = drawn(2)
    assert parse(replace(scene, params=PafParams(single_person=True))).overflow == 0


@pytest.mark.parametrize('single', [False, True])
def test_nobody_is_found_where_nobody_is(single):
    scene = replace(drawn(0), params=PafParams(single_person=single))
    assert len(parse(scene)) == 0


# What is refused


GOOD_HEATMAPS, GOOD_PAFS = np.zeros((19, 4, 6), np.float32), np.zeros((38, 4, 6), np.float32)


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        (lambda maps: maps.astype(np.float64), 'are float64, expected a float32 array'),
        (lambda maps: maps.astype(np.float16), 'are float16, expected'),
        (lambda maps: maps.astype(np.uint8), 'are uint8, expected'),
        (lambda maps: maps.astype(np.complex64), 'are complex64, expected'),
        (lambda maps: maps.astype('>f4'), 'are >f4, expected'),
        (lambda maps: maps.astype(object), 'are object, expected'),
        (lambda maps: maps.tolist(), 'are list, expected'),
        (lambda maps: None, 'are NoneType, expected'),
        (lambda maps: maps[0], r'have shape \(4, 6\), expected'),
        (lambda maps: maps[np.newaxis], r'have shape \(1, .*pass one picture, channels first'),
        (lambda maps: maps.transpose(1, 2, 0), r'have shape \(4, 6, .* channels first'),
        (lambda maps: maps[:-2], 'for the skeleton coco_18'),
        (lambda maps: np.concatenate([maps, maps[:1]]), 'expected'),
        (lambda maps: maps[:, :0], 'expected'),
        (lambda maps: maps[:, :, :0], 'expected'),
        (lambda maps: maps[:0], 'expected'),
        (lambda maps: np.float32(0), r'are float32, expected a float32 array|have shape \(\)'),
    ],
)
@pytest.mark.parametrize('name', ['heatmaps', 'pafs'])
def test_maps_of_a_wrong_kind_are_one_clear_line(
    name: str, bad: Callable[[Array], object], message: str
):
    maps = {'heatmaps': GOOD_HEATMAPS, 'pafs': GOOD_PAFS}
    with pytest.raises(MapsError, match=f'^{name} .*{message}') as caught:
        parse_pafs(**{**maps, name: bad(maps[name])})
    assert '\n' not in str(caught.value)


def test_maps_of_different_sizes_are_refused():
    with pytest.raises(MapsError, match='heatmaps are 6x4 cells but pafs are 5x4'):
        parse_pafs(GOOD_HEATMAPS, GOOD_PAFS[:, :, 1:])


def test_maps_of_another_skeleton_are_refused():
    with pytest.raises(MapsError, match=r'expected \(25 or 26, height, width\).*body_25'):
        parse_pafs(GOOD_HEATMAPS, GOOD_PAFS, load_skeleton('body_25'))


@pytest.mark.parametrize('single', [False, True])
def test_nan_in_any_heatmap_is_refused(single):
    for keypoint in range(18):
        scene = drawn()
        scene.heatmaps[keypoint, -1, -1] = np.nan
        with pytest.raises(MapsError, match='heatmaps hold NaN or infinity'):
            parse(replace(scene, params=PafParams(single_person=single)))


@strategies.infinity_is_meant
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('count', [1, 2, 12])  # 12: more pairs than are scored one by one
def test_fields_of_nothing_but_nan_are_refused_if_anybody_is_there(value, count):
    shape = SHAPE if count < 3 or not strategies.JIT else (46, 82)
    people = scatter_people(count, COCO, shape)
    heatmaps, pafs = render_maps(people, COCO, shape)
    with pytest.raises(MapsError, match='part affinity fields hold NaN or infinity'):
        parse_pafs(heatmaps, np.full_like(pafs, value))
    assert len(parse_pafs(np.zeros_like(heatmaps), np.full_like(pafs, value))) == 0


@strategies.infinity_is_meant
@strategies.examples(50)
@given(strategies.scenes(), strategies.seeds, st.sampled_from([np.nan, np.inf, -np.inf]))
def test_fields_with_some_nan_are_refused_or_it_does_not_matter(scene, seed, value):
    broken = scene.pafs.copy()
    broken[np.random.default_rng(seed).random(broken.shape) < 0.1] = value
    finite = np.where(np.isfinite(broken), broken, np.float32(0))
    try:
        people = parse(replace(scene, pafs=broken))
    except MapsError:
        return
    assert np.isfinite(people.scores).all()
    assert_same(people, parse(replace(scene, pafs=finite)))


def test_more_people_than_there_were_rows_for_are_all_found():
    skeleton = load_skeleton('coco_18')
    standing = scatter_people(50, skeleton, (92, 164), 0)
    maps = render_maps(standing, skeleton, (92, 164))
    people = parse_pafs(*maps)
    assert len(people) > 40
    best = parse_pafs(*maps, params=PafParams(max_people=10))
    np.testing.assert_array_equal(people.keypoints[:10], best.keypoints)
    np.testing.assert_array_equal(people.scores[:10], best.scores)
    assert (np.diff(people.scores) <= 0).all()
