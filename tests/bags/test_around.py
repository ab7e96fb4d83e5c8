"""What belongs to an image is found by its stamp, before and behind it in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openpose_ros.bags.around import Around
from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.names import Names
from tests.bags.making import (
    CLASSES,
    DELAY_NS,
    FAKE,
    IMAGE,
    INFO,
    MS,
    PERIOD_NS,
    START_NS,
    TF,
    TYPES,
    Line,
    header,
    raw,
    read_bag,
    worked_on,
    write_bag,
)

COUNT = 12
DEPTH = '/camera/depth'


def info(number: int, late_ms: float = 0.0, topic: str = '/camera/camera_info') -> Line:
    stamp_ns = START_NS + number * PERIOD_NS
    k = np.array([60.0, 0, 31.5, 0, 60.0, 23.5, 0, 0, 1])
    message = CLASSES.CameraInfo(
        header=header(stamp_ns),
        height=48,
        width=64,
        distortion_model='plumb_bob',
        d=np.zeros(5),
        k=k,
        r=np.eye(3).ravel(),
        p=np.insert(k, [3, 6, 9], 0.0),
        binning_x=0,
        binning_y=0,
        roi=CLASSES.RegionOfInterest(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )
    return Line(topic, INFO, stamp_ns + DELAY_NS + round(late_ms * MS), message)


def depth(number: int, late_ms: float, far_mm: int, topic: str = DEPTH) -> Line:
    stamp_ns = START_NS + number * PERIOD_NS
    message = CLASSES.Image(
        header=header(stamp_ns),
        height=48,
        width=64,
        encoding='16UC1',
        is_bigendian=0,
        step=128,
        data=np.full((48, 64), far_mm, '<u2').reshape(-1).view(np.uint8),
    )
    return Line(topic, IMAGE, stamp_ns + DELAY_NS + round(late_ms * MS), message)


def transform(
    stamp_ns: int,
    log_ns: int,
    shift: float,
    topic: str = '/tf',
    children: Sequence[str] = ('camera',),
) -> Line:
    several = [
        CLASSES.TransformStamped(
            header=header(stamp_ns, 'map'),
            child_frame_id=child,
            transform=CLASSES.Transform(
                translation=CLASSES.Vector3(x=shift, y=0.0, z=0.0),
                rotation=CLASSES.Quaternion(x=0.0, y=0.0, z=0.0, w=1.0),
            ),
        )
        for child in children
    ]
    return Line(topic, TF, log_ns, TYPES.package('tf2_msgs').TFMessage(transforms=several))


def in_log_order(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.log_ns)


def distances(path: Path, topic: str = '/openpose/persons') -> list[float]:
    """Return how far the first person of each image is, metres."""
    return [float(one.message.persons[0].pose.pose.position.z) for one in read_bag(path, topic)]


def unstamped(line: Line) -> Line:
    message = replace(line.message, header=header(0))
    return line._replace(message=message)


def test_stills_are_told_of_as_what_they_are(tmp_path: Path) -> None:
    """Nobody who looks at a bag can set up the camera's driver."""
    params = replace(FAKE, depth=True, tracking=True)
    lines = [unstamped(raw(number)) for number in range(COUNT)]
    lines += [depth(number, 0.0, 2000) for number in range(COUNT)]
    said: list[str] = []
    report = worked_on(write_bag(tmp_path / 'in', lines), tmp_path / 'out', said, params=params)
    assert (report.images, report.failed) == (COUNT, 0)
    assert 'an image has no stamp (0): its time in the log is taken instead' in said
    assert not [line for line in said if 'driver' in line or 'max_age' in line]
    *_, last = read_bag(tmp_path / 'out', '/openpose/persons')  # as time goes on by the log
    assert last.message.persons[0].id


def test_advice_is_what_can_be_done_with_a_bag(tmp_path: Path) -> None:
    params = replace(FAKE, depth=True)
    images = [raw(number) for number in range(COUNT)]
    said: list[str] = []
    lines = [*images, *[depth(number + 20, 0.0, 2000) for number in range(COUNT)]]
    worked_on(write_bag(tmp_path / 'in', lines), tmp_path / 'out', said, params=params)
    assert any('raise max_depth_dt, or record the two' in line for line in said), said
    assert not [line for line in said if 'depth_wait' in line or 'start the' in line]


@pytest.mark.parametrize('late_ms', [-500.0, 0.0, 700.0])
def test_depth_is_found_by_its_stamp(tmp_path: Path, late_ms: float) -> None:
    lines = [line for n in range(COUNT) for line in (raw(n), info(n))]
    lines += [depth(number, late_ms, 1000 + 100 * number) for number in range(COUNT)]
    source = write_bag(tmp_path / 'in', in_log_order(lines))
    said: list[str] = []
    params = replace(FAKE, depth=True)
    worked_on(source, tmp_path / 'out', said, params=params)
    assert said == [
        f'{DEPTH} is depth (16UC1): no people are looked for in it',
        f'depth is taken from {DEPTH}',
    ]
    # The hips are a little behind the surface.
    surfaces = 1.0 + 0.1 * np.arange(COUNT)
    assert distances(tmp_path / 'out') == pytest.approx(surfaces + 0.13, abs=0.045)


def test_depth_further_off_than_a_second_is_none(tmp_path: Path) -> None:
    lines = [line for n in range(COUNT) for line in (raw(n), info(n), depth(n, 1500.0, 1000))]
    params = replace(FAKE, depth=True, monocular_distance=False)
    worked_on(write_bag(tmp_path / 'in', in_log_order(lines)), tmp_path / 'out', params=params)
    assert np.isnan(distances(tmp_path / 'out')).all()


def test_depth_has_to_be_there(tmp_path: Path) -> None:
    params = replace(FAKE, depth=True)
    two = [raw(0), depth(0, 0, 1000, '/a/depth'), depth(0, 0, 2000, '/b/depth')]
    source = write_bag(tmp_path / 'in', two)
    with pytest.raises(ParameterError, match=r'-r depth_image:=TOPIC; .*: /a/depth, /b/depth$'):
        worked_on(source, tmp_path / 'out', params=params)
    names = Names.from_rules('openpose', ['depth_image:=/nowhere'])
    with pytest.raises(ParameterError, match='has no depth on /nowhere'):
        worked_on(source, tmp_path / 'out', params=params, names=names)


def test_depth_of_each_camera_is_named(tmp_path: Path) -> None:
    lines: list[Line] = []
    for number in range(COUNT):
        for side, far in (('left', 1000), ('right', 2000)):
            lines += [
                raw(number, f'/{side}/image'),
                info(number, topic=f'/{side}/camera_info'),
                depth(number, 0, far, f'/{side}/depth/image'),
                info(number, topic=f'/{side}/depth/camera_info'),
            ]
    rules = [f'{side}/depth_image:=/{side}/depth/image' for side in ('left', 'right')]
    worked_on(
        write_bag(tmp_path / 'in', lines),
        tmp_path / 'out',
        params=replace(FAKE, depth=True),
        names=Names.from_rules('openpose', rules),
    )
    left = distances(tmp_path / 'out', '/openpose/left/persons')
    right = distances(tmp_path / 'out', '/openpose/right/persons')
    assert len(left) == len(right) == COUNT
    assert np.subtract(right, left) == pytest.approx(np.full(COUNT, 1.0), abs=0.05)


@pytest.mark.parametrize('late_ms', [0.0, 500.0])
def test_calibration_that_comes_once_holds(tmp_path: Path, late_ms: float) -> None:
    lines = [raw(number) for number in range(100)] + [info(0, late_ms)]
    worked_on(write_bag(tmp_path / 'in', in_log_order(lines)), tmp_path / 'out')
    assert not np.isnan(distances(tmp_path / 'out')).any()


@pytest.mark.parametrize('static', [True, False])
def test_frames_are_known_whenever_they_came(tmp_path: Path, static: bool) -> None:
    lines = [line for n in range(COUNT) for line in (raw(n), info(n))]
    end_ns = lines[-1].log_ns
    if static:  # said at the very end
        lines += [transform(0, end_ns + 1, 5.0, '/tf_static')]
    else:  # one before all, one behind, half a second late
        late_ns = end_ns + 500 * MS
        lines += [transform(START_NS - 1, START_NS, 5.0), transform(end_ns, late_ns, 5.0)]
    source = write_bag(tmp_path / 'in', in_log_order(lines))
    said: list[str] = []
    worked_on(source, tmp_path / 'out', said, params=replace(FAKE, target_frame='map'))
    assert said == []
    poses = read_bag(tmp_path / 'out', '/openpose/person_pose')
    assert len(poses) == COUNT
    assert {one.message.header.frame_id for one in poses} == {'map'}
    assert all(one.message.pose.position.x > 3 for one in poses)


@pytest.mark.parametrize('topic', ['/tf', '/tf_static'])
def test_what_is_no_transform_is_told(tmp_path: Path, topic: str) -> None:
    lines = [line for n in range(COUNT) for line in (raw(n), info(n))]
    lines += [transform(START_NS - 1, START_NS, float('nan'), topic)]
    said: list[str] = []
    source = write_bag(tmp_path / 'in', in_log_order(lines))
    worked_on(source, tmp_path / 'out', said, params=replace(FAKE, target_frame='map'))
    told = [line for line in said if line.startswith('what is no transform is left out: ')]
    assert len(told) == 1, said


def message(stamp: int) -> Any:
    return CLASSES.CameraInfo(**{**vars(info(0).message), 'header': header(stamp)})


def test_nearest_is_looked_for_within_a_second() -> None:
    around = Around()
    second = 10**9
    for at in (10, 11, 12):
        around.add(message(at * second), at * second)
    assert around.nearest(11 * second, 11 * second).header.stamp.sec == 11
    assert around.nearest(12 * second, 11 * second).header.stamp.sec == 12
    assert around.nearest(0, 13 * second).header.stamp.sec == 12
    assert around.nearest(12 * second, 14 * second) is None


def test_last_one_holds_on_where_it_is_to() -> None:
    around = Around(lasts=True)
    around.add(message(5), 10**9)
    assert around.nearest(0, 100 * 10**9).header.stamp.nanosec == 5
    assert around.nearest(0, 200 * 10**9).header.stamp.nanosec == 5


def test_frames_of_people_are_replaced_and_others_copied(tmp_path: Path) -> None:
    """The frames of an earlier run would be people who stand beside those that are found now."""
    lines = [raw(number) for number in range(3)]
    for number, children in enumerate((('camera', 'body_old1'), ('body_old1',), ('base',))):
        lines.append(transform(START_NS, lines[number].log_ns - 1, 1.5, children=children))
    source = write_bag(tmp_path / 'in', in_log_order(lines))
    before = [one.message for one in read_bag(source, '/tf')]

    def children(name: str) -> list[list[str]]:
        found = read_bag(tmp_path / name, '/tf')
        return [[one.child_frame_id for one in each.message.transforms] for each in found]

    said: list[str] = []
    worked_on(source, tmp_path / 'kept', said, copied=('*',))
    assert [one.message for one in read_bag(tmp_path / 'kept', '/tf')] == before
    assert not any('/tf' in line for line in said)
    params = replace(FAKE, publish_tf=True, tracking=True)
    worked_on(source, tmp_path / 'new', said, copied=('*',), params=params)
    found = [each for each in children('new') if not each or not each[0].startswith('body_')]
    assert found == [['camera'], ['base']]
    assert not any('body_old1' in each for each in children('new'))
    assert read_bag(tmp_path / 'new', '/tf')[0].message.transforms[0] == before[0].transforms[0]
    line = '/tf: frames of people are not copied, since publish_tf writes new ones'
    assert said.count(line) == 1
