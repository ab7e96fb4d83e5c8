"""Names and remapping rules, as ROS 2 resolves them."""

from __future__ import annotations

import pytest

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.names import Names


@pytest.mark.parametrize(
    ('rules', 'name', 'resolved'),
    [
        ([], 'image', '/image'),
        ([], '/image', '/image'),
        ([], '~/persons', '/openpose/persons'),
        (['__ns:=/front'], 'image', '/front/image'),
        (['__ns:=/front/left'], '~/persons', '/front/left/openpose/persons'),
        (['__ns:=/front'], '/diagnostics', '/diagnostics'),
        (['__node:=eye'], '~/persons', '/eye/persons'),
        (['__name:=eye'], '~/persons', '/eye/persons'),
        (['image:=/camera/image_raw'], 'image', '/camera/image_raw'),
        (['image:=camera/image_raw', '__ns:=/front'], 'image', '/front/camera/image_raw'),
        (['/front/image:=/a', '__ns:=/front'], 'image', '/a'),
        (['~/persons:=people'], '~/persons', '/people'),
        (['~/persons:=~/people', '__node:=eye'], '~/persons', '/eye/people'),
        (['image:=/a', 'image:=/b'], 'image', '/a'),  # the first that fits
        (['image:=/a', '/a:=/b'], 'image', '/a'),  # once
        (['openpose:image:=/a'], 'image', '/a'),
        (['other:image:=/a', 'other:__ns:=/b'], 'image', '/image'),
    ],
)
def test_names_are_resolved_as_ros_does(rules: list[str], name: str, resolved: str) -> None:
    assert Names.from_rules('openpose', rules).resolve(name) == resolved


def test_full_name_has_the_namespace() -> None:
    assert Names.from_rules('openpose', ['__ns:=/front', '__node:=eye']).full == '/front/eye'
    assert Names('openpose').full == '/openpose'


@pytest.mark.parametrize(
    ('rules', 'info', 'depth_info'),
    [
        ([], '/camera_info', '/depth_camera_info'),
        (['image:=/cam/image_raw'], '/cam/camera_info', '/depth_camera_info'),
        (['image:=/cam/image_raw', 'camera_info:=/info'], '/info', '/depth_camera_info'),
        (['depth_image:=/cam/depth/image'], '/camera_info', '/cam/depth/camera_info'),
        (['__ns:=/front', 'image:=cam'], '/front/camera_info', '/front/depth_camera_info'),
        (
            ['__ns:=/front', 'image:=cam/image'],
            '/front/cam/camera_info',
            '/front/depth_camera_info',
        ),
        (['image:=/raw', 'depth_image:=/depth'], '/camera_info', '/depth_camera_info'),
    ],
)
def test_camera_info_is_beside_its_image(rules: list[str], info: str, depth_info: str) -> None:
    names = Names.from_rules('openpose', rules)
    assert names.camera_info('camera_info', 'image') == info
    assert names.camera_info('depth_camera_info', 'depth_image') == depth_info


@pytest.mark.parametrize(
    'rule',
    ['image', 'image:=', ':=/a', 'image=/a', 'image:=/a b', 'image:=/ä', 'image:=//a', '1:=/a'],
)
def test_rule_of_another_form_is_refused(rule: str) -> None:
    with pytest.raises(ParameterError, match=r'FROM:=TO|is not the name of a topic'):
        Names.from_rules('openpose', [rule])


@pytest.mark.parametrize(
    ('rule', 'what'),
    [('__ns:=front', 'a namespace'), ('__ns:=/a/', 'a namespace'), ('__node:=a/b', 'of a node')],
)
def test_names_of_another_form_are_refused(rule: str, what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        Names.from_rules('openpose', [rule])


@pytest.mark.parametrize(
    'name', ['', '/', 'image/', 'a//b', '~x y', 'a/~b', '3d', 'bild_ü', 'a.b']
)
def test_topic_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match='is not the name of a topic'):
        Names('openpose').resolve(name)


def test_camera_info_of_one_of_several_cameras() -> None:
    """Where its image is in its own folder, nothing is taken for that of its depth."""
    names = Names.from_rules('openpose', ['__ns:=/bot', 'left/image:=/usb/image_raw'])
    assert names.camera_info('front/camera_info', 'front/image') == '/bot/front/camera_info'
    depth = names.camera_info('front/depth_camera_info', 'front/depth_image')
    assert depth == '/bot/front/depth_camera_info'
    assert names.camera_info('left/camera_info', 'left/image') == '/usb/camera_info'
