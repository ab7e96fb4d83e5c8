"""A bag in the order of its log: images, decoded, with what came about their time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openpose_ros.bags.around import WINDOW_NS
from openpose_ros.bags.contents import Complaints, Key, Message
from openpose_ros.bags.reading import Bag
from openpose_ros.bags.topics import Camera
from openpose_ros.frames import FrameArray
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.types.store import MessageTypes

_IMAGE_BYTES = 1 << 24  # what is only copied weighs as an image, by so many bytes


@dataclass(frozen=True, eq=False)
class Step:
    """
    An image, or a message that is only copied.

    Attributes
    ----------
    raw : Message
        As it lies in the bag.
    camera : Camera or None
        Whose image it is.
    message : sensor_msgs/Image, sensor_msgs/CompressedImage or None
        The image, unpacked; None if that failed.
    frame : uint8 (H, W, 3) or Exception or None
        Its picture, or why there is none.
    around : tuple of (Message, message)
        What came since the image before, up to a second behind this one: as it lies in the bag,
        and unpacked.
    copied : bool
        Whether it is to be copied.

    """

    raw: Message
    camera: Camera | None = None
    message: Any = None
    frame: FrameArray | Exception | None = None
    around: tuple[tuple[Message, Any], ...] = ()
    copied: bool = False

    @property
    def weight(self) -> float:
        """What it weighs, in images."""
        return 1.0 if self.camera is not None else len(self.raw.data) / _IMAGE_BYTES


class Unpacking:
    """
    Unpacks messages, and says which cannot be.

    Parameters
    ----------
    types : MessageTypes
        Know how.
    complain : Complaints
        Hears of those that cannot be.

    """

    def __init__(self, types: MessageTypes, complain: Complaints) -> None:
        self._store = types.store
        self._complain = complain

    def __call__(self, raw: Message, *, owned: bool = False) -> Any | None:
        """Return a message, or None; `owned`: it does not keep alive what is around it."""
        topic, type_name = raw.key
        data = bytes(raw.data) if owned else raw.data
        try:
            return self._store.deserialize_cdr(data, type_name)
        except Exception as exc:  # noqa: BLE001  of a library, on what others wrote
            reason = ' '.join(str(exc).split()) or type(exc).__name__
            self._complain(f'a message on {topic} is no {type_name}: {reason}')
            return None


def steps(
    bag: Bag,
    cameras: Mapping[Key, Camera],
    copied: Collection[Key],
    around: Collection[Key],
    unpack: Unpacking,
    *,
    start_ns: int,
    stop_ns: int,
    max_pixels: int,
) -> Iterator[Step]:
    """
    Yield the images of a bag and what is copied, in order of the log.

    Parameters
    ----------
    bag : Bag
        The source.
    cameras : mapping of (str, str) to Camera
        Whose images are on which topic.
    copied : collection of (str, str)
        Topics that are copied.
    around : collection of (str, str)
        Topics of which images need what is about their time.
    unpack : Unpacking
        Unpacks messages.
    start_ns, stop_ns : int
        From when on, and until before when, nanoseconds.
    max_pixels : int
        Images of more are not decoded.

    """
    beside = bag.messages(around, start_ns - WINDOW_NS, stop_ns + WINDOW_NS)
    waiting = next(beside, None)
    for raw in bag.messages({*cameras, *copied}, start_ns, stop_ns):
        camera = cameras.get(raw.key)
        if camera is None:
            yield Step(raw, copied=True)
            continue
        came: list[tuple[Message, Any]] = []
        while waiting is not None and waiting.log_ns <= raw.log_ns + WINDOW_NS:
            unpacked = unpack(waiting, owned=True)
            if unpacked is not None:
                came.append((waiting._replace(data=b''), unpacked))
            waiting = next(beside, None)
        message = unpack(raw)
        yield Step(
            raw,
            camera,
            message,
            None if message is None else _decoded(message, max_pixels),
            tuple(came),
            raw.key in copied,
        )


def _decoded(message: Any, max_pixels: int) -> FrameArray | Exception:
    try:
        return decode_image(message, max_pixels)
    except Exception as exc:  # noqa: BLE001  raised again where the image is worked on
        return exc
