"""What is to be done with a bag: which images are looked at, with what, and what is copied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
import zlib

from openpose_ros.bags.contents import LAST_NS, Channel, Complaints, Key, Message
from openpose_ros.bags.options import BagOptions
from openpose_ros.bags.reading import Bag
from openpose_ros.bags.recording import World
from openpose_ros.bags.topics import find_cameras
from openpose_ros.bags.viewing import WARN_EVERY_S, Viewing
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.rules import unused_rules
from openpose_ros.ros.node.throttle import Throttle, Warnings
from openpose_ros.ros.node.transport import OUTPUT_TYPES
from openpose_ros.ros.types.store import MessageTypes, message_types
from openpose_ros.spatial import TransformBuffer
from openpose_ros.tracking.identities import Names as Ids

_TRANSFORMS = 'tf2_msgs/msg/TFMessage'
_MOVING, _STATIC = '/tf', '/tf_static'


@dataclass(frozen=True)
class Plan:
    """
    What is to be done with a bag.

    Attributes
    ----------
    bag : Bag
    params : NodeParams
        The node's, as they hold for a bag.
    types : MessageTypes
        Define what is read and written.
    world : World
        What cameras have in common.
    viewings : mapping of (str, str) to Viewing
        By the topics that are looked at.
    frames : frozenset of (str, str)
        Topics of transforms, those that are wanted.
    copied : sequence of Channel
        What is copied as it is.
    bodies : frozenset of (str, str)
        Those of them on which people's frames are replaced.
    start_ns, stop_ns : int
        The range of the log, nanoseconds.

    """

    bag: Bag
    params: NodeParams
    types: MessageTypes
    world: World
    viewings: Mapping[Key, Viewing]
    frames: frozenset[Key]
    copied: Sequence[Channel]
    bodies: frozenset[Key]
    start_ns: int
    stop_ns: int

    @property
    def seconds(self) -> float:
        """How long the log is that is worked on."""
        return max(0, min(self.stop_ns, self.bag.end_ns + 1) - self.start_ns) / 1e9

    @property
    def images(self) -> int:
        """How many were looked at so far."""
        return sum(view.count for view in self.viewings.values())

    def learn_statics(self, unpack: Callable[[Message], Any]) -> list[Key]:
        """Read all transforms that do not change; return their topics."""
        statics = [key for key in self.frames if key[0] == _STATIC]
        for raw in self.bag.messages(statics) if statics else ():
            message = unpack(raw)
            if message is not None:
                self.world.learn(message, static=True)
        return statics


def plan_of(bag: Bag, options: BagOptions, complain: Complaints) -> Plan:
    """
    Return what is to be done with a bag; what has no effect on it is said.

    Raises
    ------
    ParameterError
        If it has no such topics.
    SourceError
        If it has no images.

    """
    if options.without_effect:
        complain.mention(
            f'{", ".join(options.without_effect)}: without effect on a bag, of which no image '
            'is dropped'
        )
    types, params = message_types(options.distro), options.effective
    warn = Warnings(lambda _, text: complain.mention(text), Throttle(WARN_EVERY_S))
    world = World(types, TransformBuffer(), warn)
    given, wanted = options.names.resolve('image'), options.topics
    if not wanted and any(given == new for _, new in options.names.rules):
        wanted = (given,)  # -r image:=TOPIC
    cameras = find_cameras(bag, wanted, types, complain)
    shared = ('image',) if wanted == (given,) else ()
    if line := unused_rules(options.names, [camera.name for camera in cameras], shared):
        complain.mention(line)
    start_ns, stop_ns = bag.start_ns + round(options.start_s * 1e9), LAST_NS
    if options.duration_s is not None:
        stop_ns = start_ns + round(options.duration_s * 1e9)
    ids = Ids(_seed(bag, options, cameras[0].topic))
    viewings: dict[Key, Viewing] = {}
    bodies = None
    for camera in cameras:
        view = Viewing(camera, bag, world, options, ids.next, complain.mention, bodies)
        viewings[camera.channel.key], bodies = view, view.bodies
    frames: frozenset[Key] = frozenset()
    if params.depth or params.target_frame:
        frames = frozenset(one.key for one in bag.channels if one.type_name == _TRANSFORMS)
    ours = {view.resolve(f'~/{output}') for view in viewings.values() for output in OUTPUT_TYPES}
    alike = [
        one
        for one in bag.channels
        if any(fnmatchcase(one.topic, pattern) for pattern in options.copied)
    ]
    copied = [one for one in alike if one.topic not in ours]
    if replaced := sorted({one.topic for one in alike if one.topic in ours and one.total}):
        complain.mention(
            f'{", ".join(replaced)}: not copied, since a node of this name published them before; '
            'another --node-name keeps them'
        )
    for pattern in options.copied:
        if not any(fnmatchcase(one.topic, pattern) for one in bag.channels):
            complain.mention(
                f"no topic looks like '{pattern}', and nothing is copied by it; {bag.path} has "
                f'{", ".join(sorted({one.topic for one in bag.channels}))}'
            )
    frame_topics = {view.resolve(_MOVING) for view in viewings.values() if params.publish_tf}
    of_people = frozenset(
        one.key for one in copied if one.topic in frame_topics and one.type_name == _TRANSFORMS
    )
    return Plan(bag, params, types, world, viewings, frames, copied, of_people, start_ns, stop_ns)


def _seed(bag: Bag, options: BagOptions, topic: str) -> int:
    """Return what chooses the letters of ids: the same in every run on the same bag."""
    if options.seed is not None:
        return options.seed
    return zlib.crc32(f'{topic} {bag.start_ns}'.encode())
