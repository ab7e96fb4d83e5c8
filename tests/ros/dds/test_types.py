"""Our messages from their definitions: packed, unpacked, and hashed as ROS 2 does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import openpose_ros
from openpose_ros.errors import TransportError
from openpose_ros.ros import types
from openpose_ros.ros.dds.types import RosTypes, load_types
from openpose_ros.ros.types.store import OUR_MESSAGES, read_definitions

# What rosidl of ROS 2 Jazzy wrote into share/openpose_ros/msg/*.json. They change only with the
# definitions, and then every bag and every other node has to know.
HASHES = {
    'Gestures': 'RIHS01_973e94f49fb0abf0dfb7213d93e4d5443e2e3cbce9ac2a820fe06b1d1526dafd',
    'Keypoint': 'RIHS01_44ec4ead589eba526f934c811fb9419ef898d9cff59f9a8f7e5afc005d9a7a46',
    'Person': 'RIHS01_3ad1a5002116df04368ca85a10122c565b8d886a5bd8a4f748c82ce423d1f980',
    'PersonArray': 'RIHS01_afd57e80c6a79196b2839d73724e871df5d2916fec39e7a4d03c208c5c2d45af',
    'Skeleton': 'RIHS01_586fef741b5f905e9a1d1553fcf28c5385b261696e2148bfc61d8dcf0879d3ab',
    'SkeletonInfo': 'RIHS01_e2c5059eb80ae987e65c241ff62a99c37f244e5ee93cab97e29a859dfa085120',
}


@pytest.mark.parametrize('name', OUR_MESSAGES)
def test_type_hash_is_that_of_rosidl(name: str) -> None:
    assert load_types().type_hash(f'openpose_ros/msg/{name}') == HASHES[name]


# What rosidl of ROS 2 Jazzy made of the packages' own sources.
HASHES_OF_OTHERS = {
    'hri_msgs/msg/IdsList': (
        'RIHS01_7e0812d1ac945c98fd3e393568d581ad0ab567f37b24eff633eab778c1bfe62d'
    ),
    'hri_msgs/msg/NormalizedRegionOfInterest2D': (
        'RIHS01_2e50c93f1ca166ee77af9a5424dc951ae4e452b740162a7f83c082d917dcaff5'
    ),
    'hri_msgs/msg/Skeleton2D': (
        'RIHS01_1cb61f012db6ca43c48fa0097ccab9a00108ea39323c13f01bb983323c1e3420'
    ),
    'vision_msgs/msg/Detection2DArray': (
        'RIHS01_214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968'
    ),
    'foxglove_msgs/msg/ImageAnnotations': (
        'RIHS01_47c6c0891ba263ec1b20d9b785c4261d4bc41051cbcc01668130e36aa2dcaee3'
    ),
    'tf2_msgs/msg/TFMessage': (
        'RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087'
    ),
}


@pytest.mark.parametrize('name', HASHES_OF_OTHERS)
def test_messages_of_others_are_those_of_their_packages(name: str) -> None:
    package, _, short = name.split('/')
    types = RosTypes()
    assert hasattr(types.package(package), short)
    assert types.type_hash(name) == HASHES_OF_OTHERS[name]
    assert types.package(package) is types.package(package)


@pytest.mark.parametrize('package', ['hri_msgs', 'vision_msgs', 'foxglove_msgs'])
def test_definitions_lie_beside_their_licences(package: str) -> None:
    folder = Path(types.__file__).with_name('definitions')
    assert 'WARRANT' in (folder / package / 'LICENSE').read_text(encoding='utf-8')
    assert f'`{package}`' in (folder / 'README.md').read_text(encoding='utf-8')


@pytest.mark.parametrize(
    'name',
    [
        'openpose_ros/msg/PersonArray',
        'openpose_ros/msg/SkeletonInfo',
        'sensor_msgs/msg/CameraInfo',  # arrays of a fixed size
        'visualization_msgs/msg/MarkerArray',
        'diagnostic_msgs/msg/DiagnosticArray',
        'rmw_dds_common/msg/ParticipantEntitiesInfo',  # bounded strings
    ],
)
def test_cyclone_accepts_the_type(name: str) -> None:
    package, _, short = name.split('/')
    idl = load_types().sample_type(name).__idl__
    idl.populate()
    idl.fill_type_data()
    assert idl.idl_transformed_typename == f'{package}::msg::dds_::{short}_'


def test_sample_survives_packing() -> None:
    types = load_types()
    sample_type = types.sample_type('openpose_ros/msg/Skeleton')
    skeleton = types.classes.Skeleton(
        name='två',
        keypoint_names=['nose', ''],
        limb_from=np.array([0], np.uint16),
        limb_to=np.array([1], np.uint16),
        mirror=np.array([0, 1], np.uint16),
    )
    packed = sample_type(skeleton).serialize()
    assert packed[:2] == b'\x00\x01'  # CDR, little endian
    found = sample_type.deserialize(packed).message
    assert (found.name, found.keypoint_names) == ('två', ['nose', ''])
    assert found.mirror.tolist() == [0, 1]


@pytest.mark.parametrize(
    ('distro', 'size'), [('humble', 24), ('iron', 16), ('jazzy', 16), ('rolling', 16)]
)
def test_gid_is_of_the_distribution(distro: str, size: int) -> None:
    ((_, (_, (_, found))),) = RosTypes(distro).store.fielddefs['rmw_dds_common/msg/Gid'][1]
    assert found == size


def test_humble_has_every_class_that_the_node_asks_for() -> None:
    found = vars(RosTypes('humble').classes)
    assert {'PersonArray', 'Image', 'MarkerArray', 'MeshFile', 'KeyValue', 'Clock'} <= found.keys()


def test_missing_definitions_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpose_ros, '__path__', ['/nowhere/openpose_ros'])
    with pytest.raises(TransportError, match=r'no share/openpose_ros/msg/ above .*; install'):
        read_definitions()
