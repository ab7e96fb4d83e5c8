"""Packs, sources, a teacher's maps: what goes in comes out."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.dataset import open_source
from training.pack import Picture, make_picture, read_pack, write_pack
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
    (picture,) = read(tmp_path, document)
    np.testing.assert_array_equal(picture.people[0, 1], (30, 20, 2))  # the neck
    np.testing.assert_array_equal(picture.people[0, 5], (40, 20, 2))
    assert picture.people[0, :, 2].sum() == 6
    np.testing.assert_array_equal(picture.ignored, [(10, 20, 40, 60)])


def read(folder: Path, document: object) -> list[Picture]:
    (folder / 'a.json').write_text(json.dumps(document))
    return list(read_coco(folder, folder / 'a.json'))


@pytest.fixture
def coco(tmp_path) -> dict:
    """Return a file in COCO's format with one person, and write its picture."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((100, 80, 3), np.uint8))
    marked = np.zeros((17, 3))
    marked[[5, 6]] = (40, 20, 2), (20, 20, 2)
    person = {'id': 1, 'image_id': 7, 'keypoints': marked.ravel().tolist()}
    return {'images': [{'id': 7, 'file_name': 'a.png'}], 'annotations': [person]}


def test_read_coco_without_num_keypoints_counts_them(coco, tmp_path):
    (picture,) = read(tmp_path, coco)
    assert len(picture.people) == 1
    coco['annotations'][0] |= {'keypoints': [0] * 51, 'bbox': [1, 2, 3, 4]}
    (picture,) = read(tmp_path, coco)
    assert len(picture.people) == 0
    np.testing.assert_array_equal(picture.ignored, [(1, 2, 4, 6)])


@pytest.mark.parametrize(('of_picture', 'of_person'), [('7', '7'), ('7', 7), (7, '7')])
def test_read_coco_ids_as_text_are_the_same_ids(coco, tmp_path, of_picture, of_person):
    coco['images'][0]['id'] = of_picture
    coco['annotations'][0]['image_id'] = of_person
    (picture,) = read(tmp_path, coco)
    assert len(picture.people) == 1


def test_read_coco_other_categories_are_no_people(coco, tmp_path):
    coco['categories'] = [{'id': 1, 'name': 'person'}, {'id': 18, 'name': 'dog'}]
    coco['annotations'][0]['category_id'] = 1
    coco['annotations'].append({'image_id': 7, 'category_id': 18, 'bbox': [10, 20, 30, 40]})
    (picture,) = read(tmp_path, coco)
    assert len(picture.people) == 1
    assert len(picture.ignored) == 0


@pytest.mark.parametrize(
    ('category', 'people'),
    [
        ({'id': 3, 'name': 'human', 'keypoints': ['nose']}, 1),  # it has keypoints
        ({'id': 3, 'name': 'Person'}, 1),
        ({'id': 3, 'name': 'runner'}, 1),  # the only one there is
    ],
)
def test_read_coco_category_of_people_has_any_name(coco, tmp_path, category, people):
    coco['categories'] = [category]
    coco['annotations'][0]['category_id'] = 3
    (picture,) = read(tmp_path, coco)
    assert len(picture.people) == people


def with_orientation(jpeg: bytes) -> bytes:
    """Return a JPEG whose EXIF data say that it is to be turned by a quarter (orientation 6)."""
    tiff = b'II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0'
    exif = b'Exif\0\0' + tiff
    return jpeg[:2] + b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif + jpeg[2:]


@pytest.mark.parametrize(
    ('width', 'height', 'shape'),
    [
        (80, 100, (100, 80)),  # annotated on the pixels as stored
        (100, 80, (80, 100)),  # annotated as a viewer shows it
        (None, None, (80, 100)),  # not told: as a viewer shows it
    ],
)
def test_read_coco_turns_a_picture_as_it_was_annotated(coco, tmp_path, width, height, shape):
    _, jpeg = cv2.imencode('.jpg', np.zeros((100, 80, 3), np.uint8))
    (tmp_path / 'a.jpg').write_bytes(with_orientation(jpeg.tobytes()))
    coco['images'] = [{'id': 7, 'file_name': 'a.jpg', 'width': width, 'height': height}]
    (picture,) = read(tmp_path, coco)
    assert picture.pixels().shape[:2] == shape


def test_read_coco_picture_of_another_size_says_both(coco, tmp_path):
    coco['images'][0] |= {'width': 640, 'height': 480}
    with pytest.raises(ValueError, match=r'has 80x100 pixels, its annotations are for 640x480'):
        read(tmp_path, coco)


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('image_id', None, 'annotation id 1: no image_id'),
        ('keypoints', [1, 2], 'annotation id 1: keypoints: 51 numbers expected, found 2'),
        ('keypoints', 'nose', 'annotation id 1: keypoints: 51 numbers expected, found str'),
        ('keypoints', [None] * 51, 'annotation id 1: keypoints: None is no finite number'),
        ('keypoints', [float('nan')] * 51, 'annotation id 1: keypoints: nan is no finite'),
    ],
)
def test_read_coco_odd_annotation_is_named(coco, tmp_path, field, value, message):
    coco['annotations'][0][field] = value
    with pytest.raises(ValueError, match=message):
        read(tmp_path, coco)


@pytest.mark.parametrize(
    ('box', 'message'),
    [([1, 2, 3], 'bbox: 4 numbers'), (['1', 2, 3, 4], "bbox: '1' is no finite number")],
)
def test_read_coco_odd_box_is_named(coco, tmp_path, box, message):
    coco['annotations'].append({'image_id': 7, 'bbox': box})
    with pytest.raises(ValueError, match=f'annotation number 1 .from 0.: {message}'):
        read(tmp_path, coco)


@pytest.mark.parametrize('field', ['id', 'file_name'])
def test_read_coco_odd_picture_is_named(coco, tmp_path, field):
    del coco['images'][0][field]
    with pytest.raises(ValueError, match=f'picture .*: no {field}'):
        read(tmp_path, coco)


@pytest.mark.parametrize('document', [[], {}, {'images': []}, {'images': {}, 'annotations': []}])
def test_read_coco_another_json_says_so(tmp_path, document):
    with pytest.raises(ValueError, match="is it a file in COCO's format"):
        read(tmp_path, document)


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_make_picture_keypoint_that_is_not_finite_is_refused(person, value):
    person[0, 3, 1] = value
    with pytest.raises(ValueError, match='made/1: a keypoint is NaN or infinite'):
        make_picture('made/1', np.zeros((160, 120, 3), np.uint8), person)


def test_make_picture_box_that_is_not_finite_is_refused():
    box = np.full((1, 4), np.nan, np.float32)
    with pytest.raises(ValueError, match='made/1: a box is NaN'):
        make_picture('made/1', np.zeros((160, 120, 3), np.uint8), ignored=box)


def plain_pictures(count: int) -> list[Picture]:
    noise = np.random.default_rng(0).integers(0, 255, (count, 64, 64, 3)).astype(np.uint8)
    return [make_picture(f'made/{i}', image) for i, image in enumerate(noise)]


def test_write_pack_smaller_set_leaves_no_old_parts(tmp_path):
    pictures = plain_pictures(6)
    write_pack(tmp_path, pictures, part_bytes=1)
    write_pack(tmp_path, pictures[:2], part_bytes=1)
    assert [picture.name for picture in read_pack(tmp_path)] == ['made/0', 'made/1']
    assert sorted(path.name for path in tmp_path.iterdir()) == ['part-000.npz', 'part-001.npz']


def test_write_pack_that_breaks_off_leaves_what_was_there(tmp_path):
    pictures = plain_pictures(3)
    write_pack(tmp_path, pictures, part_bytes=1)

    def broken():
        yield pictures[0]
        raise ValueError('not a picture')

    with pytest.raises(ValueError, match='not a picture'):
        write_pack(tmp_path, broken(), part_bytes=1)
    assert len(list(read_pack(tmp_path))) == 3
    assert len(list(tmp_path.iterdir())) == 3


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
