"""Skeleton files: those of the package hold OpenPose's facts, those of a user load by path."""

from __future__ import annotations

import json
from pathlib import Path
import re
from typing import Any

import pytest

from openpose_ros.errors import SkeletonError
from openpose_ros.skeletons import Skeleton, available_skeletons, load_skeleton

DOG = Path(__file__).parents[1] / 'data/dog.json'

# From OpenPose, src/openpose/pose/poseParameters.cpp (MPI's pairs from poseParametersRender.hpp):
# parts, POSE_BODY_PART_PAIRS and POSE_MAP_INDEX, in OpenPose's own words and numbers.
OPENPOSE: dict[str, tuple[str, str, str]] = {
    'coco_18': (
        'Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee '
        'LAnkle REye LEye REar LEar',
        '1,2 1,5 2,3 3,4 5,6 6,7 1,8 8,9 9,10 1,11 11,12 12,13 1,0 0,14 14,16 0,15 15,17 2,16 '
        '5,17',
        '12,13 20,21 14,15 16,17 22,23 24,25 0,1 2,3 4,5 6,7 8,9 10,11 28,29 30,31 34,35 32,33 '
        '36,37 18,19 26,27',
    ),
    'body_25': (
        'Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip '
        'LKnee LAnkle REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel',
        '1,8 1,2 1,5 2,3 3,4 5,6 6,7 8,9 9,10 10,11 8,12 12,13 13,14 1,0 0,15 15,17 0,16 16,18 '
        '2,17 5,18 14,19 19,20 14,21 11,22 22,23 11,24',
        '0,1 14,15 22,23 16,17 18,19 24,25 26,27 6,7 2,3 4,5 8,9 10,11 12,13 30,31 32,33 36,37 '
        '34,35 38,39 20,21 28,29 40,41 42,43 44,45 46,47 48,49 50,51',
    ),
    'mpi_15': (
        'Head Neck RShoulder RElbow RWrist LShoulder LElbow LWrist RHip RKnee RAnkle LHip LKnee '
        'LAnkle Chest',
        '0,1 1,2 2,3 3,4 1,5 5,6 6,7 1,14 14,8 8,9 9,10 14,11 11,12 12,13',
        '0,1 2,3 4,5 6,7 8,9 10,11 12,13 14,15 16,17 18,19 20,21 22,23 24,25 26,27',
    ),
}


def our_name(openpose_name: str) -> str:
    """Return right_big_toe for RBigToe."""
    words = re.findall('[A-Z][a-z]*', openpose_name)
    return '_'.join({'R': 'right', 'L': 'left'}.get(word, word.lower()) for word in words)


def numbers(pairs: str) -> list[tuple[int, ...]]:
    return [tuple(int(number) for number in pair.split(',')) for pair in pairs.split()]


@pytest.fixture(params=[*available_skeletons(), DOG], ids=str)
def skeleton(request: pytest.FixtureRequest) -> Skeleton:
    return load_skeleton(request.param)


def test_available_skeletons_are_sorted_names() -> None:
    assert list(available_skeletons()) == sorted({*available_skeletons(), *OPENPOSE})


@pytest.mark.parametrize('name', OPENPOSE)
def test_skeleton_has_parts_pairs_and_channels_of_openpose(name: str) -> None:
    parts, pairs, channels = OPENPOSE[name]
    skeleton = load_skeleton(name)
    assert skeleton.name == name
    assert skeleton.keypoint_names == tuple(our_name(part) for part in parts.split())
    assert [(limb.start, limb.end) for limb in skeleton.limbs] == numbers(pairs)
    assert [(limb.paf_x, limb.paf_y) for limb in skeleton.limbs] == numbers(channels)
    assert 'OpenPose' in skeleton.source


def test_coco_17_is_in_the_order_of_cocos_annotations() -> None:
    sided = ('eye', 'ear', 'shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')
    pairs = [f'{side}_{part}' for part in sided for side in ('left', 'right')]
    assert load_skeleton('coco_17').keypoint_names == ('nose', *pairs)


def test_trt_pose_18_is_trt_poses() -> None:
    """Its human_pose.json: pairs counted from 1; generate_paf.cpp writes y, then x of each."""
    skeleton = load_skeleton('trt_pose_18')
    assert skeleton.keypoint_names == (*load_skeleton('coco_17').keypoint_names, 'neck')
    pairs = numbers(
        '16,14 14,12 17,15 15,13 12,13 6,8 7,9 8,10 9,11 2,3 1,2 1,3 2,4 3,5 4,6 5,7 18,1 18,6 '
        '18,7 18,12 18,13'
    )
    assert [(limb.start + 1, limb.end + 1) for limb in skeleton.limbs] == pairs
    channels = [(limb.paf_y, limb.paf_x) for limb in skeleton.limbs]
    assert channels == [(2 * index, 2 * index + 1) for index in range(21)]
    assert sum(limb.redundant for limb in skeleton.limbs) == 4


def test_channels_do_not_overlap(skeleton: Skeleton) -> None:
    used = [channel for limb in skeleton.limbs for channel in (limb.paf_x, limb.paf_y)]
    assert sorted(used) == list(range(2 * skeleton.num_limbs))


def test_mirror_swaps_left_and_right_only(skeleton: Skeleton) -> None:
    swapped = {'left': 'right', 'right': 'left'}
    for name, mirror in zip(skeleton.keypoint_names, skeleton.mirror):
        side, _, part = name.partition('_')
        expected = f'{swapped[side]}_{part}' if side in swapped else name
        assert skeleton.keypoint_names[mirror] == expected


def test_mirrored_limbs_are_limbs_of_the_same_kind(skeleton: Skeleton) -> None:
    kinds = {(limb.start, limb.end): (limb.loose, limb.redundant) for limb in skeleton.limbs}
    for (start, end), kind in kinds.items():
        mirrored = skeleton.mirror[start], skeleton.mirror[end]
        # One across the middle line, hip to hip, is its own, the other way round.
        assert kinds.get(mirrored, kinds.get(mirrored[::-1])) == kind


def test_limbs_that_are_not_redundant_are_a_tree(skeleton: Skeleton) -> None:
    tree = [limb for limb in skeleton.limbs if not limb.redundant]
    assert len(tree) == skeleton.num_keypoints - 1
    reached, grew = {tree[0].start}, True
    while grew:
        more = {limb.end for limb in tree if limb.start in reached}
        more |= {limb.start for limb in tree if limb.end in reached}
        grew = not more <= reached
        reached |= more
    assert reached == set(range(skeleton.num_keypoints))


@pytest.mark.parametrize('name', ['coco_18', 'body_25'])
def test_redundant_limbs_join_shoulder_and_ear_unseen(name: str) -> None:
    skeleton = load_skeleton(name)
    names = skeleton.keypoint_names
    redundant = [limb for limb in skeleton.limbs if limb.redundant]
    assert [(names[limb.start], names[limb.end]) for limb in redundant] == [
        ('right_shoulder', 'right_ear'),
        ('left_shoulder', 'left_ear'),
    ]
    assert not any(limb.drawn for limb in redundant)


@pytest.mark.parametrize('name', OPENPOSE)
def test_loose_limbs_are_the_arms(name: str) -> None:
    skeleton = load_skeleton(name)
    ends = {skeleton.keypoint_names[limb.end] for limb in skeleton.limbs if limb.loose}
    assert ends == {'right_elbow', 'right_wrist', 'left_elbow', 'left_wrist'}


def test_colours_tell_keypoints_apart(skeleton: Skeleton) -> None:
    if skeleton.name != 'face_70':  # which OpenPose draws in white
        assert len(set(skeleton.colours)) == skeleton.num_keypoints


def test_load_skeleton_twice_is_the_same_object() -> None:
    assert load_skeleton('coco_18') is load_skeleton('coco_18')


def test_load_skeleton_of_a_dog_by_path_needs_no_code() -> None:
    dog = load_skeleton(DOG)
    assert (dog.name, dog.num_keypoints, dog.num_limbs) == ('dog', 16, 17)
    assert load_skeleton(str(DOG)) == dog


@pytest.mark.parametrize('name', ['coco', 'COCO_18', 'coco_18.txt', ''])
def test_load_skeleton_unknown_name_lists_known_ones(name: str) -> None:
    known = ', '.join(available_skeletons())
    expected = f"unknown skeleton '{name}'; available: {known}, or the path of a .json file"
    with pytest.raises(SkeletonError, match=re.escape(expected)):
        load_skeleton(name)


@pytest.mark.parametrize('name', [None, 18, b'coco_18', ['coco_18'], load_skeleton('coco_17')])
def test_load_skeleton_of_what_is_no_name(name: Any) -> None:
    with pytest.raises(
        SkeletonError, match=r'^the skeleton is a \w+, but must be a name or a path'
    ):
        load_skeleton(name)


def test_load_skeleton_missing_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / 'gone.json'
    with pytest.raises(
        SkeletonError, match=f'cannot read the skeleton {re.escape(str(path))}: No '
    ):
        load_skeleton(path)


def test_load_skeleton_folder_called_like_a_file(tmp_path: Path) -> None:
    path = tmp_path / 'folder.json'
    path.mkdir()
    with pytest.raises(SkeletonError, match=r'cannot read the skeleton .*: Is a directory'):
        load_skeleton(path)


LINE = {
    'name': 'line',
    'keypoints': [{'name': 'a'}, {'name': 'b'}],
    'limbs': [{'from': 'a', 'to': 'b', 'paf': [0, 1]}],
}


def write(folder: Path, data: Any) -> Path:
    path = folder / 'mine, größer.json'
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding='utf-8')
    return path


def test_load_skeleton_fills_in_what_a_file_may_leave_out(tmp_path: Path) -> None:
    skeleton = load_skeleton(write(tmp_path, LINE))
    assert skeleton.mirror == (0, 1)
    assert skeleton.source == ''
    (limb,) = skeleton.limbs
    assert (limb.loose, limb.redundant, limb.drawn) == (False, False, True)
    assert len(skeleton.colours) == 2


@pytest.mark.parametrize(
    ('data', 'reason'),
    [
        ('', 'Expecting value'),
        ('[1, 2]', 'list indices'),
        ({}, "it lacks 'keypoints'"),
        ({**LINE, 'keypoints': [{'name': 'a'}]}, "it lacks 'b'"),  # a limb to nowhere
        ({**LINE, 'limbs': [{'from': 'a', 'to': 'b'}]}, "it lacks 'paf'"),
        ({**LINE, 'keypoints': [{'name': 'a', 'mirror': 'c'}, {'name': 'b'}]}, "it lacks 'c'"),
        (
            {**LINE, 'keypoints': [{'name': 'a', 'colour': [1]}, {'name': 'b'}]},
            'not enough values',
        ),
        ({**LINE, 'limbs': 7}, "'int' object is not iterable"),
        ({**LINE, 'limbs': [{'from': 'a', 'to': 'b', 'paf': [0]}]}, 'list index out of range'),
        ('[' * 100_000, 'nested too deeply'),
        ('{"name": Infinity}', 'Infinity is no number'),
    ],
)
def test_load_skeleton_file_of_another_kind(tmp_path: Path, data: Any, reason: str) -> None:
    path = write(tmp_path, data)
    with pytest.raises(SkeletonError, match='is not a skeleton file: .*' + reason) as caught:
        load_skeleton(path)
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_load_skeleton_that_contradicts_itself_says_how(tmp_path: Path) -> None:
    twice = {**LINE, 'limbs': [{'from': 'a', 'to': 'b', 'paf': [0, 0]}]}
    with pytest.raises(SkeletonError, match='skeleton line: 1 limbs must use the PAF channels'):
        load_skeleton(write(tmp_path, twice))


def test_load_skeleton_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / 'latin.json'
    path.write_bytes('{"name": "größe"}'.encode('latin-1'))
    with pytest.raises(SkeletonError, match='is not a skeleton file'):
        load_skeleton(path)
