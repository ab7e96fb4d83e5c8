"""Rendered maps against the paper's equations, cell by cell; scattered people against the map."""

from __future__ import annotations

import math

import numpy as np
import pytest

from openpose_ros.engine.synthetic import render_maps, scatter_people
from openpose_ros.errors import ParameterError
from openpose_ros.skeletons import Limb, Skeleton, available_skeletons, load_skeleton

TRIANGLE = Skeleton(
    name='triangle',
    keypoint_names=('top', 'left', 'right'),
    limbs=(Limb(0, 1, 3, 2), Limb(0, 2, 0, 1)),  # channels neither sorted nor x before y
    mirror=(0, 2, 1),
    colours=((0, 0, 0),) * 3,
)


def plain_maps(people, skeleton, shape, sigma, limb_width):
    """Equations 6 to 9 of arXiv:1812.08008, one cell after the other."""
    height, width = shape
    heatmaps = np.zeros((skeleton.num_keypoints + 1, height, width))
    pafs = np.zeros((2 * skeleton.num_limbs, height, width))

    def there(keypoint):
        return not math.isnan(keypoint[0]) and (len(keypoint) == 2 or keypoint[2] > 0)

    for y in range(height):
        for x in range(width):
            for k in range(skeleton.num_keypoints):
                for person in people:
                    if there(person[k]):
                        squared = (x - person[k][0]) ** 2 + (y - person[k][1]) ** 2
                        heatmaps[k, y, x] = max(heatmaps[k, y, x], math.exp(-squared / sigma**2))
            heatmaps[-1, y, x] = 1 - max(heatmaps[:-1, y, x])
            for limb in skeleton.limbs:
                vectors = []
                for person in people:
                    start, end = person[limb.start], person[limb.end]
                    if not (there(start) and there(end)):
                        continue
                    length = math.dist(start[:2], end[:2])
                    v = (end[0] - start[0]) / length, (end[1] - start[1]) / length
                    offset = x - start[0], y - start[1]
                    along = v[0] * offset[0] + v[1] * offset[1]
                    across = -v[1] * offset[0] + v[0] * offset[1]
                    if 0 <= along <= length and abs(across) <= limb_width:
                        vectors.append(v)
                if vectors:
                    pafs[limb.paf_x, y, x] = sum(v[0] for v in vectors) / len(vectors)
                    pafs[limb.paf_y, y, x] = sum(v[1] for v in vectors) / len(vectors)
    return heatmaps, pafs


@pytest.mark.parametrize('columns', [2, 3])
@pytest.mark.parametrize('count', [0, 1, 4])
def test_maps_agree_with_the_equations(count, columns):
    random = np.random.default_rng(count)
    people = random.uniform(-1, 12, (count, 3, columns))
    if count:
        people[0, 1] = np.nan
    if count and columns == 3:
        people[-1, 0, 2] = 0
    expected = plain_maps(people, TRIANGLE, (9, 12), 1.4, 0.9)
    found = render_maps(people, TRIANGLE, (9, 12), sigma=1.4, limb_width=0.9)
    for maps, plain in zip(found, expected):
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps, plain, atol=1e-5)


def test_noise_has_the_spread_that_was_asked_for_and_its_seed():
    nobody = np.zeros((0, 3, 2))
    heatmaps, pafs = render_maps(nobody, TRIANGLE, (40, 60), noise=0.01, seed=3)
    assert heatmaps[:-1].std() == pytest.approx(0.01, rel=0.05)
    assert pafs.std() == pytest.approx(0.01, rel=0.05)
    assert heatmaps[-1].mean() == pytest.approx(1, abs=1e-3)
    again, other = (
        render_maps(nobody, TRIANGLE, (40, 60), noise=0.01, seed=seed)[0] for seed in (3, 4)
    )
    np.testing.assert_array_equal(heatmaps, again)
    assert (heatmaps != other).any()


def test_keypoints_of_another_skeleton_are_refused():
    with pytest.raises(ParameterError, match=r'shape \(1, 3, 2\), but skeleton coco_18 needs'):
        render_maps(np.zeros((1, 3, 2)), load_skeleton('coco_18'), (8, 8))


@pytest.mark.parametrize('count', [1, 2, 5, 10, 20, 30, 50])
def test_scattered_people_are_inside_and_apart(count):
    skeleton = load_skeleton('coco_18')
    for seed in range(5):
        people = scatter_people(count, skeleton, (46, 82), seed)
        assert people.shape == (count, 18, 3)
        assert people.dtype == np.float32
        assert (people[..., 2] == 1).all()
        points = people[..., :2]
        assert (points >= 0).all()
        assert (points <= [81, 45]).all()
        apart = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
        assert apart[~np.eye(count, dtype=bool)].min(initial=99) > 4, 'heatmaps would merge'
        assert np.ptp(points[..., 1], axis=1).min() > 7, 'too small for a face to have cells'


def test_scattered_people_stand_upright_with_their_right_on_the_pictures_left():
    skeleton = load_skeleton('coco_18')
    people = scatter_people(5, skeleton, (46, 82))
    places = {name: people[:, skeleton.index(name)] for name in skeleton.keypoint_names}
    assert (places['nose'][:, 1] < places['right_hip'][:, 1]).all()
    assert (places['right_hip'][:, 1] < places['right_ankle'][:, 1]).all()
    assert (places['right_wrist'][:, 0] < places['left_wrist'][:, 0]).all()


@pytest.mark.parametrize('name', available_skeletons())
def test_every_skeleton_of_the_package_has_a_layout(name):
    skeleton = load_skeleton(name)
    people = scatter_people(3, skeleton, (46, 82), 1)
    for person in people:
        assert len({tuple(keypoint) for keypoint in person.tolist()}) == skeleton.num_keypoints


def test_an_unknown_skeleton_is_laid_out_as_its_tree():
    people = scatter_people(4, TRIANGLE, (46, 82))
    top, left, right = people[:, :, :2].transpose(1, 0, 2)
    assert (top[:, 1] < left[:, 1] - 5).all()
    assert (left[:, 0] < right[:, 0] - 5).all()


def test_nobody_is_scattered_as_nobody():
    assert scatter_people(0, TRIANGLE, (46, 82)).shape == (0, 3, 3)


def chain(*names):
    return Skeleton(
        name='-'.join(names),
        keypoint_names=names,
        limbs=tuple(Limb(i, i + 1, 2 * i, 2 * i + 1) for i in range(len(names) - 1)),
        mirror=tuple(range(len(names))),
        colours=((0, 0, 0),) * len(names),
    )


@pytest.mark.parametrize('count', [1, 3, 10])
@pytest.mark.parametrize(
    'skeleton',
    [
        chain('top', 'middle', 'bottom'),  # of no width
        chain('nose', 'neck', 'mid_hip'),  # the same, with a template
        chain('left_eye', 'right_eye'),  # of no height
        chain('neck'),  # neither
        chain('spot'),
    ],
    ids=lambda skeleton: skeleton.name,
)
def test_figures_without_width_or_height_are_laid_out(skeleton, count):
    people = scatter_people(count, skeleton, (46, 82))
    assert np.isfinite(people).all()
    assert (people[..., :2] >= 0).all()
    assert (people[..., :2] <= [81, 45]).all()
    heatmaps, _ = render_maps(people, skeleton, (46, 82))
    assert (heatmaps[:-1].max(axis=(1, 2)) > 0.5).all()
    middles = people[..., :2].mean(axis=1)
    apart = np.linalg.norm(middles[:, np.newaxis] - middles, axis=-1)
    assert apart[~np.eye(count, dtype=bool)].min(initial=99) > 2
