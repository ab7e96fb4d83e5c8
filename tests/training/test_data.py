"""Packs, sources, a teacher's maps: what goes in comes out."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from training.dataset import open_source
from training.pack import make_picture, read_pack, write_pack
from training.rescale import narrow_peaks, shrink_maps
from training.sources import coco_17_to_coco_18, read_coco
from training.targets import render_maps
from training.teacher_maps import LEVEL_RATIOS, write_shards


def test_write_pack_read_pack_round_trip_over_several_parts(person, tmp_path):
    rng = np.random.default_rng(0)
    pictures = [
        make_picture(
            f'made/{n}',
            rng.integers(0, 255, (160, 120, 3)).astype(np.uint8),
            np.repeat(person, n, axis=0),
            np.full((n, 4), n, np.float32),
            scale=1.5,
        )
        for n in range(5)
    ]
    assert write_pack(tmp_path, pictures, part_bytes=3 * len(pictures[0].jpeg)) == 5
    assert len(list(tmp_path.glob('part-*.npz'))) > 1
    for before, after in zip(pictures, read_pack(tmp_path), strict=True):
        assert (before.name, before.jpeg, before.scale) == (after.name, after.jpeg, after.scale)
        np.testing.assert_array_equal(before.people, after.people)
        np.testing.assert_array_equal(before.ignored, after.ignored)


def test_make_picture_shrinks_keypoints_with_the_pixels(person):
    image = np.zeros((800, 600, 3), np.uint8)
    picture = make_picture('made', image, person * (5, 5, 1), longest_px=400)
    assert picture.pixels().shape == (400, 300, 3)
    np.testing.assert_allclose(picture.people[0, 0], (60 * 5 / 2 - 0.25, 30 * 5 / 2 - 0.25, 2))


def test_read_pack_empty_folder_says_how_to_fill_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'python -m training\.sources'):
        next(read_pack(tmp_path))


def test_read_coco_people_and_ignored_boxes(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((100, 80, 3), np.uint8))
    marked = np.zeros((17, 3))
    marked[[5, 6]] = (40, 20, 2), (20, 20, 2)  # left and right shoulder
    document = {
        'images': [{'id': 7, 'file_name': 'a.png'}],
        'annotations': [
            {'image_id': 7, 'num_keypoints': 2, 'keypoints': marked.ravel().tolist()},
            {'image_id': 7, 'num_keypoints': 0, 'bbox': [10, 20, 30, 40]},
        ],
    }
    (tmp_path / 'a.json').write_text(json.dumps(document))
    (picture,) = read_coco(tmp_path, tmp_path / 'a.json')
    np.testing.assert_array_equal(picture.people[0, 1], (30, 20, 2))  # the neck
    np.testing.assert_array_equal(picture.people[0, 5], (40, 20, 2))
    assert picture.people[0, :, 2].sum() == 6
    np.testing.assert_array_equal(picture.ignored, [(10, 20, 40, 60)])


def test_coco_17_to_coco_18_no_neck_with_one_shoulder():
    coco = np.zeros((17, 3), np.float32)
    coco[5] = (1, 2, 2)
    assert coco_17_to_coco_18(coco)[1, 2] == 0


@pytest.mark.parametrize('ratio', [1.0, 0.75, 0.5])
def test_shrink_maps_equal_maps_of_the_smaller_picture(person, ratio):
    people = person * np.float32((2, 2, 1))
    maps = render_maps(people, (40, 30))
    size = (round(40 * ratio), round(30 * ratio))
    heatmaps, pafs = shrink_maps(maps[:19], maps[19:], size, ratio=ratio)
    expected = render_maps(people * np.float32((ratio, ratio, 1)), size)
    assert np.abs(heatmaps[:18] - expected[:18]).max() < 0.06
    assert np.abs(pafs).max() <= 1 + 1e-6
    assert np.corrcoef(pafs.ravel(), expected[19:].ravel())[0, 1] > 0.85


def test_narrow_peaks_equal_peaks_drawn_at_that_size(person):
    heatmaps = render_maps(person, (20, 15))[:18]
    wide = np.stack(
        [cv2.resize(plane, (30, 40), interpolation=cv2.INTER_CUBIC) for plane in heatmaps]
    )
    expected = render_maps(person * np.float32((2, 2, 1)), (40, 30))[:18]
    narrowed = narrow_peaks(np.clip(wide, 0, 1), ratio=2)
    assert np.abs(narrowed - expected).max() < 0.25  # a peak between two cells is lower
    assert np.abs(narrowed - expected).mean() < 0.25 * np.abs(wide - expected).mean()


def test_write_shards_open_source_hold_the_teachers_maps(person, tmp_path):
    image = np.full((160, 120, 3), 90, np.uint8)
    write_pack(tmp_path / 'pack', [make_picture('made', image, person, scale=2.0)])
    known = render_maps(person * np.float32((2, 2, 1)), (40, 30))
    seen = []

    def teacher(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(picture.shape)
        return known[:19], known[19:]

    write_shards(tmp_path / 'pack', teacher, tmp_path / 'maps')
    write_shards(tmp_path / 'pack', teacher, tmp_path / 'maps')  # nothing is left to do
    assert seen == [(320, 240, 3)]
    (picture,) = open_source(f'{tmp_path}/pack:{tmp_path}/maps')
    assert [level[0] for level in picture.levels] == [2 * ratio for ratio in LEVEL_RATIOS]
    np.testing.assert_allclose(picture.levels[0][1] / 127, known, atol=0.51 / 127)
    assert len(picture.people) == 0
    (both,) = open_source(f'{tmp_path}/pack:{tmp_path}/maps+people')
    assert len(both.people) == 1
