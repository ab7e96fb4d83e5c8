"""A bag with the people of another's images: nothing is dropped, and nothing is invented."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.interfaces import QosDurability, QosHistory, QosReliability
from rosbags.rosbag2 import CompressionMode, Reader

from openpose_ros.bags.source import bag_sources
from openpose_ros.bags.writing import offered
from openpose_ros.errors import ParameterError, SourceError
from openpose_ros.people import People
from openpose_ros.ros.messages.people import persons_message
from openpose_ros.ros.node.names import Names
from openpose_ros.skeletons import load_skeleton
from tests.bags.making import (
    CLASSES,
    DELAY_NS,
    FAKE,
    IMAGE,
    PERIOD_NS,
    PERSONS,
    START_NS,
    TYPES,
    Line,
    header,
    packed,
    picture,
    raw,
    read_bag,
    stamp_ns,
    text,
    topics_of,
    worked_on,
    write_bag,
)

COUNT = 12
VIDEO = 'foxglove_msgs/msg/CompressedVideo'


@pytest.mark.parametrize(
    ('storage', 'mode'),
    [
        ('mcap', CompressionMode.NONE),
        ('mcap', CompressionMode.STORAGE),
        ('sqlite3', CompressionMode.NONE),
        ('sqlite3', CompressionMode.MESSAGE),
        ('sqlite3', CompressionMode.FILE),
        ('mcap', CompressionMode.FILE),
    ],
)
@pytest.mark.parametrize('image', [raw, packed])
def test_every_image_gets_its_people(
    tmp_path: Path, storage: str, mode: CompressionMode, image: Any
) -> None:
    lines: list[str] = []
    source = write_bag(tmp_path / 'in', map(image, range(COUNT)), storage=storage, mode=mode)
    report = worked_on(source, tmp_path / 'out', lines)
    assert (report.images, report.failed, report.most, lines) == (COUNT, 0, 3, [])
    assert report.is_whole
    assert report.place == tmp_path / 'out'
    found = read_bag(tmp_path / 'out', '/openpose/persons')
    stamps = [START_NS + number * PERIOD_NS for number in range(COUNT)]
    assert [stamp_ns(one.message) for one in found] == stamps
    assert [one.log_ns for one in found] == [stamp + DELAY_NS for stamp in stamps]
    assert {one.message.header.frame_id for one in found} == {'camera'}
    assert {len(one.message.persons) for one in found} == {3}
    assert {(one.message.image_width, one.message.image_height) for one in found} == {(64, 48)}
    with Reader(tmp_path / 'out') as reader:
        (file,) = [path.suffix for path in (tmp_path / 'out').iterdir() if path.suffix != '.yaml']
        assert file == {'mcap': '.mcap', 'sqlite3': '.db3'}[storage]
        assert reader.message_count == len(read_bag(tmp_path / 'out'))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in', 'out']


def test_skeleton_is_said_once_with_the_first_image(tmp_path: Path) -> None:
    worked_on(write_bag(tmp_path / 'in', map(raw, range(3))), tmp_path / 'out')
    (info,) = read_bag(tmp_path / 'out', '/openpose/skeleton_info')
    assert (info.log_ns, info.message.body.name) == (START_NS + DELAY_NS, 'coco_18')
    assert stamp_ns(info.message) == info.log_ns


@pytest.mark.parametrize(('distro', 'storage'), [('humble', 'sqlite3'), ('jazzy', 'mcap')])
def test_quality_of_service_is_the_nodes(tmp_path: Path, distro: str, storage: str) -> None:
    source = write_bag(tmp_path / 'in', [raw(0)])
    worked_on(source, tmp_path / 'out', distro=distro, storage=storage)
    said = (tmp_path / 'out/metadata.yaml').read_text()
    assert f'version: {dict(humble=8, jazzy=9)[distro]}' in said
    with Reader(tmp_path / 'out') as reader:
        found = {one.topic: one.ext.offered_qos_profiles[0] for one in reader.connections}
    for topic, qos in found.items():
        latched = topic == '/openpose/skeleton_info'
        assert qos.history == QosHistory.KEEP_LAST
        assert qos.reliability == QosReliability.RELIABLE
        assert qos.depth == (1 if latched else 5)
        durability = QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE
        assert qos.durability == durability


def test_raw_and_compressed_of_one_camera_count_as_one(tmp_path: Path) -> None:
    lines = [line for number in range(4) for line in (raw(number), packed(number))]
    worked_on(write_bag(tmp_path / 'in', lines), tmp_path / 'out')
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 4


def test_several_cameras_have_topics_of_their_own(tmp_path: Path) -> None:
    topics = ['/front/image_raw', '/rear/left/image_rect/compressed', '/rear/image_color']
    lines = [
        (packed if topic.endswith('compressed') else raw)(number, topic)
        for number in range(3)
        for topic in topics
    ]
    worked_on(write_bag(tmp_path / 'in', lines), tmp_path / 'out')
    found = topics_of(tmp_path / 'out')
    for name in ('front', 'rear_left', 'rear'):
        assert found[f'/openpose/{name}/persons'] == 3
        assert found[f'/openpose/{name}/skeleton_info'] == 1
    assert '/openpose/persons' not in found


def test_rule_that_no_camera_follows_is_told(tmp_path: Path) -> None:
    topics = ['/front/image_raw', '/rear/image_raw']
    source = write_bag(tmp_path / 'in', [raw(0, topic) for topic in topics])
    lines: list[str] = []
    names = Names.from_rules('openpose', ['camera_info:=/info', '~/front/persons:=/people'])
    worked_on(source, tmp_path / 'out', lines, names=names)
    assert lines == [
        'no camera uses camera_info:=/info: the cameras are front, rear; remap front/camera_info'
    ]
    # What chooses the images is used, and so is each rule of the one camera that is left.
    names = Names.from_rules('openpose', ['image:=/rear/image_raw', 'camera_info:=/info'])
    worked_on(source, tmp_path / 'out2', lines, names=names)
    assert len(lines) == 1


@pytest.mark.parametrize(
    ('topics', 'names'),
    [
        (['/image_raw', '/image_color'], ['image_raw', 'image_color']),  # nothing else is left
        (['/cam/image_raw', '/cam/image_rect'], ['cam_image_raw', 'cam_image_rect']),
        (['/a/b/image', '/a_b/image'], ['a_b_image', 'a_b_image_2']),
    ],
)
def test_cameras_of_like_names_are_told_apart(
    tmp_path: Path, topics: list[str], names: list[str]
) -> None:
    source = write_bag(tmp_path / 'in', [raw(0, topic) for topic in topics])
    worked_on(source, tmp_path / 'out')
    persons = [topic for topic in topics_of(tmp_path / 'out') if topic.endswith('/persons')]
    assert sorted(persons) == sorted(f'/openpose/{name}/persons' for name in names)


def test_what_is_no_picture_is_left_out_with_a_line(tmp_path: Path) -> None:
    depth = raw(0, '/depth/image_raw')
    depth.message.encoding, depth.message.step = '16UC1', 128
    depth.message.data = np.zeros(48 * 128, np.uint8)
    floats = raw(0, '/depth/floats')
    floats.message.encoding = '32FC1'
    packed_depth = packed(0, '/depth/image_raw/compressedDepth')
    lines: list[str] = []
    source = write_bag(tmp_path / 'in', [raw(0), depth, floats, packed_depth])
    report = worked_on(source, tmp_path / 'out', lines)
    assert report.is_whole
    assert sorted(lines) == [
        '/depth/floats is depth (32FC1): no people are looked for in it',
        '/depth/image_raw is depth (16UC1): no people are looked for in it',
        '/depth/image_raw/compressedDepth is depth: no people are looked for in it',
    ]
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 1


@pytest.mark.parametrize('asked', ['/front/image_raw', '/front/image_raw/compressed'])
def test_topic_is_chosen(tmp_path: Path, asked: str) -> None:
    lines = [packed(0, '/front/image_raw/compressed'), raw(0, '/rear/image_raw')]
    source = write_bag(tmp_path / 'in', lines)
    worked_on(source, tmp_path / 'out', topics=(asked,))
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 1
    rules = Names.from_rules('openpose', [f'image:={asked}'])
    worked_on(source, tmp_path / 'again', names=rules)
    assert read_persons(tmp_path / 'again') == read_persons(tmp_path / 'out')


def test_topics_that_are_not_there_are_refused(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', [raw(0), text(0)])
    with pytest.raises(ParameterError, match=r"'/nothing' has no images .*: /camera/image_raw$"):
        worked_on(source, tmp_path / 'out', topics=('/nothing',))
    empty = write_bag(tmp_path / 'empty', [text(0)])
    with pytest.raises(SourceError, match=r'no images .* its topics: /notes \(std_msgs'):
        worked_on(empty, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def read_persons(path: Path) -> list[bytes]:
    """Return the arrays as they lie in a bag."""
    with Reader(path) as reader:
        chosen = [one for one in reader.connections if one.msgtype == PERSONS]
        return [bytes(data) for _, _, data in reader.messages(chosen)]


def test_outputs_are_called_as_a_nodes(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', [raw(0)])
    names = Names.from_rules('finder', ['~/persons:=/who', '__ns:=/robot'])
    worked_on(source, tmp_path / 'out', names=names)
    assert {'/who', '/robot/finder/skeleton_info'} <= topics_of(tmp_path / 'out').keys()


def test_failing_images_are_counted_and_leave_no_array(tmp_path: Path) -> None:
    broken = packed(1, data=b'no picture at all')
    odd = packed(2, data=b'no picture at all')
    lines: list[str] = []
    source = write_bag(tmp_path / 'in', [packed(0), broken, odd, packed(3)])
    report = worked_on(source, tmp_path / 'out', lines)
    assert (report.images, report.failed, report.is_whole) == (4, 2, False)
    assert len(lines) == 1
    assert lines[0].startswith('/camera/image_raw/compressed: an image has no people: ')
    found = read_bag(tmp_path / 'out', '/openpose/persons')
    assert [one.log_ns for one in found] == [packed(0).log_ns, packed(3).log_ns]


def test_range_of_the_log_is_chosen(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(raw, range(COUNT)))
    worked_on(source, tmp_path / 'out', start_s=2 * PERIOD_NS / 1e9, duration_s=0.1)
    found = read_bag(tmp_path / 'out', '/openpose/persons')
    assert [one.log_ns for one in found] == [raw(number).log_ns for number in (2, 3, 4, 5)]


def test_range_without_images_is_told(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', map(raw, range(COUNT)))
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines, start_s=100.0)
    assert (report.images, report.is_whole) == (0, False)
    assert lines == [f'{source} has no image in that part of its log, which is of 0.4 s']
    assert topics_of(tmp_path / 'out') == {'/openpose/persons': 0}


def test_parameters_that_drop_images_have_no_effect(tmp_path: Path) -> None:
    params = replace(FAKE, max_rate=1.0, max_age=0.001, enabled=False, lazy=True)
    lines: list[str] = []
    source = write_bag(tmp_path / 'in', map(raw, range(COUNT)))
    report = worked_on(source, tmp_path / 'out', lines, params=params)
    assert (report.images, report.failed) == (COUNT, 0)
    assert lines == [
        'enabled, lazy, max_rate, max_age: without effect on a bag, of which no image is dropped'
    ]


def test_cameras_of_a_node_have_no_effect(tmp_path: Path) -> None:
    cameras = {'cameras': ('front', 'left'), 'target_camera': 'left'}
    params = replace(FAKE, overrides={'front.rotate': 90}, **cameras)
    lines: list[str] = []
    source = write_bag(tmp_path / 'in', map(raw, range(COUNT)))
    report = worked_on(source, tmp_path / 'out', lines, params=params)
    assert (report.images, report.failed) == (COUNT, 0)
    (line,) = lines
    assert {'cameras', 'target_camera', 'front.rotate'} == set(line.partition(':')[0].split(', '))
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == COUNT


def test_two_runs_write_the_same(tmp_path: Path) -> None:
    params = replace(FAKE, tracking=True, hri=True, gestures=True, detections=True)
    source = write_bag(tmp_path / 'in', map(raw, range(COUNT)))
    found = []
    for name in ('one', 'two'):
        worked_on(source, tmp_path / name, params=params, annotations=True)
        with Reader(tmp_path / name) as reader:
            found.append(
                [(one.topic, log_ns, bytes(data)) for one, log_ns, data in reader.messages()]
            )
    assert found[0] == found[1]
    persons = [one.message for one in read_bag(tmp_path / 'one', '/openpose/persons')]
    ids = [person.id for person in persons[-1].persons]
    assert all(ids)
    assert len(set(ids)) == 3
    assert topics_of(tmp_path / 'one')['/openpose/image_annotations'] == COUNT
    assert topics_of(tmp_path / 'one')['/openpose/detections'] == COUNT
    worked_on(source, tmp_path / 'seeded', params=params, seed=7)
    seeded = read_bag(tmp_path / 'seeded', '/openpose/persons')[-1].message
    assert {person.id[:3] for person in seeded.persons} != {ids[0][:3]}


def test_topics_are_copied_as_they_are(tmp_path: Path) -> None:
    lines: list[Line] = []
    for number in range(4):
        lines += [raw(number), text(number, qos=offered(latched=True)), text(number, '/other')]
    lines += [Line('/openpose/persons', *text(0)[1:])]  # of an earlier run, say
    source = write_bag(tmp_path / 'in', lines, storage='sqlite3')
    worked_on(source, tmp_path / 'all', copied=('*',), storage='mcap')
    found = read_bag(tmp_path / 'all', '/notes')
    assert [one.message.data for one in found] == [f'note {number}' for number in range(4)]
    assert [one.log_ns for one in found] == [text(number).log_ns for number in range(4)]
    assert topics_of(tmp_path / 'all')['/camera/image_raw'] == 4
    assert topics_of(tmp_path / 'all')['/openpose/persons'] == 4
    with Reader(tmp_path / 'all') as reader:
        qos = {one.topic: one.ext.offered_qos_profiles for one in reader.connections}
    assert qos['/notes'] == list(offered(latched=True))
    assert qos['/other'] == []
    worked_on(source, tmp_path / 'some', copied=('/no*',))
    assert topics_of(tmp_path / 'some').keys() & {'/notes', '/other', '/camera/image_raw'} == {
        '/notes'
    }


def test_image_without_stamp_is_of_the_log(tmp_path: Path) -> None:
    lines = []
    for number in range(COUNT):
        line = raw(number)
        line.message.header.stamp = CLASSES.Time(sec=0, nanosec=0)
        lines.append(line)
    worked_on(
        write_bag(tmp_path / 'in', lines), tmp_path / 'out', params=replace(FAKE, tracking=True)
    )
    found = read_bag(tmp_path / 'out', '/openpose/persons')
    assert {stamp_ns(one.message) for one in found} == {0}
    assert all(person.id for person in found[-1].message.persons)  # time went on, for the tracker


def test_json_gets_each_image(tmp_path: Path) -> None:
    from openpose_ros.bags.options import BagOptions
    from openpose_ros.bags.work import process_bag
    from tests.bags.making import estimator

    source = write_bag(tmp_path / 'in', map(raw, range(3)))
    got: list[tuple[str, int, float | None, int]] = []
    process_bag(
        source,
        tmp_path / 'out',
        estimator(),
        BagOptions(params=FAKE),
        on_people=lambda frame, people: got.append(
            (frame.source, frame.index, frame.stamp_s, len(people))
        ),
    )
    stamps = [(START_NS + number * PERIOD_NS) / 1e9 for number in range(3)]
    assert got == [(f'{source}:/camera/image_raw', n, stamps[n], 3) for n in range(3)]


def old_people(number: int, topic: str) -> Line:
    """Return what an earlier node found in the image of a number: nobody."""
    image = raw(number)
    people = People.empty(load_skeleton('coco_18'))
    message = persons_message(CLASSES, people, image.message.header, (64, 48))
    return Line(topic, PERSONS, image.log_ns, message)


@pytest.mark.parametrize('place', ['/openpose', '/robot/eyes/front'])
def test_what_a_node_published_is_no_camera(tmp_path: Path, place: str) -> None:
    """Of a record of all topics, the node's drawings are not looked at."""
    drawn = f'{place}/image_annotated'
    source = tmp_path / 'in'
    write_bag(
        source,
        [
            raw(0),
            raw(1),
            *(raw(number, drawn) for number in range(3)),
            packed(3, f'{drawn}/compressed'),
            old_people(0, f'{place}/persons'),
        ],
    )
    lines: list[str] = []
    report = worked_on(source, tmp_path / 'out', lines, copied=('*',))
    assert report.images == 2
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 2
    assert [line for line in lines if f'{drawn} is left out: it is what a node drew' in line]
    assert worked_on(source, tmp_path / 'drawn', topics=(drawn,)).images == 3
    frames = [frame for camera in bag_sources(source) for frame in camera.frames()]
    assert len(frames) == 2


def test_a_picture_of_that_name_without_people_is_one(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', [raw(0, '/openpose/image_annotated')])
    assert worked_on(source, tmp_path / 'out').images == 1


def test_people_that_are_replaced_are_told(tmp_path: Path) -> None:
    source = write_bag(tmp_path / 'in', [raw(0), raw(1), old_people(0, '/openpose/persons')])
    lines: list[str] = []
    worked_on(source, tmp_path / 'out', lines, copied=('*',))
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 2
    assert any(line.startswith('/openpose/persons: not copied, since') for line in lines), lines
    worked_on(source, tmp_path / 'both', copied=('*',), names=Names('again'))
    topics = topics_of(tmp_path / 'both')
    assert (topics['/openpose/persons'], topics['/again/persons']) == (1, 2)


def test_names_of_bags_are_paths_too(tmp_path: Path) -> None:
    from openpose_ros.bags import BagOptions, process_bag
    from tests.bags.making import estimator

    source, out = str(write_bag(tmp_path / 'in', [raw(0)])), str(tmp_path / 'out')
    assert process_bag(source, out, estimator(), BagOptions(params=FAKE)).is_whole
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 1


def test_what_is_no_estimator_is_told(tmp_path: Path) -> None:
    from openpose_ros.bags import process_bag

    nothing: Any = None
    source = write_bag(tmp_path / 'in', [raw(0)])
    with pytest.raises(ParameterError, match='the estimator is a NoneType, but must be'):
        process_bag(source, tmp_path / 'out', nothing)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['in']


def test_two_images_at_one_time_are_two(tmp_path: Path) -> None:
    same = [raw(0), raw(0, pixels=picture(10))]
    worked_on(write_bag(tmp_path / 'in', same), tmp_path / 'out')
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 2


def test_video_is_left_out_with_a_line(tmp_path: Path) -> None:
    from rosbags.typesys import get_types_from_msg

    definition = (
        'builtin_interfaces/Time timestamp\nstring frame_id\nuint8[] data\nstring format\n'
    )
    store = TYPES.store
    if VIDEO not in store.fielddefs:
        store.register(get_types_from_msg(definition, VIDEO))
    video = store.types[VIDEO](
        timestamp=header(START_NS).stamp, frame_id='', data=np.zeros(3, np.uint8), format='h264'
    )
    lines: list[str] = []
    source = write_bag(tmp_path / 'in', [raw(0), Line('/video', VIDEO, START_NS, video)])
    assert worked_on(source, tmp_path / 'out', lines).is_whole
    assert lines == [f'/video is left out: {VIDEO} is video, not images']


def test_image_of_unknown_encoding_is_told(tmp_path: Path) -> None:
    odd = raw(0)
    odd.message.encoding = 'secret'
    lines: list[str] = []
    report = worked_on(write_bag(tmp_path / 'in', [odd, raw(1)]), tmp_path / 'out', lines)
    assert (report.images, report.failed) == (2, 1)
    assert "encoding is 'secret'" in lines[0]
    assert topics_of(tmp_path / 'out')['/openpose/persons'] == 1
    assert IMAGE not in lines[0]


def test_bodies_of_several_cameras_are_said_once(tmp_path: Path) -> None:
    lines = [raw(n, topic) for n in range(COUNT) for topic in ('/left/image', '/right/image')]
    params = replace(FAKE, tracking=True, hri=True)
    worked_on(write_bag(tmp_path / 'in', lines), tmp_path / 'out', params=params)
    TYPES.package('hri_msgs')
    last = read_bag(tmp_path / 'out', '/humans/bodies/tracked')[-1]
    ids = {
        person.id
        for camera in ('left', 'right')
        for person in read_bag(tmp_path / 'out', f'/openpose/{camera}/persons')[-1].message.persons
    }
    assert len(ids) == 6  # a person whom two see has two ids
    assert set(last.message.ids) == ids


@pytest.mark.slow
def test_a_long_bag_comes_back_whole_in_little_memory(tmp_path: Path) -> None:
    """Memory is the same after the 500th of 2000 large images and after the last."""
    from openpose_ros.bags.options import BagOptions
    from openpose_ros.bags.work import process_bag
    from tests.bags.making import estimator

    pixels = picture(9, (320, 240))
    source = write_bag(tmp_path / 'in', (raw(n, pixels=pixels) for n in range(2000)))  # 460 MB
    used: list[int] = []

    def on_done(_: object) -> None:
        used.append(int(Path('/proc/self/statm').read_text().split()[1]) * 4096)

    report = process_bag(
        source,
        tmp_path / 'out',
        estimator(),
        BagOptions(params=FAKE, copied=('*',)),
        on_done=on_done,
    )
    assert (report.images, report.failed) == (2000, 0)
    with Reader(tmp_path / 'out') as reader:
        chosen = [one for one in reader.connections if one.topic == '/openpose/persons']
        stamps = [
            stamp_ns(TYPES.store.deserialize_cdr(data, PERSONS))
            for _, _, data in reader.messages(chosen)
        ]
    assert stamps == [START_NS + number * PERIOD_NS for number in range(2000)]
    assert max(used[500:]) < max(used[:500]) + 30e6


@pytest.mark.parametrize(
    ('words', 'feature'),
    [(('bag', 'IN', 'OUT'), 'bag'), (('estimate', 'IN', '--json', 'OUT'), 'a bag')],
)
def test_without_rosbags_it_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    feature: str,
) -> None:
    from openpose_ros.cli import main, network

    source = write_bag(tmp_path / 'in', [raw(0)])
    monkeypatch.setattr(network, 'find_spec', lambda _: None)
    named = {'IN': str(source), 'OUT': str(tmp_path / 'out')}
    assert main([named.get(word, word) for word in words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f'openpose-ros: {feature} needs rosbags, which is not installed; pip ')
