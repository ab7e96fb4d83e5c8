"""Rules that no camera of a node follows."""

from __future__ import annotations

import pytest

from openpose_ros.ros.node.names import Names
from openpose_ros.ros.node.rules import unused_arguments, unused_rules

ONE, TWO = [''], ['front', 'left']


@pytest.mark.parametrize(
    ('rules', 'cameras', 'expected'),
    [
        ([], TWO, ''),
        (['image:=/raw', 'camera_info:=/info', '~/persons:=people'], ONE, ''),
        (['front/image:=/usb', '~/left/persons:=people', 'left/image/compressed:=/c'], TWO, ''),
        # once a node, however many cameras it has
        (['~/target_pose:=/goal', '~/skeleton_info:=/s', 'tf:=/my_tf', '__ns:=/bot'], TWO, ''),
        # of other nodes, as a launch file's SetRemap gives to all
        (['/scan:=/laser', 'map:=/world', '/other/image:=/x', '__ns:=/bot'], TWO, ''),
        (
            ['image:=/camera/image_raw'],
            TWO,
            'no camera uses image:=/camera/image_raw: the cameras are front, left; '
            'remap front/image',
        ),
        (
            ['right/depth_image:=/depth', 'image/compressed:=/jpeg'],
            TWO,
            'no camera uses right/depth_image:=/depth or image/compressed:=/jpeg: the cameras are '
            'front, left; remap front/depth_image',
        ),
        (
            ['__ns:=/bot', '~/persons:=/people'],
            TWO,
            'no camera uses ~/persons:=/people: the cameras are front, left; '
            'remap ~/front/persons',
        ),
        (
            ['__ns:=/bot', 'front/image:=/usb'],
            ONE,
            'no camera uses front/image:=/usb: there is one, which has no name; remap image',
        ),
    ],
)
def test_rules_that_no_camera_follows_are_one_line(
    rules: list[str], cameras: list[str], expected: str
) -> None:
    assert unused_rules(Names.from_rules('openpose', rules), cameras) == expected
    words = [word for rule in rules for word in ('-r', rule)]
    assert unused_arguments('openpose', ['--ros-args', *words], cameras) == expected


def test_what_is_used_besides_is_not_told() -> None:
    names = Names.from_rules('openpose', ['image:=/front/image_raw'])
    assert unused_rules(names, TWO, ['image']) == ''


def test_arguments_that_ros_alone_understands_are_left_to_it() -> None:
    rule = '~/{node}/image:=/x'
    assert unused_arguments('openpose', ['--ros-args', '-r', rule, '-r', 'image:=/x'], TWO) == ''
    assert unused_arguments('openpose', ['-r', 'image:=/x'], TWO) == ''  # without --ros-args
