"""Skeleton: what every one of them must obey, and what is said of one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from openpose_ros.errors import SkeletonError
from openpose_ros.skeletons import Limb, Skeleton, load_skeleton

# A spine with a hand on each side.
VALID = Skeleton(
    name='tiny',
    keypoint_names=('head', 'right_hand', 'left_hand', 'foot'),
    limbs=(Limb(0, 1, 0, 1), Limb(0, 2, 2, 3), Limb(0, 3, 4, 5)),
    mirror=(0, 2, 1, 3),
    colours=((255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)),
)
TREE = VALID.limbs


def test_counts() -> None:
    assert (VALID.num_keypoints, VALID.num_limbs) == (4, 3)


def test_index_finds_by_name() -> None:
    assert [VALID.index(name) for name in VALID.keypoint_names] == [0, 1, 2, 3]


def test_index_of_unknown_keypoint_lists_known_ones() -> None:
    with pytest.raises(
        SkeletonError, match="tiny has no keypoint 'toe'; it has head, right_hand, left_hand, foot"
    ):
        VALID.index('toe')


def test_skeleton_is_hashable() -> None:
    assert hash(load_skeleton('coco_18')) == hash(load_skeleton('coco_18'))


def test_redundant_limb_may_close_a_circle() -> None:
    limbs = (*TREE, Limb(1, 3, 6, 7, redundant=True), Limb(2, 3, 8, 9, redundant=True))
    assert replace(VALID, limbs=limbs).num_limbs == 5


@pytest.mark.parametrize(
    'limb', [Limb(1, 2, 6, 7, redundant=True), Limb(2, 1, 6, 7, redundant=True)]
)
def test_limb_across_the_middle_is_its_own_mirror(limb: Limb) -> None:
    assert replace(VALID, limbs=(*TREE, limb)).limbs[-1] is limb


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        # names
        ({'keypoint_names': ('a', 'a', 'b', 'c')}, 'needs keypoints, each with a name of its own'),
        (
            {'keypoint_names': (), 'mirror': (), 'colours': (), 'limbs': ()},
            'needs keypoints, each with a name of its own',
        ),
        # lengths
        ({'mirror': (0, 2, 1)}, r'mirror and colours need one entry a keypoint \(4\)'),
        ({'colours': ((0, 0, 0),)}, r'mirror and colours need one entry a keypoint \(4\)'),
        # colours
        ({'colours': ((256, 0, 0),) * 4}, 'colours are red, green, blue from 0 to 255'),
        ({'colours': ((0, -1, 0),) * 4}, 'colours are red, green, blue from 0 to 255'),
        # mirror
        ({'mirror': (0, 2, 3, 1)}, "the mirror of 'right_hand' does not mirror back"),
        ({'mirror': (0, 2, 1, 4)}, "the mirror of 'foot' does not mirror back"),
        ({'mirror': (0, 2, 1, -1)}, "the mirror of 'foot' does not mirror back"),
        # limbs
        ({'limbs': (*TREE[:2], Limb(0, 4, 4, 5))}, 'limb 0-4 must join two of 4 keypoints'),
        ({'limbs': (*TREE[:2], Limb(-1, 3, 4, 5))}, 'limb -1-3 must join two of 4 keypoints'),
        ({'limbs': (*TREE[:2], Limb(3, 3, 4, 5))}, 'limb 3-3 must join two of 4 keypoints'),
        (
            {'limbs': (TREE[0], Limb(3, 2, 2, 3), TREE[2])},
            "limb 'head' to 'right_hand' has no mirrored limb",
        ),
        # channels
        (
            {'limbs': (*TREE[:2], Limb(0, 3, 3, 4))},
            r'3 limbs must use the PAF channels 0 to 5, each once, got \[0, 1, 2, 3, 3, 4\]',
        ),
        ({'limbs': (*TREE[:2], Limb(0, 3, 4, 6))}, r'each once, got \[0, 1, 2, 3, 4, 6\]'),
        # tree
        (
            {'limbs': (*TREE, Limb(1, 3, 6, 7), Limb(2, 3, 8, 9))},
            "limb 'right_hand' to 'foot' closes a circle; mark it redundant",
        ),
        ({'limbs': TREE[:2]}, 'must join all 4 keypoints, they leave 2 groups'),
        (
            {'limbs': (*TREE[:2], replace(TREE[2], redundant=True))},
            'must join all 4 keypoints, they leave 2 groups',
        ),
    ],
)
def test_contradiction_is_one_line_that_says_what(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SkeletonError, match='skeleton tiny: .*' + message) as caught:
        replace(VALID, **changes)
    assert '\n' not in str(caught.value)
