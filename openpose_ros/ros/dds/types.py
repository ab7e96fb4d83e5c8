"""
ROS message types without a ROS installation: definitions, CDR, type hashes, DDS types.

The definitions of the standard messages and the CDR functions are those of rosbags' type stores;
our own messages are read from the .msg files, which are their only definition. Cyclone DDS gets a
type made from the same fields, because it checks the bytes of others against it; packing and
unpacking are the type store's, which are several times faster on images.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
import struct
from types import SimpleNamespace
from typing import Any

from cyclonedds.idl import IdlStruct, types
import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import openpose_ros
from openpose_ros.errors import TransportError

DEFAULT_DISTRO = 'jazzy'
OUR_MESSAGES = ('Gestures', 'Keypoint', 'Person', 'PersonArray', 'Skeleton', 'SkeletonInfo')
_DEFINITIONS = Path(__file__).with_name('definitions')
# Whose messages have a short name in `RosTypes.classes`.
_PACKAGES = frozenset(
    {
        'builtin_interfaces',
        'diagnostic_msgs',
        'geometry_msgs',
        'openpose_ros',
        'rmw_dds_common',
        'rosgraph_msgs',
        'sensor_msgs',
        'std_msgs',
        'visualization_msgs',
    }
)
_BASES: dict[str, Any] = {
    'bool': bool,
    'byte': types.uint8,
    'char': types.uint8,
    'int8': types.int8,
    'uint8': types.uint8,
    'int16': types.int16,
    'uint16': types.uint16,
    'int32': types.int32,
    'uint32': types.uint32,
    'int64': types.int64,
    'uint64': types.uint64,
    'float32': types.float32,
    'float64': types.float64,
}


class RosTypes:
    """
    The message types of one ROS distribution, and ours.

    Parameters
    ----------
    distro : str
        Its name in lower case; one that the installed rosbags does not know is taken for
        DEFAULT_DISTRO.

    Attributes
    ----------
    store : rosbags.typesys.store.Typestore
    classes : namespace
        The message classes by their short names: `classes.Image(header=…, …)`. Every field must
        be given. Sequences and arrays of numbers are NumPy arrays, all others are lists.
        `classes.sequence` is that of `Transport.types`.

    """

    def __init__(self, distro: str = DEFAULT_DISTRO) -> None:
        stores = {store.name: store for store in Stores}
        known = stores.get(f'ROS2_{distro.upper()}', stores[f'ROS2_{DEFAULT_DISTRO.upper()}'])
        self.store = get_typestore(known)
        for name, text in read_definitions().items():
            self.store.register(get_types_from_msg(text, name))
        short_names = {
            name.rpartition('/')[2]: kind
            for name, kind in self.store.types.items()
            if name.partition('/')[0] in _PACKAGES
        }
        self.classes = SimpleNamespace(sequence=np.asarray, **short_names)
        self._structs: dict[str, type[IdlStruct]] = {}
        self._packages: dict[str, SimpleNamespace] = {}

    def package(self, name: str) -> SimpleNamespace:
        """
        Return the message classes of a package of others by their short names.

        Parameters
        ----------
        name : str
            One that the store has, tf2_msgs say, or one of those that lie in definitions/.

        """
        if name not in self._packages:
            for path in sorted((_DEFINITIONS / name / 'msg').glob('*.msg')):
                full = f'{name}/msg/{path.stem}'
                if full not in self.store.types:
                    text = path.read_text(encoding='utf-8')
                    self.store.register(get_types_from_msg(text, full))
            self._packages[name] = SimpleNamespace(
                **{
                    full.rpartition('/')[2]: kind
                    for full, kind in self.store.types.items()
                    if full.startswith(f'{name}/msg/')
                }
            )
        return self._packages[name]

    def sample_type(self, name: str) -> type[Any]:
        """
        Return the class of what Cyclone writes and reads: an envelope around a message.

        Parameters
        ----------
        name : str
            The type as ROS calls it, 'sensor_msgs/msg/Image'.

        Returns
        -------
        type
            Made with a message, which is its attribute `message`; None where Cyclone tells only
            that a writer went away.

        """
        if name not in self._structs:
            self._structs[name] = self._struct(name)
        return self._structs[name]

    def type_hash(self, name: str) -> str:
        """Return the hash that ROS 2 nodes compare since Iron (REP-2016): 'RIHS01_…'."""
        return str(self.store.hash_rihs01(name))

    def _struct(self, name: str) -> type[IdlStruct]:
        store = self.store
        store.get_msgdef(name)  # makes the CDR functions now, not when a first message waits
        package, _, short = name.split('/')
        scoped = f'{package}.msg.dds_.{short}_'  # Cyclone makes :: of each dot

        class Sample(IdlStruct, typename=scoped):  # type: ignore[call-arg, misc]
            def __init__(self, message: Any) -> None:
                self.message = message

            def serialize(self, *_: Any, **__: Any) -> bytes:
                return bytes(store.serialize_cdr(self.message, name))

            @classmethod
            def deserialize(cls, data: bytes, *_: Any, **__: Any) -> Any:
                try:
                    return cls(store.deserialize_cdr(data, name))
                except (struct.error, ValueError) as exc:  # as newer rosbags do
                    raise SerdeError(str(exc)) from exc

            @classmethod
            def deserialize_key(cls, data: bytes, *_: Any, **__: Any) -> Any:
                return cls(None)  # ROS types have no key

        _, fields = store.fielddefs[name]
        Sample.__annotations__.update({field: self._idl(kind) for field, kind in fields})
        return Sample

    def _idl(self, kind: Any) -> Any:
        """Return the type of a field in Cyclone's terms."""
        tag, content = kind
        if tag == Nodetype.NAME:
            return self.sample_type(content)
        if tag == Nodetype.ARRAY:
            return types.array[self._idl(content[0]), content[1]]
        if tag == Nodetype.SEQUENCE:
            limit = content[1:] if content[1] else ()
            return types.sequence[(self._idl(content[0]), *limit)]
        base, limit = content
        if base == 'string':
            return types.bounded_str[limit] if limit else str
        return _BASES[base]


def ros_type(name: str) -> str:
    """Return ROS's name of a type on the wire: 'sensor_msgs::msg::dds_::Image_' is an Image."""
    package, *_, kind = name.split('::')
    return f'{package}/msg/{kind.removesuffix("_")}'


@cache
def load_types(distro: str = DEFAULT_DISTRO) -> RosTypes:
    """Return the types of a distribution."""
    return RosTypes(distro)


def read_definitions() -> Mapping[str, str]:
    """
    Return the text of our messages by their full names, 'openpose_ros/msg/Person'.

    They lie in msg/ of a source tree, and in share/openpose_ros/msg/ of whatever pip or colcon
    installed the package into.

    Raises
    ------
    TransportError
        If the installation lacks them.

    """
    above = [parent for path in openpose_ros.__path__ for parent in Path(path).parents]
    places = [Path(path).parent / 'msg' for path in openpose_ros.__path__]
    places += [parent / 'share/openpose_ros/msg' for parent in above]
    for place in places:
        if (place / 'PersonArray.msg').is_file():
            return {
                f'openpose_ros/msg/{name}': (place / f'{name}.msg').read_text(encoding='utf-8')
                for name in OUR_MESSAGES
            }
    raise TransportError(
        f'the message definitions are missing: no share/openpose_ros/msg/ above {above[0]}; '
        'install the package again'
    )
