"""One target out of several sizes, and the mirror image of a person who is not symmetric."""

from __future__ import annotations

import numpy as np
import pytest

from training.dataset import open_source
from training.pack import make_picture, write_pack
from training.scales import bring, cells_of, combine, person_height, suitability, weights_of
from training.skeleton import mirror_maps
from training.targets import render_maps
from training.teacher_maps import LEVEL_RATIOS, write_shards


@pytest.fixture
def one_armed(person: np.ndarray) -> np.ndarray:
    """Return a person with one arm raised and one leg hidden: no mirror image of itself."""
    people = person.copy()
    people[0, 3], people[0, 4] = (36, 40, 2), (40, 24, 2)
    people[0, 13] = 0
    return people


def mirrored_people(people: np.ndarray, width: int) -> np.ndarray:
    from training.skeleton import COCO_18

    turned = people.copy()
    turned[..., 0] = width - 1 - turned[..., 0]
    return turned[:, list(COCO_18.mirror)]


def test_mirror_maps_equal_the_maps_of_the_mirrored_person(one_armed):
    maps = render_maps(one_armed + np.float32((0.5, 0.5, 0)), (20, 15))
    turned = mirrored_people(one_armed, 120)
    expected = render_maps(turned + np.float32((0.5, 0.5, 0)), (20, 15))
    got = np.concatenate(mirror_maps(maps[:19], maps[19:]))
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert np.abs(got - maps).max() > 0.5  # it is another picture


def test_mirror_maps_averaged_with_themselves_twice_turned_are_the_same(one_armed):
    maps = render_maps(one_armed, (20, 15))
    twice = np.concatenate(mirror_maps(*mirror_maps(maps[:19], maps[19:])))
    np.testing.assert_allclose((twice + maps) / 2, maps, atol=1e-6)


@pytest.mark.parametrize(
    ('height', 'least', 'most'),
    [(100, 1, 1), (200, 1, 1), (350, 1, 1), (50, 0.1, 0.2), (700, 0.1, 0.2), (0, 0, 0)],
)
def test_suitability(height, least, most):
    assert least <= suitability(height) <= most


def test_person_height_of_half_a_body_is_that_of_the_whole(person):
    whole = person_height(person[0])
    half = person[0].copy()
    half[8:14] = np.nan  # no hips, no legs
    assert 0.7 * whole < person_height(half) < 1.4 * whole
    assert person_height(np.full((18, 3), np.nan, np.float32)) == 0


@pytest.mark.parametrize('ratio', [0.5, 2.0])
def test_bring_equals_maps_drawn_at_that_size(person, ratio):
    people = person * np.float32((2, 2, 1))
    maps = render_maps(people, (40, 30))
    size = (round(40 * ratio), round(30 * ratio))
    expected = render_maps(people * np.float32((ratio, ratio, 1)), size)
    got = bring(maps, size, ratio)
    assert np.abs(got[:18] - expected[:18]).mean() < 0.003
    assert np.corrcoef(got[19:].ravel(), expected[19:].ravel())[0, 1] > 0.7


def test_weights_of_count_where_the_person_is_of_a_good_height(person):
    people = person * np.float32((2, 2, 1))  # some 230 pixels high
    weights = weights_of(render_maps(people, (40, 30)), (40, 30), 1.0)
    assert weights[12, 15] > 0.8  # the chest
    assert weights[0, 0] == pytest.approx(0.05)
    small = weights_of(render_maps(person * np.float32((0.4, 0.4, 1)), (40, 30)), (40, 30), 1.0)
    assert small.max() < 0.3


def test_combine_of_a_cell_the_size_counts_that_suits_the_person(person):
    """A person too small at 1 counts at 2; one too large at 2 counts at 1."""
    base = (320, 640)
    small = person * np.float32((0.4, 0.4, 1)) + np.float32((20, 100, 0))
    large = person * np.float32((2, 2, 1)) + np.float32((330, 0, 0))
    both = np.concatenate([small, large])
    # What each size sees badly is faint there.
    seen = []
    for scale, clear, faint in ((1.0, large, small), (2.0, small, large)):
        size = cells_of(base, scale)
        enlarge = np.float32((scale, scale, 1))
        maps = render_maps(clear * enlarge, size)
        other = render_maps(faint * enlarge, size)
        people = np.concatenate([maps[:18] + 0.4 * other[:18], maps[18:19], maps[19:]])
        people[19:] += 0.4 * other[19:]
        people[18] = 1 - people[:18].max(axis=0)
        seen.append((scale, people.astype(np.float32)))
    (target,) = combine(seen, [1.0], base)
    expected = render_maps(both, cells_of(base, 1.0))
    assert target.shape == expected.shape
    for people in (small, large):
        x, y = np.floor(people[0, 1, :2] / 8).astype(int)  # the neck
        assert target[1, y - 1 : y + 2, x - 1 : x + 2].max() > 0.8


def test_combine_of_two_sizes_as_good_the_one_that_need_not_be_enlarged_counts(person):
    """Enlarged maps are blurred: half and half, they cost 0.05 AP at twice the size."""
    base = (320, 320)
    seen = []
    for scale, shift in ((1.0, 24), (2.0, 0)):  # each sees the person elsewhere
        people = (person + np.float32((shift, 0, 0))) * np.float32((scale, scale, 1))
        seen.append((scale, render_maps(people, cells_of(base, scale))))
    fine = combine(seen, [2.0], base)[0]
    x, y = np.floor(person[0, 1, :2] * 2 / 8).astype(int)  # the neck
    assert fine[1, y - 1 : y + 2, x - 1 : x + 2].max() > 2 * fine[1, y, x + 5 : x + 8].max()


def test_mark_at_sizes_open_source_knows_the_enlargements(person, tmp_path):
    picture = make_picture('made', np.full((160, 120, 3), 90, np.uint8), scale=1.5)
    write_pack(tmp_path / 'pack', [picture])
    heights = []

    def teacher(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        heights.append(image.shape[0])
        size = (image.shape[0] // 8, image.shape[1] // 8)
        maps = render_maps(person * np.float32((*2 * [image.shape[0] / 160], 1)), size)
        return maps[:19], maps[19:]

    write_shards(tmp_path / 'pack', teacher, tmp_path / 'maps', scales=(0.5, 1, 2))
    assert heights == [120, 240, 480]
    (marked,) = open_source(f'{tmp_path}/pack:{tmp_path}/maps')
    assert [level[0] for level in marked.levels] == [3 * ratio for ratio in LEVEL_RATIOS]
    enlargement, maps = marked.levels[0]
    assert maps.shape[1:] == (60, 45)
    expected = render_maps(person * np.float32((enlargement, enlargement, 1)), (60, 45))
    assert np.abs(maps / 127 - expected).mean() < 0.02
