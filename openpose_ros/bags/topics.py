"""Which topics of a bag are the images of cameras, and what belongs to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from openpose_ros.bags.contents import Channel, Complaints
from openpose_ros.bags.reading import Bag
from openpose_ros.commands import command
from openpose_ros.errors import ParameterError, SourceError
from openpose_ros.ros.node.transport import COMPRESSED, IMAGE, OUTPUT_TYPES
from openpose_ros.ros.types.store import MessageTypes

_ENDING, _DEPTH_ENDING = '/compressed', '/compressedDepth'
_VIDEO = 'foxglove_msgs/msg/CompressedVideo'
_LEFT_OUT = ('image', 'image_raw', 'image_rect', 'image_color', 'compressed')
_OF_DEPTH = ('16UC1', '32FC1')


@dataclass(frozen=True)
class Camera:
    """
    A camera of a bag.

    Attributes
    ----------
    name : str
        '' for the only one.
    topic : str
        Of its images, without what follows for compressed ones.
    channel : Channel
        Which messages are looked at.

    """

    name: str
    topic: str
    channel: Channel


def find_cameras(
    bag: Bag, wanted: Sequence[str], types: MessageTypes, complain: Complaints
) -> list[Camera]:
    """
    Return the cameras of a bag.

    Parameters
    ----------
    bag : Bag
        Where they are.
    wanted : sequence of str
        Topics, of raw or of compressed images; none: all that are of colour and no drawings of a
        node like ours.
    types : MessageTypes
        Unpack messages.
    complain : Complaints
        Hears which topics are left out.

    Raises
    ------
    ParameterError
        If a topic that is wanted has no images.
    SourceError
        If no topic has.

    """
    images = [one for one in bag.channels if one.type_name in (IMAGE, COMPRESSED) and one.total]
    groups: dict[str, list[Channel]] = {}
    for channel in images:
        groups.setdefault(_base(channel), []).append(channel)
    if wanted:
        chosen = [_named(topic, groups, bag) for topic in dict.fromkeys(wanted)]
        chosen = [list(group) for group in dict.fromkeys(map(tuple, chosen))]
    else:
        for channel in bag.channels:
            if channel.type_name == _VIDEO:
                complain.mention(f'{channel.topic} is left out: {_VIDEO} is video, not images')
        chosen = [
            group
            for group in groups.values()
            if not _is_drawing(group, bag, complain) and _is_of_colour(group, bag, types, complain)
        ]
    found = [max(group, key=lambda one: (one.total, one.type_name == IMAGE)) for group in chosen]
    if not found:
        topics = ', '.join(f'{one.topic} ({one.type_name})' for one in bag.channels) or 'none'
        raise SourceError(f'{bag.path} has no images to look for people in; its topics: {topics}')
    bases = [_base(channel) for channel in found]
    names = [''] if len(found) == 1 else _names(bases)
    return [Camera(*one) for one in zip(names, bases, found)]


def depth_topics(bag: Bag, types: MessageTypes) -> list[str]:
    """Return the topics of raw depth images."""
    found = []
    for channel in bag.channels:
        if channel.type_name == IMAGE and channel.total:
            message = next(bag.messages([channel.key]), None)
            if message is not None and _encoding(message.data, types) in _OF_DEPTH:
                found.append(channel.topic)
    return found


def _named(topic: str, groups: dict[str, list[Channel]], bag: Bag) -> list[Channel]:
    exact = [one for group in groups.values() for one in group if one.topic == topic]
    found = exact or groups.get(topic)
    if not found:
        known = ', '.join(one.topic for group in groups.values() for one in group) or 'none'
        raise ParameterError(f"'{topic}' has no images in {bag.path}; topics that have: {known}")
    return found


def _is_drawing(group: list[Channel], bag: Bag, complain: Complaints) -> bool:
    """Tell by its name, and by the people beside it, whether a topic is what a node drew."""
    base = _base(group[0])
    place, _, name = base.rpartition('/')
    persons = f'{place}/persons'
    if name != 'image_annotated' or not any(
        one.topic == persons and one.type_name == OUTPUT_TYPES['persons'] for one in bag.channels
    ):
        return False
    complain.mention(
        f'{base} is left out: it is what a node drew, whose people are on {persons}; '
        f'{command("bag")} --topic {base} takes it all the same'
    )
    return True


def _is_of_colour(
    group: list[Channel], bag: Bag, types: MessageTypes, complain: Complaints
) -> bool:
    """Tell by its name and its first image whether a topic's images show what eyes see."""
    for channel in group:
        if channel.topic.endswith(_DEPTH_ENDING):
            complain.mention(f'{channel.topic} is depth: no people are looked for in it')
            return False
        if channel.type_name == IMAGE:
            message = next(bag.messages([channel.key]), None)
            encoding = '' if message is None else _encoding(message.data, types)
            if encoding in _OF_DEPTH:
                complain.mention(
                    f'{channel.topic} is depth ({encoding}): no people are looked for in it'
                )
                return False
    return True


def _encoding(data: bytes | memoryview, types: MessageTypes) -> str:
    try:
        return str(types.store.deserialize_cdr(data, IMAGE).encoding)
    except Exception:  # noqa: BLE001  of a library, on what others wrote; each image is told of
        return ''


def _base(channel: Channel) -> str:
    topic = channel.topic
    return topic[: -len(_ENDING)] if topic.endswith(_ENDING) else topic


def _names(topics: Collection[str]) -> list[str]:
    """Return what tells cameras apart: a topic's parts, without the usual last ones."""
    parts = [topic.strip('/').split('/') for topic in topics]
    short = ['_'.join(one for one in words if one not in _LEFT_OUT) for words in parts]
    counts = Counter(short)
    taken: list[str] = []
    for name, words in zip(short, parts):
        whole = '_'.join(words)
        chosen = name if name and counts[name] == 1 else whole
        number = 2
        while chosen in taken:  # /a/b and /a_b
            chosen, number = f'{whole}_{number}', number + 1
        taken.append(chosen)
    return taken
