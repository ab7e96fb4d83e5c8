"""Whether images come, and what may be the reason where none does."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from openpose_ros.ros.node.transport import COMPRESSED, IMAGE, IMAGES, Transport, named

_ENDING = '/compressed'
_BRIEFLY_S = 5.0  # two changes between publishers within that are no replacement of a camera


class Listening:
    """
    Knows when the last image came.

    Parameters
    ----------
    transport : Transport
        Knows the topic and who publishes there.
    warn : callable
        Takes a line and its kind.
    camera : str
        The camera's name.

    Attributes
    ----------
    silent : bool
        Whether images are expected, but none came for long.

    """

    def __init__(
        self, transport: Transport, warn: Callable[[str, str], object], camera: str = ''
    ) -> None:
        self._transport = transport
        self._warn = warn
        self._camera = camera
        self._heard_s = monotonic()
        self._came = False  # any, since the node listens
        self._last: tuple[str, tuple[int, int]] | None = None  # frame and stamp
        self._changed_s = float('-inf')
        self._mixed: set[str] | None = None  # frames of images that alternate
        self.silent = False

    def begin(self) -> None:
        """Expect images from now on."""
        self._heard_s, self.silent, self._came = monotonic(), False, False

    def heard(self, now_s: float, header: Any) -> bool:
        """
        Note that an image came; tell whether it is the first one after a silence.

        Parameters
        ----------
        now_s : float
            When, by the machine's clock, seconds.
        header : std_msgs/Header or None
            The image's; None: it has none, and is none.

        """
        self._heard_s = now_s
        again, self._came = ' again' if self._came else '', True
        if header is not None:
            self._compare(now_s, str(header.frame_id), (header.stamp.sec, header.stamp.nanosec))
        if not self.silent:
            return False
        self.silent = False
        self._transport.log('info', f'images come{again} on {self._transport.image_topic()}')
        return True

    def _compare(self, now_s: float, frame: str, stamp: tuple[int, int]) -> None:
        """Note whether images come by turns from here and from there."""
        if self._last is not None and (frame != self._last[0] or stamp < self._last[1]):
            if now_s - self._changed_s < _BRIEFLY_S:
                self._mixed = {frame, self._last[0]}
            self._changed_s = now_s
        self._last = frame, stamp

    def look(self, timeout_s: float, image_transport: str, *, expecting: bool) -> None:
        """
        Warn where no image came for long, or images of several cameras on one topic.

        Parameters
        ----------
        timeout_s : float
            How long is long, seconds; 0 for ever.
        image_transport : str
            'raw' or 'compressed': which images the node listens for.
        expecting : bool
            Whether the node listens.

        """
        silence_s = monotonic() - self._heard_s
        self.silent = expecting and 0 < timeout_s < silence_s
        if self.silent:
            topic = self._transport.image_topic()
            count = self._transport.publishers_of_image()
            what = advice(
                topic, count, self._transport, image_transport, self._camera, came=self._came
            )
            self._warn(
                f'no image on {topic}, which has {count} publisher{"" if count == 1 else "s"}, '
                f'for {silence_s:.0f} s: {what}',
                'silence',
            )
        mixed, self._mixed = self._mixed, None
        if mixed and expecting and (count := self._transport.publishers_of_image()) > 1:
            frames = ' and '.join(f"'{frame}'" for frame in sorted(mixed))
            self._warn(
                f'{count} publishers send images by turns on {self._transport.image_topic()}, of '
                f'{frames}, and nobody can be followed from one to the other: give each camera a '
                'topic of its own, see the parameter cameras',
                'mixed',
            )


def advice(
    topic: str,
    publishers: int,
    transport: Transport,
    image_transport: str,
    camera: str = '',
    *,
    came: bool = False,
) -> str:
    """
    Return what to do where no image comes.

    Parameters
    ----------
    topic : str
        That the node listens to.
    publishers : int
        How many publish on it, of the type that the node listens for.
    transport : Transport
        Knows which types are published on which topic.
    image_transport : str
        As `Listening.look` takes it.
    camera : str
        The camera's name, for its own names of topics and parameters.
    came : bool
        Whether images came before.

    """
    types = transport.published_types(topic)
    image, of = named(camera, 'image'), f'{camera}.' if camera else ''
    if image_transport == 'raw':
        if COMPRESSED in types and IMAGE not in types:
            if topic.endswith(_ENDING):
                base = topic[: -len(_ENDING)]
                transport_is = f'{of}image_transport:=compressed'
                return f'its images are compressed: {transport_is}, {of}image:={base}'
            return (
                'its images are compressed, so its name should end with /compressed; take '
                f'{of}image_transport:=compressed, and remap {image}{_ENDING} to it'
            )
        if not types and COMPRESSED in transport.published_types(topic + _ENDING):
            return f'only {topic}{_ENDING} is published: {of}image_transport:=compressed'
    elif not types and topic.endswith(_ENDING):
        base = topic[: -len(_ENDING)]
        if IMAGE in transport.published_types(base):
            return f'only {base} is published, which is not compressed: {of}image_transport:=raw'
    kind = IMAGES[image_transport][1]
    if types and kind not in types:
        return f'it carries {" and ".join(sorted(types))}, not {kind}: remap {image}'
    if publishers and came:
        return 'they came before: see why its driver sends no more'
    if publishers:
        return 'large images need larger receive buffers, see docs/ros2.md, "Large images"'
    return f'start the camera, or remap {image}'
