"""The images of a bag as a source of frames, like a video's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpose_ros.bags.ahead import read_ahead
from openpose_ros.bags.contents import Complaints
from openpose_ros.bags.reading import Bag
from openpose_ros.bags.steps import Unpacking
from openpose_ros.bags.topics import Camera, find_cameras
from openpose_ros.errors import FrameError
from openpose_ros.frames import FrameArray
from openpose_ros.io.frame import Frame
from openpose_ros.io.selection import ALL, Selection
from openpose_ros.pictures import MAX_IMAGE_PIXELS
from openpose_ros.ros.messages.images import decode_image
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.types.store import message_types


@dataclass(frozen=True, eq=False)
class BagSource:
    """
    The images of one camera of a bag; a source.

    Attributes
    ----------
    bag : Bag
    camera : Camera
    unpack : Unpacking
        Unpacks messages.
    max_pixels : int
        Images of more are not decoded.
    on_trouble : callable
        Hears of each image that is none.

    """

    bag: Bag
    camera: Camera
    unpack: Unpacking
    max_pixels: int
    on_trouble: Callable[[str], object]

    @property
    def name(self) -> str:
        """`BAG:TOPIC`."""
        return f'{self.bag.path}:{self.camera.channel.topic}'

    @property
    def stem(self) -> str:
        """What results are called after: the bag, and which of its cameras it is."""
        name = self.bag.path.name
        return '_'.join(filter(None, (name.split('.')[0] or name, self.camera.name)))

    @property
    def total(self) -> int:
        """How many images there are."""
        return self.camera.channel.total

    @property
    def paths(self) -> list[Path]:
        """The files that it is read from."""
        return self.bag.paths

    @property
    def fps(self) -> float | None:
        """Images a second, as the log has them; None of a single one."""
        seconds = (self.bag.end_ns - self.bag.start_ns) / 1e9
        return (self.total - 1) / seconds if self.total > 1 and seconds > 0 else None

    def frames(self, selection: Selection = ALL) -> Iterator[Frame]:
        """Yield what is wanted, in order of the log; what is no image is told and left out."""
        with read_ahead(self._decoded(selection)) as ready:
            fps = self.fps
            for index, stamp_s, found in ready:
                if isinstance(found, Exception):
                    self.on_trouble(f'{self.name}: an image has no people: {found}')
                else:
                    yield Frame(found, self.name, index, stamp_s, fps)

    def _decoded(
        self, selection: Selection
    ) -> Iterator[tuple[int, float, FrameArray | Exception]]:
        for index, raw in enumerate(self.bag.messages([self.camera.channel.key])):
            if selection.stopped():
                return
            if not selection.has(index):
                continue
            message = self.unpack(raw)
            if message is None:
                yield index, 0.0, FrameError('it cannot be unpacked')
                continue
            stamp_ns = nanoseconds(message.header.stamp) or raw.log_ns
            yield index, stamp_ns / 1e9, _decoded(message, self.max_pixels)


def bag_sources(
    path: Path,
    *,
    max_pixels: int = MAX_IMAGE_PIXELS,
    on_trouble: Callable[[str], object] = lambda _: None,
    inform: Callable[[str], object] = lambda _: None,
) -> list[BagSource]:
    """
    Return a source for each camera of a bag.

    Parameters
    ----------
    path : Path
        A bag's folder, or one of its files.
    max_pixels : int
        Images of more are refused.
    on_trouble : callable
        Hears what is broken, in the bag and in its images; from any thread.
    inform : callable
        Hears what is left out, as it should be.

    Raises
    ------
    SourceError
        If it cannot be read, or has no images.

    """
    complain, types = Complaints(on_trouble, inform), message_types()
    bag = Bag(path, complain)
    unpack = Unpacking(types, complain)
    return [
        BagSource(bag, camera, unpack, max_pixels, on_trouble)
        for camera in find_cameras(bag, (), types, complain)
    ]


def _decoded(message: Any, max_pixels: int) -> FrameArray | Exception:
    """Return a picture that may be changed, or why there is none."""
    try:
        frame = decode_image(message, max_pixels)
    except FrameError as exc:
        return exc
    return frame if frame.flags.writeable else frame.copy()
