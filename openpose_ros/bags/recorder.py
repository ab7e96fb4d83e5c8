"""
Pictures and their people as an MCAP, which Foxglove and Lichtblick open.

The messages are those of a ROS 2 camera and of `~/image_annotations`, in the profile of ROS 2:
rosbags, which is here anyway, writes them, and ROS and `bag` read them as well. Foxglove's own SDK
would be 19 MB more, for a form that these cannot read.
"""

from __future__ import annotations

from contextlib import ExitStack
import os
from pathlib import Path
from types import TracebackType

from rosbags.rosbag2 import StoragePlugin, Writer

from openpose_ros.bags.contents import Channel, Complaints
from openpose_ros.bags.folders import folder_for
from openpose_ros.bags.mcap_file import McapFile
from openpose_ros.bags.telling import MCAP_MAGIC
from openpose_ros.bags.writing import offered
from openpose_ros.errors import OutputError, ParameterError
from openpose_ros.files.places import find_place
from openpose_ros.files.whole import whole_path
from openpose_ros.io.frame import Frame
from openpose_ros.people import People
from openpose_ros.ros.messages.annotations import annotations_message
from openpose_ros.ros.messages.compressed import compressed_message
from openpose_ros.ros.messages.people import persons_message, time_message
from openpose_ros.ros.types.store import message_types

TOPICS = {
    '/image/compressed': 'sensor_msgs/msg/CompressedImage',
    '/image/annotations': 'foxglove_msgs/msg/ImageAnnotations',
}
_IMAGE, _ANNOTATIONS = TOPICS
_MOST_NAMED = 3  # topics
_STILL_NS = 1_000_000_000  # for which a picture is shown


class Recording:
    """
    Records each frame as a JPEG, and its people as annotations over it; a context.

    Time goes on from source to source: each begins a second behind the end of the one before. A
    picture stands for a second. FILE is replaced when all of it is on the disk; whatever ends the
    context, Ctrl-C included, but an OutputError.

    Parameters
    ----------
    name : str
        Of FILE.
    render_threshold : float
        Keypoints with a higher score are shown.

    Attributes
    ----------
    ended_early : bool
        Whether the work was stopped. No frames are no result then.

    Raises
    ------
    OutputError
        If it cannot be written.
    ParameterError
        If there is a file that is no MCAP, or somebody else's.

    """

    def __init__(self, name: str, *, render_threshold: float) -> None:
        check_mcap_file(name)
        self.ended_early = False
        self._name = name
        self._render_threshold = render_threshold
        self._types = message_types()
        self._foxglove = self._types.package('foxglove_msgs')
        self._source = ''
        self._offset_ns = self._next_ns = 0
        self._count = 0
        try:
            parent = find_place(name).path.parent
            self._folder, self._forget = folder_for(self, parent=parent)
            self._writer = Writer(
                self._folder / 'recording', version=9, storage_plugin=StoragePlugin.MCAP
            )
            self._writer.open()
            self._connections = {
                topic: self._writer.add_connection(
                    topic,
                    type_name,
                    typestore=self._types.store,
                    offered_qos_profiles=offered(latched=False),
                )
                for topic, type_name in TOPICS.items()
            }
        except OSError as exc:
            raise OutputError(f'cannot write {name}: {exc.strerror}') from exc

    def write(self, frame: Frame, people: People) -> None:
        """
        Record a frame.

        Raises
        ------
        OutputError
            If the disk does not take it.

        """
        stamp_ns = self._stamp_ns(frame)
        classes = self._types.classes
        header = classes.Header(stamp=time_message(classes, stamp_ns), frame_id=frame.source)
        size = frame.image.shape[1], frame.image.shape[0]
        persons = persons_message(classes, people, header, size)
        messages = {
            _IMAGE: compressed_message(classes, frame.image, header),
            _ANNOTATIONS: annotations_message(
                self._foxglove, persons, people.skeleton, self._render_threshold
            ),
        }
        try:
            for topic, message in messages.items():
                data = self._types.store.serialize_cdr(message, TOPICS[topic])
                self._writer.write(self._connections[topic], stamp_ns, data)
        except OSError as exc:
            raise OutputError(f'cannot write {self._name}: {exc.strerror}') from exc
        self._count += 1

    def _stamp_ns(self, frame: Frame) -> int:
        """Return when a frame is shown: later than all before, whatever its source says."""
        own_ns = 0 if frame.stamp_s is None else round(frame.stamp_s * 1e9)
        if frame.source != self._source:
            self._source = frame.source
            self._offset_ns = max(0, self._next_ns - own_ns)
        stamp_ns = max(own_ns + self._offset_ns, self._next_ns - _STILL_NS + 1, 0)
        self._next_ns = stamp_ns + _STILL_NS
        return stamp_ns

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        early = self.ended_early or error is not None
        with ExitStack() as stack:
            stack.callback(self._forget)
            if isinstance(error, OutputError) or (early and not self._count):
                self._writer.abort()
                return
            part = stack.enter_context(whole_path(self._name))
            if not self._count:  # else times of nothing at all would be written
                self._writer.min_timestamp = self._writer.max_timestamp = 0
            self._writer.close()
            written = next((self._folder / 'recording').glob('*.mcap'))
            mode = part.stat().st_mode
            os.chmod(written, mode & 0o777)
            os.replace(written, part)


def check_mcap_file(name: str) -> None:
    """
    See that an MCAP may be written there.

    Raises
    ------
    ParameterError
        If there is a file that is none, or holds what is not recorded here, or what is no file
        at all.
    OutputError
        If it cannot be looked at.

    """
    try:
        place = find_place(name)
        if place.direct:
            raise ParameterError(f'{name} is no file, and an MCAP cannot go there; name a FILE')
        with open(place.path, 'rb') as file:
            beginning = file.read(len(MCAP_MAGIC))
    except FileNotFoundError:
        return
    except OSError as exc:
        raise OutputError(f'cannot write {name}: {exc.strerror}') from exc
    if beginning and beginning != MCAP_MAGIC:
        raise ParameterError(
            f'{Path(name)} is there already and is no MCAP: it would be lost. Name another FILE, '
            'or delete that one'
        )
    if beginning:
        others = {channel.topic for channel in _channels(place.path)} - TOPICS.keys()
        if others:
            raise ParameterError(
                f'{Path(name)} is there already and is another recording, with '
                f'{", ".join(sorted(others)[:_MOST_NAMED])}: it would be lost. Name another FILE, '
                'or delete that one'
            )


def _channels(path: Path) -> list[Channel]:
    return McapFile(path, Complaints(lambda _: None)).channels
