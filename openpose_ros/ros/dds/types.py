"""
ROS message types for Cyclone DDS.

Cyclone gets a type made from the same fields, because it checks the bytes of others against it;
packing and unpacking are the type store's, which are several times faster on images.
"""

from __future__ import annotations

from functools import cache
import struct
from typing import Any

from cyclonedds.idl import IdlStruct, types
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError

from openpose_ros.ros.types.store import DEFAULT_DISTRO, MessageTypes

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


class RosTypes(MessageTypes):
    """
    The message types of one ROS distribution, and ours, with what Cyclone needs of them.

    Parameters and attributes are those of `MessageTypes`.
    """

    def __init__(self, distro: str = DEFAULT_DISTRO) -> None:
        super().__init__(distro)
        self._structs: dict[str, type[IdlStruct]] = {}

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
